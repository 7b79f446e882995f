"""Batches of a fixed count with Docs of like length."""

import random
from collections import Counter

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_blurb.encoder.batching import batch_by_length


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
