"""LINNAEUS (Gerner et al. 2010): 100 full-text articles with species."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...errors import BlurbError, Errors
from ..formats.file_tree import numbered, read_tree
from ..formats.offsets import are_offsets
from ..records import Record, Split
from .crichton import read_crichton, with_label
from .distribution import missing_files
from .species import LABEL, Row, read_split_ids, to_split

TASK = "linnaeus"
_ARCHIVE = "manual-corpus-species-1.0"
_TABLE = "tags.tsv"
_SOURCE = "github.com/spyysalo/linnaeus-corpus"
_EXPECTED = "'species<tab>document<tab>start<tab>end<tab>mention<tab>code'"


def read_linnaeus(folder: Path, split: str, form: str) -> Split[Record]:
    """Read one split, by article from the original or by sentence from the CoNLL copy.

    All mentions of `tags.tsv` are read; `filtered_tags.tsv`, which leaves out words such as
    "patients", is not.

    RAISES (BlurbError): B109 a file is missing, B132 no split lists, B134 a line of another form,
        and what `to_split` raises.
    """
    if form == "blurb":
        return Split(
            with_label(read_crichton(folder, split, task=TASK, label=LABEL).records, LABEL)
        )
    texts: dict[str, str] = {}
    table = ""

    def choose(name: str) -> str | None:
        path = PurePosixPath(name)
        return name if path.name == _TABLE or path.parent.name == "txt" else None

    for name, text in read_tree(folder, [_ARCHIVE], choose):
        if PurePosixPath(name).name == _TABLE:
            table = text
        else:
            texts[PurePosixPath(name).stem] = text
    if not table or not texts:
        looked = f"{_TABLE}, txt/, {_ARCHIVE}.tar.gz"
        raise missing_files(folder, looked, task=TASK, form=form)
    ids = read_split_ids(folder, split, task=TASK, source=_SOURCE)
    return to_split(folder, TASK, ids, texts, _parse(table, f"{folder}, {_TABLE}"))


def _parse(table: str, path: str) -> Iterator[Row]:
    for number, line in numbered(table):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) < 5 or not are_offsets(cells[2:4]):
            raise BlurbError(
                Errors.B134.format(path=path, line=number, text=line[:80], expected=_EXPECTED)
            )
        yield Row(path, number, cells[1], int(cells[2]), int(cells[3]), cells[4])
