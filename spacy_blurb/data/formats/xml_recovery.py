"""XML files with damaged elements: what is whole is read, and what is not is told."""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ...errors import BlurbError, UnreadableFileError
from .compressed import read_chunks
from .xml_elements import MAX_ELEMENT_BYTES, ElementCollector, XmlElement

_MAX_REREAD = 4 * MAX_ELEMENT_BYTES
_MAX_NAME = 64


def read_around_damage(
    path: Path, names_in: Callable[[str], Collection[str]], *, root: str
) -> Iterator[XmlElement | BlurbError]:
    """Yield the outermost elements of the given names, and an error for each damage in between.

    Behind a damaged element reading begins again where the bytes look like the start of the next
    one, also where that stands inside of what the damaged one has swallowed. A whole file is read
    as `read_elements` reads it.

    path (Path): The file, plain, `.xz` or `.gz`.
    names_in (Callable): Name of the root element → names of the wanted ones, of which none is in
        another one. Where there is no root around them: name of the first wanted one, or "".
    root (str): Name to suppose of the element around the wanted ones, where the damage comes before
        it or the file has none.
    YIELDS (XmlElement | BlurbError): In file order. B100 and B101 are the last ones, since nothing
        behind them can be read.
    RAISES (UnreadableFileError): The system cannot read the file.
    """
    reader = _Reader(path, names_in, root)
    try:
        for chunk in read_chunks(path):
            yield from reader.feed(chunk)
        yield from reader.close()
    except UnreadableFileError:
        raise
    except BlurbError as error:
        yield error


class _Reader:
    """Feeds a collector, and a new one behind each damage."""

    def __init__(self, path: Path, names_in: Callable[[str], Collection[str]], root: str) -> None:
        self._path = path
        self._names_in = names_in
        self._root = ""
        """Name of the root element, or of the first wanted one where the root is not known."""
        self._around = root
        """Name of the element around the wanted ones."""
        names = set(names_in("")) | set(names_in(root))
        self._collector: ElementCollector | None = ElementCollector(path, names)
        self._begins_at = -1
        """Where in what the collector was fed the element stands for which it was made; -1 of the
        first one, which was made for none."""
        self._encoding: str | None = None
        self._held = b""
        """Bytes of the file from which reading may have to begin again."""
        self._held_from = 0
        """Where they begin in what the collector was fed."""
        self._lines = 0
        """Lines of the file before them."""
        self._reread = 0

    def feed(self, chunk: bytes) -> Iterator[XmlElement | BlurbError]:
        self._held += chunk
        if self._collector is None:
            yield from self._restart(0)
            return
        yield from self._try(self._collector, chunk)

    def close(self) -> Iterator[XmlElement | BlurbError]:
        while self._collector is not None:
            try:
                self._collector.close()
            except BlurbError as error:
                yield from self._collector.take()
                yield error
                yield from self._restart(self._behind_damage(self._collector))
            else:
                yield from self._collector.take()
                return

    def _try(self, collector: ElementCollector, chunk: bytes) -> Iterator[XmlElement | BlurbError]:
        try:
            collector.feed(chunk)
        except BlurbError as error:
            yield from collector.take()
            yield error
            yield from self._restart(self._behind_damage(collector))
            return
        yield from collector.take()
        begun = collector.begun_at
        needed = collector.stands_at if begun is None else begun
        self._drop(needed - self._held_from)

    def _behind_damage(self, collector: ElementCollector) -> int:
        """Return from which of the held bytes on the next element is looked for.

        It is behind the first byte of the element for which the collector was made, so that no
        place is tried twice.
        """
        if not self._root:
            self._adopt(collector.root)
        self._encoding = collector.encoding
        stands_at = max(collector.stands_at - self._held_from, 0)
        begun = collector.begun_at
        if begun is None:
            # What is wrong may be only that an element begins here, behind the end of the root.
            return stands_at + (collector.stands_at <= self._begins_at)
        begun = max(begun - self._held_from, 0)
        # What swallows the rest of the file again and again would take for ever.
        self._reread += max(stands_at - begun, 0)
        return begun + 1 if self._reread <= _MAX_REREAD else stands_at + 1

    def _adopt(self, root: str) -> None:
        self._root = root
        # A wanted element that is the root has no other one around it, and can have none in it.
        if root and root not in self._names_in(root):
            self._around = root

    def _restart(self, start: int) -> Iterator[XmlElement | BlurbError]:
        """Begin again at the next element behind some of the held bytes, or wait for more."""
        while True:
            self._drop(start)
            names = self._names_in(self._root)
            pattern = rb"<(%s)(?=[\s/>])" % "|".join(sorted(names)).encode()
            match = re.search(pattern, self._held)
            if match is None:
                # The last bytes may be the first half of a name.
                self._drop(len(self._held) - _MAX_NAME)
                self._collector = None
                return
            self._root = self._root or match[1].decode()
            self._drop(match.start())
            prefix = f"<{self._around}>".encode()
            self._held_from = self._begins_at = len(prefix)
            self._collector = collector = ElementCollector(
                self._path, names, encoding=self._encoding, lines_before=self._lines
            )
            try:
                collector.feed(prefix)
                collector.feed(self._held)
            except BlurbError as error:
                yield from collector.take()
                yield error
                start = self._behind_damage(collector)
                continue
            yield from collector.take()
            return

    def _drop(self, count: int) -> None:
        if count > 0:
            self._lines += self._held.count(b"\n", 0, count)
            self._held = self._held[count:]
            self._held_from += count
