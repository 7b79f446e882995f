"""How examples become training batches."""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from spacy.training import Example
from spacy.util import minibatch


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
