"""XML that wants to do harm ends in an error, and large files in flat memory."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_blurb.data.formats import xml_elements
from spacy_blurb.data.formats.pubmed_xml import read_pubmed_xml
from spacy_blurb.data.formats.xml_elements import read_elements, to_text
from spacy_blurb.errors import BlurbError

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))


def read(tmp_path: Path, content: str | bytes, name: str = "a.xml") -> list[tuple[str, str, int]]:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(to_text(e.node), e.parent, e.line) for e in read_elements(path, {"x"})]


def test_outermost_elements_in_file_order(tmp_path: Path) -> None:
    content = "<r><x>1</x>\n<p>no<x>2<x>3</x>4</x></p>no<y/></r>\n"
    assert read(tmp_path, content) == [("1", "r", 1), ("234", "p", 2)]
    assert read(tmp_path, "\ufeff<x>é</x>") == [("é", "", 1)]


def test_elements_that_cross_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_blurb.data.formats.compressed.CHUNK_BYTES", 3)
    content = "<r>" + "".join(f"<x>é{n}</x>\n" for n in range(50)) + "</r>"
    assert read(tmp_path, content) == [(f"é{n}", "r", n + 1) for n in range(50)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><r><x>&l19;</x></r>', "entity 'l0'"),
        # Quadratic blow-up, an attribute's entity, an entity that nobody uses.
        (f'<!DOCTYPE r [<!ENTITY a "{"a" * 9999}">]><r>{"&a;" * 9999}</r>', "entity 'a'"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><r><x c="&a;"/></r>', "entity 'a'"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><r><x/></r>', "entity 'a'"),
        ('<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><r><x>&f;</x></r>', "entity 'f'"),
        ('<!DOCTYPE r [<!ENTITY f SYSTEM "http://127.0.0.1/">]><r><x>&f;</x></r>', "entity 'f'"),
        ('<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///x.dtd">%p;]><r><x/></r>', "entity 'p'"),
        ('<!DOCTYPE r [<!NOTATION n SYSTEM "n"><!ENTITY f SYSTEM "f" NDATA n>]><r/>', "entity 'f'"),
        ('<!DOCTYPE r SYSTEM "file:///x.dtd"><r><x>&beta;</x></r>', "entity 'beta', which only"),
        # The parser gives each element a copy.
        (f'<!DOCTYPE r [<!ATTLIST x a CDATA "{"a" * 999}">]><r><x/></r>', "default value .*'a'"),
        ("<r>" + "<y>" * 300, "nested deeper than 256"),
        ("<r><x>" + "<y>" * 300, "nested deeper than 256"),
        ("<r>" + "".join(f"<y{n}/>" for n in range(10_001)) + "</r>", "more than 10,000 different"),
        ("<r>" + "".join(f"<y a{n}=''/>" for n in range(10_001)) + "</r>", "more than 10,000"),
    ],
)
def test_harmful_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BlurbError, match=rf"B161.*a\.xml, line 1: refused .*{message}"):
        read(tmp_path, content)


def test_attributes_may_be_declared(tmp_path: Path) -> None:
    content = "<!DOCTYPE r [<!ATTLIST x a CDATA #IMPLIED>]><r><x>b</x></r>"
    assert read(tmp_path, content) == [("b", "r", 1)]


def test_a_dtd_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.dtd").write_text('<!ENTITY beta "b">')
    assert read(tmp_path, '<!DOCTYPE r SYSTEM "a.dtd"><r><x>1</x></r>') == [("1", "r", 1)]


@pytest.mark.parametrize(
    "content",
    [
        ("<r><x>", "text ", "</x></r>"),
        ("<r><x>", "<y/>", "</x></r>"),
        ("<r><x a='", "text ", "'/></r>"),
        ("<r><!-- ", "text ", "--></r>"),
        ("<r><x/><", "name", "/></r>"),
        ("<!DOCTYPE r [", "<!ELEMENT a ANY>", "]><r/>"),
        ("<r/><!-- ", "text ", "-->"),
    ],
    ids=["text", "children", "attribute", "comment", "name", "doctype", "epilog"],
)
def test_what_is_held_in_memory_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: tuple[str, str, str]
) -> None:
    monkeypatch.setattr(xml_elements, "MAX_ELEMENT_BYTES", 1 << 20)
    first, middle, last = content
    short = first + middle * ((1 << 19) // len(middle)) + last
    assert len(read(tmp_path, short)) in (0, 1)
    with pytest.raises(BlurbError, match=r"B161.*more than 1 MB"):
        read(tmp_path, first + middle * ((1 << 22) // len(middle)) + last)


def test_text_outside_of_elements_may_be_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_elements, "MAX_ELEMENT_BYTES", 1 << 20)
    assert read(tmp_path, f"<r>{'text ' * (1 << 20)}<x>1</x></r>") == [("1", "r", 1)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "B107"),
        ("no XML", "B160.*line 1: not well-formed XML: syntax error, column 1"),
        ("<r><x>1</x>", "B160.*no element found"),
        (bytes(range(256)), "B160"),
        ("<r>\n<x>\xe9</x></r>".encode("latin-1"), "B160.*line 2.*invalid token"),
        ("<?xml version='1.0' encoding='klingon'?><r/>", "B160.*unknown encoding"),
    ],
)
def test_what_is_no_xml(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize("keep", [0.3, 0.9, -1])
def test_truncated_gz_gives_what_is_whole_and_then_an_error(tmp_path: Path, keep: float) -> None:
    articles = "".join(
        f"<MedlineCitation><PMID>{n}</PMID></MedlineCitation>" for n in range(20_000)
    )
    packed = gzip.compress(f"<S>{articles}</S>".encode())
    path = tmp_path / "a.xml.gz"
    path.write_bytes(packed[: int(keep * len(packed)) if keep > 0 else -1])
    found = []
    with pytest.raises(BlurbError, match=r"B101.*a\.xml\.gz.*ended before"):
        found.extend(item.pmid for item in read_pubmed_xml(path))
    # The last buffer of a cut file is lost with it.
    assert found == [str(n) for n in range(len(found))]
    assert len(found) > 0.1 * 20_000


MEGABYTES = 200
MEASURE = r"""
import re, sys
from pathlib import Path
from spacy_blurb.data.formats.pubmed_xml import read_pubmed_xml

def peak():
    # Not resource.getrusage: its peak is handed down from the parent process.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024

before, count, characters = None, 0, 0
for article in read_pubmed_xml(Path(sys.argv[1])):
    count += 1
    characters += len(article.abstract)
    if count == 100:
        before = peak()
print(count, characters, before, peak() - before)
"""


ABSTRACT = b"<AbstractText Label='AIMS'>%b</AbstractText>" % (b"Aspirin <i>and</i> fever. " * 80)
REFERENCES = b"<Reference><ArticleId IdType='pubmed'>1</ArticleId></Reference>" * 300


def article(number: int) -> bytes:
    """A citation of about 20 kB, most of it reference list as in real files."""
    return (
        b"<PubmedArticle><MedlineCitation><PMID>%d</PMID><Article><ArticleTitle>T</ArticleTitle>"
        b"<Abstract>%b</Abstract></Article></MedlineCitation><PubmedData>%b</PubmedData>"
        b"</PubmedArticle>\n"
    ) % (number, ABSTRACT, REFERENCES)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
def test_200_megabytes_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.xml.gz"
    written, count = 0, 0
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"<PubmedArticleSet>\n")
        while written < MEGABYTES << 20:
            written += file.write(article(count))
            count += 1
        file.write(b"</PubmedArticleSet>\n")
    command = [sys.executable, "-c", MEASURE, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    n_found, characters, before, growth = map(float, run.stdout.split())
    assert n_found == count
    assert characters == count * len("AIMS: " + ("Aspirin and fever. " * 80).strip())
    assert before < 100
    assert growth < 10, f"{growth} MB more after {MEGABYTES} MB"
