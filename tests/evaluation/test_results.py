"""Result files: scores computed by hand, and what made them."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import pytest
import spacy

from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.evaluation.predict import EntityPrediction, predict_entities
from spacy_blurb.evaluation.results import (
    calibration_result,
    describe_run,
    entity_result,
    write_result,
)
from spacy_blurb.tasks import get_task


@pytest.fixture(scope="module")
def result(rule_pipeline: Path, scored_by_hand: Path) -> dict:
    nlp = spacy.load(rule_pipeline)
    predictions = predict_entities(nlp, read_docbin(scored_by_hand, nlp.vocab))
    return entity_result(get_task("bc5cdr"), nlp, predictions, data=scored_by_hand)


def test_scores_by_hand(result: dict) -> None:
    assert (result["correct"], result["predicted"], result["gold"]) == (3, 4, 6)
    assert (result["precision"], result["recall"], result["score"]) == (0.75, 0.5, 0.6)
    assert result["per_label"] == {
        "Chemical": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 2},
        "Disease": {"precision": 0.5, "recall": 0.25, "f1": pytest.approx(1 / 3), "gold": 4},
    }
    assert (result["task"], result["metric"], result["n"]) == ("bc5cdr", "entity_f1", 3)


def test_the_interval_contains_the_score(result: dict) -> None:
    low, high = result["ci95"]
    assert low < 0.6 < high
    # Of three documents with F1 1, 1/2 and 0 the extremes are each drawn three times in 1 of 27.
    assert (low, high) == (0.0, 1.0)


def test_what_made_the_result(result: dict, scored_by_hand: Path) -> None:
    assert result["data_sha256"] == hashlib.sha256(scored_by_hand.read_bytes()).hexdigest()
    assert result["model"] == "en_pipeline-0.0.0"
    assert result["seed"] == 0
    assert result["versions"]["spacy"] == version("spacy")
    assert result["versions"]["spacy-blurb"] == version("spacy-blurb")
    assert json.loads(json.dumps(result)) == result


def test_the_seed_of_a_trained_pipeline_is_a_number(trained_folder: Path) -> None:
    """`training.seed` of our configs refers to `system.seed`."""
    assert describe_run(spacy.load(trained_folder))["seed"] == 3


def test_calibration_of_probabilities() -> None:
    """Gold is the first of each pair of spans."""
    spans = [(0, 1, "X"), (2, 3, "Y")]
    predictions = [
        EntityPrediction("1", [spans[0]], spans, [0.95, 0.25]),
        EntityPrediction("2", [spans[0]], spans, [0.25, 0.95]),
        EntityPrediction("3", [], [], []),
    ]
    found = calibration_result(predictions)
    assert found["error"] == pytest.approx((2 * 0.25 + 2 * 0.45) / 4)
    assert [row for row in found["bins"] if row[0]] == [[2, 0.25, 0.5], [2, 0.95, 0.5]]
    assert len(found["bins"]) == 10
    unknown = EntityPrediction("4", [], [spans[0]], [None])
    assert calibration_result([*predictions, unknown]) is None
    assert calibration_result(predictions[2:]) is None


def test_pico_by_hand() -> None:
    """Words at 0-2, 3-5, 6-8: two of P, one of O, none of I, which counts all the same."""
    words = [(0, 2), (3, 5), (6, 8)]
    gold = [(0, 5, "Participants"), (3, 5, "Outcome")]
    predicted = [(3, 8, "Participants"), (3, 5, "Outcome")]
    predictions = [EntityPrediction("1", gold, predicted, [0.5, 0.5], words=words)]
    nlp = spacy.blank("en")
    data = Path(__file__)
    result = entity_result(get_task("ebm_pico"), nlp, predictions, data=data)
    assert result["score"] == pytest.approx((0.5 + 0 + 1) / 3)
    assert result["ci95"] == pytest.approx([0.5, 0.5])
    assert (result["correct"], result["predicted"], result["gold"]) == (2, 3, 3)
    assert result["per_label"] == {
        "Participants": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "gold": 2},
        "Intervention": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "gold": 0},
        "Outcome": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 1},
    }
    assert (result["task"], result["metric"], result["n"]) == ("ebm_pico", "macro_word_f1", 1)


def test_files(tmp_path: Path) -> None:
    predictions = [
        EntityPrediction("α", [(0, 1, "X")], [(0, 1, "X"), (2, 3, "Y")], [0.25, None]),
        EntityPrediction("2", [], [], []),
    ]
    output = tmp_path / "deep" / "ncbi.small.json"
    path = write_result({"score": 0.5}, predictions, output)
    assert json.loads(output.read_text(encoding="utf-8")) == {
        "score": 0.5,
        "predictions": "ncbi.small.predictions.jsonl",
    }
    assert path == output.with_name("ncbi.small.predictions.jsonl")
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {
            "id": "α",
            "entities": [
                {"start": 0, "end": 1, "label": "X", "score": 0.25},
                {"start": 2, "end": 3, "label": "Y", "score": None},
            ],
        },
        {"id": "2", "entities": []},
    ]
