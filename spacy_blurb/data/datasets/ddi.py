"""DDI (Herrero-Zazo et al. 2013): interactions of drugs in DrugBank texts and MEDLINE abstracts."""

from collections import Counter
from pathlib import Path

from ...errors import BlurbError, Errors, MissingFilesError
from ..formats.archives import find_archive, read_members
from ..formats.compressed import find_file, read_lines
from ..formats.ddi_xml import KINDS, NONE, parse_ddi_xml
from ..formats.sentence_tsv import read_sentences
from ..records import LabelledText, Record, Split
from .distribution import missing_files, require_file

TASK = "ddi"
_ROOT = "DDIextraction_2013"
_PARTS = {
    "train_dataset": ("train_dataset", "Train"),
    "test_dataset": ("test_dataset", "Test/Test for DDI Extraction task"),
}
"""First part of a name in the lists → its folder in the archive, and in the official zip."""

_PLACES = (_ROOT, "", "DDICorpus", "DDIextraction2013", f"DDIextraction2013/{_ROOT}")
"""Where the distributions and git clones have the archive, or the folders."""


def read_ddi(folder: Path, split: str, form: str) -> Split[Record] | Split[LabelledText]:
    """Read one split, by sentence from the official XML or by instance from the BLURB copy.

    The XML is read from the archive or from a folder it was unpacked to; BLURB's split lists
    ("train_dataset/MedLine/1.xml" a line) say which documents are train, dev and test. Sentences
    without a pair are records too.

    RETURNS (Split): Records in the order of the list; `left_out` as `parse_ddi_xml` counts.
    RAISES (BlurbError): B109 no XML or no copy, B141 no split list, B155 a listed document is
        missing, and what the formats' readers raise.
    """
    if form == "blurb":
        names = [f"blurb/{split}.tsv", f"{split}.tsv"]
        path = require_file(folder, names, task=TASK, form=form)
        labels = [NONE, *(f"DDI-{kind}" for kind in KINDS)]
        return Split(read_sentences(path, header="label", labels=labels, document=_document))
    listed_in = _find_list(folder, split)
    listed = [line.strip() for _, line in read_lines(listed_in) if line.strip()]
    contents = _read_documents(folder, set(listed))
    if missing := [name for name in listed if name not in contents]:
        raise BlurbError(
            Errors.B155.format(
                folder=folder, n=len(missing), task=TASK, listed=listed_in, example=missing[0]
            )
        )
    left_out = Counter[str]()
    records = [
        record
        for name in listed
        for record in parse_ddi_xml(contents[name], path=name, left_out=left_out)
    ]
    return Split(records, dict(left_out))


def _document(row_id: str) -> str:
    """Return the document of "DDI-DrugBank.d610.s0.p0"."""
    return row_id.rsplit(".", 2)[0]


def _find_list(folder: Path, split: str) -> Path:
    names = [f"{place}{split}_files.tsv" for place in ("indexing/", "indexing/DDI/", "")]
    for name in names:
        if (path := find_file(folder, name)) is not None:
            return path
    raise MissingFilesError(Errors.B141.format(folder=folder, split=split, looked=", ".join(names)))


def _read_documents(folder: Path, wanted: set[str]) -> dict[str, bytes]:
    """Return the content of the wanted documents that are there, by their name in the list."""
    if parts := _find_parts(folder):
        split_names = {name: name.partition("/") for name in wanted}
        paths = {name: parts[p] / rest for name, (p, _, rest) in split_names.items() if p in parts}
        return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
    archive = next((a for p in _PLACES if (a := find_archive(folder / p, _ROOT))), None)
    if archive is None:
        looked = f"{_ROOT}.tar.gz, {_ROOT}/, {'/, '.join(_PARTS)}/, Train/, Test/"
        raise missing_files(folder, looked, task=TASK, form="original")
    contents = {}
    for member, content in read_members(archive):
        name = member.removeprefix(f"{_ROOT}/")
        if name in wanted:
            contents[name] = content
    return contents


def _find_parts(folder: Path) -> dict[str, Path]:
    """Return the folders of train and test, of those that are there."""
    for place in _PLACES:
        found = {
            part: path
            for part, names in _PARTS.items()
            for name in names
            if (path := folder / place / name).is_dir()
        }
        if found:
            return found
    return {}
