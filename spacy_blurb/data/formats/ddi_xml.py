"""The XML of the DDI corpus: sentences with drugs, and a 'pair' element for every two of them."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from ...errors import BlurbError, Errors
from ..records import Mention, Record, Relation
from .offsets import are_offsets

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

KINDS = ("advise", "effect", "int", "mechanism")
"""Of interactions; a label is "DDI-KIND"."""
NONE = "DDI-false"

_LINE_ENDS = str.maketrans("\t\r\n", "   ")


def parse_ddi_xml(content: bytes, *, path: str, left_out: Counter[str]) -> Iterator[Record]:
    """Yield one record per sentence of a document, with all its pairs as relations.

    Offsets are those of the file, also where they disagree with the mention's text in the file,
    because the published instances were made with them. A discontinuous mention is the span from
    its first part to its last one. Tabs and line ends in a sentence become blanks, one for one.

    content (bytes): The file.
    path (str): Its name, for error messages.
    left_out (Counter[str]): Is increased by the sentences without text and by the mentions whose
        text in the file is not the one at the offsets.
    YIELDS (Record): Mentions are all "Drug"; labels of pairs are "DDI-TYPE" or "DDI-false"; the
        document is what the sentence's id begins with.
    RAISES (BlurbError): B101 not XML, B140 an attribute is missing or wrong, B142 defusedxml is
        not installed.
    """
    for sentence in _parse(content, path).iter("sentence"):
        sentence_id, text = _attribute(sentence, "id", path), _attribute(sentence, "text", path)
        if not text.strip():
            left_out["sentences without text"] += 1
        else:
            yield _to_record(sentence, sentence_id, text, path, left_out)


def _parse(content: bytes, path: str) -> "Element":
    try:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import fromstring
    except ImportError as error:
        raise BlurbError(Errors.B142.format(path=path)) from error
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    # An encoding that Python does not know is a LookupError.
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise BlurbError(Errors.B101.format(path=path, reason=error)) from error
    return root


def _to_record(
    sentence: "Element", sentence_id: str, text: str, path: str, left_out: Counter[str]
) -> Record:
    mentions = {}
    for entity in sentence.iter("entity"):
        entity_id, stored = _attribute(entity, "id", path), _attribute(entity, "text", path)
        parts = _offsets(entity, sentence_id, len(text), path)
        found = "".join(text[start:end] for start, end in parts)
        if found.split() != stored.split() and "".join(found.split()) != "".join(stored.split()):
            left_out["texts of mentions that disagree with the offsets"] += 1
        if entity_id in mentions:
            raise _wrong(path, sentence_id, f"two entities have the id {entity_id!r}")
        mentions[entity_id] = Mention(parts[0][0], parts[-1][1], "Drug")
    ids = sorted(
        mentions, key=lambda entity_id: (mentions[entity_id].start, mentions[entity_id].end)
    )
    index = {entity_id: position for position, entity_id in enumerate(ids)}
    relations = []
    for pair in sentence.iter("pair"):
        pair_id = _attribute(pair, "id", path)
        ends = [_attribute(pair, name, path) for name in ("e1", "e2")]
        for entity_id in ends:
            if entity_id not in index:
                raise _wrong(path, sentence_id, f"pair {pair_id} names the unknown {entity_id!r}")
        relations.append(Relation(index[ends[0]], index[ends[1]], _label(pair, path), pair_id))
    return Record(
        sentence_id,
        text.translate(_LINE_ENDS),
        tuple(mentions[entity_id] for entity_id in ids),
        relations=tuple(relations),
        sentences=(0,),
        document=sentence_id.rpartition(".")[0],
    )


def _offsets(entity: "Element", sentence_id: str, length: int, path: str) -> list[tuple[int, int]]:
    """Parse "16-22" or "16-22;30-41", whose second numbers are those of the last characters."""
    value = _attribute(entity, "charOffset", path)
    parts = []
    for part in value.split(";"):
        first, _, last = part.partition("-")
        if not (are_offsets((first, last)) and int(first) <= int(last) < length):
            reason = f"charOffset {value!r} does not fit a sentence of {length} characters"
            raise _wrong(path, sentence_id, reason)
        parts.append((int(first), int(last) + 1))
    return sorted(parts)


def _label(pair: "Element", path: str) -> str:
    match pair.get("ddi"), pair.get("type"):
        case "false", _:
            return NONE
        case "true", str(kind) if kind in KINDS:
            return f"DDI-{kind}"
        case ddi, kind:
            reason = f"ddi is {ddi!r} and type {kind!r}"
            raise _wrong(path, _attribute(pair, "id", path), reason)


def _attribute(element: "Element", name: str, path: str) -> str:
    value = element.get(name)
    if value is None:
        raise _wrong(path, element.get("id", "?"), f"a {element.tag} has no attribute {name!r}")
    return value


def _wrong(path: str, doc_id: str, reason: str) -> BlurbError:
    return BlurbError(Errors.B140.format(path=path, doc_id=doc_id, reason=reason))
