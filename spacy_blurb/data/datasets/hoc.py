"""HoC (Baker et al. 2016): 1,852 cancer abstracts, sentences labelled with ten hallmarks."""

import re
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.archives import find_archive, read_members
from ..formats.compressed import read_lines
from ..formats.id_list import check_listed, read_ids
from ..formats.tsv import read_tsv
from ..records import LabelledText, Split
from .distribution import missing_files, require_file

TASK = "hoc"
HALLMARKS = (
    "activating invasion and metastasis",
    "avoiding immune destruction",
    "cellular energetics",
    "enabling replicative immortality",
    "evading growth suppressors",
    "genomic instability and mutation",
    "inducing angiogenesis",
    "resisting cell death",
    "sustaining proliferative signaling",
    "tumor promoting inflammation",
)
"""In the order of the columns of BLURB's copy."""

_SPLITS = ("train", "dev", "test")
# "Resisting cell death--Apoptosis ANDSustaining proliferative signaling": capitals join labels.
_AND = re.compile(r"\s+AND")


def read_hoc(folder: Path, split: str, form: str) -> Split[LabelledText]:
    """Read the sentences of one split; scores are per abstract, which is their `group`.

    The original is `hoc.tar.xz` or the folders `text/` and `labels/`, divided by BLURB's lists
    `indexing/SPLIT_pmid.tsv`. Of each label the topmost of the taxonomy's levels is taken.

    RAISES (BlurbError): B109 a file is missing, B151 labels that do not fit their sentences, B155
        a listed abstract is missing, and what the format's readers raise.
    """
    if form == "blurb":
        return Split(_read_copy(folder, split))
    lists = {}
    for name in _SPLITS:
        file = f"{name}_pmid.tsv"
        lists[name] = require_file(folder, [f"indexing/{file}", file], task=TASK, form=form)
    texts, labels = _read_documents(folder)
    ids = {name: read_ids(path) for name, path in lists.items()}
    both = texts.keys() & labels.keys()
    check_listed(ids[split], both, task=TASK, source=folder, listed=lists[split])
    records = []
    for doc_id in ids[split]:
        records += _to_records(folder, doc_id, texts[doc_id], labels[doc_id])
    unlisted = len(set(texts).difference(*ids.values()))
    left_out = {"abstracts in no split list": unlisted} if unlisted and split == "train" else {}
    return Split(records, left_out)


def _read_documents(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the texts and the label lines by PMID."""
    documents: dict[str, dict[str, str]] = {"text": {}, "labels": {}}
    if (folder / "text").is_dir():
        for kind, found in documents.items():
            for path in sorted((folder / kind).glob("*.txt")):
                found[path.stem] = "\n".join(line for _, line in read_lines(path))
    elif (archive := find_archive(folder, TASK)) is not None:
        for name, content in read_members(archive):
            path = Path(name)
            if path.suffix == ".txt" and path.parent.name in documents:
                text = _decode(content, archive)
                documents[path.parent.name][path.stem] = text.replace("\r\n", "\n").rstrip("\n")
    else:
        looked = "text/, hoc.tar.xz, hoc.tar.gz, hoc.tar"
        raise missing_files(folder, looked, task=TASK, form="original")
    return documents["text"], documents["labels"]


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=path, byte=error.start)) from error


def _to_records(folder: Path, doc_id: str, text: str, labels: str) -> list[LabelledText]:
    sentences, parts = text.split("\n"), labels.split("<")[1:]
    if len(sentences) != len(parts):
        raise BlurbError(
            Errors.B151.format(
                path=folder,
                where=f"abstract {doc_id}",
                expected=f"labels for {len(sentences)} sentences",
                found=f"labels for {len(parts)}",
            )
        )
    return [
        LabelledText(f"{doc_id}_s{number}", sentence, _top_level(folder, doc_id, part), doc_id)
        for number, (sentence, part) in enumerate(zip(sentences, parts, strict=True))
    ]


def _top_level(folder: Path, doc_id: str, part: str) -> tuple[str, ...]:
    """Return the hallmarks of one sentence, in the order of `HALLMARKS`.

    "Evading growth suppressors--Cell cycle AND Resisting cell death" gives the names before "--".
    """
    names = {label.split("--")[0].strip().lower() for label in _AND.split(part)} - {"", "null"}
    if unknown := sorted(names.difference(HALLMARKS)):
        raise BlurbError(
            Errors.B151.format(
                path=folder,
                where=f"labels of abstract {doc_id}",
                expected="one of the ten hallmarks",
                found=repr(unknown[0]),
            )
        )
    return tuple(name for name in HALLMARKS if name in names)


def _read_copy(folder: Path, split: str) -> list[LabelledText]:
    """Read BLURB's copy, whose rows are "0_0,1_1,...,9_0", the sentence and "PMID_sN"."""
    names = [f"blurb/{split}.tsv", f"{split}.tsv"]
    path = require_file(folder, names, task=TASK, form="blurb")
    records = []
    for number, (marks, sentence, record_id) in read_tsv(path, 3, header="index"):
        labels = tuple(name for n, name in enumerate(HALLMARKS) if f"{n}_1" in marks.split(","))
        if len(labels) != marks.count("_1") or marks.count(",") != len(HALLMARKS) - 1:
            raise BlurbError(
                Errors.B151.format(
                    path=path, where=f"line {number}", expected="marks 0_0,...,9_1", found=marks
                )
            )
        records.append(LabelledText(record_id, sentence, labels, record_id.rpartition("_s")[0]))
    return records
