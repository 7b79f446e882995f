"""Species-800 (Pafilis et al. 2013): 800 PubMed abstracts of eight fields with species."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ...errors import BlurbError, Errors
from ..formats.file_tree import numbered, read_tree
from ..formats.offsets import are_offsets
from ..records import Record, Split
from .crichton import read_crichton, with_label
from .distribution import missing_files
from .species import LABEL, Row, read_split_ids, to_split

TASK = "s800"
_ARCHIVE = "S800-1.0"
_TABLE, _NAMES = "S800.tsv", "pubmedid.tsv"
_SOURCE = "github.com/spyysalo/s800"
_EXPECTED = "'taxon<tab>DOCUMENT:PMID<tab>first<tab>last<tab>mention', the last character included"


def read_s800(folder: Path, split: str, form: str) -> Split[Record]:
    """Read one split, by abstract from the original or by sentence from the CoNLL copy.

    The split lists name PMIDs, which are the record ids; `pubmedid.tsv` says which text is which,
    also for abstracts without a species.

    RAISES (BlurbError): B109 a file is missing, B132 no split lists, B134 a line of another form,
        and what `to_split` raises.
    """
    if form == "blurb":
        return Split(
            with_label(read_crichton(folder, split, task=TASK, label=LABEL).records, LABEL)
        )
    texts: dict[str, str] = {}
    tables: dict[str, str] = {}

    def choose(name: str) -> str | None:
        path = PurePosixPath(name)
        is_text = path.parent.name == "abstracts" and path.suffix == ".txt"
        return name if is_text or path.name in (_TABLE, _NAMES) else None

    for name, text in read_tree(folder, [_ARCHIVE], choose):
        path = PurePosixPath(name)
        if path.name in (_TABLE, _NAMES):
            tables[path.name] = text
        else:
            texts[path.stem] = text
    if len(tables) < 2 or not texts:
        looked = f"{_TABLE}, {_NAMES}, abstracts/, {_ARCHIVE}.tar.gz"
        raise missing_files(folder, looked, task=TASK, form=form)
    pmids = dict(_parse_names(tables[_NAMES], f"{folder}, {_NAMES}"))
    by_pmid = {pmids[doc]: text for doc, text in texts.items() if doc in pmids}
    ids = read_split_ids(folder, split, task=TASK, source=_SOURCE)
    return to_split(
        folder, TASK, ids, by_pmid, _parse(tables[_TABLE], f"{folder}, {_TABLE}", pmids)
    )


def _parse_names(table: str, path: str) -> Iterator[tuple[str, str]]:
    for number, line in numbered(table):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) < 2:
            raise BlurbError(
                Errors.B134.format(
                    path=path, line=number, text=line[:80], expected="'DOCUMENT<tab>PMID'"
                )
            )
        yield cells[0], cells[1].removeprefix("PMID:")


def _parse(table: str, path: str, pmids: Mapping[str, str]) -> Iterator[Row]:
    for number, line in numbered(table):
        if not line.strip():
            continue
        cells = line.split("\t")
        doc, colon, _ = cells[1].partition(":") if len(cells) == 5 else ("", "", "")
        if not colon or not are_offsets(cells[2:4]):
            raise BlurbError(
                Errors.B134.format(path=path, line=number, text=line[:80], expected=_EXPECTED)
            )
        yield Row(path, number, pmids.get(doc, doc), int(cells[2]), int(cells[3]) + 1, cells[4])
