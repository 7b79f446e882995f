"""Which labels compete for a token: the tag tables of a component, laid side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..annotations import PICO
from .tags import Scheme, Tags, get_tags

LabelSets = Mapping[str, Mapping[str, Sequence[str]]]
"""Span group ("blurb" or "pico") → name of a label set → its labels."""

UNNAMED = ""
"""The label set of Docs that name none; it is trained on every annotated Doc."""


@dataclass(frozen=True, slots=True)
class Table:
    """Labels that do not overlap each other, with their tags.

    key (str): Span group that they are written to.
    label_set (str): The label set that they belong to.
    columns (slice): Of the model's output.
    """

    key: str
    label_set: str
    labels: tuple[str, ...]
    tags: Tags
    columns: slice


def make_tables(label_sets: LabelSets, scheme: Scheme) -> list[Table]:
    """Lay out one table per label set, so that entities of different sets may overlap.

    PICO elements overlap within their set (about 3 % of their words, Nye et al. 2018): each of
    their labels has a table.
    """
    tables: list[Table] = []
    for key, sets in label_sets.items():
        for name, labels in sets.items():
            for group in [[label] for label in labels] if key == PICO else [labels]:
                tags = get_tags(scheme, len(group))
                start = n_columns(tables)
                columns = slice(start, start + tags.size)
                tables.append(Table(key, name, tuple(group), tags, columns))
    return tables


def n_columns(tables: Sequence[Table]) -> int:
    """Return how many columns the model's output has."""
    return tables[-1].columns.stop if tables else 0


def all_labels(label_sets: LabelSets) -> list[str]:
    """Return every label once."""
    return list(
        dict.fromkeys(y for sets in label_sets.values() for labels in sets.values() for y in labels)
    )
