"""The web app: by Flask's own client, and in a browser."""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from typer.testing import CliRunner

from spacy_blurb.annotations import doc_questions, set_answers

pytest.importorskip("flask", reason="the extra [app] is not installed")

from spacy_blurb.app.web import make_app
from spacy_blurb.cli.main import app

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def nlp(nlp: Language) -> Language:
    """Rules that know two words, and a component that fails on another one."""
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"pattern": w, "label": x} for w, x in (("aspirin", "Drug"), ("img", HOSTILE))]
    )
    nlp.add_pipe("fails_on_demand")
    return nlp


@Language.component("fails_on_demand")
def fails_on_demand(doc: Doc) -> Doc:
    if "fail" in doc.text:
        raise RuntimeError(f"no way: {HOSTILE}")
    return doc


def test_the_form_and_what_it_finds(nlp: Language) -> None:
    client = make_app(nlp, title=HOSTILE).test_client()
    page = client.get("/").text
    assert "<textarea" in page
    assert 'name="question"' not in page
    assert "Components: entity_ruler, fails_on_demand." in page
    response = client.post("/", data={"text": f"\r\naspirin {HOSTILE}"})
    assert response.status_code == 200
    assert "Drug" in response.text
    assert "<img" not in response.text
    # What was entered stands in the form again.
    assert f"\naspirin {HOSTILE}</textarea>" in unescape(response.text)


def test_words_of_a_text_are_not_kept(nlp: Language) -> None:
    client = make_app(nlp, title="x").test_client()
    assert "Drug" in client.post("/", data={"text": "aspirin quuxinib"}).text
    assert "aspirin" in nlp.vocab.strings
    assert "quuxinib" not in nlp.vocab.strings


def test_mistakes_are_text(nlp: Language, caplog: pytest.LogCaptureFixture) -> None:
    client = make_app(nlp, title="x").test_client()
    response = client.post("/", data={"text": " "})
    assert (response.status_code, "There is no text." in response.text) == (200, True)
    with caplog.at_level(logging.CRITICAL):
        response = client.post("/", data={"text": "fail"})
    assert response.status_code == 500
    assert "RuntimeError: no way: &lt;img" in response.text
    assert client.post("/", data={"text": "a" * 500_000}).status_code == 413
    response = client.get("/no/such/page")
    assert (response.status_code, "404 Not Found" in response.text) == (404, True)
    assert client.put("/").status_code == 405
    # The lock was given back.
    assert client.post("/", data={"text": "aspirin"}).status_code == 200


def test_bodies_that_are_no_form(nlp: Language) -> None:
    """They were taken for a form without text."""
    client = make_app(nlp, title="x").test_client()
    for kind in ("application/json", "text/plain", ""):
        response = client.post("/", data='{"text": "aspirin"}', content_type=kind)
        assert response.status_code == 415
        assert "a form with a field named text" in response.text
        assert "There is no text." not in response.text
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        response = client.post("/", data={"text": "aspirin"}, content_type=kind)
        assert "Drug" in response.text


def test_the_page_runs_nothing_and_loads_nothing(nlp: Language) -> None:
    client = make_app(nlp, title="x").test_client()
    for response in (client.get("/"), client.post("/", data={"text": "a"}), client.get("/x")):
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "script-src" not in policy
        assert "<script" not in response.text
        assert "http" not in response.text.replace("http-equiv", "")


def test_names_of_other_sites_are_refused(nlp: Language) -> None:
    client = make_app(nlp, title="x", is_local=True).test_client()
    for host in ("localhost:8080", "127.0.0.1", "127.0.0.2:80", "[::1]:8080"):
        assert client.get("/", base_url=f"http://{host}").status_code == 200, host
    for host in ("evil.example", "10.0.0.1:8080", "localhost.evil.example", "[::2]"):
        assert client.get("/", base_url=f"http://{host}").status_code == 400, host
    assert "stays on this machine" in client.get("/").text
    everywhere = make_app(nlp, title="x").test_client().get("/", base_url="http://10.0.0.1")
    assert (everywhere.status_code, "stays on this machine" in everywhere.text) == (200, False)


def test_questions(make_qa: Callable[[], Language]) -> None:
    client = make_app(make_qa(), title="x").test_client()
    assert 'name="question"' in client.get("/").text
    data = {"text": "aspirin causes fever", "question": f"What? {HOSTILE}"}
    page = client.post("/", data=data).text
    assert "<h3>Answers</h3>" in page
    assert "What? &lt;img" in page
    assert "<h3>Answers</h3>" not in client.post("/", data={"text": "aspirin"}).text


@pytest.fixture
def make_qa() -> Callable[[], Language]:
    """A pipeline whose factory is named `blurb_qa`, and answers with the first word."""

    def answer(doc: Doc) -> Doc:
        rows = [
            {
                "id": question.id,
                "question": question.question,
                "kind": "spans",
                "options": [],
                "found": True,
                "candidates": [["", 0.5, doc[0].idx, doc[0].idx + len(doc[0])]],
            }
            for question in doc_questions(doc)
        ]
        set_answers(doc, "spans", rows)
        return doc

    def make() -> Language:
        nlp = spacy.blank("en")
        name = "first_word_answers"
        Language.component(name, func=answer)
        nlp.add_pipe(name, name="qa")
        nlp._pipe_meta["qa"] = nlp.get_factory_meta("blurb_qa")
        return nlp

    return make


# In a browser -------------------------------------------------------------------------------------


@pytest.fixture
def address(nlp: Language) -> Iterator[str]:
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, make_app(nlp, title="rules"), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_in_a_browser(browser: Any, address: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    browser.get_log("browser")
    browser.get(address)
    browser.find_element(By.ID, "text").send_keys(f"aspirin and {HOSTILE}")
    browser.find_element(By.TAG_NAME, "button").click()
    # A click does not wait for the page that it leads to.
    WebDriverWait(browser, 60).until(lambda page: page.find_elements(By.ID, "result"))
    result = " ".join(browser.find_element(By.ID, "result").text.split())
    assert "Drug" in result
    assert "src=x onerror=alert(1)>" in result
    assert browser.find_element(By.ID, "text").get_attribute("value").endswith(HOSTILE)
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []


def test_a_form_of_unknown_length(address: str) -> None:
    """It would be cut at the limit, and the rest not looked at."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    # Of an iterator urllib does not know the length, and sends it in chunks.
    request = Request(address, data=iter([b"text=aspirin+", b"a" * 500_000]), headers=form)
    with pytest.raises(HTTPError, match="411") as error:
        urlopen(request)
    assert "Content-Length" in error.value.read().decode()


def test_the_command(rule_pipeline: Path) -> None:
    """Started as a user would, on a free port, and ended as by Ctrl-C."""
    import signal

    def heed_interrupts() -> None:
        """A shell starts its background jobs, CI perhaps among them, with SIGINT ignored."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    command = [sys.executable, "-m", "spacy", "blurb", "serve", str(rule_pipeline), "--port", "0"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        try:
            assert line.startswith("http://127.0.0.1:")
            with urlopen(line.split()[0]) as response:
                assert str(rule_pipeline) in response.read().decode()
            # A page of another site that has its name point here.
            foreign = Request(line.split()[0], headers={"Host": "evil.example"})
            with pytest.raises(HTTPError, match="400"):
                urlopen(foreign)
        finally:
            run.send_signal(signal.SIGINT)
            try:
                _, errors = run.communicate(timeout=100)
            except subprocess.TimeoutExpired:
                run.kill()
                raise
        assert run.returncode == 0, errors
        assert "Traceback" not in errors


def test_an_empty_host_is_not_all_addresses(rule_pipeline: Path) -> None:
    result = CliRunner().invoke(app, ["serve", str(rule_pipeline), "--host", "", "--port", "0"])
    assert result.exit_code == 1
    assert "[B806]" in result.output
