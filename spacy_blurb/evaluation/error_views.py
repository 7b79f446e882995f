"""What did a model get wrong? Views of test items, made of gold Docs and a prediction file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import spacy
from markupsafe import Markup, escape
from spacy import displacy
from spacy.tokens import Doc

from ..data.docbin import read_docbin
from ..tasks import TASKS, Task
from .families import get_family
from .leaderboard import Board
from .result_files import Result
from .results import describe_data, hash_gold
from .scoring.rows import Row, match_rows, read_rows

MOST = 40
"""Items with errors in one view; how many there are is said beside it."""
_COLORS = {"missed": "#d97706", "wrong": "#ef5350", "right": "#16a34a"}
_MARKS = {"missed": "–", "wrong": "✗", "right": "✓"}
"""Colours alone do not tell everybody."""


@dataclass(frozen=True, slots=True)
class ErrorView:
    """The errors of one run on one task.

    items (list): Id and HTML of each item that is shown.
    total (int): Items with an error.
    """

    task: str
    model: str
    seed: Any
    items: list[tuple[str, Markup]]
    total: int
    reason: str = ""


def build_views(board: Board, folder: Path) -> list[ErrorView]:
    """Build a view for the first run of every model and task of a board.

    folder (Path): With `TASK/test.spacy`; a task without it, or with other gold data than those of
        the result, has a view without items that says so.
    """
    views = []
    nlp = spacy.blank("en")
    for row in board.own:
        for name, cell in row.cells.items():
            views.append(_build_view(TASKS[name], cell.results[0], folder / name, nlp.vocab))
    return views


def _build_view(task: Task, result: Result, folder: Path, vocab: Any) -> ErrorView:
    def nothing(reason: str) -> ErrorView:
        return ErrorView(task.name, result.model, result.seed, [], 0, reason)

    path, predictions = folder / "test.spacy", result.predictions()
    if not path.is_file():
        return nothing(f"no gold data: {path} is not there")
    if predictions is None:
        return nothing("the prediction file is not there")
    if task.type not in _VIEWS:
        return nothing(f"no view for tasks of type {task.type}")
    docs = read_docbin(path, vocab)
    gold = get_family(task).read_gold(task, docs)
    if result.gold not in (hash_gold(gold), describe_data(path)["data_sha256"]):
        return nothing(f"{path} is not the gold data of this result")
    rows = match_rows([item.id for item in gold], read_rows(predictions), predictions)
    items: list[tuple[str, Markup]] = []
    total = 0
    for doc, item, row in _VIEWS[task.type][0](docs, gold, rows):
        total += 1
        if len(items) < MOST:
            items.append((item.id, _VIEWS[task.type][1](doc, item, row)))
    return ErrorView(task.name, result.model, result.seed, items, total)


_Triples = Iterable[tuple[Doc, Any, Row]]


def _wrong_entities(docs: Sequence[Doc], gold: Sequence[Any], rows: Sequence[Row]) -> _Triples:
    for doc, item, row in zip(docs, gold, rows, strict=True):
        found = {(e["start"], e["end"], e["label"]) for e in row["entities"]}
        if found != set(item.mentions):
            yield doc, item, row


def _show_entities(doc: Doc, gold: Any, row: Row) -> Markup:
    """Draw gold and predicted spans with displaCy: right, missed, wrong."""
    found = {(e["start"], e["end"], e["label"]) for e in row["entities"]}
    spans = [(*span, "right" if span in found else "missed") for span in sorted(set(gold.mentions))]
    spans += [(*span, "wrong") for span in sorted(found - set(gold.mentions))]
    return draw_spans(doc.text, spans)


def draw_spans(text: str, spans: Sequence[tuple[int, int, str, str]]) -> Markup:
    """Draw spans over a text with displaCy, which may overlap and begin inside words.

    spans (Sequence): First character, the one behind the last, label, kind (right, missed, wrong).
    RETURNS (Markup): HTML in which text and labels are escaped.
    """
    edges = {0, len(text), *(e for start, end, _, _ in spans for e in (start, end))}
    edges |= {i for i, c in enumerate(text) if c.isspace()}
    edges |= {i + 1 for i, c in enumerate(text) if c.isspace()}
    cuts = sorted(edges)
    places = [(a, b) for a, b in pairwise(cuts) if not text[a:b].isspace()]
    starts = {a: n for n, (a, _) in enumerate(places)}
    ends = {b: n + 1 for n, (_, b) in enumerate(places)}
    drawn = [
        {
            "start_token": starts[start],
            "end_token": ends[end],
            "label": _name(kind, label),
        }
        for start, end, label, kind in spans
        if start in starts and end in ends
    ]
    colors = {_name(kind, label).upper(): _COLORS[kind] for _, _, label, kind in spans}
    content = {"text": text, "spans": drawn, "tokens": [text[a:b] for a, b in places]}
    options = {"colors": colors}
    return Markup(
        displacy.render(content, style="span", manual=True, options=options, jupyter=False)
    )


def _name(kind: str, label: str) -> str:
    """Escape a label: displaCy does not, and a prediction file may hold anything."""
    return str(escape(f"{_MARKS[kind]} {label}"))


def _wrong_labels(docs: Sequence[Doc], gold: Sequence[Any], rows: Sequence[Row]) -> _Triples:
    for doc, item, row in zip(docs, gold, rows, strict=True):
        if set(row["labels"]) & item.known != item.labels:
            yield doc, item, row


def _show_labels(doc: Doc, gold: Any, row: Row) -> Markup:
    found = set(row["labels"]) & gold.known
    marks = [(label, "right" if label in found else "missed") for label in sorted(gold.labels)]
    marks += [(label, "wrong") for label in sorted(found - gold.labels)]
    chips = Markup(" ").join(
        Markup('<span class="chip {}">{} {}</span>').format(kind, _MARKS[kind], label)
        for label, kind in marks
    )
    return Markup("<p>{}</p><p>{}</p>").format(doc.text, chips)


def _pairs_by_error(docs: Sequence[Doc], gold: Sequence[Any], rows: Sequence[Row]) -> _Triples:
    triples = list(zip(docs, gold, rows, strict=True))
    return sorted(triples, key=lambda triple: -abs(triple[1].score - triple[2]["score"]))


def _show_pair(doc: Doc, gold: Any, row: Row) -> Markup:
    return Markup("<p class=pair>{}</p><p>gold {:.2f}, predicted {:.2f}</p>").format(
        doc.text, gold.score, row["score"]
    )


_VIEWS: dict[str, tuple[Callable[..., _Triples], Callable[..., Markup]]] = {
    "ner": (_wrong_entities, _show_entities),
    "pico": (_wrong_entities, _show_entities),
    "textcat": (_wrong_labels, _show_labels),
    "sts": (_pairs_by_error, _show_pair),
}
