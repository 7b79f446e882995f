"""How does a file become documents? One reader per format; none stops at a bad record.

Each yields an `Item` or a `Rejected` per record, so that what was read of a file is counted by
both, and goes on behind a bad record where the format lets it. A file that the system cannot read
ends the run, which can go on later, instead of being counted as a bad record: UnreadableFileError.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..annotations import document_fields, document_id, document_title_end, part_of
from ..data.formats.compressed import read_chunks
from ..data.formats.medline import read_around_bad_articles
from ..data.formats.pubmed_xml import to_article
from ..data.formats.xml_elements import XmlElement, to_text
from ..data.formats.xml_recovery import read_around_damage
from ..data.records import Article
from ..errors import BlurbError, Errors, UnreadableFileError, first_line
from .items import Item, Rejected
from .lines import MAX_RECORD_BYTES, read_jsonl, read_text

Records = Iterator[Item | Rejected]


def read_text_file(path: Path, name: str, bare: str) -> Records:
    """Yield the document of a file that is one: UTF-8, kept as it is but for a byte order mark."""
    try:
        content = bytearray()
        for chunk in read_chunks(path):
            content += chunk
            if len(content) > MAX_RECORD_BYTES:
                raise BlurbError(Errors.B763.format(limit=MAX_RECORD_BYTES >> 20))
        if b"\0" in content:
            raise BlurbError(Errors.B177.format(path=path))
        yield Item(name, 1, bare, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        yield Rejected(name, 1, Errors.B102.format(path=path, byte=error.start))
    except UnreadableFileError:
        raise
    except BlurbError as error:
        yield Rejected(name, 1, str(error))


def read_docbin(path: Path, name: str, bare: str) -> Records:
    """Yield the Docs of a `.spacy` file, which is held in memory as one."""
    try:
        docbin = DocBin().from_bytes(b"".join(read_chunks(path)))
    except UnreadableFileError:
        raise
    except BlurbError as error:
        yield Rejected(name, 1, str(error))
        return
    except Exception as error:  # zlib, msgpack and numpy each raise their own on foreign bytes
        yield Rejected(name, 1, Errors.B113.format(path=path, reason=error))
        return
    # Words of one file are not kept for the next one.
    docs = docbin.get_docs(Vocab())
    for number in range(1, len(docbin) + 1):
        lost = len(docbin) - number
        try:
            doc = next(docs)
            lost = 0
            record = _doc_to_item(name, number, bare, doc)
        except Exception as error:  # see above
            reason = f"{type(error).__name__}: {first_line(error)}"
            message = Errors.B778.format(path=path, number=number, reason=reason, lost=lost)
            yield Rejected(name, number, message)
            if lost:
                return
        else:
            yield record


def _doc_to_item(name: str, number: int, bare: str, doc: Doc) -> Item:
    return Item(
        file=name,
        record=number,
        id=document_id(doc) or f"{bare}:{number}",
        text=doc.text,
        title_end=document_title_end(doc),
        fields=document_fields(doc),
        group=part_of(doc),
        doc=doc.to_bytes(exclude=["user_data"]),
    )


def read_pubmed(path: Path, name: str, bare: str) -> Records:
    """Yield the articles of a PubMed XML file; orders to delete articles are set aside."""
    number = 0
    for element in read_around_damage(path, _record_names, root="PubmedArticleSet"):
        if isinstance(element, XmlElement) and element.node.tag == "DeleteCitation":
            for pmid in element.node.findall("PMID"):
                number += 1
                yield Rejected(name, number, Errors.B764.format(pmid=to_text(pmid)))
            continue
        number += 1
        try:
            if isinstance(element, BlurbError):
                raise element
            yield _to_item(name, number, _to_article(path, element))
        except BlurbError as error:
            yield Rejected(name, number, str(error))
    if number == 0:
        yield Rejected(name, 1, Errors.B107.format(path=path))


def read_medline(path: Path, name: str, bare: str) -> Records:
    """Yield the articles of a file that PubMed has saved as "PubMed" (nbib)."""
    number = 0
    try:
        for article in read_around_bad_articles(path, max_bytes=MAX_RECORD_BYTES):
            number += 1
            if isinstance(article, BlurbError):
                yield Rejected(name, number, str(article))
            else:
                yield _to_item(name, number, article)
    except UnreadableFileError:
        raise
    except BlurbError as error:
        yield Rejected(name, number + 1, str(error))
        return
    if number == 0:
        yield Rejected(name, 1, Errors.B107.format(path=path))


def _record_names(root: str) -> set[str]:
    if root == "MedlineCitationSet":
        return {"MedlineCitation", "DeleteCitation"}
    names = {"PubmedArticle", "PubmedBookArticle", "DeleteCitation"}
    # Where no set is known both kinds are: a citation in an article is not the outermost.
    is_known = root not in ("", "MedlineCitation", "DeleteCitation")
    return names if is_known else names | {"MedlineCitation"}


def _to_article(path: Path, element: XmlElement) -> Article:
    for name in ("MedlineCitation", "BookDocument"):
        if (node := element.node.find(name)) is not None:
            return to_article(path, XmlElement(node, element.node.tag, element.line))
    return to_article(path, element)


def _to_item(name: str, number: int, article: Article) -> Item:
    parts = [part for part in (article.title, article.abstract) if part]
    title_end = len(article.title) if len(parts) == 2 else 0
    return Item(name, number, article.pmid, " ".join(parts), title_end)


READERS: dict[str, Callable[[Path, str, str], Records]] = {
    "text": read_text,
    "text-files": read_text_file,
    "jsonl": read_jsonl,
    "docbin": read_docbin,
    "pubmed": read_pubmed,
    "medline": read_medline,
}
"""Format → reader(path, name of the file for rejected records, name for ids of documents without
one)."""
