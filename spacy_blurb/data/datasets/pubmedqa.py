"""PubMedQA (Jin et al. 2019): 1,000 expert-labelled questions on abstracts, yes, no or maybe."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import BlurbError, Errors
from ..formats.compressed import find_file
from ..formats.id_list import check_listed
from ..formats.json_file import read_json, take
from ..formats.tsv import read_tsv
from ..records import Question, Split
from .distribution import require_file

TASK = "pubmedqa"
LABELS = ("yes", "no", "maybe")
N_FOLDS = 10
FOLD = 0
"""The fold whose part is dev; BLURB takes the first."""

_SEED = 0
_FILE = "ori_pqal.json"


def read_pubmedqa(
    folder: Path, split: str, form: str, *, reasoning_free: bool = False
) -> Split[Question]:
    """Read the questions of one split.

    The context is the abstract without its conclusion, in which the answer has to be reasoned out;
    this is BLURB's setting, which the authors call reasoning-required. With `reasoning_free` it is
    the conclusion alone (`LONG_ANSWER`).

    The original is `ori_pqal.json` alone: the division is drawn again as its authors drew it, and
    compared with `test_ground_truth.json` where that lies beside it. The form "blurb" reads the
    authors' divided files (`pqal_fold0/train_set.json`, `pqal_fold0/dev_set.json`,
    `test_set.json`), or without them the list `split_fold0.tsv` beside `ori_pqal.json`.

    RAISES (BlurbError): B109 a file is missing, B151 a question without its parts, or a division
        other than the authors', B155 a listed question is missing, and what the format's readers
        raise.
    """
    if form == "blurb":
        files = (f"pqal_fold{FOLD}/{split}_set.json", f"{split}_set.json")
        names = [f"{place}{file}" for place in ("", "data/") for file in files]
        if any(find_file(folder, name) for name in names):
            path = require_file(folder, names, task=TASK, form=form)
            items = read_json(path, dict)
            return Split([_to_question(path, i, items[i], reasoning_free) for i in items])
    path = require_file(folder, [_FILE, f"data/{_FILE}"], task=TASK, form=form)
    items = read_json(path, dict)
    if form == "blurb":
        ids = _read_list(folder, split, items)
    else:
        ids = _draw_splits(path, items)[split]
        _check_ground_truth(path, items, ids if split == "test" else None)
    return Split([_to_question(path, i, items[i], reasoning_free) for i in ids])


def _to_question(path: Path, question_id: str, item: Any, reasoning_free: bool) -> Question:
    where = f"question {question_id}"
    if reasoning_free:
        contexts = [take(item, "LONG_ANSWER", str, path, where)]
    else:
        contexts = take(item, "CONTEXTS", list, path, where)
        if not all(isinstance(context, str) for context in contexts):
            raise BlurbError(
                Errors.B151.format(
                    path=path, where=where, expected="a list of strings under CONTEXTS",
                    found="other values in it",
                )
            )  # fmt: skip
    question = take(item, "QUESTION", str, path, where)
    return Question(question_id, question, " ".join(contexts), _label(path, question_id, item))


def _label(path: Path, question_id: str, item: Any) -> str:
    label = take(item, "final_decision", str, path, f"question {question_id}")
    if label not in LABELS:
        raise BlurbError(
            Errors.B151.format(
                path=path,
                where=f"question {question_id}",
                expected=f"one of {', '.join(LABELS)}",
                found=repr(label),
            )
        )
    return label


def _draw_splits(path: Path, items: dict[str, Any]) -> dict[str, list[str]]:
    """Divide the questions as the authors do: half is the test set, a tenth of the rest dev."""
    generator = random.Random(_SEED)
    labels = {question_id: _label(path, question_id, items[question_id]) for question_id in items}
    try:
        rest, test = _draw_parts(list(items), labels, 2, generator)
        folds = _draw_parts(rest, labels, N_FOLDS, generator)
    except IndexError as error:  # nothing to draw from
        raise BlurbError(
            Errors.B151.format(
                path=path, where="the file", expected="1,000 questions", found=len(items)
            )
        ) from error
    train = [i for number, fold in enumerate(folds) if number != FOLD for i in fold]
    return {"train": train, "dev": folds[FOLD], "test": test}


def _draw_parts(
    ids: Sequence[str], labels: dict[str, str], n_parts: int, generator: random.Random
) -> list[list[str]]:
    """Divide at random into parts of one size with like shares of the labels.

    Each label's questions are shuffled and cut into equal pieces, rounded up. What the last part
    then lacks it gets from the others, one question drawn from each.
    """
    parts: list[list[str]] = [[] for _ in range(n_parts)]
    for label in LABELS:
        pool = [question_id for question_id in ids if labels[question_id] == label]
        generator.shuffle(pool)
        size = -(-len(pool) // n_parts)
        for number, part in enumerate(parts):
            part += pool[number * size : (number + 1) * size]
    if len(parts[-1]) != len(parts[0]):
        for part in parts[:-1]:
            moved = generator.choice(part)
            part.remove(moved)
            parts[-1].append(moved)
    return parts


def _check_ground_truth(path: Path, items: dict[str, Any], ids: list[str] | None) -> None:
    """Compare the drawn test set with the published one, where it is there."""
    published = find_file(path.parent, "test_ground_truth.json")
    if ids is None or published is None:
        return
    drawn = {question_id: items[question_id]["final_decision"] for question_id in ids}
    if drawn != read_json(published, dict):
        raise BlurbError(
            Errors.B151.format(
                path=path,
                where="test split",
                expected=f"the questions of {published.name}",
                found="others; the order of the questions in the file decides",
            )
        )


def _read_list(folder: Path, split: str, items: dict[str, Any]) -> list[str]:
    names = [f"split_fold{FOLD}.tsv", f"data/split_fold{FOLD}.tsv"]
    path = require_file(folder, names, task=TASK, form="blurb")
    ids = [cells[0] for _, cells in read_tsv(path, 2, header="split") if cells[1] == split]
    check_listed(ids, items, task=TASK, source=folder, listed=path)
    return ids
