"""BC5CDR's second task (Li et al. 2016): which chemical of an abstract induces which disease."""

from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.annotations import counted
from ..formats.pubtator import LinkedDocument, read_linked
from ..records import Record, Relation, Split
from .bc5cdr import FILES
from .distribution import require_file

TASK = "bc5cdr_cid"
CID, NONE = "CID", "false"


def read_bc5cdr_cid(folder: Path, split: str, form: str) -> Split[Record]:
    """Read one split, by abstract, from the PubTator files.

    Every chemical concept with every disease concept of the abstract is an instance, named
    "PMID.CHEMICAL.DISEASE". Its head and tail are the first mention that names the concept and no
    other, or else the first that names it.

    RETURNS (Split): `left_out` counts the mentions without a concept, which are in no instance,
        and the relation lines that are no instance because a concept has no mention.
    RAISES (BlurbError): B109 the file is missing, B158 the form is "blurb", and what the format's
        reader raises.
    """
    if form == "blurb":
        raise BlurbError(Errors.B158.format(task=TASK))
    name = FILES[split]
    path = require_file(folder, [f"original/{name}", name], task=TASK, form=form, anywhere=True)
    left_out = Counter[str]()
    records = [_to_record(document, left_out) for document in read_linked(path, left_out=left_out)]
    return Split(records, counted(left_out))


def _to_record(document: LinkedDocument, left_out: Counter[str]) -> Record:
    record = document.record
    chemicals = _representatives(document, "Chemical")
    diseases = _representatives(document, "Disease")
    gold = set(document.relations)
    relations = []
    for (chemical, head), (disease, tail) in product(chemicals.items(), diseases.items()):
        label = CID if (CID, chemical, disease) in gold else NONE
        gold.discard((CID, chemical, disease))
        row_id = f"{record.id}.{chemical}.{disease}"
        relations.append(Relation(head, tail, label, row_id, (chemical, disease)))
    if gold:
        left_out["relations that no pair of mentions expresses"] += len(gold)
    if unlinked := document.concepts.count(()):
        left_out["mentions without a concept"] += unlinked
    return replace(record, relations=tuple(relations), concepts=document.concepts)


def _representatives(document: LinkedDocument, label: str) -> dict[str, int]:
    """Return the index of the mention that stands for each concept, in text order."""
    chosen: dict[str, int] = {}
    for index, concepts in enumerate(document.concepts):
        if document.record.mentions[index].label == label:
            for concept in concepts:
                alone = len(concepts) == 1
                if concept not in chosen or (alone and len(document.concepts[chosen[concept]]) > 1):
                    chosen[concept] = index
    return chosen
