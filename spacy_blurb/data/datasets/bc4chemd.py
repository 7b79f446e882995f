"""BC4CHEMD (Krallinger et al. 2015, CHEMDNER): 10,000 PubMed abstracts with chemicals."""

import re
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.file_tree import numbered, read_tree
from ..formats.offsets import are_offsets
from ..records import Mention, Record, Split
from .crichton import read_crichton, with_label
from .distribution import missing_files

TASK = "bc4chemd"
LABEL = "Chemical"
_PARTS = {"train": "training", "dev": "development", "test": "evaluation"}
_ARCHIVE = "chemdner_corpus"
_EXPECTED = (
    "'PMID<tab>T or A<tab>start<tab>end<tab>mention<tab>class', offsets in title or abstract"
)


def read_bc4chemd(folder: Path, split: str, form: str) -> Split[Record]:
    """Read one split, by abstract from the CHEMDNER corpus or by sentence from the CoNLL copy.

    The seven classes (SYSTEMATIC, TRIVIAL, ABBREVIATION, FORMULA, FAMILY, IDENTIFIER, MULTIPLE)
    become Chemical.

    RAISES (BlurbError): B109 a file is missing, B134 a line of another form, B135 an annotation
        of no document, B164 the text at the offsets is another one, and what the formats raise.
    """
    if form == "blurb":
        return Split(
            with_label(read_crichton(folder, split, task=TASK, label=LABEL).records, LABEL)
        )
    names = [f"{_PARTS[split]}.{kind}.txt" for kind in ("abstracts", "annotations")]

    def choose(name: str) -> str | None:
        return next((wanted for wanted in names if re.search(rf"(^|/){wanted}$", name)), None)

    texts = dict(read_tree(folder, [_ARCHIVE], choose))
    if missing := [name for name in names if name not in texts]:
        looked = ", ".join([*missing, f"{_ARCHIVE}.tar.gz"])
        raise missing_files(folder, looked, task=TASK, form=form)
    documents = {}
    for number, line in numbered(texts[names[0]]):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 3:
            raise BlurbError(
                Errors.B154.format(
                    path=f"{folder}, {names[0]}",
                    line=number,
                    expected="3 columns",
                    found=len(cells),
                )
            )
        if cells[0] in documents:
            raise BlurbError(Errors.B111.format(doc_id=cells[0], path=f"{folder}, {names[0]}"))
        documents[cells[0]] = (cells[1], cells[2])
    mentions: dict[str, list[Mention]] = {doc_id: [] for doc_id in documents}
    for number, line in numbered(texts[names[1]]):
        if line.strip():
            doc_id, mention = _to_mention(f"{folder}, {names[1]}", number, line, documents)
            mentions[doc_id].append(mention)
    records = []
    for doc_id, (title, abstract) in documents.items():
        ordered = sorted(mentions[doc_id], key=lambda m: (m.start, m.end))
        records.append(Record(doc_id, f"{title} {abstract}", tuple(ordered)))
    return Split(records)


def _to_mention(
    path: str, number: int, line: str, documents: dict[str, tuple[str, str]]
) -> tuple[str, Mention]:
    cells = line.split("\t")
    if len(cells) < 5 or cells[1] not in ("T", "A") or not are_offsets(cells[2:4]):
        raise BlurbError(
            Errors.B134.format(path=path, line=number, text=line[:80], expected=_EXPECTED)
        )
    doc_id, part, start, end, stored = cells[0], cells[1], int(cells[2]), int(cells[3]), cells[4]
    if doc_id not in documents:
        raise BlurbError(Errors.B135.format(path=path, line=number, doc_id=doc_id))
    title, abstract = documents[doc_id]
    found = (title if part == "T" else abstract)[start:end]
    if not found or found.split() != stored.split():
        raise BlurbError(
            Errors.B164.format(
                path=path, where=f"line {number}", doc_id=doc_id, start=start, end=end,
                found=found[:80], stored=stored[:80],
            )
        )  # fmt: skip
    shift = 0 if part == "T" else len(title) + 1
    return doc_id, Mention(start + shift, end + shift, LABEL)
