"""The ten folds of BioBERT's binary relation sets: one sentence with two dummies, and 0 or 1.

Folders "1" to "10" each hold `train.tsv` (sentence, label, no header) and `test.tsv` (index,
sentence, label, with a header). There is no dev file: dev is the end of the train file.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from ...errors import BlurbError, Errors
from ..formats.archives import find_archive, read_members
from ..formats.compressed import find_file, read_lines
from ..formats.tsv import parse_tsv
from ..records import LabelledText, Split
from .distribution import missing_files

ARCHIVE = "biobert_10folds"


def read_fold(
    folder: Path, split: str, *, task: str, fold: int, n_train: Callable[[int], int]
) -> Split[LabelledText]:
    """Read one split of one fold.

    folder (Path): Holds the folders "1" to "10" or an archive of them; or the two files of one
        fold, which then is the one that is read.
    fold (int): 1 to 10.
    n_train (Callable[[int], int]): Rows of the train file → how many of them are train.
    RETURNS (Split): Ids are "FILE-N", the row number from 0 in "train" or "test".
    RAISES (BlurbError): B107 no rows, B109 no such file, B154 not the columns or not a label.
    """
    name = "test" if split == "test" else "train"
    path, lines = _find_lines(folder, f"{name}.tsv", fold, task)
    is_test = name == "test"
    records: list[LabelledText] = []
    for line, cells in parse_tsv(lines, path, 3 if is_test else 2, header="label"):
        sentence, label = cells[-2:]
        if label not in ("0", "1"):
            raise BlurbError(
                Errors.B154.format(path=path, line=line, expected="label 0 or 1", found=repr(label))
            )
        records.append(LabelledText(f"{name}-{len(records)}", sentence, (label,)))
    if is_test:
        return Split(records)
    cut = n_train(len(records))
    return Split(records[:cut] if split == "train" else records[cut:])


def _find_lines(
    folder: Path, name: str, fold: int, task: str
) -> tuple[Path, Iterable[tuple[int, str]]]:
    for place in (f"{fold}/{name}",) if _is_copy(folder) else (f"{fold}/{name}", name):
        if (path := find_file(folder, place)) is not None:
            return path, read_lines(path)
    if (archive := find_archive(folder, ARCHIVE)) is not None:
        for member, content in read_members(archive):
            if f"/{member}".endswith(f"/{fold}/{name}"):
                path = archive / member
                return path, enumerate(_decode(path, content).split("\n"), start=1)
    looked = f"{fold}/{name}, {name}, {fold}/{name} in {ARCHIVE}.tar.xz"
    raise missing_files(folder, looked, task=task, form="original")


def _is_copy(folder: Path) -> bool:
    """Tell whether the files that lie in a folder itself are BLURB's, of which two are named alike.

    In these the train rows have an index too, and there is a dev file.
    """
    train = find_file(folder, "train.tsv")
    if train is None or find_file(folder, "dev.tsv") is None:
        return False
    first = next((line for _, line in read_lines(train) if line.strip()), "")
    return first.count("\t") == 2


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=path, byte=error.start)) from error
