"""What did a model get wrong? Views of test items, made of gold Docs and a prediction file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import spacy
from markupsafe import Markup
from spacy.tokens import Doc

from ..data.docbin import read_docbin
from ..errors import BlurbError
from ..tasks import TASKS, Task
from .answer_errors import wrong_answers
from .error_marks import draw_chips, draw_marked
from .families import get_family
from .leaderboard import Board
from .relation_errors import wrong_relations
from .result_files import Result
from .results import describe_data, hash_gold
from .scoring import SCORERS
from .scoring.rows import Row, match_rows, read_rows

MOST = 40
"""Items with errors in one view; how many there are is said beside it."""


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
    try:
        rows = match_rows([item.id for item in gold], read_rows(predictions), predictions)
        # One that was changed since must not cost the whole page.
        SCORERS[task.type](task, gold, rows, predictions)
    except BlurbError as error:
        return nothing(str(error))
    items: list[tuple[str, Markup]] = []
    total = 0
    for name, draw in _VIEWS[task.type](task, docs, gold, rows, predictions):
        total += 1
        if len(items) < MOST:
            items.append((name, draw()))
    return ErrorView(task.name, result.model, result.seed, items, total)


_Errors = Iterator[tuple[str, partial[Markup]]]
"""Id of each item with an error, and how to draw it."""


def _wrong_entities(
    task: Task, docs: Sequence[Doc], gold: Sequence[Any], rows: Sequence[Row], source: Path
) -> _Errors:
    for doc, item, row in zip(docs, gold, rows, strict=True):
        found = {(e["start"], e["end"], e["label"]) for e in row["entities"]}
        if task.labels:
            # Of other types the score says nothing.
            found = {entity for entity in found if entity[2] in task.labels}
        if found != set(item.mentions):
            yield item.id, partial(_show_entities, doc.text, set(item.mentions), found)


def _show_entities(text: str, gold: set[Any], found: set[Any]) -> Markup:
    """Draw gold and predicted spans with displaCy: right, missed, wrong."""
    spans = [(*span, "right" if span in found else "missed") for span in sorted(gold)]
    spans += [(*span, "wrong") for span in sorted(found - gold)]
    return draw_marked(text, spans)


def _wrong_labels(
    task: Task, docs: Sequence[Doc], gold: Sequence[Any], rows: Sequence[Row], source: Path
) -> _Errors:
    for doc, item, row in zip(docs, gold, rows, strict=True):
        found = set(row["labels"]) & item.known
        if found != item.labels:
            yield item.id, partial(_show_labels, doc.text, item.labels, found)


def _show_labels(text: str, gold: Iterable[str], found: set[str]) -> Markup:
    marks = [(label, "right" if label in found else "missed") for label in sorted(gold)]
    marks += [(label, "wrong") for label in sorted(found - set(gold))]
    return Markup("<p>{}</p><p>{}</p>").format(text, draw_chips(marks))


def _pairs_by_error(
    task: Task, docs: Sequence[Doc], gold: Sequence[Any], rows: Sequence[Row], source: Path
) -> _Errors:
    triples = zip(docs, gold, rows, strict=True)
    for doc, item, row in sorted(triples, key=lambda t: -abs(t[1].score - t[2]["score"])):
        yield item.id, partial(_show_pair, doc.text, item.score, row["score"])


def _show_pair(text: str, gold: float, found: float) -> Markup:
    return Markup("<p class=pair>{}</p><p>gold {:.2f}, predicted {:.2f}</p>").format(
        text, gold, found
    )


_VIEWS: dict[str, Callable[[Task, Any, Any, Any, Path], _Errors]] = {
    "ner": _wrong_entities,
    "pico": _wrong_entities,
    "textcat": _wrong_labels,
    "sts": _pairs_by_error,
    "rel": wrong_relations,
    "qa": wrong_answers,
}
