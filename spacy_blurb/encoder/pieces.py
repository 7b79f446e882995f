"""From a Doc to the word pieces of its windows, and from pieces back to tokens."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Ragged
from tokenizers import Tokenizer

from ..annotations import PAIR
from ..errors import BlurbError, Errors
from .windows import Window, plan_pair, plan_text


@dataclass(frozen=True, slots=True)
class PieceReader:
    """Cuts texts into pieces and windows.

    cls_id, sep_id: The special pieces that begin and end a text.
    window, overlap: In pieces, special ones included in `window`.
    """

    tokenizer: Tokenizer
    cls_id: int
    sep_id: int
    window: int
    overlap: int


@dataclass(frozen=True, slots=True)
class DocPieces:
    """The windows of one Doc, laid end to end.

    piece_ids, type_ids: Shape (pieces of all windows,).
    kept: Where a piece has its vector from this window, shape (pieces of all windows,).
    lengths: Pieces of each window.
    names: Strings of the kept pieces of each window.
    align: Which of the kept pieces each token has: those that share a character with it.
    """

    piece_ids: NDArray[np.int64]
    type_ids: NDArray[np.int64]
    kept: NDArray[np.bool_]
    lengths: list[int]
    names: list[list[str]]
    align: Ragged


@dataclass(frozen=True, slots=True)
class _CutText:
    """The pieces of one text: ids and strings, and their first and last characters, shape (pieces,)
    and (pieces, 2).
    """

    ids: NDArray[np.int64]
    names: list[str]
    offsets: NDArray[np.intp]


def read_docs(docs: Iterable[Doc], reader: PieceReader) -> dict[int, DocPieces]:
    """Read those of some Docs that have tokens; RETURNS the Doc's number → its pieces.

    A text that several pairs have, such as one that many questions are asked of, is cut once.

    RAISES (BlurbError): B312 the second text of a pair begins outside of the Doc.
    """
    cut = cache(partial(_cut_text, reader.tokenizer))
    return {i: _read_doc(doc, reader, cut) for i, doc in enumerate(docs) if len(doc)}


def _cut_text(tokenizer: Tokenizer, text: str) -> _CutText:
    # One by one: `encode_batch` starts threads, which a process forked later would wait for.
    encoding = tokenizer.encode(text, add_special_tokens=False)
    offsets = np.array(encoding.offsets, dtype=np.intp).reshape(-1, 2)
    return _CutText(np.array(encoding.ids, dtype=np.int64), encoding.tokens, offsets)


def _read_doc(doc: Doc, reader: PieceReader, cut: Callable[[str], _CutText]) -> DocPieces:
    """Cut a Doc's texts into pieces and plan its windows."""
    second = pair_offset(doc)
    text = doc.text
    if second is None:
        starts, texts = [0], [text]
    else:
        starts, texts = [0, second], [text[:second], text[second:]]
    cuts = [cut(t) for t in texts]
    counts = [len(pieces.ids) for pieces in cuts]
    if len(counts) == 1:
        plan = plan_text(counts[0], reader.window, reader.overlap)
    else:
        plan = plan_pair(counts[0], counts[1], reader.window, reader.overlap)
    offsets = [pieces.offsets + start for pieces, start in zip(cuts, starts, strict=True)]
    piece_ids, type_ids, kept = _lay_out(plan, [pieces.ids for pieces in cuts], reader)
    rows = _rows_of_pieces(plan, counts)
    lengths = [1 + sum(1 + part.end - part.start for part in parts) for parts in plan]
    names = _name_pieces(plan, [pieces.names for pieces in cuts], reader)
    align = _align(doc, np.concatenate(offsets), np.concatenate(rows))
    return DocPieces(piece_ids, type_ids, kept, lengths, names, align)


def pair_offset(doc: Doc) -> int | None:
    """Return where the second text of a pair Doc begins, None for a Doc with one text.

    RAISES (BlurbError): B312 that is outside of the Doc.
    """
    group = doc.spans.get(PAIR)
    if group is None:
        return None
    second = group.attrs.get("second")
    length = len(doc.text)
    if not isinstance(second, int) or not 0 <= second <= length:
        raise BlurbError(Errors.B312.format(second=second, length=length))
    return second


def _lay_out(
    plan: list[Window], ids: list[NDArray[np.int64]], reader: PieceReader
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return piece ids, type ids and which pieces are kept, of all windows end to end."""
    cls_id, sep_id = np.array([reader.cls_id]), np.array([reader.sep_id])
    piece_ids, type_ids, kept = [], [], []
    for parts in plan:
        piece_ids.append(cls_id)
        kept.append(np.ones(1, dtype=bool))
        type_ids.append(np.zeros(1, dtype=np.int64))
        for number, (part, part_ids) in enumerate(zip(parts, ids, strict=True)):
            size = part.end - part.start
            keep = np.ones(size + 1, dtype=bool)
            keep[: part.first - part.start] = False
            keep[part.last - part.start : size] = False
            piece_ids += [part_ids[part.start : part.end], sep_id]
            type_ids.append(np.full(size + 1, number, dtype=np.int64))
            kept.append(keep)
    return np.concatenate(piece_ids), np.concatenate(type_ids), np.concatenate(kept)


def _rows_of_pieces(plan: list[Window], counts: list[int]) -> list[NDArray[Any]]:
    """Return, per text, the row of each piece among the kept ones."""
    rows: list[NDArray[Any]] = [np.zeros(count, dtype=np.intp) for count in counts]
    row = 0
    for parts in plan:
        row += 1  # [CLS]
        for part_rows, part in zip(rows, parts, strict=True):
            size = part.last - part.first
            part_rows[part.first : part.last] = np.arange(row, row + size)
            row += size + 1  # [SEP]
    return rows


def _name_pieces(
    plan: list[Window], tokens: list[list[str]], reader: PieceReader
) -> list[list[str]]:
    cls, sep = (reader.tokenizer.id_to_token(i) for i in (reader.cls_id, reader.sep_id))
    names = []
    for parts in plan:
        window = [cls]
        for part, part_tokens in zip(parts, tokens, strict=True):
            window += part_tokens[part.first : part.last]
            window.append(sep)
        names.append(window)
    return names


def _align(doc: Doc, offsets: NDArray[np.intp], rows: NDArray[np.intp]) -> Ragged:
    """Give every token the rows of the pieces that share a character with it."""
    table = doc.to_array(["IDX", "LENGTH"]).astype(np.intp).reshape(-1, 2)
    starts, ends = table[:, 0], table[:, 0] + table[:, 1]
    # Tokens do not overlap, so those that a piece touches follow each other.
    first = np.searchsorted(ends, offsets[:, 0], side="right")
    behind = np.searchsorted(starts, offsets[:, 1], side="left")
    touched = np.maximum(behind - first, 0)
    pieces = np.repeat(np.arange(len(rows)), touched)
    steps = np.arange(len(pieces)) - np.repeat(np.cumsum(touched) - touched, touched)
    tokens = np.repeat(first, touched) + steps
    order = np.argsort(tokens, kind="stable")
    lengths: Any = np.bincount(tokens, minlength=len(table)).astype("i")
    # Any: thinc's array types do not know numpy's.
    data: Any = rows[pieces[order]].astype("i")
    return Ragged(data, lengths)


def join(pieces: Sequence[DocPieces]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], list[int]]:
    """Return piece ids, type ids, kept and window lengths of several Docs, laid end to end."""
    return (
        np.concatenate([doc.piece_ids for doc in pieces]),
        np.concatenate([doc.type_ids for doc in pieces]),
        np.concatenate([doc.kept for doc in pieces]),
        [length for doc in pieces for length in doc.lengths],
    )


def describe_pieces(pieces: DocPieces) -> dict[str, Any]:
    """Describe the kept pieces of a Doc, one window per line, as spacy-transformers names it.

    RETURNS (dict): `strings` and `lengths` of each window; `input_ids`, `token_type_ids` and
        `attention_mask`, each of shape (windows, pieces of the longest).
    """
    lengths = [len(names) for names in pieces.names]
    filled = np.arange(max(lengths)) < np.array(lengths)[:, None]
    piece_ids, type_ids = (np.zeros(filled.shape, dtype=np.int64) for _ in range(2))
    piece_ids[filled] = pieces.piece_ids[pieces.kept]
    type_ids[filled] = pieces.type_ids[pieces.kept]
    return {
        "strings": pieces.names,
        "input_ids": piece_ids,
        "attention_mask": filled.astype("f"),
        "lengths": lengths,
        "token_type_ids": type_ids,
    }
