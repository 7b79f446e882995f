"""MEDLINE text, which PubMed saves as "PubMed" or nbib: tagged lines, a blank line in between."""

import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import Article
from .compressed import read_lines

_TAGGED = re.compile(r"([A-Z][A-Z0-9]{0,3}) *- ?(.*)")
_KEPT = ("PMID", "TI", "BTI", "AB")


def read_medline(path: Path) -> Iterator[Article]:
    """Yield the articles of a file in its order.

    path (Path): The file, plain, `.xz` or `.gz`; may be a pipe. Memory does not grow with it.
    YIELDS (Article): Wrapped lines joined by blanks; of a book without article title, its title.
    RAISES (BlurbError): B107 no article in the file, B162 an article without PMID, B163 not a
        MEDLINE line, and what `read_lines` raises.
    """
    empty = True
    for article in read_around_bad_articles(path):
        if isinstance(article, BlurbError):
            raise article
        empty = False
        yield article
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def read_around_bad_articles(
    path: Path, *, max_bytes: int | None = None
) -> Iterator[Article | BlurbError]:
    """Yield articles, and in the place of those that cannot be read the reason.

    max_bytes (int | None): Of a line, see `read_lines`.
    YIELDS (Article | BlurbError): B162, B163; the file is read on behind such an article.
    RAISES (BlurbError): What `read_lines` raises.
    """
    fields: dict[str, list[str]] = {}
    tag, first_line, is_bad = "", 0, False
    for number, line in read_lines(path, max_bytes=max_bytes):
        if not line.strip() or line.startswith("PMID"):
            if fields and not is_bad:
                yield _to_article(path, first_line, fields)
            fields, tag, is_bad = {}, "", False
        if is_bad or not line.strip():
            continue
        if (match := _TAGGED.fullmatch(line)) and line[4:5] == "-":
            first_line = first_line if fields else number
            tag = match[1]
            fields.setdefault(tag, []).append(match[2] if tag in _KEPT else "")
        elif tag and line.startswith("      "):
            if tag in _KEPT:
                fields[tag].append(line)
        else:
            is_bad = True
            yield BlurbError(Errors.B163.format(path=path, line=number, text=line[:80]))
    if fields and not is_bad:
        yield _to_article(path, first_line, fields)


def _to_article(path: Path, line: int, fields: dict[str, list[str]]) -> Article | BlurbError:
    pmid, title, book, abstract = (" ".join(" ".join(fields.get(t, ())).split()) for t in _KEPT)
    if not pmid:
        return BlurbError(Errors.B162.format(path=path, line=line, format="MEDLINE text"))
    return Article(pmid, title or book, abstract)
