"""The program that looks for evaluation data in text for pretraining."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_blurb.annotations.questions import set_questions

WORDS = [f"word{number}" for number in range(14)]


@pytest.fixture
def compare(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function: documents, evaluation Docs → exit code, report, titles."""
    main = runpy.run_path(str(project / "results" / "pretraining" / "overlap.py"))["main"]

    def run(documents: list[str], docs: list[Doc]) -> tuple[int, dict[str, Any], str]:
        corpus, text = tmp_path / "task", tmp_path / "text.txt"
        corpus.mkdir()
        DocBin(docs=docs, store_user_data=True).to_disk(corpus / "test.spacy")
        text.write_text("\n\n".join(documents) + "\n", encoding="utf-8")
        report, titles = tmp_path / "report.json", tmp_path / "titles.txt"
        files = [f"--texts={text}", f"--corpora={corpus}", f"--json={report}"]
        assert main([*files, f"--titles={titles}"]) == 0
        found = json.loads(report.read_text())
        code = main(files)
        # The list is the one that `corpus` takes: nothing is left that overlaps.
        assert main([*files, f"--exclude={titles}"]) == 0
        left = json.loads(report.read_text())
        assert (left["without_listed"], left["overlapping"]) == (True, 0)
        assert left["documents"] == found["documents"] - found["overlapping"]
        capsys.readouterr()
        return code, found, titles.read_text(encoding="utf-8")

    return run


def make_doc(text: str) -> Doc:
    return spacy.blank("en").make_doc(text)


def test_thirteen_words_in_a_row_are_an_overlap(compare: Any) -> None:
    """Across sentences, whatever the case and the points; twelve are none."""
    documents = [
        "A title.\nWord0, word1 word2; WORD3 " + ".\n".join(WORDS[4:11]) + " word11-word12 (x)",
        "Another.\n" + " ".join(WORDS[:12]) + " and " + " ".join(WORDS[12:]),
    ]
    code, report, titles = compare(documents, [make_doc(" ".join(WORDS))])
    assert code == 1
    assert titles == "A title.\n"
    assert (report["documents"], report["overlapping"]) == (2, 1)
    row = {"texts": 1, "runs": 2, "shared_runs": 1, "documents": 1}
    assert report["evaluation"] == {"task test": row}


def test_dummies_are_in_no_run(compare: Any) -> None:
    text = " ".join([*WORDS[:7], "@GENE$", *WORDS[7:]])
    code, report, _ = compare([text.replace("@GENE$", "GENE")], [make_doc(text)])
    assert code == 0
    assert report["evaluation"]["task test"]["runs"] == 0


def test_questions_are_compared_too(compare: Any) -> None:
    doc = make_doc("Yes.")
    set_questions(doc, [{"id": "q", "question": " ".join(WORDS)}])
    code, report, titles = compare([" ".join(WORDS)], [doc])
    assert (code, report["overlapping"]) == (1, 1)
    assert titles.split() == WORDS


def test_the_page_has_the_figures_of_the_file(project: Path) -> None:
    report = json.loads((project / "results" / "pretraining" / "overlap.json").read_text())
    page = " ".join((project / "docs" / "pretraining.md").read_text(encoding="utf-8").split())
    n_corpora = len({name.rsplit(" ", 1)[0] for name in report["evaluation"]})
    chemprot = report["evaluation"]["chemprot_original dev"]["documents"]
    found = (
        f"{report['overlapping']} share such a run with dev or test of one of {n_corpora} corpora"
    )
    assert f"Of the {report['documents']:,} documents that we have, {found}, {chemprot} of" in page
    left = json.loads((project / "results" / "pretraining" / "overlap_left.json").read_text())
    assert left["without_listed"]
    assert left["evaluation"].keys() == report["evaluation"].keys()
    kept = f"`corpus` keeps {left['documents']:,} without them, and {left['overlapping']} of these"
    assert kept in page
