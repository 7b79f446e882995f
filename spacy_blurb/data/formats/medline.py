"""MEDLINE text, which PubMed saves as "PubMed" or nbib: tagged lines, a blank line in between."""

import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import BlurbError, Errors
from ..records import Article
from .compressed import decode_line, read_raw_lines

_TAGGED = re.compile(r"([A-Z][A-Z0-9]{0,3}) *- ?([^\r]*)")
_GOES_ON = b"      "
"""Before the further lines of a field."""

_KEPT = ("PMID", "TI", "BTI", "AB")


def read_medline(path: Path) -> Iterator[Article]:
    """Yield the articles of a file in its order.

    path (Path): The file, plain, `.xz` or `.gz`; may be a pipe. Memory does not grow with it.
    YIELDS (Article): Wrapped lines joined by blanks; of a book without article title, its title.
    RAISES (BlurbError): B107 no article in the file, B162 an article without PMID, B163 not a
        MEDLINE line, and what `read_around_bad_articles` gives and raises.
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

    An article ends at a blank line that no continuation follows, or where the next PMID stands.

    max_bytes (int | None): Of an article; None for any.
    YIELDS (Article | BlurbError): B102, B162, B163, B177, B763; the file is read on behind such an
        article.
    RAISES (BlurbError): B100 no such file, B101 damaged file, then after what stands before.
    """
    article = _Fields(path, max_bytes)
    after_blank = False
    for number, raw in read_raw_lines(path, max_bytes):
        if raw is not None and not raw.strip():
            after_blank = True
            continue
        goes_on = article.tag and raw is not None and raw.startswith(_GOES_ON)
        if (after_blank and not goes_on) or article.ends_before(raw):
            yield from article.finish()
            article = _Fields(path, max_bytes)
        after_blank = False
        article.add(number, raw)
    yield from article.finish()


class _Fields:
    """The lines of an article.

    tag (str): Of its last field, "" where it has none.
    """

    def __init__(self, path: Path, max_bytes: int | None) -> None:
        self.tag = ""
        self._path, self._max_bytes = path, max_bytes
        self._first_line = 0
        self._n_bytes = 0
        self._values: dict[str, list[str]] = {tag: [] for tag in _KEPT}
        self._error: BlurbError | None = None

    def ends_before(self, raw: bytes | None) -> bool:
        """Tell whether a line is the PMID of another article."""
        return raw is not None and raw.startswith(b"PMID") and bool(self._values["PMID"])

    def add(self, number: int, raw: bytes | None) -> None:
        """Take a line; of the first bad one the reason is kept."""
        self._first_line = self._first_line or number
        self._n_bytes += len(raw or b"")
        if self._error is None:
            try:
                self._add(number, self._decode(raw))
            except BlurbError as error:
                self._error = error
                self._values = {"PMID": self._values["PMID"]}
        elif raw is not None and raw.startswith(b"PMID"):
            # The next one begins another article.
            self._values["PMID"].append("")

    def _decode(self, raw: bytes | None) -> str:
        if raw is None or (self._max_bytes is not None and self._n_bytes > self._max_bytes):
            raise BlurbError(Errors.B763.format(limit=(self._max_bytes or 0) >> 20))
        return decode_line(raw, self._path)

    def _add(self, number: int, line: str) -> None:
        match = _TAGGED.fullmatch(line) if line[4:5] == "-" else None
        if match:
            self.tag = match[1]
        elif not self.tag or not line.startswith(_GOES_ON.decode()) or "\r" in line:
            error = Errors.B163.format(path=self._path, line=number, text=line[:80])
            raise BlurbError(error)
        if self.tag in self._values:
            self._values[self.tag].append(match[2] if match else line)

    def finish(self) -> Iterator[Article | BlurbError]:
        """Yield the article or what is wrong with it; nothing where there was no line."""
        if self._error is not None:
            yield self._error
        elif self._first_line:
            values = (" ".join(" ".join(self._values[tag]).split()) for tag in _KEPT)
            pmid, title, book, abstract = values
            if len(pmid.split()) == 1:
                yield Article(pmid, title or book, abstract)
            else:
                where = {"path": self._path, "line": self._first_line}
                yield BlurbError(Errors.B162.format(**where, format="MEDLINE text"))
