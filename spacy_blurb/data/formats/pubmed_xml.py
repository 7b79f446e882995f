"""PubMed XML: baseline and update files, results of E-utilities, older MEDLINE sets.

Elements are looked up by name and nothing else is required, so all years of the DTD read alike.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from ...errors import BlurbError, Errors
from ..records import Article, Deletion
from .xml_elements import XmlElement, read_elements, to_text

_NAMES = frozenset({"MedlineCitation", "BookDocument", "DeleteCitation"})
_NO_LABEL = {"", "UNLABELLED"}
_MAX_DIGITS = 9
"""Of a version, which has one or two; Python refuses to read numbers of thousands."""


def read_pubmed_xml(path: Path) -> Iterator[Article | Deletion]:
    """Yield the articles of a file in its order, and the deletions that it orders.

    An article's PMID is the one of its own record; those of comments, corrections and reference
    lists are never looked at. `OtherAbstract` (plain-language, publisher's, other languages) and
    copyright lines are no part of the abstract.

    path (Path): The file, plain, `.xz` or `.gz`; may be a pipe. Memory does not grow with it.
    YIELDS (Article | Deletion): Book chapters are articles too.
    RAISES (BlurbError): B107 no article in the file, B162 an article without PMID, and what
        `read_elements` raises.
    """
    empty = True
    for element in read_elements(path, _NAMES):
        empty = False
        if element.node.tag == "DeleteCitation":
            yield from (Deletion(to_text(pmid)) for pmid in element.node.findall("PMID"))
        else:
            yield to_article(path, element)
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def to_article(path: Path, element: XmlElement) -> Article:
    """Return the article of a `MedlineCitation` or `BookDocument`.

    RAISES (BlurbError): B162 it has no PMID.
    """
    citation = element.node
    pmid = citation.find("PMID")
    if pmid is None or not (number := to_text(pmid)):
        raise BlurbError(Errors.B162.format(path=path, line=element.line, format="PubMed XML"))
    article = citation.find("Article")
    # A book chapter has its title and abstract beside the PMID, a whole book only a book title.
    article = citation if article is None else article
    version = pmid.get("Version", "")
    return Article(
        pmid=number,
        title=_first_text(article, ("ArticleTitle", "Book/BookTitle")),
        abstract=" ".join(filter(None, map(_to_part, article.findall("Abstract/AbstractText")))),
        version=int(version) if version.isdecimal() and len(version) <= _MAX_DIGITS else 1,
    )


def _first_text(article: Element, paths: tuple[str, ...]) -> str:
    texts = (to_text(node) for path in paths if (node := article.find(path)) is not None)
    return next(filter(None, texts), "")


def _to_part(node: Element) -> str:
    label, text = " ".join(node.get("Label", "").split()), to_text(node)
    return f"{label}: {text}" if text and label not in _NO_LABEL else text
