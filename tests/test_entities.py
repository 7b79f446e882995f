"""Entities from files to a calibrated pipeline by commands: docs/howto/entities.md, and PICO."""

import json
import re
from pathlib import Path

import pytest
import spacy

from spacy_blurb.evaluation.packaging import build_wheel

from .howtos import run_line

# spaCy leaves the files that it writes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_the_howto_runs(workplace: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    howto = (project / "docs" / "howto" / "entities.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"^`(\S+)`:\n\n```\w*\n(.*?)\n```$", howto, re.M | re.S):
        (workplace / name).write_text(content, encoding="utf-8")
    names: dict = {}
    outputs = []
    blocks = re.findall(r"^```(bash|python)\n(.*?)\n```$", howto, re.M | re.S)
    assert [kind for kind, _ in blocks] == ["bash", *["python"] * 2, *["bash"] * 2, "python"]
    for kind, content in blocks:
        if kind == "python":
            exec(content, names)
            continue
        for line in content.splitlines():
            outputs.append(run_line(line.removeprefix("python -m spacy ")))
    # One component knows both, though no text is annotated for both.
    doc = names["nlp"]("aspirin causes fever")
    assert [(e.text, e.label_) for e in doc.ents] == [("aspirin", "Chemical"), ("fever", "Disease")]
    printed = capsys.readouterr().out
    assert "aspirin Chemical chemicals" in printed
    assert "0,7,Chemical,aspirin," in printed
    result = json.loads((workplace / "metrics" / "diseases.json").read_text(encoding="utf-8"))
    assert (result["score"], result["gold"], result["other_types"]) == (1.0, 3, 0)
    assert result["calibration"]["error"] < 0.5
    assert "calibration error" in outputs[-1]
    other = spacy.load(workplace / "training" / "other" / "model-last").get_pipe("ner")
    assert other.cfg["tag_scheme"] == "BIOUL"
    assert other.model.layers[1].get_param("pairs").shape == (10, 10)
    assert other.model.get_ref("output_layer").get_dim("nI") == 256


PICO_TSV = """-DOCSTART-\tO

aspirin\tI-INT
in\tO
rats\tI-PAR

fever\tI-OUT
in\tO
rats\tI-PAR
"""


def test_pico_from_files_to_a_wheel(workplace: Path) -> None:
    raw = workplace / "raw"
    raw.mkdir()
    for split in ("train", "dev", "test"):
        (raw / f"{split}.tsv").write_text(PICO_TSV, encoding="utf-8")
    run_line("blurb convert ebm_pico raw corpus --form blurb")
    run_line(
        "blurb init-config ebm_pico training/pico.cfg --corpus corpus --encoder encoders/small "
        "--epochs 25 --batch-docs 2 --learning-rate 0.01"
    )
    run_line("train training/pico.cfg --output training/pico --training.eval_frequency 25")
    meta = json.loads((workplace / "training/pico/model-best/meta.json").read_text("utf-8"))
    assert meta["performance"]["pico_f"] == 1.0
    output = run_line(
        "blurb evaluate training/pico/model-last ebm_pico corpus/test.spacy -o pico.json"
    )
    assert "macro_word_f1 100.00 (95 % " in output
    assert "Participants 100.00, Intervention 100.00, Outcome 100.00; 4 words gold" in output
    result = json.loads((workplace / "pico.json").read_text(encoding="utf-8"))
    assert (result["score"], result["gold"]) == (1.0, 4)
    # Of a single document its two sentences are resampled.
    assert result["n"] == 2
    rows = (workplace / result["predictions"]).read_text(encoding="utf-8").splitlines()
    assert [entity["label"] for entity in json.loads(rows[0])["entities"]] == [
        "Intervention",
        "Participants",
    ]
    doc = spacy.load("training/pico/model-last")("aspirin in rats")
    assert [(s.text, s.label_) for s in doc.spans["pico"]] == [
        ("aspirin", "Intervention"),
        ("rats", "Participants"),
    ]
    wheel = build_wheel(
        workplace / "training/pico/model-last",
        workplace / "packages",
        name="blurb_pico",
        version="0.1.0",
        results=[workplace / "pico.json"],
    )
    assert wheel.is_file()
