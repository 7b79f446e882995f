"""PubMed XML, MEDLINE text and JATS: what an article is, in every spelling of the formats."""

import gzip
import lzma
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spacy_blurb.data.formats.jats import read_jats
from spacy_blurb.data.formats.medline import read_medline
from spacy_blurb.data.formats.pubmed_xml import read_pubmed_xml
from spacy_blurb.data.records import Article, Deletion
from spacy_blurb.errors import BlurbError

DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">'
)


def citation(inside: str, pmid: str = '<PMID Version="1">7</PMID>') -> str:
    return f"<MedlineCitation>{pmid}<Article>{inside}</Article></MedlineCitation>"


def read_xml(tmp_path: Path, inside: str, *, root: str = "PubmedArticleSet") -> list:
    path = tmp_path / "a.xml"
    path.write_text(f"<?xml version='1.0'?>\n{DOCTYPE}\n<{root}>\n{inside}\n</{root}>\n", "utf-8")
    return list(read_pubmed_xml(path))


def parts(text: str) -> str:
    return f"<ArticleTitle>T</ArticleTitle><Abstract>{text}</Abstract>"


@pytest.mark.parametrize("root", ["PubmedArticleSet", "MedlineCitationSet"])
@pytest.mark.parametrize("wrapped", [True, False])
def test_an_article_of_every_dtd(tmp_path: Path, root: str, wrapped: bool) -> None:
    inside = citation(parts("<AbstractText>Naïve β-cells.</AbstractText>"))
    if wrapped:
        inside = f"<PubmedArticle>{inside}<PubmedData/></PubmedArticle>"
    assert read_xml(tmp_path, inside, root=root) == [Article("7", "T", "Naïve β-cells.")]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("CO<sub>2</sub> and <i>p</i> &lt; 10<sup>-3</sup>", "CO2 and p < 10-3"),
        ("\n   two\n\t  lines &#xa0;and\u2009spaces  ", "two lines and spaces"),
        ("a<!-- not text -->b<?nor this?>c", "abc"),
        ("<![CDATA[1 < 2 & 3]]>", "1 < 2 & 3"),
        ("x <b><i>y<sup>z</sup></i> w</b>", "x yz w"),
        (
            "at <mml:math><mml:msub>\n  <mml:mi>V</mml:mi>\n  <mml:mn>2</mml:mn>\n</mml:msub>"
            "<mml:mtext>\u2009</mml:mtext><mml:mi>max</mml:mi></mml:math> of",
            "at V2 max of",
        ),
        (
            "<math><semantics><mi>x</mi><annotation>\\x</annotation></semantics></math>=1",
            "x=1",
        ),
    ],
)
def test_markup_becomes_text(tmp_path: Path, markup: str, text: str) -> None:
    (article,) = read_xml(tmp_path, citation(parts(f"<AbstractText>{markup}</AbstractText>")))
    assert article.abstract == text
    inside = citation(f"<ArticleTitle>{markup}</ArticleTitle>")
    assert read_xml(tmp_path, inside) == [Article("7", text, "")]


def test_structured_abstract(tmp_path: Path) -> None:
    abstract = (
        '<AbstractText Label="AIMS" NlmCategory="OBJECTIVE">One.</AbstractText>'
        '<AbstractText Label="METHODS  &amp;\nDATA">Two.</AbstractText>'
        '<AbstractText Label="EMPTY"/><AbstractText Label="UNLABELLED">Three.</AbstractText>'
        '<AbstractText NlmCategory="RESULTS">Four.</AbstractText>'
        "<CopyrightInformation>(c) nobody</CopyrightInformation>"
    )
    (article,) = read_xml(tmp_path, citation(parts(abstract)))
    assert article.abstract == "AIMS: One. METHODS & DATA: Two. Three. Four."


def test_only_the_records_own_pmid_title_and_abstract_count(tmp_path: Path) -> None:
    article = (
        "<PubmedArticle><MedlineCitation><CommentsCorrectionsList><CommentsCorrections>"
        "<PMID>1</PMID></CommentsCorrections></CommentsCorrectionsList>"
        '<PMID Version="2"> 7 </PMID><Article><Journal><Title>J</Title></Journal>'
        "<ArticleTitle>T</ArticleTitle></Article>"
        "<OtherAbstract><AbstractText>other</AbstractText></OtherAbstract></MedlineCitation>"
        "<PubmedData><ReferenceList><Reference><Citation>C</Citation><ArticleIdList>"
        '<ArticleId IdType="pubmed">2</ArticleId></ArticleIdList></Reference></ReferenceList>'
        "</PubmedData></PubmedArticle>"
    )
    assert read_xml(tmp_path, article) == [Article("7", "T", "", version=2)]


@pytest.mark.parametrize("version", ["", "x", "²", "9" * 5000])
def test_versions_that_are_none(tmp_path: Path, version: str) -> None:
    article = citation("", f'<PMID Version="{version}">7</PMID>')
    assert [found.version for found in read_xml(tmp_path, article)] == [1]


def test_books_and_deletions(tmp_path: Path) -> None:
    book = (
        "<PubmedBookArticle><BookDocument><PMID>8</PMID><Book><BookTitle>B</BookTitle></Book>"
        "{}<Abstract><AbstractText>A</AbstractText></Abstract></BookDocument></PubmedBookArticle>"
    )
    deleted = "<DeleteCitation><PMID Version='1'>1</PMID><PMID>2</PMID></DeleteCitation>"
    inside = book.format("") + book.format("<ArticleTitle>C</ArticleTitle>") + deleted
    assert read_xml(tmp_path, inside) == [
        Article("8", "B", "A"),
        Article("8", "C", "A"),
        Deletion("1"),
        Deletion("2"),
    ]


@pytest.mark.parametrize("packer", [gzip.compress, lzma.compress])
def test_packed_files(tmp_path: Path, packer: Callable[[bytes], bytes]) -> None:
    path = tmp_path / ("a.xml" + {gzip.compress: ".gz", lzma.compress: ".xz"}[packer])
    path.write_bytes(packer(f"<S>{citation('')}</S>".encode()))
    assert list(read_pubmed_xml(path)) == [Article("7", "", "")]


def test_declared_encoding_and_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = f"<?xml version='1.0' encoding='latin-1'?><S>{citation(parts(''))}</S>"
    content = content.replace(">T<", ">é<")
    thread = threading.Thread(target=path.write_bytes, args=(content.encode("latin-1"),))
    thread.start()
    assert list(read_pubmed_xml(path)) == [Article("7", "é", "")]
    thread.join()


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("", r"B107.*a\.xml holds no documents"),
        ("<Other/>", "B107"),
        (citation("", pmid=""), r"B162.*a\.xml, line 4: an article without PMID"),
        (citation("", pmid="<PMID> </PMID>"), "B162"),
        ("\n<b>", r"B160.*a\.xml, line 6: not well-formed XML: mismatched tag"),
        (citation("a & b"), "B160.*line 4"),
        (citation("caf&eacute;"), "B161.*line 4: refused the entity 'eacute'"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, inside: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read_xml(tmp_path, inside)


MEDLINE = """
PMID- 12
OWN - NLM
TI  - A title that
      goes on.
PG  - 1-2
AB  - BACKGROUND: One line
      and another 
      10 (3). RESULTS: Fine.
AD  - An address
      PMID- 99
MHDA- 2003/06/07 05:00

PMID- 13
TI  - Second.


PMID- 14
BTI - A book
AB  - Naïve.
"""  # noqa: W291


def read_text(tmp_path: Path, content: str) -> list[Article]:
    path = tmp_path / "a.txt"
    path.write_bytes(content.encode())
    return list(read_medline(path))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_medline(tmp_path: Path, end: str) -> None:
    abstract = "BACKGROUND: One line and another 10 (3). RESULTS: Fine."
    expected = [
        Article("12", "A title that goes on.", abstract),
        Article("13", "Second.", ""),
        Article("14", "A book", "Naïve."),
    ]
    assert read_text(tmp_path, MEDLINE.replace("\n", end)) == expected
    # Without blank lines, PMID alone begins a record.
    lines = [line for line in MEDLINE.split("\n") if line]
    assert read_text(tmp_path, end.join(lines)) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "B107"),
        ("\n \n", "B107"),
        ("TI  - T\nPG  - 1\n", r"B162.*a\.txt, line 1: an article without PMID"),
        ("PMID- 1\n\nTI  - T\n", "B162.*line 3"),
        ("PMID- \nTI  - T\n", "B162.*line 1"),
        ("PMID- 1\nfree text\n", r"B163.*a\.txt, line 2: 'free text' is not MEDLINE"),
        ("      a\n", "B163.*line 1"),
        ("PMID- 1\nTI - T\n", "B163.*line 2"),
        ("PMID- 1\n\n      a\n", "B162.*line 1"),
    ],
)
def test_medline_mistakes(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read_text(tmp_path, content)


def article(meta: str, behind: str = "") -> str:
    return f"<article><front><article-meta>{meta}</article-meta></front>{behind}</article>"


def read_full_text(tmp_path: Path, content: str) -> list[Article]:
    path = tmp_path / "a.nxml"
    path.write_text(content, "utf-8")
    return list(read_jats(path))


def test_jats(tmp_path: Path) -> None:
    meta = (
        '<article-id pub-id-type="pmc">5</article-id><article-id pub-id-type="pmid">7</article-id>'
        "<title-group><article-title>The <italic>p</italic> value<fn><p>note</p></fn>"
        "</article-title><alt-title>V</alt-title></title-group>"
        '<abstract abstract-type="graphical"><p>No.</p></abstract>'
        "<abstract><title>Abstract</title><sec><title>Aims:</title><p>One.</p><p>Two.</p></sec>"
        "<sec><title>Results</title><p>Three<list><list-item><p>a</p></list-item><list-item>"
        "<p>b</p></list-item></list></p></sec><p>Four.</p></abstract>"
        "<trans-abstract><p>Fünf.</p></trans-abstract>"
    )
    reply = "<sub-article><front><article-meta/></front></sub-article>"
    references = '<back><ref><pub-id pub-id-type="pmid">9</pub-id></ref></back>'
    assert read_full_text(tmp_path, article(meta, references + reply)) == [
        Article("7", "The p value", "Aims: One. Two. Results: Three a b Four.")
    ]


def test_jats_sets_and_bare_articles(tmp_path: Path) -> None:
    content = f"<set>{article('')}{article('<article-id pub-id-type=pmid>1</article-id>')}</set>"
    content = content.replace("=pmid>", "='pmid'>")
    assert read_full_text(tmp_path, content) == [Article("", "", ""), Article("1", "", "")]
    with pytest.raises(BlurbError, match="B107"):
        read_full_text(tmp_path, "<article><body/></article>")


# PMID, beginning of the title, its length, beginning and end of the abstract, its length.
SAMPLES = {
    "biopython_pubmed1.xml.gz": [
        ("12091962", "The treatment of AIDS behind", 66, "", "", 0),
        (
            "9997",
            "Magnetic studies of Chromatium",
            93,
            "Electron para",
            "heme-flavin interaction.",
            676,
        ),
    ],
    "biopython_pubmed2.xml.gz": [
        ("11748933", "Is cryopreservation a homog", 154, "This study", "of sperm damage.", 1834),
        ("11700088", "Proton MRI of (13)C distrib", 65, "The sensit", "acid in water.", 1167),
    ],
    "biopython_pubmed4.xml.gz": [
        (
            "27797938",
            "Leucocyte telomere length, genetic variants at the TERT gene",
            98,
            "OBJECTIVE: Telomere shortening",
            "pancreatic cancer.",
            1755,
        )
    ],
    "biopython_pubmed5.xml.gz": [
        ("28775130", "Occupational pesticide", 96, "OBJECTIVES: Animal", "applicators.", 1934)
    ],
    "biopython_pubmed6.xml.gz": [
        (
            "30108519",
            'A "Blood Relationship" Between',
            147,
            "Maximal Lactate Steady State (MLSS)",
            "those controlling MLSS.",
            2242,
        )
    ],
    "biopython_pubmed7.xml.gz": [
        ("29963580", "Development of a pulm", 94, "We designed", "research.", 1467),
    ],
    "pubmed-29768149.xml.gz": [
        ("29768149", "Inhaled Combined", 64, "BACKGROUND: In patients", "NCT02149199 .).", 2628),
    ],
    "medic_test_medline.xml.gz": [
        ("123", "[a translated title].", 21, "background label: back", "default text", 270),
        ("987", "title", 5, "", "", 0),
    ],
    "biopython_medline_result1.txt": [
        ("12230038", "The Bio* toolkits--a", 36, "Bioinformatics", "biologist programmer.", 477)
    ],
    "biopython_medline_result2.txt": [
        ("16403221", "A high level interface", 64, "BACKGROUND: Bench", "more principled.", 1245),
        ("16377612", "GenomeDiagram: a", 82, "SUMMARY: We", "programs.html.", 838),
        ("14871861", "Open source clustering", 32, "SUMMARY: We", "distribution.", 1137),
        ("14630660", "PDB file parser and", 58, "The biopython", "www.biopython.org", 813),
    ],
    "biopython_medline_result3.txt": [
        ("23039619", "Effects of different", 79, "PURPOSE: High", "ablation treatment.", 2209)
    ],
    "1471-2180-11-174.nxml.gz": [
        ("21810267", "Factors influencing lysis", 63, "Background: Despite", "stochasticity.", 1671)
    ],
    "pone.0046493.nxml.gz": [
        ("23029536", "MmPPOX Inhibits Myco", 141, "Lipid metabolism", "growth.", 1068)
    ],
}


def read_sample(path: Path) -> Iterator[Article | Deletion]:
    if path.suffix == ".txt":
        return read_medline(path)
    return read_jats(path) if ".nxml" in path.name else read_pubmed_xml(path)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(real_data: Path, name: str) -> None:
    found = list(read_sample(real_data / "pubmed" / "xml_samples" / name))
    articles = [item for item in found if isinstance(item, Article)]
    deleted = [item for item in found if isinstance(item, Deletion)]
    assert deleted == ([Deletion("123"), Deletion("987")] if "medic" in name else [])
    assert [item.version for item in articles] == (
        [1, 2] if "medic" in name else [1] * len(articles)
    )
    assert len(articles) == len(SAMPLES[name])
    for item, (pmid, title, n_title, first, last, n_abstract) in zip(
        articles, SAMPLES[name], strict=True
    ):
        assert item.pmid == pmid
        assert item.title.startswith(title)
        assert item.abstract.startswith(first)
        assert item.abstract.endswith(last)
        assert (len(item.title), len(item.abstract)) == (n_title, n_abstract)


@pytest.mark.parametrize(
    ("name", "passage"),
    [
        ("biopython_pubmed6.xml.gz", "( V.O2max ) 67.6 ± 4.1 ml·kg-1·min-1]"),
        ("biopython_pubmed6.xml.gz", "LEmin+1mM was not different from MLSS"),
        ("biopython_pubmed7.xml.gz", "(1) inhaled He3/Xe129 MRI ventilation"),
        ("biopython_pubmed5.xml.gz", "(ptrend=0.01)"),
        ("pubmed-29768149.xml.gz", "alternative to conventional treatment strategies. METHODS: We"),
        ("1471-2180-11-174.nxml.gz", "late promoter (pR') activity"),
    ],
)
def test_inline_markup_of_the_samples(real_data: Path, name: str, passage: str) -> None:
    (article,) = read_sample(real_data / "pubmed" / "xml_samples" / name)
    assert isinstance(article, Article)
    assert passage in article.abstract
