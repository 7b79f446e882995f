"""Prediction files of any program: the traps of scoring, and mistakes in the file."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import spacy_blurb.evaluation.scoring as scoring
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.scoring import score_rows
from spacy_blurb.evaluation.scoring.entities import GoldEntities
from spacy_blurb.evaluation.scoring.labels import GoldLabels
from spacy_blurb.evaluation.scoring.pairs import GoldPair
from spacy_blurb.evaluation.scoring.rows import read_rows, write_rows
from spacy_blurb.tasks import get_task

NER, LABELS, PAIRS = get_task("ner"), get_task("textcat"), get_task("sts")
FILE = Path("p.jsonl")
Span = tuple[int, int, str]


def gold(doc_id: str, *mentions: Span) -> GoldEntities:
    return GoldEntities(doc_id, list(mentions), 50)


def row(doc_id: str, *spans: Span, **more: Any) -> dict[str, Any]:
    keys = ("start", "end", "label")
    return {"id": doc_id, "entities": [dict(zip(keys, s, strict=True)) | more for s in spans]}


def entity_score(golds: list[GoldEntities], rows: list[dict[str, Any]], task: str = "ner") -> dict:
    return score_rows(get_task(task), golds, rows, FILE)[0]


def test_the_scorer_knows_nothing_of_spacy() -> None:
    for path in Path(scoring.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & {"spacy", "thinc", "torch"}, path


# The traps of scoring -----------------------------------------------------------------------------


def test_gold_that_no_prediction_can_reach_is_missed() -> None:
    """Inside a token, or outside of a model's candidates: it counts as not found."""
    found = entity_score([gold("1", (0, 5, "X"), (2, 4, "X"))], [row("1", (0, 5, "X"))])
    assert (found["correct"], found["predicted"], found["gold"]) == (1, 1, 2)
    assert found["score"] == pytest.approx(2 / 3)


def test_a_misaligned_prediction_is_wrong_and_not_dropped() -> None:
    """One character off is a false positive beside the miss; an aligner would lose it."""
    found = entity_score([gold("1", (0, 5, "X"))], [row("1", (0, 4, "X"))])
    assert (found["correct"], found["predicted"], found["gold"]) == (0, 1, 1)


def test_equal_counts_are_not_one_count() -> None:
    """Two documents with the same counts: adding up a set of counts would lose one."""
    golds = [gold("1", (0, 5, "X")), gold("2", (0, 5, "X")), gold("3", (0, 5, "X"), (6, 9, "X"))]
    rows = [row("1", (0, 5, "X")), row("2", (0, 5, "X")), row("3")]
    found = entity_score(golds, rows)
    assert (found["correct"], found["predicted"], found["gold"]) == (2, 2, 4)


def test_predictions_in_documents_without_gold_are_wrong() -> None:
    found = entity_score(
        [gold("1", (0, 5, "X")), gold("2")], [row("1", (0, 5, "X")), row("2", (1, 3, "X"))]
    )
    assert (found["precision"], found["recall"]) == (0.5, 1.0)


def test_the_same_span_twice_counts_once() -> None:
    found = entity_score([gold("1", (0, 5, "X"))], [row("1", (0, 5, "X"), (0, 5, "X"))])
    assert (found["predicted"], found["score"]) == (1, 1.0)


def test_a_right_span_with_a_wrong_label_is_wrong_twice() -> None:
    found = entity_score([gold("1", (0, 5, "X"))], [row("1", (0, 5, "Y"))])
    assert (found["correct"], found["predicted"], found["gold"]) == (0, 1, 1)
    assert {label: r["f1"] for label, r in found["per_label"].items()} == {"X": 0.0, "Y": 0.0}


def test_types_that_the_task_has_not_are_counted_apart() -> None:
    rows = [row("1", (0, 5, "Disease"), (6, 9, "Chemical"))]
    found = entity_score([gold("1", (0, 5, "Disease"))], rows, task="ncbi_disease")
    assert (found["predicted"], found["other_types"], found["score"]) == (1, 1, 1.0)


def test_neither_gold_nor_predictions() -> None:
    found = entity_score([gold("1")], [row("1")])
    assert (found["score"], found["ci95"], found["n"]) == (0.0, [0.0, 0.0], 1)


def test_labels_of_the_parts_of_a_document_are_united() -> None:
    known = frozenset({"A", "B"})
    golds = [
        GoldLabels("1a", "1", frozenset({"A"}), known),
        GoldLabels("1b", "1", frozenset(), known),
        GoldLabels("2", "2", frozenset(), known),
    ]
    rows = [
        {"id": "1a", "labels": []},
        {"id": "1b", "labels": ["A", "A"]},
        {"id": "2", "labels": ["B"]},
    ]
    found, units = score_rows(LABELS, golds, rows, FILE)
    assert (found["correct"], found["predicted"], found["gold"], found["n"]) == (1, 2, 1, 2)
    assert units.ids == ("1", "2")


def test_labels_that_a_text_is_not_annotated_for_are_not_counted() -> None:
    golds = [
        GoldLabels("1", "1", frozenset(), frozenset({"A"})),
        GoldLabels("2", "2", frozenset({"B"}), frozenset({"A", "B"})),
    ]
    rows = [{"id": "1", "labels": ["B"]}, {"id": "2", "labels": ["B"]}]
    assert score_rows(LABELS, golds, rows, FILE)[0]["predicted"] == 1


def test_pairs_of_any_scale() -> None:
    golds = [GoldPair(str(n), score) for n, score in enumerate([0.0, 1.0, 4.0])]
    rows = [{"id": str(n), "score": score} for n, score in enumerate([-10, -5, 10])]
    found, units = score_rows(PAIRS, golds, rows, FILE)
    assert found["score"] == pytest.approx(1.0)
    assert units.table.tolist() == [[0, -1], [1, -0.5], [4, 1]]
    for scale in (1e200, 1e-200):
        rows = [{"id": str(n), "score": scale * score} for n, score in enumerate([1, 2, 3])]
        assert score_rows(PAIRS, golds, rows, FILE)[0]["score"] == pytest.approx(0.960769)


def test_calibration_of_probabilities() -> None:
    """Gold is the first of each pair of spans."""
    spans: list[Span] = [(0, 1, "X"), (2, 3, "Y")]

    def with_scores(doc_id: str, *scores: float) -> dict[str, Any]:
        found = row(doc_id, *spans)
        for entity, score in zip(found["entities"], scores, strict=True):
            entity["score"] = score
        return found

    golds = [gold("1", spans[0]), gold("2", spans[0]), gold("3")]
    rows = [with_scores("1", 0.95, 0.25), with_scores("2", 0.25, 0.95), row("3")]
    found = entity_score(golds, rows)["calibration"]
    assert found["error"] == pytest.approx((2 * 0.25 + 2 * 0.45) / 4)
    assert [r for r in found["bins"] if r[0]] == [[2, 0.25, 0.5], [2, 0.95, 0.5]]
    assert len(found["bins"]) == 10
    rows[2] = row("3", spans[0])
    assert entity_score(golds, rows)["calibration"] is None
    assert entity_score([gold("1")], [row("1")])["calibration"] is None


spans = st.lists(st.tuples(st.integers(0, 5), st.integers(6, 9), st.sampled_from("XY")), max_size=4)


@given(st.lists(st.tuples(spans, spans), min_size=1, max_size=4), st.randoms())
def test_entity_f1_by_brute_force_in_any_order(pairs: list, rng: Any) -> None:
    golds = [gold(str(n), *mentions) for n, (mentions, _) in enumerate(pairs)]
    rows = [row(str(n), *found) for n, (_, found) in enumerate(pairs)]
    correct = predicted = total = 0
    for mentions, found in pairs:
        left, right = list(dict.fromkeys(mentions)), list(dict.fromkeys(found))
        total, predicted = total + len(left), predicted + len(right)
        correct += sum(1 for a in left for b in right if a == b)
    expected = 2 * correct / (predicted + total) if predicted + total else 0.0
    rng.shuffle(rows)
    assert entity_score(golds, rows)["score"] == pytest.approx(expected)


# Mistakes in the file -----------------------------------------------------------------------------


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    rows = [row("α", (0, 1, "X"), score=None), row("2\u2028", (0, 1, "Y"))]
    write_rows(rows, tmp_path / "deep" / "p.jsonl")
    assert read_rows(tmp_path / "deep" / "p.jsonl") == rows


@pytest.mark.parametrize("line", ["{", "[]", '{"entities": []}', '{"id": 1}'])
def test_lines_that_are_no_predictions(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(row("1")) + "\n\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B628.*p\.jsonl, line 3"):
        read_rows(path)
    with pytest.raises(BlurbError, match="B100"):
        read_rows(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("1")], "1 ids are without a prediction, the first one '2'"),
        ([row("1"), row("2"), row("7")], "1 ids are not in the gold data, the first one '7'"),
        ([row("1"), row("2"), row("1")], "1 ids are there twice, the first one '1'"),
    ],
)
def test_ids_that_do_not_fit(rows: list, message: str) -> None:
    with pytest.raises(BlurbError, match=f"B629.*{message}"):
        entity_score([gold("1"), gold("2")], rows)


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        ({"start": 0, "end": 60, "label": "X"}, "B631.*0-60 .* 50 characters"),
        ({"start": 5, "end": 5, "label": "X"}, "B631.*5-5"),
        ({"start": -1, "end": 5, "label": "X"}, "B631.*-1-5"),
        ({"start": 0, "end": 5}, "B630.*label is None"),
        ({"start": 0.5, "end": 5, "label": "X"}, "B630.*start is 0.5, expected a whole"),
        ({"start": True, "end": 5, "label": "X"}, "B630.*start is True"),
        ({"start": 0, "end": 5, "label": "X", "score": "high"}, "B630.*score is 'high'"),
        ({"start": 0, "end": 5, "label": "X", "score": 97}, "B630.*97.*from 0 to 1"),
        ({"start": 0, "end": 5, "label": "X", "score": -0.1}, "B630.*-0.1.*from 0 to 1"),
        ("0-5", "B630.*entities is '0-5'"),
    ],
)
def test_entities_that_are_none(entity: Any, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        entity_score([gold("1")], [{"id": "1", "entities": [entity]}])


def test_rows_of_another_type() -> None:
    with pytest.raises(BlurbError, match=r"B630.*entities is None, expected a list"):
        entity_score([gold("1")], [{"id": "1", "labels": []}])
    hoc = get_task("hoc")
    golds = [GoldLabels("1", "1", frozenset(hoc.labels[:1]), frozenset(hoc.labels))]
    with pytest.raises(BlurbError, match=rf"B632.*'Z' is not a label.*{hoc.labels[0]}"):
        score_rows(hoc, golds, [{"id": "1", "labels": ["Z"]}], FILE)
    # The labels of other tasks are those of the data, and one that it lacks is wrong.
    assert score_rows(LABELS, golds, [{"id": "1", "labels": ["Z"]}], FILE)[0]["predicted"] == 1
    for score in ("high", None, float("nan"), True):
        with pytest.raises(BlurbError, match=r"B630.*expected a number"):
            score_rows(PAIRS, [GoldPair("1", 1.0)], [{"id": "1", "score": score}], FILE)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"id": "1", "x": "\u00e9"}'.encode("latin-1"), "B102"),
        (b'{"id": "1", "x": ' + b"[" * 100_000, "B628.*line 1"),
        (b'{"id": "1", "x": ' + b"9" * 5000 + b"}", "B628.*line 1"),
    ],
)
def test_files_that_are_no_json(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(content)
    with pytest.raises(BlurbError, match=code):
        read_rows(path)
