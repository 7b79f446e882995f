"""JATS, the XML of PubMed Central: title and abstract of full-text articles."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from ...errors import BlurbError, Errors
from ..records import Article
from .xml_elements import read_elements, to_text


def read_jats(path: Path) -> Iterator[Article]:
    """Yield the article of a file, or all of them where a file holds a set.

    Only the front matter is kept in memory, so the PMIDs of reference lists are never seen; reviews
    and replies inside an article (`sub-article`, `response`) are not articles of their own.

    path (Path): The file, plain, `.xz` or `.gz`.
    YIELDS (Article): The abstract is the one without a type, not the graphical or lay one.
    RAISES (BlurbError): B107 no article in the file, and what `read_elements` raises.
    """
    empty = True
    for element in read_elements(path, {"front"}):
        if element.parent != "article":
            continue
        empty = False
        meta = element.node.find("article-meta")
        yield _to_article(element.node if meta is None else meta)
    if empty:
        raise BlurbError(Errors.B107.format(path=path))


def _to_article(meta: Element) -> Article:
    pmid = meta.find("article-id[@pub-id-type='pmid']")
    title = meta.find("title-group/article-title")
    abstracts = (node for node in meta.findall("abstract") if "abstract-type" not in node.attrib)
    return Article(
        pmid="" if pmid is None else to_text(pmid),
        title="" if title is None else to_text(title),
        abstract=" ".join(part for node in abstracts for part in _to_parts(node)),
    )


def _to_parts(node: Element) -> Iterator[str]:
    """Yield the text of an abstract or of its sections, each behind its title."""
    title = node.find("title")
    # The title of the whole abstract is "Abstract" or the like.
    label = "" if title is None or node.tag == "abstract" else to_text(title).rstrip(".:")
    for child in node:
        if child is title:
            continue
        parts = _to_parts(child) if child.tag == "sec" else iter([to_text(child)])
        for part in filter(None, parts):
            yield f"{label}: {part}" if label else part
            label = ""
