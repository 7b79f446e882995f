"""BIO tags and the best valid sequence, against enumeration of all sequences."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_blurb.components.tags import (
    allowed_transitions,
    begin_tag,
    best_tags,
    n_tags,
    span_probability,
    tags_to_spans,
)

NAMES = ["O", "B-X", "I-X", "B-Y", "I-Y"]


def is_valid(tags: tuple[int, ...]) -> bool:
    """An I tag stands behind the B or I tag of its label: said with names, not with numbers."""
    names = ["O", *(NAMES[tag] for tag in tags)]
    return all(
        not name.startswith("I") or before[1:] == name[1:] for before, name in pairwise(names)
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[NDArray[np.floating], int]:
    n_labels = draw(st.integers(1, 2))
    length = draw(st.integers(0, 5))
    size = n_tags(n_labels)
    # Small integers make ties and zeros frequent.
    rows = st.lists(st.integers(0, 5), min_size=size, max_size=size).filter(any)
    table = np.array(draw(st.lists(rows, min_size=length, max_size=length)), dtype="d")
    table = table.reshape(length, size)
    return table / table.sum(axis=1, keepdims=True), n_labels


@given(tables())
def test_best_tags_equal_enumeration(case: tuple) -> None:
    probs, n_labels = case
    logs = np.log(np.maximum(probs, 1e-30))

    def score(tags: tuple[int, ...]) -> float:
        return sum(logs[position, tag] for position, tag in enumerate(tags))

    valid = [tags for tags in product(range(n_tags(n_labels)), repeat=len(probs)) if is_valid(tags)]
    found = tuple(int(tag) for tag in best_tags(probs, allowed_transitions(n_labels)))
    assert found in valid
    assert score(found) == pytest.approx(max(score(tags) for tags in valid))


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=6).filter(lambda tags: is_valid(tuple(tags)))
)
def test_a_certain_valid_sequence_is_found(tags: list[int]) -> None:
    probs = np.full((len(tags), 5), 0.01)
    probs[np.arange(len(tags)), tags] = 0.96
    assert best_tags(probs, allowed_transitions(2)).tolist() == tags


@given(st.lists(st.integers(0, 4), max_size=7).filter(lambda tags: is_valid(tuple(tags))))
def test_tags_to_spans_equal_splitting_at_begin_tags(tags: list[int]) -> None:
    spans: list[list[int]] = []
    for position, tag in enumerate(tags):
        if NAMES[tag].startswith("B"):
            spans.append([position, position + 1, "XY".index(NAMES[tag][-1])])
        elif NAMES[tag].startswith("I"):
            spans[-1][1] += 1
    assert tags_to_spans(np.array(tags, dtype=np.intp)) == [tuple(span) for span in spans]


def test_allowed_transitions_by_hand() -> None:
    # Rows: before; columns: O, B-X, I-X, B-Y, I-Y.
    assert allowed_transitions(2).astype(int).tolist() == [
        [1, 1, 0, 1, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1],
    ]
    assert [begin_tag(0), begin_tag(1), n_tags(2)] == [1, 3, 5]


def test_viterbi_overrules_the_best_tag_of_a_token() -> None:
    # I first is most probable but not valid: O I is no entity, B I costs 0.3 · 0.6, O O 0.6 · 0.3.
    probs = np.array([[0.5, 0.3, 0.2], [0.3, 0.1, 0.6]])
    assert best_tags(probs, allowed_transitions(1)).tolist() == [1, 2]
    probs[0] = [0.65, 0.3, 0.05]
    assert best_tags(probs, allowed_transitions(1)).tolist() == [0, 0]


def test_span_probability_is_the_product_of_its_tags() -> None:
    probs = np.array([[0.1, 0.8, 0.1], [0.3, 0.2, 0.5], [0.9, 0.05, 0.05]])
    tags = np.array([1, 2, 0])
    assert span_probability(probs, tags, 0, 2) == pytest.approx(0.4)
    assert span_probability(probs, tags, 0, 1) == pytest.approx(0.8)
