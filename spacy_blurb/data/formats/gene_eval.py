"""BioCreative II's files: a sentence per line, and mentions whose offsets leave out blanks."""

import re
from collections.abc import Iterator

from ...errors import BlurbError, Errors
from ..records import Mention, Record
from .file_tree import numbered

_MENTION = re.compile(r"(\S+)\|(\d{1,15}) (\d{1,15})\|(.*)")
_SENTENCE = "'ID sentence'"
_EXPECTED = "'ID|FIRST LAST|mention', offsets without blanks, the last one included"


def parse_gene_eval(sentences: str, mentions: str, *, label: str, path: str) -> Iterator[Record]:
    """Yield a record per sentence.

    sentences (str): Content of `train.in`: "ID sentence" a line.
    mentions (str): Content of `GENE.eval`: "ID|FIRST LAST|mention" a line.
    path (str): Where the mentions come from, for error messages.
    YIELDS (Record): With the sentence as it stands and its mentions in text order.
    RAISES (BlurbError): B107 no sentence, B111 an id twice, B134 a line of another form, B135 a
        mention of no sentence, B164 the text at the offsets is another one.
    """
    texts: dict[str, str] = {}
    for number, line in numbered(sentences):
        doc_id, blank, text = line.partition(" ")
        if doc_id in texts:
            raise BlurbError(Errors.B111.format(doc_id=doc_id, path=path))
        if line.strip() and not (blank and text.strip()):
            raise BlurbError(
                Errors.B134.format(path=path, line=number, text=line[:80], expected=_SENTENCE)
            )
        if line.strip():
            texts[doc_id] = text
    if not texts:
        raise BlurbError(Errors.B107.format(path=path))
    found: dict[str, list[Mention]] = {}
    for number, line in numbered(mentions):
        if not line.strip():
            continue
        match = _MENTION.fullmatch(line.rstrip())
        if match is None:
            raise BlurbError(
                Errors.B134.format(path=path, line=number, text=line[:80], expected=_EXPECTED)
            )
        doc_id, first, last, stored = match[1], int(match[2]), int(match[3]), match[4]
        if doc_id not in texts:
            raise BlurbError(Errors.B135.format(path=path, line=number, doc_id=doc_id))
        text = texts[doc_id]
        # Position in the text of each character that is no blank.
        places = [place for place, char in enumerate(text) if not char.isspace()]
        inside = first <= last < len(places)
        start, end = (places[first], places[last] + 1) if inside else (first, last + 1)
        if not inside or text[start:end].split() != stored.split():
            raise BlurbError(
                Errors.B164.format(
                    path=path, where=f"line {number}", doc_id=doc_id, start=first, end=last,
                    found=text[start:end][:80], stored=stored[:80],
                )
            )  # fmt: skip
        found.setdefault(doc_id, []).append(Mention(start, end, label))
    for doc_id, text in texts.items():
        ordered = sorted(found.get(doc_id, []), key=lambda m: (m.start, m.end))
        yield Record(doc_id, text, tuple(ordered))
