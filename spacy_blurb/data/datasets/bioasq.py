"""BioASQ 7b, yes/no questions (Nentidis et al. 2019): each with snippets of abstracts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..formats.compressed import find_file
from ..formats.id_list import check_listed, read_ids
from ..formats.json_file import read_json, take
from ..formats.tsv import read_tsv
from ..records import Question, Split
from .distribution import require_file

TASK = "bioasq"
LABELS = ("yes", "no")
COPIED = "questions taken from BLURB's copy, as training7b.json is not there"
N_BATCHES = 5

# The organisers' archive spells the name with one syllable too many.
_TRAINING = (
    "BioASQ-training7b/trainining7b.json",
    "BioASQ-training7b/training7b.json",
    "trainining7b.json",
    "training7b.json",
    "BioASQ-training7b.json",
)


def read_bioasq(folder: Path, split: str, form: str) -> Split[Question]:
    """Read the questions of one split; the context is the snippets joined by blanks.

    The original's test split is the yes/no questions of the five golden batches `7B1_golden.json`
    to `7B5_golden.json`; train and dev are those of `training7b.json` that BLURB's lists
    `indexing/train_id.tsv` and `indexing/dev_id.tsv` name. BioASQ gives that file after
    registration only; where it is not there, BLURB's copy is read instead and counted in
    `left_out`.

    RAISES (BlurbError): B109 a file is missing, B151 a question without its parts, B155 a listed
        question is missing, B156 `training7b.json` is missing, and what the format's readers
        raise.
    """
    if form == "blurb":
        return Split(_read_copy(folder, split))
    if split == "test":
        batches = [find_golden(folder, 7, batch, task=TASK) for batch in range(1, N_BATCHES + 1)]
        records = [
            _to_question(path, item)
            for path in batches
            for item in read_questions(path)
            if item["type"] == "yesno"
        ]
        return Split(records)
    path = next((found for name in _TRAINING if (found := find_file(folder, name))), None)
    if path is None and _find_copy(folder, split) is not None:
        copied = _read_copy(folder, split)
        return Split(copied, {COPIED: len(copied)})
    if path is None:
        raise BlurbError(Errors.B156.format(folder=folder, looked=", ".join(_TRAINING)))
    items = {item["id"]: item for item in read_questions(path) if item["type"] == "yesno"}
    lists = {}
    for name in ("train", "dev"):
        file = f"{name}_id.tsv"
        lists[name] = require_file(folder, [f"indexing/{file}", file], task=TASK, form=form)
    ids = {name: read_ids(listed) for name, listed in lists.items()}
    check_listed(ids[split], items, task=TASK, source=path, listed=lists[split])
    unlisted = len(set(items).difference(*ids.values()))
    left_out = {"questions in no split list": unlisted} if unlisted and split == "train" else {}
    return Split([_to_question(path, items[question_id]) for question_id in ids[split]], left_out)


def find_golden(folder: Path, year: int, batch: int, *, task: str) -> Path:
    """Find the golden file of a test batch, in the organisers' folder or in `golden/`.

    year (int): Of the challenge, 7 for "7B1_golden.json".
    batch (int): 1 to 5.
    task (str): Task name, for the error message.
    RAISES (BlurbError): B109 it is not there.
    """
    name = f"{year}B{batch}_golden.json"
    names = [f"Task{year}BGoldenEnriched/{name}", f"golden/{name}", name]
    return require_file(folder, names, task=task, form="original")


def read_questions(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the questions of an official BioASQ file, all types.

    YIELDS (dict): As in the file; "id" and "type" are strings.
    RAISES (BlurbError): B151 not laid out as BioASQ, and what `read_json` raises.
    """
    for item in take(read_json(path, dict), "questions", list, path, "top level"):
        question_id = take(item, "id", str, path, "question")
        take(item, "type", str, path, f"question {question_id}")
        yield item


def _to_question(path: Path, item: dict[str, Any]) -> Question:
    where = f"question {item['id']}"
    snippets = [
        _one_line(take(snippet, "text", str, path, where))
        for snippet in take(item, "snippets", list, path, where)
    ]
    question = _one_line(take(item, "body", str, path, where))
    label = take(item, "exact_answer", str, path, where).strip().lower()
    return Question(item["id"], question, " ".join(snippets), _check_label(path, where, label))


def _one_line(text: str) -> str:
    """Replace line ends by blanks, as BLURB's one row per question does."""
    return text.replace("\n", " ")


def _check_label(path: Path, where: str, label: str) -> str:
    if label not in LABELS:
        raise BlurbError(
            Errors.B151.format(path=path, where=where, expected="yes or no", found=repr(label))
        )
    return label


def _find_copy(folder: Path, split: str) -> Path | None:
    return find_file(folder, f"blurb/{split}.tsv") or find_file(folder, f"{split}.tsv")


def _read_copy(folder: Path, split: str) -> list[Question]:
    names = [f"blurb/{split}.tsv", f"{split}.tsv"]
    path = require_file(folder, names, task=TASK, form="blurb")
    return [
        Question(cells[0], cells[1], cells[2], _check_label(path, f"line {number}", cells[3]))
        for number, cells in read_tsv(path, 4, header="")
    ]
