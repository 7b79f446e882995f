"""EBM PICO (Nye et al. 2018, EBM-NLP): 4,993 abstracts of trials, each word labelled."""

import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path, PurePosixPath

from ...errors import BlurbError, Errors, MissingFilesError
from ..formats.compressed import find_file
from ..formats.conll import read_conll
from ..formats.file_tree import read_tree
from ..formats.id_list import read_ids
from ..records import Mention, Record, Split
from .distribution import missing_files, require_file

TASK = "ebm_pico"
LABELS = {"PAR": "Participants", "INT": "Intervention", "OUT": "Outcome"}
"""Tag of the copy → label."""

_ELEMENTS = {
    "participants": "Participants",
    "interventions": "Intervention",
    "outcomes": "Outcome",
}
"""Folder of the release → label."""

_ARCHIVE = "ebm_nlp_2_00"
_OLD_FOLDER = "ebm_nlp_1_00"
_OLD_MARK = "_"
"""What release 1.00 has between the PMID and AGGREGATED, where 2.00 has a point."""

_OLD = "documents of release 1.00, as 2.00 is there"
_TOKENS = re.compile(r"(?:^|/)documents/(\d+)\.tokens$")
_LABELS = re.compile(
    rf"(?:^|/)(?:annotations/)?aggregated/starting_spans/({'|'.join(_ELEMENTS)})/"
    r"(train|test/gold)/(\d+)([._])AGGREGATED\.ann$"
)


def read_ebm_pico(folder: Path, split: str, form: str) -> Split[Record]:
    """Read one split, by abstract from release 2.00 or by sentence from the BLURB copy.

    A mention is a run of words of one sentence with one label. The release labels each element
    apart, so its mentions overlap; the copy has one label a word. Where a folder has no training
    file of the copy, `release_1_00/train.tsv` is read and `left_out` says so.

    Files of release 1.00 beside those of 2.00 are not read; `left_out` counts their abstracts.

    RAISES (BlurbError): B109 a file is missing, B133 tokens and labels do not fit, B155 a listed
        abstract is missing, B173 there is release 1.00 alone, and what the formats' readers raise.
    """
    if form == "blurb":
        return _read_copy(folder, split)
    listed = require_file(
        folder, [f"indexing/{split}_pmid.tsv", f"{split}_pmid.tsv"], task=TASK, form=form
    )
    ids = read_ids(listed)
    part = "test/gold" if split == "test" else "train"
    tokens, labels, n_old = _read_release(folder, set(ids), part)
    if not tokens and n_old:
        raise MissingFilesError(Errors.B173.format(folder=folder, archive=_ARCHIVE))
    if not tokens:
        looked = f"{_ARCHIVE}.tar.gz, documents/PMID.tokens"
        raise missing_files(folder, looked, task=TASK, form=form)
    if missing := [pmid for pmid in ids if pmid not in tokens]:
        raise BlurbError(
            Errors.B155.format(
                folder=folder, n=len(missing), task=TASK, listed=listed, example=missing[0]
            )
        )
    records, left_out = [], {_OLD: n_old} if n_old else {}
    for element in _ELEMENTS:
        if without := sum((element, pmid) not in labels for pmid in ids):
            left_out[f"documents that nobody annotated for {element}"] = without
    for pmid in ids:
        found = {e: labels[e, pmid] for e in _ELEMENTS if (e, pmid) in labels}
        records.append(_to_record(folder, pmid, tokens[pmid], found))
    return Split(records, left_out)


def _read_copy(folder: Path, split: str) -> Split[Record]:
    left_out = {}
    names = [f"blurb/{split}.tsv", f"{split}.tsv"]
    older = "release_1_00/train.tsv"
    if split == "train" and not any(find_file(folder, name) for name in names):
        names = [older, *names]
    path = require_file(folder, names, task=TASK, form="blurb")
    records = []
    for record in read_conll(path, untyped=""):
        mentions = tuple(_with_our_label(path, record.id, m) for m in record.mentions)
        records.append(replace(record, mentions=mentions))
    if names[0] == older:
        documents = len({record.id.rpartition("-")[0] for record in records})
        left_out["documents with labels of release 1.00, as those of 2.00 are not there"] = (
            documents
        )
    return Split(records, left_out)


def _with_our_label(path: Path, sentence: str, mention: Mention) -> Mention:
    if mention.label not in LABELS:
        raise BlurbError(
            Errors.B151.format(
                path=path,
                where=f"sentence {sentence}",
                expected=f"tags of {', '.join(LABELS)}",
                found=repr(mention.label),
            )
        )
    return Mention(mention.start, mention.end, LABELS[mention.label])


def _read_release(
    folder: Path, ids: set[str], part: str
) -> tuple[dict[str, list[str]], dict[tuple[str, str], list[str]], int]:
    """Return PMID → tokens and (element, PMID) → labels of release 2.00.

    The files of the two releases lie in folders of their own. Those of tokens are named alike, and
    the names of the others tell which release a folder is.

    RETURNS (tuple): Third, how many of the abstracts are there in release 1.00.
    """
    marks: dict[str, set[str]] = {}

    def choose(name: str) -> tuple[str, str, str] | None:
        if match := _TOKENS.search(name):
            key = name[: match.start()], "tokens", match[1]
        elif match := _LABELS.search(name):
            key = name[: match.start()], match[1], match[3]
            marks.setdefault(key[0], set()).add(match[4])
            if match[2] != part or match[4] == _OLD_MARK:
                return None
        return key if match and key[2] in ids else None

    tokens: dict[str, list[str]] = {}
    labels: dict[tuple[str, str], list[str]] = {}
    old: set[str] = set()
    for (root, kind, pmid), text in list(read_tree(folder, [_ARCHIVE], choose)):
        if marks.get(root) == {_OLD_MARK} or PurePosixPath(root).name == _OLD_FOLDER:
            old.add(pmid)
        elif kind == "tokens":
            tokens[pmid] = _lines(text)
        else:
            labels[kind, pmid] = text.split()
    return tokens, labels, len(old)


def _lines(text: str) -> list[str]:
    """Return the tokens, one a line; a token may hold a no-break space."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line for line in lines if line.strip(" \t")]


def _to_record(folder: Path, pmid: str, tokens: list[str], labels: dict[str, list[str]]) -> Record:
    words, offset = [], 0
    for token in tokens:
        words.append((offset, offset + len(token)))
        offset += len(token) + 1
    # As in the copy, a sentence ends with each "." token.
    sentences, number = [], 0
    for token in tokens:
        sentences.append(number)
        number += token == "."
    mentions = []
    for element, row in labels.items():
        if len(row) != len(tokens) or not set(row) <= {"0", "1"}:
            raise BlurbError(
                Errors.B133.format(
                    folder=folder, doc_id=pmid, tokens=len(tokens), labels=len(row), element=element
                )
            )
        for (_, value), run in groupby(range(len(row)), key=lambda n: (sentences[n], row[n])):
            places = list(run)
            if value == "1":
                start, end = words[places[0]][0], words[places[-1]][1]
                mentions.append(Mention(start, end, _ELEMENTS[element]))
    starts = [words[n][0] for n in range(len(words)) if n == 0 or sentences[n] > sentences[n - 1]]
    mentions.sort(key=lambda m: (m.start, m.end, m.label))
    return Record(pmid, " ".join(tokens), tuple(mentions), tuple(words), sentences=tuple(starts))
