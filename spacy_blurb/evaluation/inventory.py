"""Our counts of every public dataset in a folder beside the papers'."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..data.convert import SPLITS, read_splits
from ..data.counts import COUNTERS
from ..data.datasets import FORMS
from ..errors import BlurbError, Errors, MissingFilesError
from ..tasks import TASKS
from ..tasks.differences import DIFFERENCES, is_explained
from ..tasks.spec import UNITS, Task

# Where a dataset's folder is not named like the task, or serves several tasks.
_FOLDERS = {
    ("bc5_chem", "blurb"): "bc5cdr_chem",
    ("bc5_disease", "blurb"): "bc5cdr_disease",
    ("bc5_chem", "original"): "bc5cdr",
    ("bc5_disease", "original"): "bc5cdr",
    ("bc5cdr_cid", "original"): "bc5cdr",
    ("ebm_pico", "original"): "ebm_nlp",
    ("ebm_pico", "blurb"): "ebm_nlp",
    ("ddi", "original"): "ddi2013",
    ("ddi", "blurb"): "ddi2013",
    ("bioasq_factoid", "original"): "bioasq",
    ("pubmedqa_reasoning_free", "original"): "pubmedqa",
    ("pubmedqa_reasoning_free", "blurb"): "pubmedqa",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One split of a dataset in one form.

    ours (int | None): Our count in the task's unit, None where it could not be read.
    paper (int | None): The paper's, None where it states none.
    remark (str): Why the counts differ, what was left out, or why nothing could be read.
    explained (bool): False for a difference that `tasks/differences.py` does not know, and for
        files that are there and cannot be read.
    """

    task: str
    form: str
    split: str
    unit: str
    ours: int | None
    paper: int | None
    remark: str
    explained: bool


def dataset_folder(data: Path, task: str, form: str) -> Path:
    """Return where a folder of datasets has a task's raw files in a form."""
    return data / _FOLDERS.get((task, form), task)


def count_datasets(data: Path) -> Iterator[Row]:
    """Yield a row per split of every task and form that a folder of datasets has.

    data (Path): A folder with one folder per dataset.
    """
    for task in TASKS.values():
        for form in FORMS:
            folder = dataset_folder(data, task.name, form)
            if folder.is_dir():
                yield from _count_dataset(task, folder, form)


def _count_dataset(task: Task, folder: Path, form: str) -> Iterator[Row]:
    unit = UNITS[task.type]
    try:
        splits, read_form, _ = read_splits(task.name, folder, form)
    except BlurbError as error:
        explained = isinstance(error, MissingFilesError)
        yield Row(task.name, form, "all", unit, None, None, str(error), explained)
        return
    if read_form != form:  # no originals: the rows of the copy follow anyway
        return
    for name in SPLITS:
        paper = getattr(task.sizes, name)
        ours = COUNTERS[unit](splits[name].records) if name in splits else 0
        if not ours:
            if paper is not None:
                message = Errors.B179.format(path=folder, split=name, count=paper, unit=unit)
                yield Row(task.name, form, name, unit, None, paper, message, False)
            continue
        split = splits[name]
        known, reason = DIFFERENCES.get((task.name, form, name), (paper, ""))
        differs = paper is not None and ours != paper
        remarks = [reason] if differs and reason and ours == known else []
        remarks += [f"{count:,} {what}" for what, count in split.left_out.items()]
        explained = is_explained(task.name, form, name, ours, paper)
        yield Row(task.name, form, name, unit, ours, paper, "; ".join(remarks), explained)
