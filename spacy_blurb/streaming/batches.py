"""Where does a batch begin and end? Always at the same records, also after an interruption.

Documents that are computed together can differ in the last bits of a probability from the same
ones computed otherwise. So a batch follows from the input and the position at which it begins, and
work is written down by whole batches only: what comes out does not depend on interruptions, on the
number of processes, or on which of them failed.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from .inputs import InputFile, bare_name
from .items import Batch, Item, Position, Rejected
from .readers import READERS

MAX_BATCH_CHARACTERS = 2_000_000
"""A batch ends before its time behind so much text: twice the longest text that spaCy takes by
default, or a thousand abstracts. It bounds memory where documents are long."""

MAX_BATCH_BYTES = 64 << 20
"""Nor does it go on behind so much of what comes with the texts, Docs and other keys: two of the
largest records, or two thousand Docs of abstracts."""


def read_batches(files: Sequence[InputFile], start: Position, size: int) -> Iterator[Batch]:
    """Yield the batches of an input, from a position on.

    start (Position): (0, 0), or the `end` of a batch of the same size.
    size (int): Records in a batch, rejected ones included.
    """
    items: list[Item] = []
    rejected: list[Rejected] = []
    characters, n_bytes, end = 0, 0, start
    for number in range(start.file, len(files)):
        file = files[number]
        done = start.records if number == start.file else 0
        records = READERS[file.format](file.path, file.name, bare_name(file.name))
        for count, record in enumerate(islice(records, done, None), start=done + 1):
            end = Position(number, count)
            if isinstance(record, Rejected):
                rejected.append(record)
            else:
                items.append(record)
                characters += len(record.text)
                n_bytes += len(record.doc) + (
                    len(json.dumps(record.fields)) if record.fields else 0
                )
            is_large = characters >= MAX_BATCH_CHARACTERS or n_bytes >= MAX_BATCH_BYTES
            if is_large or len(items) + len(rejected) >= size:
                yield Batch(items, rejected, end)
                items, rejected, characters, n_bytes = [], [], 0, 0
    if items or rejected:
        yield Batch(items, rejected, end)
