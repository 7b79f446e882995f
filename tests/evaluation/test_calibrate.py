"""Temperature and thresholds: fitted on dev, saved with the pipeline, by command."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from typer.testing import CliRunner

from spacy_blurb.annotations import PICO, set_gold_entities
from spacy_blurb.cli.calibrate import check_output
from spacy_blurb.cli.main import app
from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.data.records import Record
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.calibrate import _Judged, _threshold, calibrate, minimise

from ..components.steps import get_ner, light_pipeline, overfit, to_examples, to_record

TRAIN = [
    to_record("aspirin causes fever", ("aspirin", "Chem"), ("fever", "Dis")),
    to_record("naloxone in rats", ("naloxone", "Chem")),
    to_record("fever in rats", ("fever", "Dis")),
]
# The component is sure of all it finds here, and 6 of its 9 spans are right.
DEV = [
    *TRAIN,
    to_record("aspirin causes fever", ("aspirin", "Chem")),
    to_record("naloxone in rats", ("naloxone", "Chem"), ("rats", "Chem")),
    to_record("fever in rats"),
    to_record("fever in rats"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved pipeline and `dev.spacy` beside it."""
    folder = tmp_path_factory.mktemp("calibrate")
    nlp = light_pipeline()
    overfit(nlp, to_examples(nlp, TRAIN))
    nlp.to_disk(folder / "model")
    records = [Record(str(i), record.text, record.mentions) for i, record in enumerate(DEV)]
    write_docbin(records, folder / "dev.spacy", nlp.tokenizer, label_sets=["bc5cdr"])
    return folder


@pytest.fixture
def nlp(folder: Path) -> Language:
    return spacy.load(folder / "model")


@pytest.fixture
def dev(folder: Path, nlp: Language) -> list[Doc]:
    return read_docbin(folder / "dev.spacy", nlp.vocab)


def spans(nlp: Language) -> list:
    return [[(e.start, e.end, e.label_) for e in nlp(record.text).ents] for record in DEV]


def log_loss(nlp: Language, dev: list[Doc], temperature: float) -> float:
    """From what a user sees: `span._.score` of `doc.ents`."""
    get_ner(nlp).cfg["temperature"] = temperature
    losses = []
    for reference in dev:
        gold = {(e.start, e.end, e.label_) for e in reference.ents}
        for ent in nlp(reference.text).ents:
            right = (ent.start, ent.end, ent.label_) in gold
            losses.append(-np.log(max(ent._.score if right else 1 - ent._.score, 1e-12)))
    assert len(losses) == 9
    return float(np.mean(losses))


def test_the_temperature_has_the_least_loss(nlp: Language, dev: list[Doc]) -> None:
    expected = spans(nlp)
    report = calibrate(nlp, dev, component="blurb_ner", thresholds=False)
    assert spans(nlp) == expected
    found = report["temperature"]
    assert found == get_ner(nlp).cfg["temperature"]
    least = log_loss(nlp, dev, found)
    assert report["after"]["log_loss"] == pytest.approx(least, rel=1e-3)
    assert report["before"]["log_loss"] == pytest.approx(log_loss(nlp, dev, 1.0), rel=1e-3)
    assert 1.1 < found < 9
    for other in (0.5, 1.0, found / 1.05, found * 1.05, 9.0):
        assert log_loss(nlp, dev, other) > least


def test_the_report_counts_what_is_right(nlp: Language, dev: list[Doc]) -> None:
    report = calibrate(nlp, dev, component="blurb_ner", thresholds=False)
    before, after = report["before"], report["after"]
    assert (report["documents"], report["gold"]) == (7, 7)
    for row in (before, after):
        assert (row["predicted"], row["correct"]) == (9, 6)
        assert row["entity_f1"] == pytest.approx(2 * 6 / (9 + 7))
        assert sum(count for count, _, _ in row["bins"]) == 9
    # Sure of all and right in two of three.
    assert before["calibration_error"] == pytest.approx(1 / 3, abs=0.05)
    assert after["calibration_error"] < before["calibration_error"] * 0.9
    assert json.loads(json.dumps(report)) == report


def test_thresholds_have_the_highest_f1_of_their_label(nlp: Language, dev: list[Doc]) -> None:
    before = nlp(DEV[0].text).ents[1]
    get_ner(nlp).cfg["thresholds"] = {"Dis": 1.1}
    assert [ent.label_ for ent in nlp(DEV[0].text).ents] == ["Chem"]
    report = calibrate(nlp, dev, component="blurb_ner", thresholds=True)
    thresholds = report["thresholds"]
    # All chemicals are right. Diseases: some thresholds cut "fever in rats", wrong in 2 of 3.
    assert thresholds["Chem"] == 0.0
    judged = []
    get_ner(nlp).cfg["thresholds"] = {}
    for reference in dev:
        gold = {(e.start, e.end) for e in reference.ents if e.label_ == "Dis"}
        ents = [e for e in nlp(reference.text).ents if e.label_ == "Dis"]
        judged += [(e._.score, (e.start, e.end) in gold) for e in ents]

    def f1(threshold: float) -> float:
        kept = [right for score, right in judged if score >= threshold]
        return 2 * sum(kept) / (len(kept) + 2)

    assert f1(thresholds["Dis"]) == max(f1(score) for score, _ in judged)
    assert before.label_ == "Dis"
    get_ner(nlp).cfg["thresholds"] = thresholds
    again = calibrate(nlp, dev, component="blurb_ner", thresholds=False)
    assert again["thresholds"] == get_ner(nlp).cfg["thresholds"] == {}
    assert (again["removed_thresholds"], report["removed_thresholds"]) == (thresholds, {})
    assert (again["fitted_on"], report["fitted_on"]) == (9, 9)


@Language.component("merge_in_rats")
def merge_in_rats(doc: Doc) -> Doc:
    """Merge "in rats", so that all tokens behind it have other places."""
    with doc.retokenize() as retokenizer:
        for token in doc[:-1]:
            if (token.text, doc[token.i + 1].text) == ("in", "rats"):
                retokenizer.merge(doc[token.i : token.i + 2])
    return doc


def test_functions_and_merged_tokens_before_the_component() -> None:
    nlp = light_pipeline()
    overfit(nlp, to_examples(nlp, TRAIN))
    nlp.add_pipe("merge_in_rats", first=True)
    text = "in rats fever in rats, aspirin"
    ents = nlp(text).ents
    gold = nlp.make_doc(text)
    # What a user sees is right by definition here.
    mentions = [(ent.start_char, ent.end_char, ent.label_) for ent in ents]
    set_gold_entities(gold, mentions, label_sets=["bc5cdr"])
    report = calibrate(nlp, [gold], component="blurb_ner", thresholds=False)
    assert report["before"]["predicted"] == report["before"]["correct"] == len(ents) > 0


def test_no_span_that_is_kept_falls_below_the_threshold_as_it_is_saved() -> None:
    """Half-way of the first two scores is 0.50000065, which six decimals make larger than both."""
    scores = [0.50000074, 0.50000056, 0.3]
    judged = [_Judged("X", score, score > 0.5000007) for score in scores]
    threshold = _threshold(judged, "X", {"X": 1})
    assert scores[1] < threshold <= scores[0]
    assert srsly.json_loads(srsly.json_dumps(threshold)) == threshold
    close = [_Judged("X", 0.5 + n * 1e-12, n == 1) for n in (1, 0)]
    assert _threshold(close, "X", {"X": 1}) <= close[0].score


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_pico_and_crf(decoder: str) -> None:
    nlp = light_pipeline(decoder=decoder)
    overfit(nlp, to_examples(nlp, TRAIN, ["ebm_pico"], PICO), n_steps=80)
    gold = [example.reference for example in to_examples(nlp, DEV, ["ebm_pico"], PICO)]
    report = calibrate(nlp, gold, component="blurb_ner", thresholds=False)
    assert (report["before"]["predicted"], report["before"]["correct"]) == (9, 6)
    assert report["after"]["calibration_error"] < report["before"]["calibration_error"]


def test_docs_of_other_sets_do_not_count(nlp: Language) -> None:
    gold = [eg.reference for eg in to_examples(nlp, DEV)]
    gold += [nlp.make_doc("aspirin in rats")]
    report = calibrate(nlp, gold, component="blurb_ner", thresholds=False)
    assert (report["before"]["predicted"], report["gold"]) == (9, 7)


def test_what_several_label_sets_find_counts_once() -> None:
    """Where the gold data is of none of them all are looked at; no F1 is above 1."""
    nlp = light_pipeline()
    overfit(nlp, to_examples(nlp, TRAIN, ["one"]) + to_examples(nlp, TRAIN, ["other"]))
    gold = [eg.reference for eg in to_examples(nlp, TRAIN, ["third"])]
    report = calibrate(nlp, gold, component="blurb_ner", thresholds=False)
    assert report["before"]["predicted"] == report["before"]["correct"] == report["gold"] == 4
    assert report["before"]["entity_f1"] == 1.0


@pytest.mark.parametrize("thresholds", [0.9, {"DIS": 0.9}])
def test_thresholds_that_would_do_nothing_are_refused(nlp: Language, thresholds: Any) -> None:
    get_ner(nlp).cfg["thresholds"] = thresholds
    with pytest.raises(BlurbError, match=r"B415.*labels are Chem, Dis"):
        nlp("aspirin causes fever")


def test_mistakes_are_said(nlp: Language, dev: list[Doc], rule_pipeline: Path) -> None:
    with pytest.raises(BlurbError, match=r"B521.*'blurb_ner'"):
        calibrate(nlp, [nlp.make_doc("")], component="blurb_ner", thresholds=False)
    rules = spacy.load(rule_pipeline)
    with pytest.raises(BlurbError, match=r"B520.*'ner' is a EntityRuler"):
        calibrate(rules, dev, component="ner", thresholds=False)


def test_the_command_saves_a_calibrated_pipeline(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "calibrated"
    arguments = ["calibrate", folder / "model", folder / "dev.spacy", "-o", out]
    arguments += ["--component", "blurb_ner", "--thresholds"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    report = json.loads((out / "calibration.json").read_text(encoding="utf-8"))
    temperature, thresholds = report["temperature"], report["thresholds"]
    assert f"temperature {temperature:.3f}, fitted on 9 predicted spans in 7" in result.stdout
    assert f"Dis: threshold {thresholds['Dis']:.3f}" in result.stdout
    assert "calibration error 0.3" in result.stdout
    cfg = get_ner(spacy.load(out)).cfg
    assert (cfg["temperature"], cfg["thresholds"]) == (temperature, thresholds)
    result = CliRunner().invoke(app, [*map(str, arguments[:5]), "--component", "ner"])
    assert result.exit_code == 1
    assert "[B502]" in result.output


def test_the_output_is_looked_at_before_the_work(folder: Path, tmp_path: Path) -> None:
    nested = tmp_path / "not" / "there"
    check_output(nested)
    nested.mkdir(parents=True)
    check_output(nested)
    (nested / "notes.txt").write_text("mine", encoding="utf-8")
    for taken in (nested, nested / "notes.txt"):
        with pytest.raises(BlurbError, match="B529"):
            check_output(taken)
    check_output(folder / "model")


@pytest.mark.parametrize("place", [0.1, 0.37, 1.0, 4.2, 10.0])
def test_the_least_value_is_found_within_a_percent(place: float) -> None:
    found = minimise(lambda value: (np.log(value) - np.log(place)) ** 2, 0.1, 10.0)
    assert found == pytest.approx(place, rel=0.01)
