"""What a model reads of a candidate pair: its sentence, with dummies for the two mentions.

The text is that of the rows which BLURB distributes, checked row by row in
tests/data/datasets/test_chemprot.py and test_ddi.py.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from ..errors import BlurbError, Errors
from .records import LabelledText, Mention, Record, Relation

_SHORT = {"CHEMICAL": "CHEM"}
"""Names inside the dummy of two overlapping mentions where they differ from the label."""

_DUMMY = re.compile(r"@([A-Z]+)(?:-([A-Z]+))?\$")
_HEADS = ("Chemical", "Gene")
"""Types that are heads of relations with other types, the first one before the second."""


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
    starts = record.sentences or (0,)
    if starts == (0,):
        return 0, len(record.text)
    before = bisect_right(starts, min(first.start, second.start)) - 1
    behind = bisect_right(starts, max(first.start, second.start))
    end = starts[behind] if behind < len(starts) else len(record.text)
    return starts[before], len(record.text[:end].rstrip())


def instance_rows(record: Record) -> Iterator[LabelledText]:
    """Yield each instance of a record as BLURB distributes it: id, text with dummies, label.

    The `group` of a row is the record's document, or the record itself where it is not the row.
    """
    for relation in record.relations:
        pair = record.mentions[relation.head], record.mentions[relation.tail]
        text = dummify(record.text, pair_context(record, *pair), *pair)
        group = record.document or ("" if relation.id == record.id else record.id)
        yield LabelledText(relation.id, text, (relation.label,), group)


def record_of_row(row: LabelledText) -> Record:
    """Make a record of a row as BLURB distributes it: its dummies are the two mentions.

    `instance_rows` gives the row back. A chemical is the head of its pair, a gene of one with a
    disease, and of two drugs the first.

    RAISES (BlurbError): B118 the row has not two dummies, nor one for both.
    """
    found = list(_DUMMY.finditer(row.text))
    joint = len(found) == 1 and found[0][2] is not None
    if not joint and (len(found) != 2 or any(match[2] for match in found)):
        listed = ", ".join(match[0] for match in found) or "none"
        raise BlurbError(Errors.B118.format(row_id=row.id, found=listed))
    names = found[0].groups() if joint else [match[1] for match in found]
    matches = found * 2 if joint else found
    mentions = tuple(
        Mention(*match.span(), _to_label(name)) for match, name in zip(matches, names, strict=True)
    )
    head = min((0, 1), key=lambda i: _rank(mentions[i].label))
    (label,) = row.labels
    relation = Relation(head, 1 - head, label, row.id)
    return Record(
        row.id, row.text, mentions, relations=(relation,), sentences=(0,), document=row.group
    )


def _to_label(name: str) -> str:
    long = {short: name for name, short in _SHORT.items()}
    return long.get(name, name).capitalize()


def _rank(label: str) -> int:
    return _HEADS.index(label) if label in _HEADS else len(_HEADS)
