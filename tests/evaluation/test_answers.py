"""Answers as results: closed ones by accuracy, factoids once per group; nothing of the text."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_blurb.annotations import (
    doc_questions,
    set_answers,
    set_questions,
    set_record,
)
from spacy_blurb.components.qa_scorer import score_answers
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.results import evaluate_pipeline, read_units, score_file
from spacy_blurb.evaluation.scoring.rows import read_rows, write_rows
from spacy_blurb.tasks import get_task

GOLD = {"label": "", "answers": [], "options": []}


@pytest.fixture
def nlp() -> Language:
    """A pipeline that answers what the test says, in the order of the Docs."""
    return spacy.blank("en")


def make_doc(nlp: Language, name: str, text: str, *golds: dict[str, Any], group: str = "") -> Doc:
    doc = nlp.make_doc(text)
    rows = [{"id": str(n), "question": "which?", **GOLD, **gold} for n, gold in enumerate(golds)]
    set_questions(doc, rows)
    set_record(doc, name, group=group)
    return doc


ANSWERERS: list[Any] = []


@Language.factory("answerer", default_config={"number": 0})
def make_answerer(nlp: Language, name: str, number: int) -> Any:
    return ANSWERERS[number]


def answer_with(nlp: Language, kind: str, answers: Iterable[list[tuple[Any, ...]]]) -> None:
    """Give the candidates of each question, best first."""
    queue = iter(answers)

    def answer(doc: Doc) -> Doc:
        rows = []
        for question in doc_questions(doc):
            candidates = [list(row) for row in next(queue)]
            found = bool(candidates) and bool(candidates[0][0] or candidates[0][2] >= 0)
            rows.append(
                {
                    "id": question.id,
                    "question": question.question,
                    "kind": kind,
                    "options": list(question.options),
                    "found": found,
                    "candidates": candidates,
                }
            )
        set_answers(doc, kind, rows)  # type: ignore[arg-type]
        return doc

    ANSWERERS.append(answer)
    nlp.add_pipe("answerer", name="qa", config={"number": len(ANSWERERS) - 1})


def evaluate(task: str, nlp: Language, docs: list[Doc], folder: Path) -> tuple[dict, list]:
    data = folder / "gold.spacy"
    data.write_bytes(b"gold")
    spec, output = get_task(task), folder / "r.json"
    nlp.config["training"]["seed"] = 0
    result = evaluate_pipeline(spec, nlp, docs, output, data=data, model="m")
    return result, read_rows(folder / "r.predictions.jsonl")


def score(task: str, rows: list[dict[str, Any]], docs: list[Doc], folder: Path) -> dict:
    """Score rows of another program."""
    data, path = folder / "gold.spacy", folder / "theirs.jsonl"
    data.write_bytes(b"gold")
    write_rows(rows, path)
    spec, remarks = get_task(task), {"model": "m", "seed": None}
    return score_file(spec, docs, path, folder / "s.json", data=data, remarks=remarks)


def test_closed_questions_by_hand(nlp: Language, tmp_path: Path) -> None:
    golds = ["yes", "yes", "no", "maybe", "yes"]
    found = ["yes", "no", "no", "yes", "yes"]
    docs = [make_doc(nlp, f"q{n}", "secret text", {"label": y}) for n, y in enumerate(golds)]
    answer_with(nlp, "labels", [[(y, 0.75, -1, -1), ("maybe", 0.25, -1, -1)] for y in found])
    result, _ = evaluate("pubmedqa", nlp, docs, tmp_path)
    assert result["score"] == 3 / 5
    assert result["baseline"] == 3 / 5
    assert (result["n"], result["contexts"], result["metric"]) == (5, 5, "accuracy")
    assert result["per_label"]["yes"] == {
        "precision": 2 / 3,
        "recall": 2 / 3,
        "f1": pytest.approx(2 / 3),
        "gold": 3,
    }
    assert result["confusion"]["yes"] == {"yes": 2, "no": 1}
    assert result["calibration"]["error"] == pytest.approx(0.15)
    low, high = result["ci95"]
    assert 0 < low < 3 / 5 < high <= 1
    lines = (tmp_path / "r.predictions.jsonl").read_text(encoding="utf-8")
    assert not {"secret", "which"} & set(lines.replace('"', " ").split())
    assert json.loads(lines.splitlines()[0]) == {
        "id": "q0",
        "group": "q0",
        "score": 0.75,
        "label": "yes",
        "probs": {"yes": 0.75, "maybe": 0.25},
    }


def test_factoids_are_scored_once_per_question(nlp: Language, tmp_path: Path) -> None:
    """Two questions on two texts each: the first is right in second place, the second never."""
    text = "aspirin causes fever"
    aspirin, fever, both = (0, 7), (15, 20), (0, 20)
    gold = {"answers": [[15, "fever"], [-1, "pyrexia"]]}
    docs = [
        make_doc(nlp, "a_1", text, gold, group="a"),
        make_doc(nlp, "a_2", "no fever", {"answers": [[-1, "FEVER"]]}, group="a"),
        make_doc(nlp, "b_1", text, {"answers": [[-1, "rats"]]}, group="b"),
        make_doc(nlp, "b_2", text, {"answers": [[-1, "rats"]]}, group="b"),
    ]
    answer_with(
        nlp,
        "spans",
        [
            [("", 0.6, *aspirin), ("", 0.3, *both)],
            [("", 0.5, 3, 8), ("", 0.2, 0, 2)],
            [("", 0.6, *aspirin)],
            [("", 0.9, *fever)],
        ],
    )
    result, predictions = evaluate("bioasq_factoid", nlp, docs, tmp_path)
    assert (result["n"], result["contexts"], result["answerable"]) == (2, 4, 1)
    assert result["score"] == result["mrr"] == 1 / 4
    assert (result["strict"], result["lenient"]) == (0.0, 1 / 2)
    assert (result["em"], result["f1"]) == (0.0, 0.0)
    assert result["ranks"] == {"2": 1, "None": 1}
    assert "baseline" not in result
    assert predictions[0] == {
        "id": "a_1",
        "group": "a",
        "score": 0.6,
        "start": 0,
        "end": 7,
        "candidates": [
            {"start": 0, "end": 7, "score": 0.6},
            {"start": 0, "end": 20, "score": 0.3},
        ],
    }


def test_several_questions_of_one_doc_and_no_answer(nlp: Language, tmp_path: Path) -> None:
    golds = [{"answers": [[-1, ""]]}, {"answers": [[0, "aspirin"]]}]
    docs = [make_doc(nlp, "d", "aspirin causes fever", *golds)]
    answer_with(nlp, "spans", [[("", 0.9, -1, -1), ("", 0.1, 0, 7)], [("", 0.9, 0, 14)]])
    result, predictions = evaluate("qa", nlp, docs, tmp_path)
    assert [row["id"] for row in predictions] == ["d/0", "d/1"]
    assert result["score"] == pytest.approx((1 + 2 / 3) / 2)
    assert (result["em"], result["n"]) == (1 / 2, 2)


def test_a_question_without_an_answer_is_not_ranked(nlp: Language, tmp_path: Path) -> None:
    """As in the scores of training; one whose answer is only not in the text is missed."""
    golds = [[[-1, ""]], [[0, "aspirin"]], [[-1, "naloxone"]]]
    asked = [{"question": f"{n}?", "answers": gold} for n, gold in enumerate(golds)]
    docs = [make_doc(nlp, "d", "aspirin causes", *asked)]
    answer_with(nlp, "spans", [[("", 0.9, 0, 7)]] * 9)
    result, _ = evaluate("qa", nlp, docs, tmp_path)
    assert (result["strict"], result["mrr"], result["ranks"]) == (0.5, 0.5, {"1": 1, "None": 1})
    assert (result["n"], result["score"]) == (3, pytest.approx(1 / 3))
    ranked, rows = evaluate("bioasq_factoid", nlp, docs, tmp_path)
    assert (ranked["n"], ranked["score"], len(rows)) == (2, 0.5, 3)
    predicted = make_predicted(nlp, docs[0])
    trained = score_answers([Example(nlp(predicted), docs[0])])
    assert (trained["qa_strict"], trained["qa_mrr"]) == (0.5, 0.5)


def test_options_are_scored_by_their_index(nlp: Language, tmp_path: Path) -> None:
    options = ["a", "b", "c", "d"]
    docs = [make_doc(nlp, str(n), "x", {"label": "2", "options": options}) for n in range(2)]
    answer_with(nlp, "options", [[("2", 0.5, -1, -1)], [("1", 0.5, -1, -1)]])
    result, _ = evaluate("medqa", nlp, docs, tmp_path)
    assert (result["score"], result["baseline"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("task", "golds", "code"),
    [
        ("pubmedqa", [{}], "B540.*'convert pubmedqa' or"),
        ("qa", [{}], "B540.*'convert-own' \\(format squad or questions\\) or"),
        ("bioasq", [{"label": "maybe"}], "B541.*has the answer 'maybe', which task bioasq"),
        ("bioasq", [{"answers": [[0, "x"]]}], "B541.*questions answered by spans"),
        ("bioasq_factoid", [{"label": "yes"}], "B541.*questions answered by labels"),
        ("qa", [{"answers": [[0, "x"]]}], "B542.*'d' no answers of the kind of its gold ones"),
    ],
)
def test_gold_that_does_not_fit_is_said(
    nlp: Language, tmp_path: Path, task: str, golds: list[dict[str, Any]], code: str
) -> None:
    answer_with(nlp, "labels", [[("yes", 1.0, -1, -1)]] * 9)
    with pytest.raises(BlurbError, match=code):
        evaluate(task, nlp, [make_doc(nlp, "d", "x", *golds)], tmp_path)


def test_what_is_below_the_threshold_does_not_spoil_the_calibration(
    nlp: Language, tmp_path: Path
) -> None:
    """Its probability is that of the answer that it would be, which is right here."""
    span = {"start": 0, "end": 5, "score": 0.75}
    row = {"id": "d", "start": None, "end": None, "score": 0.75, "candidates": [span]}
    docs = [make_doc(nlp, "d", "fever rats", {"answers": [[0, "fever"]]})]
    result = score("qa", [row], docs, tmp_path)
    assert (result["em"], result["calibration"]["error"]) == (0.0, 0.25)
    docs = [make_doc(nlp, "d", "fever rats", {"label": "yes"})]
    row = {"id": "d", "label": "", "score": 0.75, "probs": {"no": 0.25, "yes": 0.75}}
    result = score("pubmedqa", [row], docs, tmp_path)
    assert (result["score"], result["calibration"]["error"]) == (0.0, 0.25)


def test_an_answer_that_the_candidates_do_not_repeat(nlp: Language, tmp_path: Path) -> None:
    docs = [make_doc(nlp, "d", "fever rats", {"answers": [[0, "fever"]]})]
    other = {"start": 6, "end": 10, "score": 0.25}
    for candidates in ([], [other]):
        row = {"id": "d", "start": 0, "end": 5, "score": 0.75, "candidates": candidates}
        result = score("qa", [row], docs, tmp_path)
        assert (result["em"], result["strict"], result["calibration"]["error"]) == (1.0, 1.0, 0.25)
    # Sure that there is none, and not an answer below a threshold.
    row = {"id": "d", "start": None, "end": None, "score": 0.75, "candidates": [other]}
    assert score("qa", [row], docs, tmp_path)["calibration"]["error"] == 0.75


# Files of other programs --------------------------------------------------------------------------


def test_a_file_of_labels_without_probabilities(nlp: Language, tmp_path: Path) -> None:
    docs = [make_doc(nlp, f"q{n}", "x", {"label": y}) for n, y in enumerate(["yes", "no", "no"])]
    rows = [{"id": f"q{n}", "label": y} for n, y in enumerate(["yes", "yes", ""])]
    result = score("pubmedqa", rows[::-1], docs, tmp_path)
    assert (result["score"], result["baseline"], result["calibration"]) == (1 / 3, 2 / 3, None)
    assert result["confusion"] == {"yes": {"yes": 1}, "no": {"yes": 1, "": 1}}
    units = read_units(tmp_path / "s.units.json")
    assert (units.kind, units.ids, units.table.tolist()) == (
        "mean",
        ("q0", "q1", "q2"),
        [[1.0], [0.0], [0.0]],
    )
    with pytest.raises(BlurbError, match=r"B630.*'q0'.*label is 2, expected a string"):
        score("pubmedqa", [{**rows[0], "label": 2}, *rows[1:]], docs, tmp_path)


def test_labels_beyond_the_tasks(nlp: Language, tmp_path: Path) -> None:
    """A mistake in a file of another program; of a pipeline just a wrong answer."""
    docs = [make_doc(nlp, "q", "x", {"label": "yes"})]
    answer_with(nlp, "labels", [[("maybe", 0.75, -1, -1)]])
    assert evaluate("bioasq", nlp, docs, tmp_path)[0]["confusion"] == {"yes": {"maybe": 1}}
    for label in ("maybe", "Yes"):
        with pytest.raises(BlurbError, match=rf"B632.*'q': '{label}'.*Its labels are: yes, no"):
            score("bioasq", [{"id": "q", "label": label}], docs, tmp_path)
    options = [make_doc(nlp, "q", "x", {"label": "2", "options": ["a", "b", "c", "d"]})]
    with pytest.raises(BlurbError, match=r"B632.*'C'.*0, 1, 2, 3"):
        score("medqa", [{"id": "q", "label": "C"}], options, tmp_path)
    assert score("medqa", [{"id": "q", "label": ""}], options, tmp_path)["score"] == 0


def test_a_file_of_spans(nlp: Language, tmp_path: Path) -> None:
    """One candidate is the answer itself; null for no answer; a question on two texts is a unit."""
    golds = {"answers": [[15, "fever"]]}, {"answers": [[-1, "fever"]]}
    docs = [
        make_doc(nlp, f"a_{n}", "aspirin causes fever", gold, group="a")
        for n, gold in enumerate(golds)
    ]
    span = {"start": 15, "end": 20, "score": 0.25}
    none = {"start": None, "end": None, "score": 0.75}
    rows = [{"id": "a_0", **span}, {"id": "a_1", **none}]
    result = score("bioasq_factoid", rows, docs, tmp_path)
    assert (result["score"], result["n"], result["contexts"]) == (1.0, 1, 2)
    assert read_units(tmp_path / "s.units.json").ids == ("a",)
    rows[0]["candidates"] = [{"start": 0, "end": 7, "score": 0.5}, span]
    assert score("bioasq_factoid", rows, docs, tmp_path)["score"] == 0.5
    for wrong, code in (
        ({"start": 15, "end": 21}, "B631.*15-21"),
        ({"start": None}, "B630.*start"),
        ({"score": "high"}, "B630.*score"),
        ({"candidates": [span, 3]}, "B630.*candidates is 3, expected objects"),
        ({"candidates": [{"start": 15, "end": 20}]}, "B630.*score"),
    ):
        with pytest.raises(BlurbError, match=code):
            score("bioasq_factoid", [{**rows[0], **wrong}, rows[1]], docs, tmp_path)


def test_what_is_predicted_is_scored_again_the_same(nlp: Language, tmp_path: Path) -> None:
    docs = [make_doc(nlp, str(n), "x y", {"answers": [[0, "x"]]}, group="g") for n in range(2)]
    # Rounded to six places the second would be as probable as the first.
    answer_with(nlp, "spans", [[("", 2e-9, 2, 3)], [("", 3e-9, 0, 1)]])
    result, rows = evaluate("bioasq_factoid", nlp, docs, tmp_path)
    again = score("bioasq_factoid", rows, docs, tmp_path)
    assert result["score"] == again["score"] == 1.0
    assert result["gold_sha256"] == again["gold_sha256"]


def test_questions_of_two_kinds_have_no_common_measure(nlp: Language, tmp_path: Path) -> None:
    docs = [make_doc(nlp, "d", "x", {"label": "yes"}, {"answers": [[0, "x"]]})]
    with pytest.raises(BlurbError, match="B543"):
        score("qa", [], docs, tmp_path)
