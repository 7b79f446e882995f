"""What a model reads of a candidate pair: its sentence, with dummies for the two mentions.

The text is that of the rows which BLURB distributes, checked row by row in
tests/data/datasets/test_chemprot.py and test_ddi.py.
"""

from bisect import bisect_right
from collections.abc import Iterator

from .records import LabelledText, Mention, Record

_SHORT = {"CHEMICAL": "CHEM"}
"""Names inside the dummy of two overlapping mentions where they differ from the label."""


def dummify(text: str, context: tuple[int, int], first: Mention, second: Mention) -> str:
    """Return a part of the text with the two mentions replaced, the others left as they are.

    Two mentions that overlap become one dummy over both, named in alphabetical order: "Aspirin
    inhibits COX-2" gives "@CHEMICAL$ inhibits @GENE$", and a chemical inside the name of a gene
    "@CHEM-GENE$". The order of the two mentions does not matter.

    context (tuple[int, int]): First character of the part and the one behind its last; both
        mentions lie inside.
    """
    left, right = sorted((first, second), key=lambda m: (m.start, m.end))
    before, behind = text[context[0] : left.start], text[max(left.end, right.end) : context[1]]
    names = left.label.upper(), right.label.upper()
    if right.start < left.end:
        return f"{before}@{'-'.join(sorted(_SHORT.get(name, name) for name in names))}${behind}"
    between = text[left.end : right.start]
    return f"{before}@{names[0]}${between}@{names[1]}${behind}"


def pair_context(record: Record, first: Mention, second: Mention) -> tuple[int, int]:
    """Return the part of a record's text that a pair of its mentions is judged in.

    From the sentence of the earlier mention to that of the later one, without white space behind
    it; the whole text where the record is not divided into sentences.
    """
    if record.sentences is None:
        return 0, len(record.text)
    starts = record.sentences
    before = bisect_right(starts, min(first.start, second.start)) - 1
    behind = bisect_right(starts, max(first.start, second.start))
    end = starts[behind] if behind < len(starts) else len(record.text)
    return starts[before], len(record.text[:end].rstrip())


def instance_rows(record: Record) -> Iterator[LabelledText]:
    """Yield each instance of a record as BLURB distributes it: id, text with dummies, label."""
    for relation in record.relations:
        pair = record.mentions[relation.head], record.mentions[relation.tail]
        text = dummify(record.text, pair_context(record, *pair), *pair)
        yield LabelledText(relation.id, text, (relation.label,))
