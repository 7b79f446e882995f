"""CoNLL files: a word and its tag per line, a blank line behind each sentence."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import Mention, Record
from .compressed import read_lines

# A no-break space is a part of a word, as "10 mg" has one.
_BLANKS = re.compile(r"[ \t]+")
_PREFIXES = {"B": "B", "I": "I", "M": "I", "E": "I", "L": "I", "S": "B", "U": "B"}
# Tags that end a mention, so that an I behind them begins another one, as in conlleval.
_CLOSING = {"E", "L", "S", "U"}
_DOCUMENT_MARKS = ("-DOCSTART-", "###MEDLINE:")


def read_conll(path: Path, *, untyped: str) -> Iterator[Record]:
    """Yield one record per sentence; the first column is the word, the last one the tag.

    Tags are IOB1, IOB2, BIOES or BIOUL, with a type ("B-Disease") or without ("B"). As in
    conlleval, an I tag behind O or behind another type begins a mention. Columns are separated by
    tabs, or by blanks where the file's first token line has no tab.

    path (Path): The file, plain, `.xz` or `.gz`.
    untyped (str): Label of mentions whose tag has no type.
    YIELDS (Record): The words joined by single blanks; `words` holds their offsets. Ids are
        "DOCUMENT-N" behind a "-DOCSTART- DOCUMENT" line (GENIA: "###MEDLINE:DOCUMENT") and "N"
        elsewhere, N from 1; `document` counts such lines.
    RAISES (BlurbError): B103 wrong column count, B104 not a tag, B107 no sentence in the file,
        and what `read_lines` raises.
    """
    return parse_conll(read_lines(path), path=path, untyped=untyped)


def parse_conll(
    lines: Iterable[tuple[int, str]], *, path: Path | str, untyped: str
) -> Iterator[Record]:
    """Yield the sentences of a file that is not read from disk as it is; see `read_conll`.

    lines (Iterable[tuple[int, str]]): Line number from 1 and line without its end.
    path (Path | str): Where they come from, for error messages.
    RAISES (BlurbError): B103, B104, B107 as `read_conll`.
    """
    sentence: list[tuple[str, str]] = []
    document, n_marks, number, columns, separator = "", 0, 0, None, "\t"
    for line_number, line in lines:
        mark = next((mark for mark in _DOCUMENT_MARKS if line.startswith(mark)), None)
        if not line.strip() or mark:
            if sentence:
                number += 1
                yield _to_record(f"{document}{number}", sentence, untyped, n_marks)
                sentence = []
            if mark:
                n_marks += 1
                name = line.removeprefix(mark).strip().strip("()")
                # The mark's own columns, such as "-X- -X- O", are no name.
                document = "" if {*name.split()} <= {"-X-", "O", "_"} else f"{name}-"
            continue
        if columns is None:
            separator = "\t" if "\t" in line else " "
        cells = line.split("\t") if separator == "\t" else _BLANKS.split(line.strip(" \t"))
        # A blank behind a tag would make its label another one.
        cells[-1] = cells[-1].strip()
        columns = columns or max(len(cells), 2)
        if len(cells) == columns and not cells[0].strip():
            raise BlurbError(Errors.B117.format(path=path, line=line_number, text=line[:80]))
        if len(cells) != columns:
            raise BlurbError(
                Errors.B103.format(
                    path=path, line=line_number, expected=columns, found=len(cells), text=line[:80]
                )
            )
        _check_tag(cells[-1], path, line_number)
        sentence.append((cells[0], cells[-1]))
    if sentence:
        number += 1
        yield _to_record(f"{document}{number}", sentence, untyped, n_marks)
    if number == 0:
        raise BlurbError(Errors.B107.format(path=path))


def _check_tag(tag: str, path: Path | str, line: int) -> None:
    prefix, dash, label = tag.partition("-")
    if tag == "O" or (prefix in _PREFIXES and (not dash or label)):
        return
    raise BlurbError(Errors.B104.format(path=path, line=line, tag=tag))


def _to_record(
    record_id: str, sentence: list[tuple[str, str]], untyped: str, n_marks: int
) -> Record:
    """Join the words and turn their tags into mentions.

    The B tag of [("APC2", "O"), ("colon", "B-Disease"), ("cancer", "I-Disease")] stands at
    offset 5, so the record's only mention is (5, 17, "Disease").
    """
    words, mentions, offset = [], [], 0
    start, end, open_label = 0, 0, None
    for word, tag in sentence:
        prefix, _, label = tag.partition("-")
        label = label or untyped
        kind = _PREFIXES.get(prefix, "O")
        if open_label is not None and (kind != "I" or label != open_label):
            mentions.append(Mention(start, end, open_label))
            open_label = None
        if kind != "O":
            if open_label is None:
                start, open_label = offset, label
            end = offset + len(word)
        if prefix in _CLOSING and open_label is not None:
            mentions.append(Mention(start, end, open_label))
            open_label = None
        words.append((offset, offset + len(word)))
        offset += len(word) + 1
    if open_label is not None:
        mentions.append(Mention(start, end, open_label))
    text = " ".join(word for word, _ in sentence)
    document = str(n_marks) if n_marks else ""
    return Record(record_id, text, tuple(mentions), tuple(words), document=document)
