"""Result files: scores computed by hand, and what made them."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import spacy

from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.results import (
    describe_pipeline,
    evaluate_pipeline,
    hash_gold,
    read_units,
    score_file,
    write_units,
)
from spacy_blurb.evaluation.scoring.entities import GoldEntities
from spacy_blurb.metrics.resampling import Units
from spacy_blurb.tasks import get_task


@pytest.fixture(scope="module")
def written(
    rule_pipeline: Path, scored_by_hand: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("results") / "deep" / "rules.v1.json"
    nlp = spacy.load(rule_pipeline)
    docs = read_docbin(scored_by_hand, nlp.vocab)
    evaluate_pipeline(get_task("bc5cdr"), nlp, docs, output, data=scored_by_hand)
    return output


@pytest.fixture(scope="module")
def result(written: Path) -> dict:
    return json.loads(written.read_text(encoding="utf-8"))


def test_scores_by_hand(result: dict) -> None:
    assert (result["correct"], result["predicted"], result["gold"]) == (3, 4, 6)
    assert (result["precision"], result["recall"], result["score"]) == (0.75, 0.5, 0.6)
    assert result["per_label"] == {
        "Chemical": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 2},
        "Disease": {"precision": 0.5, "recall": 0.25, "f1": pytest.approx(1 / 3), "gold": 4},
    }
    assert (result["task"], result["metric"], result["n"]) == ("bc5cdr", "entity_f1", 3)
    assert (result["other_types"], result["calibration"]) == (0, None)


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


def test_the_seed_of_a_trained_pipeline_is_a_number(trained_folder: Path) -> None:
    """`training.seed` of our configs refers to `system.seed`."""
    assert describe_pipeline(spacy.load(trained_folder))["seed"] == 3


def test_the_result_names_the_encoder(trained_folder: Path, tiny_encoder: Path) -> None:
    """Without it a table would average two encoders under a pipeline's default name."""
    assert describe_pipeline(spacy.load(trained_folder))["encoder"] == tiny_encoder.name
    assert "encoder" not in describe_pipeline(spacy.blank("en"))


def test_files_beside_the_result(written: Path, result: dict) -> None:
    names = {path.name for path in written.parent.iterdir()}
    assert names == {"rules.v1.json", "rules.v1.predictions.jsonl", "rules.v1.units.json"}
    assert (result["predictions"], result["units"]) == (
        "rules.v1.predictions.jsonl",
        "rules.v1.units.json",
    )
    units = read_units(written.parent / result["units"])
    assert (units.kind, units.ids) == ("f1", ("d1", "d2", "d3"))
    assert units.table.tolist() == [[2, 2, 2], [1, 2, 2], [0, 0, 2]]
    assert units.score() == result["score"]


def test_scoring_the_prediction_file_gives_the_same_result(
    written: Path, result: dict, scored_by_hand: Path, tmp_path: Path
) -> None:
    """There is one way to a score."""
    docs = read_docbin(scored_by_hand, spacy.blank("en").vocab)
    predictions = written.parent / result["predictions"]
    found = score_file(
        get_task("bc5cdr"),
        docs,
        predictions,
        tmp_path / "again.json",
        data=scored_by_hand,
        remarks={"model": result["model"], "seed": 0},
    )
    own = {"predictions", "units", "date", "command"}
    assert {k: v for k, v in found.items() if k not in own} == {
        k: v for k, v in result.items() if k not in own
    }
    assert (tmp_path / found["predictions"]).resolve() == predictions.resolve()


def test_gold_is_named_by_its_content(scored_by_hand: Path, result: dict) -> None:
    item = GoldEntities("1", [(0, 1, "X")], 5)
    assert hash_gold([item]) == hash_gold([GoldEntities("1", [(0, 1, "X")], 5)])
    assert len({hash_gold([item]), hash_gold([GoldEntities("1", [(0, 1, "Y")], 5)])}) == 2
    assert len({hash_gold([item]), hash_gold([GoldEntities("2", [(0, 1, "X")], 5)])}) == 2
    assert len(result["gold_sha256"]) == 64


def test_pico_is_scored_by_words(tmp_path: Path) -> None:
    """Words at 0-2, 3-5, 6-8: two of P, one of O, none of I, which counts all the same."""
    mentions = (Mention(0, 5, "Participants"), Mention(3, 5, "Outcome"))
    record = Record("1", "ab cd ef", mentions, ((0, 2), (3, 5), (6, 8)))
    data, rows = tmp_path / "a.spacy", tmp_path / "p.jsonl"
    tokenizer = spacy.blank("en").tokenizer
    write_docbin([record], data, tokenizer, label_sets=["ebm_pico"], entities_key="pico")
    found = [(3, 8, "Participants", 0.5), (3, 5, "Outcome", 0.5)]
    entities = [dict(zip(("start", "end", "label", "score"), span, strict=True)) for span in found]
    rows.write_text(json.dumps({"id": "1", "entities": entities}), encoding="utf-8")
    docs = read_docbin(data, spacy.blank("en").vocab)
    task, remarks = get_task("ebm_pico"), {"model": "m", "seed": None}
    result = score_file(task, docs, rows, tmp_path / "r.json", data=data, remarks=remarks)
    assert result["score"] == pytest.approx((0.5 + 0 + 1) / 3)
    assert result["ci95"] == pytest.approx([0.5, 0.5])
    assert (result["correct"], result["predicted"], result["gold"]) == (2, 3, 3)
    assert result["per_label"] == {
        "Participants": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "gold": 2},
        "Intervention": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "gold": 0},
        "Outcome": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 1},
    }
    assert (result["task"], result["metric"], result["n"]) == ("ebm_pico", "macro_word_f1", 1)


def test_units_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "u.json"
    with pytest.raises(BlurbError, match="B633"):
        read_units(path)
    write_units(Units("pearson", ("a", "b"), np.array([[1.0, 0.25], [2.0, 0.5]])), path)
    assert read_units(path).table.tolist() == [[1, 0.25], [2, 0.5]]
    small = Units("pearson", ("a", "b"), np.array([[3, 1.25e-9], [1 / 3, 2e7 / 3]]))
    write_units(small, path)
    assert read_units(path).table == pytest.approx(small.table, rel=1e-8)
    for content in (
        "{}",
        '{"kind": "f1", "ids": [], "table": []}',
        '{"kind": "f1", "ids": ["a", "b"], "table": [[1, 1, 1]]}',
        '{"kind": "f1", "ids": ["a"], "table": [[1, null, 1]]}',
        '{"kind": "f1", "ids": ["a"], "table": [[1, 1]]}',
        '{"kind": "mean", "ids": ["a"], "table": [[1, 1, 1]]}',
        '{"kind": "macro_f1", "ids": ["a"], "table": [[1, 1, 1, 1]]}',
        '{"kind": "median", "ids": ["a"], "table": [[1]]}',
        '{"kind": ["f1"], "ids": ["a"], "table": [[1, 1, 1]]}',
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(BlurbError, match="B633"):
            read_units(path)


def test_what_is_read_is_not_written_over(
    rule_pipeline: Path, scored_by_hand: Path, written: Path, tmp_path: Path
) -> None:
    nlp = spacy.load(rule_pipeline)
    docs = read_docbin(scored_by_hand, nlp.vocab)
    task, remarks = get_task("bc5cdr"), {"model": "m", "seed": 0}
    gold = tmp_path / "x.predictions.jsonl"
    gold.write_bytes(scored_by_hand.read_bytes())
    before = gold.read_bytes()
    for output in (gold, tmp_path / "x.json"):
        with pytest.raises(BlurbError, match=r"B648.*x\.predictions\.jsonl"):
            evaluate_pipeline(task, nlp, docs, output, data=gold)
    assert gold.read_bytes() == before
    predictions = tmp_path / "p.json"
    predictions.write_bytes(written.with_name("rules.v1.predictions.jsonl").read_bytes())
    before = predictions.read_bytes()
    for output in (predictions, gold):
        with pytest.raises(BlurbError, match="B648"):
            score_file(task, docs, predictions, output, data=gold, remarks=remarks)
    assert predictions.read_bytes() == before


def test_gold_docs_with_one_id_are_named_before_anything_is_predicted(
    rule_pipeline: Path, tmp_path: Path
) -> None:
    nlp = spacy.load(rule_pipeline)
    path = tmp_path / "twice.spacy"
    records = [Record("1", "aspirin"), Record("1", "fever")]
    write_docbin(records, path, nlp.tokenizer, label_sets=["bc5cdr"])
    docs = read_docbin(path, nlp.vocab)
    with pytest.raises(BlurbError, match=r"B649.*twice\.spacy: 1 ids.*'1'"):
        evaluate_pipeline(get_task("bc5cdr"), nlp, docs, tmp_path / "r.json", data=path)
    assert not (tmp_path / "r.predictions.jsonl").exists()
