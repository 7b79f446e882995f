"""Where does a batch begin and end? Always at the same records, also after an interruption.

Documents that are computed together can differ in the last bits of a probability from the same
ones computed otherwise. So a batch follows from the input and the position at which it begins, and
work is written down by whole batches only: what comes out does not depend on interruptions, on the
number of processes, or on which of them failed.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from .inputs import InputFile, bare_name
from .items import Batch, Item, Position, Rejected
from .readers import READERS

MAX_BATCH_CHARACTERS = 2_000_000
"""A batch ends before its time behind so much text: twice the longest text that spaCy takes by
default, or a thousand abstracts. It bounds memory where documents are long."""


def read_batches(files: Sequence[InputFile], start: Position, size: int) -> Iterator[Batch]:
    """Yield the batches of an input, from a position on.

    start (Position): (0, 0), or the `end` of a batch of the same size.
    size (int): Records in a batch, rejected ones included.
    """
    items: list[Item] = []
    rejected: list[Rejected] = []
    characters, end = 0, start
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
            if len(items) + len(rejected) >= size or characters >= MAX_BATCH_CHARACTERS:
                yield Batch(items, rejected, end)
                items, rejected, characters = [], [], 0
    if items or rejected:
        yield Batch(items, rejected, end)
