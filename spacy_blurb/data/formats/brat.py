"""brat: a folder of `NAME.txt` with the annotations of each in `NAME.ann`."""

import re
from collections import Counter
from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import Record, Split
from .annotations import Annotations, counted

_MENTION = re.compile(r"(T\S+)\t(\S+) (\d{1,15} \d{1,15}(?:;\d{1,15} \d{1,15})*)\t(.*)", re.ASCII)
_RELATION = re.compile(r"R\S+\t(\S+)\s+\S+:(\S+)\s+\S+:(\S+)\s*")
_COUNTED = {
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "normalisations",
    "#": "notes",
    "*": "equivalences",
}
_EXPECTED = (
    "'T1<tab>TYPE START END<tab>TEXT', 'R1<tab>TYPE Arg1:T1 Arg2:T2', or a line that begins "
    "with E, A, M, N, # or *"
)


def read_brat(folder: Path) -> Split[Record]:
    """Read all pairs of `.txt` and `.ann` files of a folder and its subfolders, by name.

    The head of a relation is its first argument. Events, attributes, normalisations, notes,
    equivalences, relations between events, and texts without an `.ann` file are counted as left
    out, and so are hidden files; the triggers of events are mentions.

    folder (Path): With UTF-8 files; offsets count characters, line ends as they are in the file.
    RETURNS (Split[Record]): Ids are the paths in the folder without `.ann`.
    RAISES (BlurbError): B100 an `.ann` without text, B102 not UTF-8, B107 no `.ann` file, B164
        and B165 offsets and text disagree, B166 not a brat line, B168 a relation of an unknown
        mention, B169 not a folder.
    """
    if not folder.is_dir():
        raise BlurbError(Errors.B169.format(path=folder))
    left_out: Counter[str] = Counter()
    records = []
    for path in sorted(folder.rglob("*.ann")):
        if _is_hidden(path, folder):
            left_out["hidden files"] += 1
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        records.append(_read_document(path, name, left_out))
    if not records:
        raise BlurbError(Errors.B107.format(path=folder))
    texts = (path for path in folder.rglob("*.txt") if not _is_hidden(path, folder))
    left_out["texts without an .ann file"] = sum(
        not path.with_suffix(".ann").is_file() for path in texts
    )
    return Split(records, counted(left_out))


def _is_hidden(path: Path, folder: Path) -> bool:
    """Tell copies that editors and systems keep, as in `.ipynb_checkpoints`."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _read_document(path: Path, name: str, left_out: Counter[str]) -> Record:
    document = Annotations(path, name, _read_text(path.with_suffix(".txt")), left_out)
    for number, line in enumerate(_read_text(path).removeprefix("\ufeff").split("\n"), start=1):
        line = line.removesuffix("\r")
        where = f"line {number}"
        if match := _MENTION.fullmatch(line):
            pieces = (piece.split() for piece in match[3].split(";"))
            parts = sorted((int(start), int(end)) for start, end in pieces)
            document.add_mention(match[1], match[2], parts, match[4], where=where)
        elif match := _RELATION.fullmatch(line):
            if match[2][0] == match[3][0] == "T":
                document.add_relation(match[2], match[3], match[1], where=where)
            else:
                left_out["relations between events"] += 1
        elif line[:1] in _COUNTED and "\t" in line:
            left_out[_COUNTED[line[0]]] += 1
        elif line.strip():
            raise BlurbError(
                Errors.B166.format(path=path, line=number, text=line[:80], expected=_EXPECTED)
            )
    return document.to_record()


def _read_text(path: Path) -> str:
    """Read a file as it is, since each character of a line end counts."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=path, byte=error.start)) from error
    except OSError as error:
        message = Errors.B100 if isinstance(error, FileNotFoundError) else Errors.B101
        raise BlurbError(message.format(path=path, reason=error.strerror)) from error
