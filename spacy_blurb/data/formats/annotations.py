"""Named mentions and relations between them, as BioC, brat and JSONL have them, to a record."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from ...errors import BlurbError, Errors
from ..records import Mention, Record, Relation

Part = tuple[int, int]
"""First character of a piece of a mention, character behind its last."""

DISCONTINUOUS = "discontinuous mentions taken as one span"
TRIMMED = "mentions with white space at an end, trimmed"
WITH_ITSELF = "relations of a mention with itself"
REPEATED = "repeated mentions"
_GAPS = re.compile(r"\s|\.\.\.")


@dataclass
class Annotations:
    """Collects what is annotated in one document.

    path (Path): The file, for error messages.
    doc_id (str): Id of the record.
    text (str): What the offsets count in.
    left_out (Counter[str]): Reason → number, shared by the documents of a file.
    """

    path: Path
    doc_id: str
    text: str
    left_out: Counter[str]
    _mentions: list[tuple[str, Mention]] = field(default_factory=list)
    _relations: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add_mention(
        self, name: str, label: str, parts: list[Part], stored: str | None, *, where: str
    ) -> None:
        """Check a mention against the text and keep it, without white space at its ends.

        name (str): How relations name it.
        parts (list[Part]): In text order; several for a discontinuous mention, which becomes one
            span from its first character to its last.
        stored (str | None): Its text as the file repeats it, None where it does not. Compared
            without white space and without the "..." that some programs write into gaps.
        where (str): Line or the like, for error messages.
        RAISES (BlurbError): B164 the text is another one, B165 outside of the text or empty, also
            where it is white space alone.
        """
        start, end = parts[0][0], parts[-1][1]
        for first, last in parts:
            if not start <= first < last <= min(end, len(self.text)) or start < 0:
                self._fail(Errors.B165, where, start=first, end=last, length=len(self.text))
        found = " ".join(self.text[first:last] for first, last in parts)
        if stored is not None and _GAPS.sub("", found) != _GAPS.sub("", stored):
            shown = {"found": found[:80], "stored": stored[:80]}
            self._fail(Errors.B164, where, start=start, end=end, **shown)
        self.left_out[DISCONTINUOUS] += len(parts) > 1
        first, last = trim(self.text, start, end)
        if first == last:
            self._fail(Errors.B165, where, start=start, end=end, length=len(self.text))
        self.left_out[TRIMMED] += (first, last) != (start, end)
        self._mentions.append((name, Mention(first, last, label)))

    def add_relation(self, head: str, tail: str, label: str, *, where: str) -> None:
        """Keep a relation between two mentions, which may be added later."""
        self._relations.append((head, tail, label, where))

    def to_record(self) -> Record:
        """Return the record with its mentions in text order.

        RAISES (BlurbError): B168 a relation names a mention that there is not, or a name that
            several have.
        """
        found = dict.fromkeys(mention for _, mention in self._mentions)
        mentions = sorted(found, key=lambda mention: (mention.start, mention.end))
        self.left_out[REPEATED] += len(self._mentions) - len(mentions)
        places = {mention: position for position, mention in enumerate(mentions)}
        positions: dict[str, set[int]] = {}
        for name, mention in self._mentions:
            positions.setdefault(name, set()).add(places[mention])
        relations: dict[Relation, None] = {}
        for head, tail, label, where in self._relations:
            ends: list[int] = []
            for name in (head, tail):
                named = positions.get(name, set())
                if len(named) != 1:
                    self._fail(Errors.B168, where, ref=name, found=f"{len(named) or 'no'} mentions")
                ends += named
            relation = Relation(ends[0], ends[1], label)
            if _place(mentions[ends[0]]) == _place(mentions[ends[1]]):
                # No candidate; its types would make candidates of all pairs of this type.
                self.left_out[WITH_ITSELF] += 1
            elif relation in relations:
                self.left_out["repeated relations"] += 1
            else:
                relations[relation] = None
        return Record(self.doc_id, self.text, tuple(mentions), relations=tuple(relations))

    def _fail(self, message: str, where: str, **found: object) -> NoReturn:
        raise BlurbError(message.format(path=self.path, where=where, doc_id=self.doc_id, **found))


def _place(mention: Mention) -> Part:
    return mention.start, mention.end


def trim(text: str, start: int, end: int) -> Part:
    """Return the offsets of a part of a text without the white space at its ends.

    No token begins or ends with white space, so that a mention that does is never found. Of white
    space alone nothing is left: both offsets are `end`.
    """
    part = text[start:end]
    return end - len(part.lstrip()), start + len(part.rstrip()) if part.strip() else end


def counted(left_out: Counter[str]) -> dict[str, int]:
    """Return the reasons that occurred."""
    return {reason: count for reason, count in left_out.items() if count}
