"""Batches for joint training: each of Docs that are annotated for the same."""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeAlias

from spacy.training import Example
from spacy.util import minibatch

from ..annotations import annotated_for, is_annotated
from ..errors import BlurbError, Errors
from .batching import batch_by_length

_Draw: TypeAlias = tuple[frozenset[int], Iterator[list[Example]]]


def make_batch_by_task_v1(
    size: int,
    temperature: float = 1.0,
    cap: int | None = None,
    buffer: int = 50,
    max_tokens: int | None = None,
) -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Build `spacy_blurb.batch_by_task.v1`: batches of one task each, drawn by share.

    What Docs are annotated for (`annotated_for`) is their task. The share of a task in an epoch
    grows with the batches that min(Docs, cap) fill, ** (1 / temperature) (Raffel et al. 2020,
    section 3.5.2): with a temperature of 1 and without cap each Doc comes once per epoch; above,
    small tasks come more often and are repeated, and the Docs of large ones wait for a later epoch:
    with the same Examples an epoch goes on where the last one ended. An epoch has as many batches
    as min(Docs, cap) of all tasks fill. Docs without any annotation are left out.

    size (int): Docs in a batch, at most.
    temperature (float): At least 1; 2 makes shares grow with the square root.
    cap (int | None): Docs that a task counts for at most; None for all.
    buffer (int): Batches of one task that are sorted by length together. A task of fewer Docs is
        not sorted: its Docs would always meet the same others.
    max_tokens (int | None): Tokens in a batch, at most, at the mean length of the task's Docs: so
        that a batch of abstracts is no larger than one of sentences. A batch has one Doc at least.
    RAISES (BlurbError): B730 a temperature below 1, or a cap or tokens below 1.
    """
    if temperature < 1 or any(limit is not None and limit < 1 for limit in (cap, max_tokens)):
        raise BlurbError(Errors.B730.format(temperature=temperature, cap=cap, tokens=max_tokens))
    return partial(
        batch_by_task,
        size=size,
        temperature=temperature,
        cap=cap,
        buffer=buffer,
        max_tokens=max_tokens,
        draws={},
    )


def batch_by_task(
    items: Iterable[Example],
    *,
    size: int,
    temperature: float,
    cap: int | None,
    buffer: int,
    max_tokens: int | None,
    draws: dict[tuple[str, ...], _Draw],
) -> Iterator[list[Example]]:
    """Yield the batches of an epoch; see `make_batch_by_task_v1`.

    draws (dict): Task → the Examples of the last epoch by identity, and what goes on with them;
        is changed.

    Uses Python's global generator, which `spacy train` seeds.

    RAISES (BlurbError): B736 no Doc is annotated for anything.
    """
    tasks: dict[tuple[str, ...], list[Example]] = {}
    n_items = 0
    for item in items:
        n_items += 1
        name = annotated_for(item.reference)
        if name or is_annotated(item.reference):
            tasks.setdefault(name, []).append(item)
    if n_items and not tasks:
        # spaCy would ask for the next epoch for ever.
        raise BlurbError(Errors.B736.format(count=n_items))
    names = sorted(tasks)
    groups = [tasks[name] for name in names]
    n_docs = [len(group) for group in groups]
    n_tokens = [sum(len(item.reference) for item in group) for group in groups]
    sizes = batch_sizes(n_docs, n_tokens, size=size, max_tokens=max_tokens)
    counts = count_batches(n_docs, sizes, temperature=temperature, cap=cap)
    batches: list[list[Example]] = []
    for name, group, docs, count in zip(names, groups, sizes, counts, strict=True):
        # The draw keeps its Examples, so that no other one gets an identity of theirs.
        members = frozenset(map(id, group))
        if name not in draws or draws[name][0] != members:
            draws[name] = members, _draw(group, docs, buffer)
        batches += islice(draws[name][1], count)
    random.shuffle(batches)
    yield from batches


def batch_sizes(
    n_docs: Sequence[int], n_tokens: Sequence[int], *, size: int, max_tokens: int | None
) -> list[int]:
    """Return how many Docs a batch of each task has; see `make_batch_by_task_v1`.

    n_docs (Sequence[int]): Docs of each task, at least one.
    n_tokens (Sequence[int]): Tokens in all of them.
    """
    if max_tokens is None:
        return [size] * len(n_docs)
    return [
        min(size, max(1, max_tokens * docs // max(tokens, 1)))
        for docs, tokens in zip(n_docs, n_tokens, strict=True)
    ]


def count_batches(
    n_docs: Sequence[int], sizes: Sequence[int], *, temperature: float, cap: int | None
) -> list[int]:
    """Return how many batches of each task an epoch has, at least one.

    n_docs (Sequence[int]): Docs of each task, at least one.
    sizes (Sequence[int]): Docs in a batch of each task.
    """
    counted = [n if cap is None else min(n, cap) for n in n_docs]
    filled = [math.ceil(n / size) for n, size in zip(counted, sizes, strict=True)]
    if temperature == 1:
        return filled
    weights = [(n / size) ** (1 / temperature) for n, size in zip(counted, sizes, strict=True)]
    return [max(1, round(sum(filled) * weight / sum(weights))) for weight in weights]


def _draw(group: Sequence[Example], size: int, buffer: int) -> Iterator[list[Example]]:
    """Yield batches without end; every Doc comes once before one comes again."""
    while group:
        shuffled = random.sample(group, len(group))
        if len(group) < size * buffer:
            yield from minibatch(shuffled, size)
        else:
            yield from batch_by_length(shuffled, size=size, buffer=buffer)
