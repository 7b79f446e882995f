"""Annotated Docs and lines as HTML: what is drawn, and that nothing of a file becomes markup."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy import displacy
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_blurb.annotations import (
    FoundRelation,
    set_found_relations,
    set_gold_entities,
    set_gold_relations,
)
from spacy_blurb.errors import BlurbError
from spacy_blurb.render import relation_arcs, render
from spacy_blurb.render.annotated import Annotated, ShownRelation, ShownSpan
from spacy_blurb.render.colors import COLORS, color_of
from spacy_blurb.render.document import MOST_CHARACTERS, MOST_SPANS, draw_document
from spacy_blurb.render.from_docs import from_doc
from spacy_blurb.render.from_jsonl import read_annotated
from spacy_blurb.render.report import write_report
from spacy_blurb.render.spans import DrawnSpan, draw_spans
from spacy_blurb.streaming.rows import to_row

from .documents import CHEMICAL, TEXT, annotated_doc

HOSTILE = "<img src=x onerror=alert(1)>"


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {key for key, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


KNOWN = {"style", "div", "span", "strong", "ul", "li", "h3", "br", "small", "p"}


def test_everything_is_drawn(nlp: Language) -> None:
    page = _Page(render(annotated_doc(nlp)))
    assert page.tags <= KNOWN
    for part in (
        "Chemical 0.97",
        "Participants 0.75",
        "Naloxone — CPR:4 → clonidine 0.93",
        "Labels higher 0.90 <i>high</i> 0.80",
        "Who <u>slept</u>? Rats",
        "& mice",
    ):
        assert part in page.text
    assert "low 0" not in page.text
    assert COLORS["CHEMICAL"] in render(annotated_doc(nlp))


def test_a_doc_and_its_travelled_copy_look_the_same(nlp: Language) -> None:
    doc = annotated_doc(nlp)
    (copy,) = DocBin(docs=[doc]).get_docs(spacy.blank("en").vocab)
    assert from_doc(copy) == from_doc(doc)


def test_gold_docs(nlp: Language) -> None:
    doc = nlp.make_doc("aspirin causes feverish")
    set_gold_entities(doc, [(0, 7, "Drug"), (15, 20, "Disease")], label_sets=["x"])
    set_gold_relations(doc, [(0, 1, "Causes", ""), (1, 0, "none", "")], none=["none"])
    shown = from_doc(doc, "7")
    # What no token fits is drawn too.
    assert shown.entities == (ShownSpan(0, 7, "Drug"), ShownSpan(15, 20, "Disease"))
    assert shown.relations == (ShownRelation((0, 7), (15, 20), "Causes"),)
    assert (shown.id, from_doc(nlp.make_doc("")).text) == ("7", "")
    doc = nlp.make_doc("aspirin")
    doc.set_ents([doc.char_span(0, 7, label="Drug")])
    assert from_doc(doc).entities == (ShownSpan(0, 7, "Drug"),)
    # Mentions of given pairs alone, as of a row of ChemProt.
    set_gold_entities(doc, [(0, 7, "Drug")], label_sets=None)
    assert from_doc(doc).entities == (ShownSpan(0, 7, "Drug"),)


def test_a_long_document_is_cut_and_says_so() -> None:
    text = "word " * 5000
    spans = [ShownSpan(5 * n, 5 * n + 4, "X") for n in range(MOST_SPANS + 3)]
    behind = ShownSpan(24_000, 24_004, "X")
    relations = tuple(ShownRelation((0, 4), (5, 9), "r") for _ in range(MOST_SPANS + 2))
    page = _Page(draw_document(Annotated("1", text, (*spans, behind), relations=relations))).text
    assert f"cut at {MOST_CHARACTERS:,} of 25,000 characters" in page
    assert "; 4 spans are not drawn; 2 relations are not shown" in page
    assert page.count("word") < 4100 + 2 * MOST_SPANS


def test_spans_that_cover_one_another_make_no_endless_page() -> None:
    """Each is drawn again under every word: the narrow ones first, and the rest is counted."""
    text = "word " * 4000
    nested = [ShownSpan(5 * n, len(text) - 5 * n - 1, "Nested") for n in range(200)]
    html = str(draw_document(Annotated("1", text, (*nested, ShownSpan(0, 4, "Word")))))
    assert len(html) < 4_000_000
    assert html.count(">Nested<") == 2
    assert html.count(">Word<") == 1
    assert "198 spans are not drawn" in html


@given(st.text(max_size=20), st.text(max_size=8), st.data())
def test_nothing_becomes_markup(text: str, label: str, data: Any) -> None:
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    spans = [(s, e) for s, e in data.draw(st.lists(places, max_size=4)) if s < e]
    shown = tuple(ShownSpan(s, e, label + HOSTILE) for s, e in spans)
    relations = tuple(ShownRelation(p, p, label + HOSTILE) for p in spans)
    document = Annotated(HOSTILE, text + HOSTILE, shown, relations=relations)
    page, _, _ = write_report([document], title=HOSTILE, most=1)
    tags = _Page(page).tags
    assert not tags & {"img", "script", "iframe"}
    assert "onerror" not in _Page(page).attributes


def test_what_several_label_sets_find_is_drawn_once() -> None:
    spans = (
        *(ShownSpan(0, 4, "Disease", score) for score in (0.5, 0.75, 0.25)),
        *(ShownSpan(5, 8, label, score) for label, score in (("Drug", 0.5), ("Disease", 0.25))),
    )
    relations = (ShownRelation((5, 8), (0, 4), "r"),)
    html = str(draw_document(Annotated("1", "cold tea", spans, relations=relations)))
    names = re.findall(r"(\w+ 0\.\d+)", html)
    assert sorted(names) == ["Disease 0.25", "Disease 0.75", "Drug 0.50"]
    # An end of a relation has the colour of what it most probably is.
    ends = re.findall(r'class="end" style="background: ([^"]+)">(\w+)', html)
    assert ends == [(color_of("Drug"), "tea"), (color_of("Disease"), "cold")]


def test_a_report_counts_a_place_once_for_each_label() -> None:
    places = [ShownSpan(0, 5, "Gene", 0.5), ShownSpan(0, 5, "Gene", 0.9), ShownSpan(0, 5, "Cell")]
    documents = [Annotated(id=str(n), text="gene1", entities=tuple(places)) for n in range(2)]
    page, *_ = write_report(documents, title="t", most=1)
    counts = re.findall(r"(Gene|Cell)\D*?(\d+)", re.sub(r"<[^>]*>", " ", page.split("</style>")[1]))
    assert counts[:2] == [("Gene", "2"), ("Cell", "2")]


def test_entities_of_other_components_are_drawn(nlp: Language) -> None:
    doc = annotated_doc(nlp)
    rats = doc.char_span(45, 49, label="SPECIES")
    doc.ents = [doc.char_span(0, 8, label=CHEMICAL), rats]
    found = from_doc(doc).entities
    assert [span[:3] for span in found] == [
        (0, 8, CHEMICAL),
        (32, 41, CHEMICAL),
        (45, 49, "SPECIES"),
    ]


def test_spans_that_overlap_and_begin_inside_words() -> None:
    html = draw_spans(
        "anti-<x> drug", [DrawnSpan(0, 8, "<i>", "red"), DrawnSpan(5, 13, "B", "blue")]
    )
    assert "&lt;x&gt;" in html
    assert html.count("&lt;i&gt;") == 1
    assert "<i>" not in html
    # Blanks at the edges do not matter.
    wide = draw_spans("a drug here", [DrawnSpan(1, 7, "B", "red")])
    assert wide == draw_spans("a drug here", [DrawnSpan(2, 6, "B", "red")])
    assert ">B<" in wide.replace("\n", "").replace(" ", "")
    # What is shown is the text, with its own blanks and line breaks.
    text = "an antihypertensive\n\n  (aspirin),\x1c with\taspirin. "
    spans = [
        DrawnSpan(7, 19, "A", "red"),
        DrawnSpan(7, 32, "B", "red"),
        DrawnSpan(4, 9, "C", "red"),
    ]
    shown = re.sub(r"<[^>]+>", "", re.sub(r">[ABC]</span>", "></span>", draw_spans(text, spans)))
    assert shown == text.replace("\x1c", " ")
    # A span of blanks has nothing to be drawn under.
    assert "B" not in draw_spans("a b", [DrawnSpan(1, 2, "B", "red")])


def test_colors_are_registered_and_stable(nlp: Language) -> None:
    doc = nlp.make_doc("aspirin")
    doc.set_ents([doc.char_span(0, 7, label="Chemical")])
    assert COLORS["CHEMICAL"] in displacy.render(doc, style="ent", jupyter=False)
    assert color_of("chemical") == COLORS["CHEMICAL"]
    assert color_of("Zzz") == color_of("Zzz")
    assert color_of("\ud800").startswith("#")


def test_arcs(nlp: Language) -> None:
    doc = annotated_doc(nlp)
    doc.set_ents([])
    for token in doc:
        token.is_sent_start = token.i in (0, 9)
    naloxone, clonidine = (0, 8, "A<b>"), (32, 41, "B")
    relations = [
        FoundRelation(clonidine, naloxone, "<i>x</i>", 0.5),
        FoundRelation(naloxone, (65, 69, "C"), "far", 0.5),
        FoundRelation((0, 17, "D"), clonidine, "overlaps", 0.5),
    ]
    set_found_relations(doc, relations)
    drawn = relation_arcs(next(doc.sents))
    assert [word["text"] for word in drawn["words"]] == [
        "Naloxone",
        "reverses the effect of",
        "clonidine",
        "in rats.",
    ]
    (arc,) = drawn["arcs"]
    assert arc == {"start": 0, "end": 2, "label": "&lt;i&gt;x&lt;/i&gt;", "dir": "left"}
    svg = displacy.render(drawn, style="dep", manual=True, jupyter=False)
    assert not _Page(svg).tags & {"b", "i"}
    assert {a["label"] for a in relation_arcs(doc)["arcs"]} == {"&lt;i&gt;x&lt;/i&gt;", "far"}
    assert relation_arcs(nlp.make_doc("")) == {"words": [], "arcs": []}


# Reports ------------------------------------------------------------------------------------------


def test_a_report_counts_what_it_leaves_out() -> None:
    documents = [Annotated(str(n), "fever", (ShownSpan(0, 5, "Disease"),)) for n in range(1234)]
    page, shown, total = write_report(iter(documents), title="x", most=2)
    assert (shown, total) == (2, 1234)
    text = _Page(page).text
    assert "1,234 documents; the first 2 are shown, 1,232 are left out." in text
    assert "Disease 1,234" in text
    assert page.count("<article>") == 2
    page, _, _ = write_report(documents[:1], title="x", most=2)
    assert "1 document." in _Page(page).text


def test_a_report_needs_nothing_else(nlp: Language) -> None:
    page, _, _ = write_report([from_doc(annotated_doc(nlp))], title=HOSTILE, most=5)
    assert "src" not in _Page(page).attributes
    assert re.findall('href="([^"]*)"', page) == ["data:,"]
    assert "url(" not in page
    assert "default-src 'none'" in page


LINE = {
    "id": "1",
    "text": TEXT,
    "entities": [{"start": 0, "end": 8, "label": "Chemical", "score": 0.9, "set": "bc5cdr"}],
    "pico": [{"start": 45, "end": 49, "label": "Participants", "score": None}],
    "relations": [{"head": [0, 8], "tail": [32, 41], "label": "CPR:4", "score": 0.5}],
    "cats": {"a": 0.4, "b": 0.6},
}


def test_what_annotate_writes_looks_as_the_doc_does(nlp: Language, tmp_path: Path) -> None:
    """Relations by position of their entities, answers with and without a place."""
    doc = annotated_doc(nlp)
    assert from_doc(doc).relations
    assert from_doc(doc).answers
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(to_row(doc)), encoding="utf-8")
    (found,) = read_annotated(path)
    assert found == from_doc(doc, found.id)


def test_lines_of_annotate(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    no_id = [{"text": "x", "more": 1}, {"id": None, "text": "x"}, {"id": "", "text": "x"}]
    lines = [json.dumps(LINE), "", *map(json.dumps, no_id)]
    path.write_text("\n".join(lines), encoding="utf-8-sig")  # as some editors write it
    first, *others = read_annotated(path)
    assert first == Annotated(
        "1",
        TEXT,
        (ShownSpan(0, 8, "Chemical", 0.9),),
        (ShownSpan(45, 49, "Participants"),),
        (ShownRelation((0, 8), (32, 41), "CPR:4", 0.5),),
        (("b", 0.6),),
    )
    assert others == [Annotated(number, "x") for number in ("3", "4", "5")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting"),
        ("[]", "an object with a string under 'text'"),
        ('{"text": 1}', "under 'text'"),
        ('{"text": "a", "entities": {}}', "'entities' is not a list of objects"),
        ('{"text": "a", "entities": [1]}', "'entities' is not a list"),
        ('{"text": "a", "entities": [{"start": 0, "end": 2, "label": "x"}]}', "0-2 is outside"),
        ('{"text": "a", "entities": [{"start": -1, "end": 1, "label": "x"}]}', "-1-1 is outside"),
        ('{"text": "a", "entities": [{"start": 0, "end": true, "label": "x"}]}', "is no place"),
        ('{"text": "a", "entities": [{"start": 0, "end": 1}]}', "'label' is None"),
        (
            '{"text": "a", "pico": [{"start": 0, "end": 1, "label": "x", "score": NaN}]}',
            "nan is no",
        ),
        ('{"text": "a", "relations": [{"head": [0], "tail": [0, 1], "label": "x"}]}', "[0] is no"),
        ('{"text": "a", "cats": [1]}', "'cats' is [1]"),
        ('{"text": "a", "cats": {"x": "y"}}', "'y' is no probability"),
        (f'{{"text": "a", "cats": {{"x": {"9" * 400}}}}}', "too large"),
        ("[" * 100_000, ""),
    ],
)
def test_lines_that_are_not_of_the_form(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "fine"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(BlurbError) as error:
        list(read_annotated(path))
    assert f"[B802] {path}, line 2: " in str(error.value)
    assert reason in str(error.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with pytest.raises(BlurbError, match="B100"):
        list(read_annotated(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BlurbError, match=r"B802.*line 1"):
        list(read_annotated(path))


def test_a_report_in_a_browser(browser: Any, nlp: Language, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    hostile = Annotated(HOSTILE, f"{HOSTILE} fever", (ShownSpan(0, 10, HOSTILE, 0.5),))
    page, _, _ = write_report([from_doc(annotated_doc(nlp)), hostile], title=HOSTILE, most=5)
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())
    articles = browser.find_elements(By.TAG_NAME, "article")
    first, second = (" ".join(article.text.split()) for article in articles)
    assert "Naloxone — CPR:4 → clonidine 0.93" in first
    assert "<b>Rats answer" in first  # the blanks are those of the text
    assert "Who <u>slept</u>? Rats 0.60" in first
    assert second.startswith(HOSTILE)
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert browser.title == HOSTILE
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []
