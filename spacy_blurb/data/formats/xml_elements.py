"""XML files of any size, element by element, in constant memory and without trust.

The parser is the standard library's expat with the rules of defusedxml: no entity declarations, no
external entities, no DTD is fetched. On top of these there are no default values of attributes, and
nesting, names and the size of an element are bounded. defusedxml itself would build every element
in Python (2.4 s for 100 MB against 1.5 s here), lxml would be faster (0.6 s) but is one more binary
package that a user's own BioC files would need.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ...errors import BlurbError, Errors
from .compressed import read_chunks

MAX_ELEMENT_BYTES = 32 << 20
"""A PubMed citation has some kilobytes, an article's front matter or a BioC document seldom more
than one megabyte."""
MAX_DEPTH = 256
MAX_NAMES = 10_000
"""Different element and attribute names in a file; the PubMed DTD has about 150."""

_BLOCKS = {"p", "title", "list-item", "def-item", "disp-formula", "break"}
_LEFT_OUT = {"tex-math", "fn", "annotation", "annotation-xml"}
"""What is no part of the running text: TeX twins of formulas, footnotes."""


@dataclass(frozen=True, slots=True)
class XmlElement:
    """A complete element.

    node (Element): With everything in it; names are as written, prefix included.
    parent (str): Name of the element around it, "" for the root.
    line (int): Where it begins.
    """

    node: Element
    parent: str
    line: int


def read_elements(path: Path, names: Collection[str]) -> Iterator[XmlElement]:
    """Yield the outermost elements of the given names in file order and forget them.

    path (Path): The file, plain, `.xz` or `.gz`; may be a pipe.
    names (Collection[str]): Element names; what is outside of them is parsed and not kept.
    RAISES (BlurbError): B107 the file is empty, B160 not well-formed XML, B161 refused because it
        could do harm, and what `read_chunks` raises.
    """
    collector = ElementCollector(path, names)
    for chunk in read_chunks(path):
        collector.feed(chunk)
        yield from collector.take()
    collector.close()
    yield from collector.take()


class ElementCollector:
    """Builds trees of wanted elements from expat's events.

    path (Path): The file, for error messages.
    names (Collection[str]): Element names.
    encoding (str | None): Of the bytes, where they do not begin with what says it.
    lines_before (int): Lines of the file before the first byte that is fed.
    """

    def __init__(
        self,
        path: Path,
        names: Collection[str],
        *,
        encoding: str | None = None,
        lines_before: int = 0,
    ) -> None:
        self._path = path
        self.root = ""
        """Name of the outermost element, "" before it begins."""
        self.encoding = encoding
        """What the file says of its bytes, None where it says nothing."""
        self._lines_before = lines_before
        self._names = names
        self._open: list[str] = []
        self._wanted_depth = 0
        """Depth of the wanted element that is being built, 0 outside of one."""
        self._anchor: int | None = 0
        """Byte at which something began that is held in memory: the prolog or a wanted element."""
        self._line = 0
        self._fed = 0
        self._builder = TreeBuilder()
        self._complete: list[XmlElement] = []
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declare
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._refuse_entity
        parser.UnparsedEntityDeclHandler = self._refuse_entity
        parser.AttlistDeclHandler = self._refuse_default
        parser.ExternalEntityRefHandler = self._refuse_external
        parser.SkippedEntityHandler = self._refuse_unknown
        self._parser = parser

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes.

        RAISES (BlurbError): B160, B161; what was complete before can still be taken.
        """
        self._fed += len(chunk)
        self._parse(chunk, final=False)
        anchor = self._parser.CurrentByteIndex if self._anchor is None else self._anchor
        if self._fed - anchor > MAX_ELEMENT_BYTES:
            self._refuse(f"an element of more than {MAX_ELEMENT_BYTES >> 20} MB")
        if len(self._parser.intern) > MAX_NAMES:
            self._refuse(f"more than {MAX_NAMES:,} different element and attribute names")

    def close(self) -> None:
        """Parse the end of the file.

        RAISES (BlurbError): B107 it is empty, B160 not all elements have ended.
        """
        if self._fed == 0:
            raise BlurbError(Errors.B107.format(path=self._path))
        self._parse(b"", final=True)

    def take(self) -> Iterator[XmlElement]:
        """Hand over the elements that have ended since the last call."""
        complete, self._complete = self._complete, []
        return iter(complete)

    @property
    def line(self) -> int:
        """Line of the file at which the parser stands."""
        return self._lines_before + self._parser.CurrentLineNumber

    @property
    def stands_at(self) -> int:
        """Bytes of what was fed that were parsed before it stopped."""
        return max(self._parser.CurrentByteIndex, 0)

    @property
    def begun_at(self) -> int | None:
        """Byte at which the wanted element began that has not ended, None outside of one."""
        return self._anchor if self._wanted_depth else None

    def _declare(self, version: str, encoding: str | None, standalone: int) -> None:
        self.encoding = encoding or self.encoding

    def _parse(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            reason = f"{expat.ErrorString(error.code)}, column {error.offset + 1}"
            raise self._not_xml(reason) from error
        except BlurbError:
            raise
        except (LookupError, ValueError) as error:  # an encoding that Python does not know
            raise self._not_xml(str(error)) from error

    def _not_xml(self, reason: str) -> BlurbError:
        # After an error this is where it occurred.
        return BlurbError(Errors.B160.format(path=self._path, line=self.line, reason=reason))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) == MAX_DEPTH:
            self._refuse(f"elements nested deeper than {MAX_DEPTH}")
        self._open.append(name)
        self.root = self.root or name
        if self._wanted_depth:
            self._builder.start(name, attributes)
        elif name in self._names:
            self._wanted_depth = len(self._open)
            self._anchor = self._parser.CurrentByteIndex
            self._line = self.line
            self._builder = TreeBuilder()
            self._builder.start(name, attributes)
            self._parser.CharacterDataHandler = self._builder.data
        else:
            self._anchor = None

    def _end(self, name: str) -> None:
        if self._wanted_depth:
            self._builder.end(name)
        if self._wanted_depth == len(self._open):
            parent = self._open[-2] if len(self._open) > 1 else ""
            self._complete.append(XmlElement(self._builder.close(), parent, self._line))
            self._parser.CharacterDataHandler = None
            self._wanted_depth, self._anchor = 0, None
        self._open.pop()

    def _refuse_entity(self, name: str, *_: object) -> None:
        self._refuse(f"the declaration of entity {name[:40]!r}")

    def _refuse_default(
        self, element: str, name: str, kind: str, default: str | None, required: int
    ) -> None:
        """Refuse a value that the parser would copy for each of the elements."""
        if default is not None:
            self._refuse(f"the default value of attribute {name[:40]!r}")

    def _refuse_external(self, *_: object) -> int:
        self._refuse("a reference to another file")

    def _refuse_unknown(self, name: str, *_: object) -> None:
        self._refuse(f"the entity {name[:40]!r}, which only a DTD explains,")

    def _refuse(self, what: str) -> NoReturn:
        raise BlurbError(Errors.B161.format(path=self._path, line=self.line, what=what))


def to_text(node: Element) -> str:
    """Return the text of an element as one line.

    Inline markup vanishes ("CO<sub>2</sub>" is "CO2"), paragraphs and list items are set apart by
    a blank, of formulas the symbols remain in their order, and white space of any kind becomes
    one blank.
    """
    return " ".join("".join(_pieces(node, in_math=False)).split())


def _pieces(node: Element, *, in_math: bool) -> Iterator[str]:
    name = local_name(node)
    in_math = in_math or name == "math"
    gap = " " if name in _BLOCKS else ""
    yield gap
    yield _trim(node.text, in_math=in_math)
    for child in node:
        # A comment has no name, and none is built by our parser.
        if local_name(child) not in _LEFT_OUT:
            yield from _pieces(child, in_math=in_math)
        yield _trim(child.tail, in_math=in_math)
    yield gap


def _trim(text: str | None, *, in_math: bool) -> str:
    """Drop what indents MathML; a no-break or thin space in it is meant."""
    return (text or "").strip(" \t\r\n") if in_math else text or ""


def local_name(node: Element) -> str:
    """Return the name of an element without its prefix."""
    return node.tag.rpartition(":")[2]
