"""The chemical-protein files of BioCreative VI: a table each of abstracts, entities, relations."""

from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BlurbError, Errors
from .offsets import are_offsets
from .tsv import read_tsv


@dataclass(frozen=True, slots=True)
class Entity:
    """A line of the entities file; `type` is CHEMICAL, GENE-Y or GENE-N."""

    id: str
    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Abstract:
    """A document with its annotations, all in file order.

    text (str): Title, a tab, abstract, as the offsets count.
    entities (dict[str, Entity]): By id, "T1".
    relations (list[tuple[str, str, str]]): Group ("CPR:3") and the ids of the two entities; a
        pair can have several.
    """

    id: str
    text: str
    entities: dict[str, Entity] = field(default_factory=dict)
    relations: list[tuple[str, str, str]] = field(default_factory=list)


def read_biocreative(abstracts: Path, entities: Path, relations: Path) -> list[Abstract]:
    """Read the three files of a split.

    RAISES (BlurbError): B106 offsets and text disagree, B111 an abstract twice, B140 an
        annotation names an abstract or an entity that is not there, B154 offsets that are no
        numbers, and what `read_tsv` raises.
    """
    documents: dict[str, Abstract] = {}
    for _, (doc_id, title, abstract) in read_tsv(abstracts, 3, header=""):
        if doc_id in documents:
            raise BlurbError(Errors.B111.format(doc_id=doc_id, path=abstracts))
        documents[doc_id] = Abstract(doc_id, f"{title}\t{abstract}")
    _add_entities(documents, entities)
    _add_relations(documents, relations)
    return list(documents.values())


def _add_entities(documents: dict[str, Abstract], path: Path) -> None:
    for line, (doc_id, entity_id, kind, first, last, stored) in read_tsv(path, 6, header=""):
        document = _find(documents, doc_id, path)
        if not are_offsets((first, last)):
            found = f"{first!r} and {last!r}"
            raise BlurbError(
                Errors.B154.format(path=path, line=line, expected="two offsets", found=found)
            )
        start, end = int(first), int(last)
        found = document.text[start:end]
        if not found or found != stored:
            raise BlurbError(
                Errors.B106.format(
                    path=path, line=line, doc_id=doc_id, start=start, end=end, found=found[:80],
                    stored=stored[:80],
                )
            )  # fmt: skip
        if entity_id in document.entities:
            raise _wrong(path, doc_id, f"two entities have the id {entity_id!r}")
        document.entities[entity_id] = Entity(entity_id, kind, start, end)


def _add_relations(documents: dict[str, Abstract], path: Path) -> None:
    for _, (doc_id, group, _, _, first, second) in read_tsv(path, 6, header=""):
        document = _find(documents, doc_id, path)
        pair = first.removeprefix("Arg1:"), second.removeprefix("Arg2:")
        for entity_id in pair:
            if entity_id not in document.entities:
                reason = f"a relation names the entity {entity_id!r}, which is not there"
                raise _wrong(path, doc_id, reason)
        document.relations.append((group, *pair))


def _find(documents: dict[str, Abstract], doc_id: str, path: Path) -> Abstract:
    if doc_id not in documents:
        raise _wrong(path, doc_id, "an annotation without an abstract")
    return documents[doc_id]


def _wrong(path: Path, doc_id: str, reason: str) -> BlurbError:
    return BlurbError(Errors.B140.format(path=path, doc_id=doc_id, reason=reason))
