"""The page, also in a real browser where there is one."""

import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_blurb.data.docbin import RelationScheme, read_docbin, write_docbin
from spacy_blurb.data.records import LabelledText, Mention, Question, Record, Relation, TextPair
from spacy_blurb.evaluation.error_marks import draw_marked
from spacy_blurb.evaluation.error_views import build_views
from spacy_blurb.evaluation.leaderboard import build_board
from spacy_blurb.evaluation.leaderboard_page import board_to_html
from spacy_blurb.evaluation.result_files import read_results
from spacy_blurb.evaluation.results import _score
from spacy_blurb.evaluation.scoring.rows import write_rows
from spacy_blurb.tasks import get_task

from .boards import HOSTILE, write_result

TEXT = "Aspirin <b>causes</b> fever & more fever."


def write_gold(folder: Path) -> None:
    """A task of each kind that has a view."""
    tokenizer = spacy.blank("en").tokenizer
    mentions = (Mention(22, 27, "Disease"), Mention(35, 40, "Disease"))
    records = [Record("d1", TEXT, mentions), Record("d2", "rats", ())]
    write_docbin(
        records, folder / "ncbi_disease" / "test.spacy", tokenizer, label_sets=["ncbi_disease"]
    )
    labels = get_task("hoc").labels
    texts = [LabelledText("t1", "cells <i>die</i>", (labels[7],), "t1")]
    write_docbin(texts, folder / "hoc" / "test.spacy", tokenizer, label_sets=["hoc"], labels=labels)
    pairs = [TextPair("p1", "a", "b", 0.0), TextPair("p2", "c", "c", 4.0)]
    write_docbin(pairs, folder / "biosses" / "test.spacy", tokenizer, label_sets=["biosses"])
    write_gold_relations(folder)
    write_gold_questions(folder)


ENDS = (Mention(0, 7, "Chemical"), Mention(22, 27, "Disease"), Mention(35, 40, "Disease"))


def write_gold_relations(folder: Path) -> None:
    """Undirected ones between entities, and directed ones between concepts."""
    tokenizer = spacy.blank("en").tokenizer
    effect = (Relation(0, 1, "DDI-effect"),)
    records = [Record("r1", TEXT, ENDS, relations=effect), Record("r2", "none")]
    path = folder / "ddi" / "test.spacy"
    scheme = RelationScheme()
    write_docbin(records, path, tokenizer, label_sets=["ddi"], relations=scheme)
    record = Record(
        "c1",
        TEXT,
        ENDS,
        relations=(Relation(0, 1, "CID", concepts=("D1", "D2")),),
        concepts=(("D1",), ("D2",), ("D2", "D3")),
    )
    path = folder / "bc5cdr_cid" / "test.spacy"
    write_docbin([record], path, tokenizer, label_sets=["bc5cdr_cid"], relations=scheme)


def write_gold_questions(folder: Path) -> None:
    """Of each of the three kinds; the second of each is answered right below."""
    golds = {
        "pubmedqa": [
            Question("q1", "Is <i>it</i>?", TEXT, "maybe"),
            Question("q2", "Is it?", TEXT, "yes"),
        ],
        "bioasq_factoid": [
            Question("f1", "What <i>rises</i>?", TEXT, answers=((22, "fever"),), group="f1"),
            Question("f2", "What causes it?", TEXT, answers=((0, "Aspirin"),), group="f2"),
            Question("f3", "Where?", TEXT, answers=((-1, "in rats"),), group="f3"),
        ],
        "medqa": [
            Question("o1", "Which <b>drug</b>?", "", "1", options=("one", "<u>two</u>")),
            Question("o2", "Which one?", "", "0", options=("one", "two")),
        ],
    }
    for task, records in golds.items():
        path = folder / task / "test.spacy"
        write_docbin(records, path, spacy.blank("en").tokenizer, label_sets=[task])


def score(results: Path, gold: Path, task: str, rows: list, model: str) -> None:
    data, predictions = gold / task / "test.spacy", results / task / f"{model[:3]}.jsonl"
    write_rows(rows, predictions)
    docs = read_docbin(data, spacy.blank("en").vocab)
    output = results / task / f"{len(model)}-s0.json"
    remarks = {"model": model, "seed": 0}
    # As `evaluate` does: a pipeline may give labels that are none of the task's.
    _score(get_task(task), docs, rows, predictions, output, data=data, remarks=remarks)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    results, gold = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("gold")
    write_gold(gold)
    wrong = {"start": 0, "end": 7, "label": "Disease"}
    right = {"start": 22, "end": 27, "label": "Disease"}
    rows = [{"id": "d1", "entities": [wrong, right]}, {"id": "d2", "entities": []}]
    # Of a type that the task does not have: not scored, so no error.
    rows[1]["entities"] = [{"start": 0, "end": 4, "label": "Animal"}]
    score(results, gold, "ncbi_disease", rows, HOSTILE)
    score(results, gold, "hoc", [{"id": "t1", "labels": [get_task("hoc").labels[0]]}], HOSTILE)
    score(
        results, gold, "biosses", [{"id": "p1", "score": 3.0}, {"id": "p2", "score": 4.0}], HOSTILE
    )
    score_relations(results, gold)
    score_questions(results, gold)
    for seed in (0, 1):
        write_result(results, "bc2gm", "plain", seed, right=7 + seed, settings={"epochs": 1})
    return results, gold


def score_relations(results: Path, gold: Path) -> None:
    aspirin, fever, again = ([m.start, m.end, m.label] for m in ENDS)
    # A mirror image is right where relations have no direction; one label is wrong, none missed.
    mirrored = {"head": fever, "tail": aspirin, "label": "DDI-effect"}
    made_up = {"head": aspirin, "tail": again, "label": "<i>x</i>"}
    rows = [{"id": "r1", "relations": [mirrored, made_up]}, {"id": "r2", "relations": []}]
    score(results, gold, "ddi", rows, HOSTILE)
    relations = [{"head": aspirin, "tail": again, "label": "CID"}]
    score(results, gold, "bc5cdr_cid", [{"id": "c1", "relations": relations}], HOSTILE)


def score_questions(results: Path, gold: Path) -> None:
    rows = [{"id": "q1", "label": "yes"}, {"id": "q2", "label": "yes"}]
    score(results, gold, "pubmedqa", rows, HOSTILE)
    spans = {"f1": (35, 40), "f2": (22, 27), "f3": (None, None)}
    rows = [{"id": i, "start": s, "end": e, "score": 0.5} for i, (s, e) in spans.items()]
    score(results, gold, "bioasq_factoid", rows, HOSTILE)
    rows = [{"id": "o1", "label": "0"}, {"id": "o2", "label": "0"}]
    score(results, gold, "medqa", rows, HOSTILE)


@pytest.fixture(scope="module")
def page(folders: tuple[Path, Path]) -> str:
    results, gold = folders
    board = build_board(read_results(results), against=read_results(results))
    return board_to_html(board, gold)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_hostile_names_and_texts_are_text(page: str) -> None:
    tags = _Tags()
    tags.feed(page)
    assert not [tag for tag, _ in tags.found if tag in {"img", "iframe", "object", "i", "b", "u"}]
    events = [key for _, attrs in tags.found for key in attrs if key.startswith("on")]
    assert events == []
    assert page.count("<script>") == 1
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "&lt;b&gt;causes&lt;/b&gt;" in page


def test_the_page_needs_nothing_else(page: str) -> None:
    tags = _Tags()
    tags.feed(page)
    links = [a[k] for _, a in tags.found for k in ("src", "href") if a.get(k)]
    assert links
    assert all(link.startswith("#") or link == "data:," for link in links)
    targets = {a["id"] for _, a in tags.found if a.get("id")}
    assert {link[1:] for link in links if link.startswith("#")} <= targets
    assert "url(" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_all_rows_are_there(page: str) -> None:
    assert page.count('data-published="1"') == 18
    assert page.count('data-published="0"') == 2
    assert "2010 i2b2/VA" in page
    assert "seed 0: 70.00; seed 1: 80.00" in page
    assert "<polyline" in page


def test_views_of_errors(folders: tuple[Path, Path], tmp_path: Path) -> None:
    results, gold = folders
    board = build_board(read_results(results))
    views = {view.task: view for view in build_views(board, gold)}
    ((doc_id, html),) = views["ncbi_disease"].items
    assert (doc_id, views["ncbi_disease"].total) == ("d1", 1)
    assert sorted(re.findall("([✓–✗]) Disease", str(html))) == ["–", "✓", "✗"]
    ((_, html),) = views["hoc"].items
    assert "– resisting cell death" in html
    assert f"✗ {get_task('hoc').labels[0]}" in html
    # The pair that is farthest off comes first.
    assert [pair for pair, _ in views["biosses"].items] == ["p1", "p2"]
    assert "is not there" in views["bc2gm"].reason
    assert {view.total for view in build_views(board, tmp_path)} == {0}


def chips(html: object) -> list[str]:
    return [unescape(chip) for chip in re.findall('<span class="chip [a-z]+">(.*?)</span>', html)]


def test_views_of_wrong_relations(folders: tuple[Path, Path]) -> None:
    results, gold = folders
    views = {view.task: view for view in build_views(build_board(read_results(results)), gold)}
    ((name, html),) = views["ddi"].items
    assert (name, views["ddi"].total) == ("r1", 1)
    assert chips(html) == ["✓ Aspirin → fever: DDI-effect", "✗ Aspirin → fever: <i>x</i>"]
    # The ends of relations are drawn in the text.
    assert str(html).count("Disease") == 2
    # One mention has two concepts, so one prediction is two relations, one of them right.
    ((_, html),) = views["bc5cdr_cid"].items
    assert chips(html) == ["✓ D1 (Aspirin) → D2 (fever): CID", "✗ D1 (Aspirin) → D3 (fever): CID"]


def test_views_show_what_the_score_counts(folders: tuple[Path, Path]) -> None:
    results, gold = folders
    found = {r.task: r.content for r in read_results(results)}
    views = {view.task: view for view in build_views(build_board(read_results(results)), gold)}
    for task in ("ddi", "bc5cdr_cid"):
        marks = [chip[0] for _, html in views[task].items for chip in chips(html)]
        counted = (found[task]["correct"], found[task]["predicted"], found[task]["gold"])
        right, wrong, missed = (marks.count(mark) for mark in "✓✗–")
        assert (right, right + wrong, right + missed) == counted
    for task in ("pubmedqa", "medqa"):
        assert 1 - views[task].total / found[task]["n"] == found[task]["score"]


def test_views_of_wrong_answers(folders: tuple[Path, Path]) -> None:
    results, gold = folders
    views = {view.task: view for view in build_views(build_board(read_results(results)), gold)}
    ((name, html),) = views["pubmedqa"].items
    assert (name, chips(html)) == ("q1", ["– maybe", "✗ yes"])
    assert "Is &lt;i&gt;it&lt;/i&gt;?" in html
    ((name, html),) = views["medqa"].items
    assert (name, chips(html)) == ("o1", ["– 1: <u>two</u>", "✗ 0: one"])
    # A question that is its own text stands there once.
    assert str(html).count("Which") == 1
    # The second "fever" has the words of the gold answer: right, as the score has it.
    ((name, html),) = views["bioasq_factoid"].items
    assert name == "f2"
    assert re.findall("([✓–✗]) answer", str(html)) == ["–", "✗"]


def test_an_answer_where_there_is_none_and_none_where_there_is_one(tmp_path: Path) -> None:
    results, gold = tmp_path / "results", tmp_path / "gold"
    write_gold_questions(gold)
    spans = {"f1": (None, None), "f2": (0, 7), "f3": (0, 7)}
    rows = [{"id": i, "start": s, "end": e, "score": 0.5} for i, (s, e) in spans.items()]
    score(results, gold, "bioasq_factoid", rows, "m")
    (view,) = build_views(build_board(read_results(results)), gold)
    first, third = (html for _, html in view.items)
    assert [name for name, _ in view.items] == ["f1", "f3"]
    assert (re.findall("([–✗]) answer", str(first)), chips(first)) == (["–"], ["✗ no answer"])
    assert (re.findall("([–✗]) answer", str(third)), chips(third)) == (["✗"], ["– no answer"])


def test_a_view_needs_the_gold_data_of_its_result(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    results, _ = folders
    write_gold(tmp_path)
    other = [Record("d1", TEXT, (Mention(0, 7, "Disease"),)), Record("d2", "rats", ())]
    data = tmp_path / "ncbi_disease" / "test.spacy"
    write_docbin(other, data, spacy.blank("en").tokenizer, label_sets=["ncbi_disease"])
    views = {view.task: view for view in build_views(build_board(read_results(results)), tmp_path)}
    assert "is not the gold data of this result" in views["ncbi_disease"].reason
    assert views["hoc"].total == 1


@pytest.mark.parametrize("task", ["ncbi_disease", "hoc", "biosses"])
def test_a_prediction_file_that_was_changed_costs_one_view(
    folders: tuple[Path, Path], tmp_path: Path, task: str
) -> None:
    results, gold = folders
    copied = tmp_path / "results"
    shutil.copytree(results, copied)
    (path,) = (copied / task).glob("*.jsonl")
    rows = [{"id": json.loads(line)["id"]} for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    views = {view.task: view for view in build_views(build_board(read_results(copied)), gold)}
    assert "B630" in views[task].reason
    assert sum("B630" in view.reason for view in views.values()) == 1


def test_spans_that_overlap_and_begin_inside_words() -> None:
    html = draw_marked("anti-<x> drug", [(0, 8, "<i>", "right"), (5, 13, "B", "wrong")])
    assert "&lt;x&gt;" in html
    assert html.count("✓ &lt;i&gt;") == 1
    assert "<i>" not in html
    assert draw_marked("", []).strip().startswith("<div")


# In a browser ------------------------------------------------------------------------------------


def test_in_a_browser(browser: Any, page: str, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    browser.get(path.as_uri())

    def names() -> list[str]:
        cells = browser.find_elements(By.CSS_SELECTOR, "table.board tbody tr .name")
        return [cell.text for cell in cells if cell.is_displayed()]

    assert HOSTILE in names()  # as text
    assert browser.find_elements(By.TAG_NAME, "img") == []
    # Sorted by a click: BLURB from the highest down, rows without a score last; then up.
    header = browser.find_elements(By.CSS_SELECTOR, "table.board thead button")[1]
    header.click()
    assert names()[0] == "BioLinkBERT-large"
    assert header.find_element(By.XPATH, "..").get_attribute("aria-sort") == "descending"
    header.click()
    assert names()[0] == "BERT cased"
    assert names()[-1] not in ("BioLinkBERT-large", "BERT cased")
    # And by keyboard.
    first = browser.find_elements(By.CSS_SELECTOR, "table.board thead button")[0]
    first.send_keys(Keys.ENTER)
    assert names() == sorted(names(), key=str.casefold)
    # Also by a column that a row ends before, as a difference without a figure does.
    last = browser.find_elements(By.CSS_SELECTOR, "table.board thead button")[-1]
    browser.execute_script("document.querySelector('table.board tbody tr').deleteCell(-1)")
    shortened = names()[0]
    last.click()
    assert last.find_element(By.XPATH, "..").get_attribute("aria-sort") == "descending"
    assert names()[0] != shortened
    # Found by name, and published rows hidden.
    browser.find_element(By.ID, "find").send_keys("linkbert")
    assert sorted(names()) == ["BioLinkBERT-base", "BioLinkBERT-large"]
    browser.find_element(By.ID, "find").clear()
    browser.find_element(By.ID, "find").send_keys(Keys.SPACE, Keys.BACKSPACE)
    browser.find_element(By.ID, "published").click()
    assert sorted(names()) == sorted([HOSTILE, "plain"])
    # A view of errors, opened.
    views = browser.find_elements(By.CSS_SELECTOR, "details.view")
    view = next(v for v in views if v.text.startswith("ncbi_disease"))
    article = view.find_element(By.TAG_NAME, "article")
    assert not article.is_displayed()
    view.find_element(By.TAG_NAME, "summary").click()
    assert article.is_displayed()
    assert "<b>causes</b>" in " ".join(article.text.split())
    assert "– Disease" in article.text
    # And one of relations.
    view = next(v for v in views if v.text.startswith("ddi"))
    view.find_element(By.TAG_NAME, "summary").click()
    lines = [item.text for item in view.find_elements(By.CSS_SELECTOR, ".relations li")]
    assert lines == ["✓ Aspirin → fever: DDI-effect", "✗ Aspirin → fever: <i>x</i>"]
    severe = [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"]
    assert severe == []
