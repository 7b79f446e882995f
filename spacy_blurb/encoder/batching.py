"""How examples become training batches."""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from spacy.training import Example
from spacy.util import minibatch

from ..annotations import given_candidates


def make_batch_by_length_v1(
    size: int, buffer: int = 50
) -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Build `spacy_blurb.batch_by_length.v1`: batches of a fixed count with little padding.

    Batches have the same number of Docs, as in the papers, but Docs of like length: a random
    batch of sentences is half padding.

    size (int): Docs in a batch.
    buffer (int): Batches that are sorted together; fewer are more random and pad more.
    """
    return partial(batch_by_length, size=size, buffer=buffer)


def batch_by_length(items: Iterable[Example], *, size: int, buffer: int) -> Iterator[list[Example]]:
    """Yield batches of `size` items; sorts within a buffer and shuffles its batches.

    Uses Python's global generator, which `spacy train` seeds.
    """
    for chunk in minibatch(items, size * buffer):
        batches = list(minibatch(sorted(chunk, key=len), size))
        random.shuffle(batches)
        yield from batches


def make_batch_by_pairs_v1(
    size: int, buffer: int = 50
) -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Build `spacy_blurb.batch_by_pairs.v1`: batches of Docs with a given number of pairs in all.

    The papers count a batch in pairs, and Docs have from none to hundreds. Whole Docs come close to
    it: what one batch has too many, a later one has fewer, so that an epoch has as many batches as
    pairs divided by `size`, unless single Docs have more. Docs whose data give no pairs count as
    many as they have entities. All are shuffled among the batches of a buffer.

    size (int): Pairs in a batch, on average.
    buffer (int): Batches that are shuffled together.
    """
    return partial(batch_by_pairs, size=size, buffer=buffer)


def batch_by_pairs(items: Iterable[Example], *, size: int, buffer: int) -> Iterator[list[Example]]:
    """Yield batches with `size` pairs on average; shuffles them within a buffer.

    Uses Python's global generator, which `spacy train` seeds.
    """
    batches: list[list[Example]] = []
    batch: list[Example] = []
    n_pairs = 0
    for item in items:
        batch.append(item)
        n_pairs += count_pairs(item)
        if n_pairs >= size:
            batches.append(batch)
            batch, n_pairs = [], n_pairs - size
        if len(batches) >= buffer:
            random.shuffle(batches)
            yield from batches
            batches = []
    if batch:
        batches.append(batch)
    random.shuffle(batches)
    yield from batches


def count_pairs(example: Example) -> int:
    """Count the given pairs of a Doc, or its given entities where no pairs are given."""
    given = given_candidates(example.predicted)
    if given is None:
        return 0
    return len(given.mentions if given.pairs is None else given.pairs)
