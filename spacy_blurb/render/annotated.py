"""What is shown of a text, whichever file or Doc it comes from."""

from dataclasses import dataclass
from typing import NamedTuple


class ShownSpan(NamedTuple):
    """A span of characters with its label; `score` is its probability, None where unknown."""

    start: int
    end: int
    label: str
    score: float | None = None


class ShownRelation(NamedTuple):
    """A relation between two spans of characters."""

    head: tuple[int, int]
    tail: tuple[int, int]
    label: str
    score: float | None = None


class ShownAnswer(NamedTuple):
    """A question and its answer, "" for none; with a place where it is a span of the text."""

    question: str
    text: str
    score: float
    place: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Annotated:
    """A text and all that is shown of it.

    labels (tuple): Document labels and their probabilities, the most probable first.
    """

    id: str
    text: str
    entities: tuple[ShownSpan, ...] = ()
    pico: tuple[ShownSpan, ...] = ()
    relations: tuple[ShownRelation, ...] = ()
    labels: tuple[tuple[str, float], ...] = ()
    answers: tuple[ShownAnswer, ...] = ()


def likely_labels(cats: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the labels that more likely hold than not."""
    held = [(label, score) for label, score in cats.items() if score >= 0.5]
    return tuple(sorted(held, key=lambda row: (-row[1], row[0])))
