"""The temperature of answers is the one under which the gold answers are most probable."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import DocBin
from thinc.api import fix_random_seed
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)
from spacy_blurb.annotations import attach_questions

from ..components.questions import CLOSED, gold_doc, make_qa_nlp, to_examples


def test_the_command_fits_and_saves(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = make_qa_nlp(tiny_encoder, "labels")
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp, CLOSED))
    qa: Any = nlp.get_pipe("qa")
    # The same certain answer everywhere, right in two of three questions.
    head = qa.model.get_ref("output_layer")
    head.set_param("W", head.get_param("W") * 0)
    head.set_param("b", np.array([0.0, 0.0, 5.0], dtype="f"))
    nlp.to_disk(tmp_path / "pipeline")
    rows = [("rats", "?", {"label": label}) for label in ("yes", "yes", "no")]
    docs = [gold_doc(nlp, text, (question, gold)) for text, question, gold in rows]
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    arguments = ["blurb", "calibrate", tmp_path / "pipeline", tmp_path / "dev.spacy"]
    arguments += ["-o", tmp_path / "out", "--component", "qa"]
    found = CliRunner().invoke(app, list(map(str, arguments)))
    assert found.exit_code == 0, found.output
    assert "qa: temperature" in found.output
    report = json.loads((tmp_path / "out" / "calibration.json").read_text(encoding="utf-8"))
    # -log p is least where p / (1 - p) of "yes" has the slope of two right ones to one of two
    # others: p = 2/3, so exp(5 / T) = 4.
    assert report["temperature"] == pytest.approx(5 / np.log(4), rel=0.02)
    assert report["questions"] == 3
    assert report["before"]["right"] == report["after"]["right"] == 2
    assert report["after"]["log_loss"] < report["before"]["log_loss"]
    assert report["after"]["calibration_error"] < 0.01
    loaded = spacy.load(tmp_path / "out")
    (answer,) = loaded(attach_questions(loaded.make_doc("rats"), ["?"]))._.answers
    assert answer.score == pytest.approx(2 / 3, abs=0.01)
