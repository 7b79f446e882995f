"""BIOSSES (Sogancioglu et al. 2017): 100 sentence pairs, similarity 0-4 by five annotators."""

from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.compressed import find_file, read_lines
from ..formats.docx_tables import read_docx_table
from ..formats.id_list import check_listed, read_ids
from ..formats.tsv import read_tsv
from ..records import Split, TextPair
from .distribution import require_file

TASK = "biosses"
N_ANNOTATORS = 5
_SPLITS = ("train", "dev", "test")
_PAIRS = "Annotation-Pairs.docx"
_SCORES = "Annotator-Scores.docx"


def read_biosses(folder: Path, split: str, form: str) -> Split[TextPair]:
    """Read the pairs of one split; the score is the mean over the annotators, 0 to 4.

    The original is the two Word documents of the release, or without them the table `pairs.tsv`.
    The division is BLURB's: ids in `indexing/SPLIT_id.tsv`, or without it the first column of
    BLURB's own `blurb/SPLIT.tsv` or `SPLIT.tsv`, of which nothing else is read then.

    RAISES (BlurbError): B109 a file is missing, B111 a pair twice, B151 a score is not a number,
        B155 a listed pair is missing, and what the format's readers raise.
    """
    if form == "blurb":
        names = [f"blurb/{split}.tsv", f"{split}.tsv"]
        path = require_file(folder, names, task=TASK, form=form)
        rows = read_tsv(path, 4, header="score")
        return Split(
            [
                TextPair(cells[0], cells[1], cells[2], _to_score(path, cells[0], cells[3]))
                for _, cells in rows
            ]
        )
    lists = {name: _find_list(folder, name) for name in _SPLITS}
    ids = {name: _read_list(path) for name, path in lists.items()}
    pairs = _read_documents(folder)
    check_listed(ids[split], pairs, task=TASK, source=folder, listed=lists[split])
    unlisted = len(set(pairs).difference(*ids.values()))
    left_out = {"pairs in no split list": unlisted} if unlisted and split == "train" else {}
    return Split([pairs[pair_id] for pair_id in ids[split]], left_out)


def _find_list(folder: Path, split: str) -> Path:
    names = [f"indexing/{split}_id.tsv", f"{split}_id.tsv", f"blurb/{split}.tsv", f"{split}.tsv"]
    return require_file(folder, names, task=TASK, form="original")


def _read_list(path: Path) -> list[str]:
    if "_id." in path.name:
        return read_ids(path)
    ids = [line.split("\t")[0].strip() for _, line in read_lines(path)]
    return [pair_id for pair_id in ids if pair_id not in ("", "pair_id")]


def _read_documents(folder: Path) -> dict[str, TextPair]:
    """Return all pairs by id, with single blanks between the words."""
    inner = f"BIOSSES-Dataset/{_PAIRS}"
    if find_file(folder, _PAIRS) is None and find_file(folder, inner) is None:
        path = require_file(folder, [_PAIRS, "pairs.tsv"], task=TASK, form="original")
        table = [cells for _, cells in read_tsv(path, 4 + N_ANNOTATORS, header="score")]
        rows = [(cells[:3], cells[3:-1]) for cells in table]
    else:
        path = require_file(folder, [_PAIRS, inner], task=TASK, form="original")
        names = [_SCORES, f"BIOSSES-Dataset/{_SCORES}"]
        scores = require_file(folder, names, task=TASK, form="original")
        marks = {cells[0]: cells[1:] for cells in read_docx_table(scores)[1:]}
        rows = [(cells, marks.get(cells[0], [])) for cells in read_docx_table(path)[1:]]
    pairs: dict[str, TextPair] = {}
    for cells, own_marks in rows:
        if cells[0] in pairs:
            raise BlurbError(Errors.B111.format(doc_id=cells[0], path=path))
        pairs[cells[0]] = _to_pair(path, cells, own_marks)
    return pairs


def _to_pair(path: Path, cells: list[str], scores: list[str]) -> TextPair:
    if len(cells) != 3 or len(scores) != N_ANNOTATORS:
        raise BlurbError(
            Errors.B151.format(
                path=path,
                where=f"pair {cells[0]}",
                expected=f"two sentences and {N_ANNOTATORS} scores",
                found=f"{len(cells) - 1} and {len(scores)}",
            )
        )
    mean = sum(_to_score(path, cells[0], score) for score in scores) / N_ANNOTATORS
    first, second = (" ".join(cell.split()) for cell in cells[1:])
    return TextPair(cells[0], first, second, mean)


def _to_score(path: Path, pair_id: str, cell: str) -> float:
    try:
        score = float(cell)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 4:
        raise BlurbError(
            Errors.B151.format(
                path=path, where=f"pair {pair_id}", expected="a score 0 to 4", found=repr(cell)
            )
        )
    return score
