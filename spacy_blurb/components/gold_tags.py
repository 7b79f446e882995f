"""What the gold side teaches: label sets, and tags of the predicted Doc's tokens."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..annotations import (
    ENTITIES,
    PICO,
    gold_entities,
    has_gold_entities,
    label_sets,
    longest_disjoint,
)
from ..errors import BlurbError, Errors
from .tables import UNNAMED, Table
from .tags import OUTSIDE, UNKNOWN


def collect_label_sets(references: Iterable[Doc], *, name: str) -> dict[str, dict[str, list[str]]]:
    """Collect the label sets of gold Docs and the labels of each, in alphabetical order.

    The labels of a Doc that is complete for several sets are taken for labels of each.

    name (str): Of the component, for error messages.
    RETURNS (dict): Span group → label set → labels; sets without labels are left out.
    RAISES (BlurbError): B410 some Docs name a label set and others do not.
    """
    found: dict[str, dict[str, set[str]]] = {ENTITIES: {}, PICO: {}}
    for reference in references:
        for key, sets in found.items():
            if not has_gold_entities(reference, key):
                continue
            labels = {label for _, _, label in gold_entities(reference, key) or ()}
            for label_set in label_sets(reference, key) or [UNNAMED]:
                sets.setdefault(label_set, set()).update(labels)
    for sets in found.values():
        if UNNAMED in sets and len(sets) > 1:
            named = ", ".join(sorted(sets.keys() - {UNNAMED}))
            raise BlurbError(Errors.B410.format(name=name, sets=named))
    return {
        key: {label_set: sorted(sets[label_set]) for label_set in sorted(sets) if sets[label_set]}
        for key, sets in found.items()
        if any(sets.values())
    }


def teaches(reference: Doc, table: Table, known_sets: Collection[str], *, name: str) -> bool:
    """Tell whether a Doc is annotated for the labels of a table.

    known_sets (Collection[str]): Label sets of the component in the table's span group.
    name (str): Of the component, for error messages.
    RAISES (BlurbError): B411 a Doc does not say for which of several sets it is annotated.
    """
    if gold_entities(reference, table.key) is None:
        return False
    if table.label_set == UNNAMED:
        return True
    if named := label_sets(reference, table.key):
        return table.label_set in named
    if UNNAMED in known_sets:
        return False
    if len(known_sets) > 1:
        sets = ", ".join(sorted(known_sets))
        raise BlurbError(Errors.B411.format(name=name, text=reference.text[:40], sets=sets))
    return True


def may_teach(reference: Doc, sets: Mapping[str, Mapping[str, Collection[str]]]) -> bool:
    """Tell whether a Doc is annotated for some label set of a component, also without mentions.

    sets (Mapping): Span group → label set → labels, those of the component.
    """
    for key, own in sets.items():
        if gold_entities(reference, key) is None:
            continue
        named = label_sets(reference, key)
        if not named or UNNAMED in own or not {*own}.isdisjoint(named):
            return True
    return False


def named_sets(references: Iterable[Doc], keys: Iterable[str]) -> str:
    """List the label sets that gold Docs are annotated for; "" where they name none.

    keys (Iterable[str]): Span groups of a component; what is in others is not its business.
    """
    keys = tuple(keys)
    return ", ".join(sorted({name for doc in references for name in label_sets(doc, *keys)}))


def known_sets(sets: Mapping[str, Mapping[str, Collection[str]]]) -> str:
    """List the label sets of a component, given as in `may_teach`."""
    return ", ".join(sorted({name or "(unnamed)" for own in sets.values() for name in own}))


def gold_tags(example: Example, table: Table, known_labels: Collection[str]) -> NDArray[np.intp]:
    """Return the gold tags of the predicted Doc's tokens.

    Nothing is known (UNKNOWN) of tokens that a mention covers in part, of those in mentions of
    labels that the component does not have, and where spaCy's annotations are missing. Labels of
    other tables are O.

    known_labels (Collection[str]): All labels of the component.
    RETURNS (ndarray): Shape (tokens of the predicted Doc,).
    """
    exact, partial = _gold_spans(example.reference, table.key)
    alignment = example.alignment
    unknown = {int(i) for i in np.flatnonzero(alignment.x2y.lengths == 0)}
    for span in [span for span in exact if span.label_ not in known_labels] + [
        span for span in partial if span.label_ in table.labels or span.label_ not in known_labels
    ]:
        unknown.update(alignment.y2x[span.start : span.end].tolist())
    spans = []
    for span in longest_disjoint(span for span in exact if span.label_ in table.labels):
        places = alignment.y2x[span.start : span.end]
        if not len(places):
            continue
        start, end = int(places[0]), int(places[-1]) + 1
        back = alignment.x2y[start:end]
        if back[0] == span.start and back[-1] == span.end - 1:
            spans.append((start, end, table.labels.index(span.label_)))
        else:
            unknown.update(range(start, end))
    tags = table.tags.encode(len(example.predicted), spans)
    open_places = [i for i in unknown if tags[i] == OUTSIDE]
    tags[open_places] = UNKNOWN
    return tags


def _gold_spans(reference: Doc, key: str) -> tuple[list[Span], list[Span]]:
    """Return mentions on token boundaries, and the tokens that others cover in part.

    A token without annotation is a part without label.
    """
    group = reference.spans.get(key)
    if group is None or "mentions" not in group.attrs:
        missing = [reference[t.i : t.i + 1] for t in reference if not t.ent_iob]
        return list(reference.ents), missing
    exact, partial = [], []
    for start, end, label in group.attrs["mentions"]:
        span = reference.char_span(start, end, label=label)
        if span is not None:
            exact.append(span)
        else:
            partial.append(reference.char_span(start, end, label=label, alignment_mode="expand"))
    return exact, [span for span in partial if span is not None]
