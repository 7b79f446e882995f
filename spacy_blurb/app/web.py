"""The web app: a form, and the answer of a pipeline on the same page. It has no script."""

import ipaddress
from importlib.resources import files
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, render_template_string, request
from markupsafe import Markup
from spacy.language import Language
from werkzeug.exceptions import HTTPException

from ..annotations import attach_questions
from ..render.document import draw_document
from ..render.from_docs import from_doc
from ..render.report import read_page

_HEADERS = {
    # No script and nothing from elsewhere, whatever an abstract holds.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_MOST_BYTES = 400_000
"""Of a form: a long article. Longer ones are an error, shown as text."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def is_loopback(host: str | None) -> bool:
    """Tell whether a name or address is this machine's own: "localhost", 127.x.x.x, ::1."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def make_app(nlp: Language, *, title: str, is_local: bool = False) -> Flask:
    """Build the app for a pipeline.

    title (str): The pipeline's name.
    is_local (bool): Answer to loopback names alone: no page of another site can reach it through a
        name of its own then (DNS rebinding).
    """
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=_MOST_BYTES, MAX_FORM_MEMORY_SIZE=_MOST_BYTES)
    # Pipelines are not made for several threads.
    lock = Lock()
    answers = any(nlp.get_pipe_meta(name).factory == "blurb_qa" for name in nlp.pipe_names)

    def show(**values: Any) -> str:
        page = (files(__package__) / "pages" / "app.html").read_text(encoding="utf-8")
        shown = {"text": "", "question": "", "result": "", "error": "", **values}
        style = Markup(read_page("document.css"))
        names = ", ".join(nlp.pipe_names)
        return render_template_string(
            page, title=title, style=style, names=names, answers=answers, is_local=is_local, **shown
        )

    @app.before_request
    def refuse_other_names() -> None:
        # Flask's own TRUSTED_HOSTS takes "[::1]" for "[".
        try:
            name = urlsplit(f"//{request.host}").hostname
        except ValueError:  # brackets around what is no address
            name = None
        if is_local and not is_loopback(name):
            abort(400, f"This app does not answer to the name {request.host!r}.")

    @app.get("/")
    def form() -> str:
        return show()

    @app.post("/")
    def annotate() -> str | tuple[str, int]:
        _check_form()
        text = request.form.get("text", "").replace("\r\n", "\n")
        question = request.form.get("question", "").strip() if answers else ""
        if not text.strip():
            return show(text=text, question=question, error="There is no text.")
        try:
            # What a text brings along is forgotten with it, so memory does not grow.
            with lock, nlp.memory_zone():
                doc = nlp.make_doc(text)
                if question:
                    attach_questions(doc, [question])
                result = draw_document(from_doc(nlp(doc)))
        except Exception as error:  # of any component: it belongs on the page, as text
            app.logger.exception("The pipeline failed.")
            message = f"{type(error).__name__}: {error}"
            return show(text=text, question=question, error=message), 500
        return show(text=text, question=question, result=result)

    @app.errorhandler(HTTPException)
    def fail(error: HTTPException) -> tuple[str, int]:
        return show(error=f"{error.code} {error.name}: {error.description}"), error.code or 500

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app


def _check_form() -> None:
    """Refuse a body that would be read in part, or not at all, with HTTP's own 411 or 415."""
    if request.content_length is None:
        # Sent in chunks: what is behind the limit would be cut off without a word.
        abort(411, "Send the form as a whole, with its Content-Length, and not in chunks.")
    if request.mimetype not in _FORMS:
        abort(415, f"Send a form with a field named text, as {_FORMS[0]}: curl -d does.")
