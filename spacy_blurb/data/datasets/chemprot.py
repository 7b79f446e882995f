"""ChemProt (Krallinger et al. 2017, BioCreative VI): 2,432 abstracts with chemicals and genes."""

from collections import Counter
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.biocreative import Abstract, Entity, read_biocreative
from ..formats.sentence_tsv import read_sentences
from ..records import LabelledText, Mention, Record, Relation, Split
from ..sentences import Splitter, load_punkt
from .distribution import require_file

CLASSES = ("CPR:3", "CPR:4", "CPR:5", "CPR:6", "CPR:9")
NONE = "false"
_LABELS = {"CHEMICAL": "Chemical", "GENE-Y": "Gene", "GENE-N": "Gene", "GENE": "Gene"}
# Split → folder of the official distribution, beginning and end of its file names.
_FILES = {
    "train": ("chemprot_training", "chemprot_training_", ""),
    "dev": ("chemprot_development", "chemprot_development_", ""),
    "test": ("chemprot_test_gs", "chemprot_test_", "_gs"),
}


def read_chemprot(folder: Path, split: str, form: str) -> Split[Record] | Split[LabelledText]:
    """Read one split, by abstract from the official files or by instance from the BLURB copy.

    From the official files, every pair of a chemical and a gene inside one Punkt sentence is an
    instance, in the order and with the id of BLURB's row. A pair with relations of several groups
    takes the last one of the file, as there.

    RETURNS (Split): `left_out` counts the relations across sentences, those replaced by a later
        one of the same pair, and those of the groups that BLURB counts as false.
    RAISES (BlurbError): B109 a file is missing, B143 no Punkt model, and what the format's reader
        raises.
    """
    if form == "blurb":
        names = [f"blurb/{split}.tsv", f"{split}.tsv"]
        path = require_file(folder, names, task="chemprot", form=form)
        labels = (*CLASSES, NONE)
        return Split(read_sentences(path, header="", labels=labels, document=_document))
    subfolder, begin, end = _FILES[split]
    paths = []
    for table in ("abstracts", "entities", "relations"):
        name = f"{begin}{table}{end}.tsv"
        places = ("biocreative", subfolder, f"ChemProt_Corpus/{subfolder}")
        names = [*(f"{place}/{name}" for place in places), name]
        paths.append(require_file(folder, names, task="chemprot", form=form, anywhere=True))
    split_sentences, left_out = load_punkt(), Counter[str]()
    documents = read_biocreative(*paths)
    records = [_to_record(document, split_sentences, paths[1], left_out) for document in documents]
    return Split(records, dict(left_out))


def _document(row_id: str) -> str:
    """Return the PMID of "10076535.T44.T63"."""
    return row_id.partition(".")[0]


def _to_record(
    document: Abstract, split_sentences: Splitter, path: Path, left_out: Counter[str]
) -> Record:
    entities = sorted(document.entities.values(), key=lambda e: (e.start, e.end))
    index = {entity.id: position for position, entity in enumerate(entities)}
    mentions = tuple(Mention(e.start, e.end, _label(e, document.id, path)) for e in entities)
    pieces = split_sentences(document.text)
    labels = _pair_labels(document, left_out)
    relations = []
    for start, end in pieces:
        inside = [e for e in document.entities.values() if start <= e.start and e.end <= end]
        genes = [e for e in inside if e.type != "CHEMICAL"]
        for chemical in inside:
            if chemical.type == "CHEMICAL":
                for gene in genes:
                    label = labels.pop((chemical.id, gene.id), NONE)
                    ordered = (chemical, gene) if chemical.start < gene.start else (gene, chemical)
                    row_id = ".".join((document.id, *(entity.id for entity in ordered)))
                    relation = Relation(index[chemical.id], index[gene.id], label, row_id)
                    relations.append(relation)
    if across := sum(label in CLASSES for label in labels.values()):
        left_out["relations across sentences"] += across
    starts = tuple(start for start, _ in pieces)
    return Record(document.id, document.text, mentions, None, tuple(relations), starts)


def _label(entity: Entity, doc_id: str, path: Path) -> str:
    if entity.type not in _LABELS:
        reason = f"entity {entity.id} has the type {entity.type!r}, expected {', '.join(_LABELS)}"
        raise BlurbError(Errors.B140.format(path=path, doc_id=doc_id, reason=reason))
    return _LABELS[entity.type]


def _pair_labels(document: Abstract, left_out: Counter[str]) -> dict[tuple[str, str], str]:
    """Return the label of each pair that has one, the chemical first."""
    labels: dict[tuple[str, str], str] = {}
    for group, first, second in document.relations:
        if document.entities[first].type != "CHEMICAL":
            first, second = second, first
        if group not in CLASSES:
            left_out["relations of groups that count as false"] += 1
        label = group if group in CLASSES else NONE
        if labels.get((first, second), NONE) not in (NONE, label):
            left_out["relations replaced by a later one of the same pair"] += 1
        labels[first, second] = label
    return labels
