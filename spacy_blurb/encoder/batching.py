"""How examples become training batches."""

import math
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

    The papers count a batch in pairs, and Docs have from none to hundreds. An epoch has as many
    batches as pairs divided by `size`, all with the same number of Docs, and those with many pairs
    are dealt out among them: a batch of a single Doc would change the weights as much as one of
    many. Docs whose data give no pairs count as many as they have entities.

    size (int): Pairs in a batch, on average.
    buffer (int): Batches that Docs are dealt out to together.
    """
    return partial(batch_by_pairs, size=size, buffer=buffer)


def batch_by_pairs(items: Iterable[Example], *, size: int, buffer: int) -> Iterator[list[Example]]:
    """Yield batches with `size` pairs on average; shuffles them within a buffer.

    Uses Python's global generator, which `spacy train` seeds.
    """
    chunk: list[Example] = []
    n_pairs = 0
    for item in items:
        chunk.append(item)
        n_pairs += count_pairs(item)
        if n_pairs >= size * buffer:
            yield from _deal(chunk, math.ceil(n_pairs / size))
            chunk, n_pairs = [], 0
    if chunk:
        yield from _deal(chunk, math.ceil(n_pairs / size))


def _deal(items: list[Example], n_batches: int) -> list[list[Example]]:
    """Deal items out to batches in turn, those with the most pairs first."""
    n_batches = min(max(1, n_batches), len(items))
    ordered = sorted(items, key=count_pairs, reverse=True)
    batches = [ordered[start::n_batches] for start in range(n_batches)]
    random.shuffle(batches)
    return batches


def count_pairs(example: Example) -> int:
    """Count the given pairs of a Doc, or its given entities where no pairs are given."""
    given = given_candidates(example.predicted)
    if given is None:
        return 0
    return len(given.mentions if given.pairs is None else given.pairs)
