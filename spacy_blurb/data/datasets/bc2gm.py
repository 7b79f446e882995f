"""BC2GM (Smith et al. 2008): 20,000 MEDLINE sentences with genes and their products."""

from pathlib import Path, PurePosixPath

from ...errors import BlurbError, Errors
from ..formats.compressed import find_file
from ..formats.file_tree import read_tree
from ..formats.gene_eval import parse_gene_eval
from ..formats.id_list import check_listed, read_ids
from ..records import Record, Split
from .crichton import FILES, read_crichton, with_label
from .distribution import missing_files

TASK = "bc2gm"
LABEL = "Gene"
_ARCHIVES = ("bc2GMtrain_1.1", "bc2GMtest_1.0")
_LONGEST_RUN = 8
"""Sentences of the copy that one of the original is at most divided into."""


def read_bc2gm(folder: Path, split: str, form: str) -> Split[Record]:
    """Read one split, from BioCreative's files or from the BLURB copy.

    The original has train and test. Which of its training sentences are dev was drawn at random:
    it is read from a list of their ids (`split/devel.txt`) or found by comparing with the copy's
    `devel.tsv`. The alternative spans of ALTGENE.eval are not read, as BLURB does not use them.

    RAISES (BlurbError): B109 a file is missing, B130 nothing says what is dev, B131 the copy's dev
        sentences are not in the original, B155 a listed sentence is not, and what the formats'
        readers raise.
    """
    if form == "blurb":
        # The copy writes GENE.
        return Split(
            with_label(read_crichton(folder, split, task=TASK, label=LABEL).records, LABEL)
        )
    part = "test" if split == "test" else "train"
    texts = _read_part(folder, part)
    records = list(parse_gene_eval(*texts, label=LABEL, path=f"{folder}, {part}/GENE.eval"))
    if split == "test":
        return Split(records)
    dev = _dev_ids(folder, records)
    return Split([record for record in records if (record.id in dev) == (split == "dev")])


def _read_part(folder: Path, part: str) -> tuple[str, str]:
    """Return the text of the sentences and that of their mentions."""
    wanted = (f"{part}.in", "GENE.eval")

    def choose(name: str) -> str | None:
        path = PurePosixPath(name)
        # Both parts name the file of mentions alike and lie in folders of their own.
        return path.name if path.name in wanted and path.parent.name == part else None

    texts = dict(read_tree(folder, _ARCHIVES, choose))
    if missing := [f"{part}/{name}" for name in wanted if name not in texts]:
        raise missing_files(folder, ", ".join(missing), task=TASK, form="original")
    return texts[wanted[0]], texts[wanted[1]]


def _dev_ids(folder: Path, records: list[Record]) -> set[str]:
    listed = find_file(folder, "split/devel.txt")
    if listed is not None:
        ids = read_ids(listed)
        known = {record.id for record in records}
        check_listed(ids, known, task=TASK, source=folder, listed=listed)
        return set(ids)
    copy = find_file(folder, FILES["dev"])
    if copy is None:
        raise BlurbError(Errors.B130.format(folder=folder))
    sentences = [
        "".join(record.text.split())
        for record in read_crichton(folder, "dev", task=TASK, label=LABEL).records
    ]
    runs: dict[str, list[range]] = {}
    for first in range(len(sentences)):
        for last in range(first + 1, min(first + _LONGEST_RUN, len(sentences)) + 1):
            runs.setdefault("".join(sentences[first:last]), []).append(range(first, last))
    dev, found = set(), set[int]()
    for record in records:
        places = runs.get("".join(record.text.split()), [])
        free = [place for place in places if found.isdisjoint(place)]
        if free:
            dev.add(record.id)
            found.update(free[0])
    if missing := [s for n, s in enumerate(sentences) if n not in found]:
        raise BlurbError(
            Errors.B131.format(
                n=len(missing), total=len(sentences), listed=copy, source=f"{folder}, train.in",
                example=missing[0][:60],
            )
        )  # fmt: skip
    return dev
