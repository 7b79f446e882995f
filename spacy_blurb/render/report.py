"""A report: many annotated texts in one HTML file without a network."""

from collections import Counter
from collections.abc import Iterable
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .annotated import Annotated
from .colors import color_of
from .document import draw_document


def write_report(documents: Iterable[Annotated], *, title: str, most: int) -> tuple[str, int, int]:
    """Draw the first documents; all of them are counted.

    title (str): Heading, such as the name of the file.
    most (int): Documents to show.
    RETURNS (tuple[str, int, int]): The page, documents shown, documents in all.
    """
    shown: list[tuple[str, Markup]] = []
    counts: Counter[str] = Counter()
    total = 0
    for document in documents:
        total += 1
        # What several label sets have found is drawn once.
        places = dict.fromkeys(span[:3] for span in (*document.entities, *document.pico))
        counts.update(label for _, _, label in places)
        if len(shown) < most:
            shown.append((document.id, draw_document(document)))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = environment.from_string(read_page("report.html")).render(
        title=title,
        style=Markup(read_page("document.css")),
        documents=shown,
        total=total,
        counts=[(label, n, color_of(label)) for label, n in counts.most_common(40)],
    )
    return page, len(shown), total


def read_page(name: str) -> str:
    """Return a file of the folder `pages`."""
    return (files(__package__) / "pages" / name).read_text(encoding="utf-8")
