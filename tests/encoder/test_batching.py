"""Batches of a fixed count with Docs of like length, and batches of pairs."""

import random
from collections import Counter

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_blurb.annotations import (
    give_candidates,
    set_gold_entities,
    set_gold_relations,
)
from spacy_blurb.encoder.batching import batch_by_length, batch_by_pairs, count_pairs


def lengths(batches: list) -> list[list[int]]:
    return [[len(item) for item in batch] for batch in batches]


def test_batches_are_sorted_within_a_buffer() -> None:
    items = ["x" * n for n in (5, 1, 3, 2, 9, 4, 6, 8, 7)]
    found = lengths(list(batch_by_length(items, size=2, buffer=2)))
    # Buffers: 5 1 3 2 | 9 4 6 8 | 7; batches are shuffled inside them.
    assert sorted(found[:2]) == [[1, 2], [3, 5]]
    assert sorted(found[2:4]) == [[4, 6], [8, 9]]
    assert found[4:] == [[7]]


@pytest.mark.parametrize("n_items", [0, 1, 6, 7])
def test_every_item_once(n_items: int) -> None:
    items = [f"{n}" for n in range(n_items)]
    batches = list(batch_by_length(iter(items), size=3, buffer=50))
    assert Counter(item for batch in batches for item in batch) == Counter(items)
    assert sorted(map(len, batches), reverse=True)[: n_items // 3] == [3] * (n_items // 3)


def test_order_follows_the_global_seed() -> None:
    def order(seed: int) -> list:
        random.seed(seed)
        return list(batch_by_length(["x" * n for n in range(40)], size=2, buffer=20))

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_registered_batcher_takes_examples(nlp: Language) -> None:
    texts = ["a b c", "a", "a b c d", "a b"]
    examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]
    batcher = spacy.registry.batchers.get("spacy_blurb.batch_by_length.v1")(size=2, buffer=5)
    assert sorted(lengths(list(batcher(examples)))) == [[1, 2], [3, 4]]


def make_pairs(counts: list[int]) -> list[Example]:
    """Examples of Docs that have so many given pairs."""
    vocab = spacy.blank("en").vocab
    examples = []
    for count in counts:
        doc, reference = Doc(vocab, words=["a", "b"]), Doc(vocab, words=["a", "b"])
        set_gold_entities(reference, [(0, 1, "X"), (2, 3, "X")], label_sets=["x"])
        rows = [(0, 1, "none", str(number)) for number in range(count)]
        set_gold_relations(reference, rows, none=["none"], complete=True)
        give_candidates(doc, reference)
        examples.append(Example(doc, reference))
    return examples


def test_batches_by_pairs_have_as_many_docs_each() -> None:
    """One sentence with 190 pairs leaves no batch with a Doc alone."""
    counts = [190, *[1, 3, 0, 6] * 25]
    batches = list(batch_by_pairs(make_pairs(counts), size=32, buffer=50))
    assert len(batches) == -(-sum(counts) // 32) == 14
    assert {len(batch) for batch in batches} == {7, 8}
    assert sorted(count_pairs(item) for batch in batches for item in batch) == sorted(counts)
    others = [sum(map(count_pairs, batch)) for batch in batches]
    others.remove(max(others))
    assert max(others) - min(others) <= 7


@pytest.mark.parametrize("counts", [[], [0], [0, 0, 0], [500], [2, 700]])
def test_batches_by_pairs_of_odd_data(counts: list[int]) -> None:
    batches = list(batch_by_pairs(make_pairs(counts), size=32, buffer=50))
    assert all(batches)
    assert sorted(count_pairs(item) for batch in batches for item in batch) == sorted(counts)


def test_batches_by_pairs_of_buffers_and_seeds() -> None:
    items = make_pairs([4] * 40)

    def order(seed: int) -> list[list[int]]:
        random.seed(seed)
        batches = batch_by_pairs(items, size=8, buffer=5)
        return [[items.index(item) for item in batch] for batch in batches]

    assert order(1) == order(1)
    assert order(1) != order(2)
    # A buffer holds 40 pairs: ten Docs, five batches.
    assert all(
        {place // 10 for place in batch} == {number // 5} for number, batch in enumerate(order(1))
    )
