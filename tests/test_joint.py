"""One pipeline for everything by commands: docs/howto/joint.md; frozen encoders, packaged."""

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.cli._util import app
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)
from spacy_blurb.evaluation.added_head import add_to_pipeline
from spacy_blurb.evaluation.packaging import _neutralise_paths
from spacy_blurb.evaluation.training_config import Settings, fill_config
from spacy_blurb.tasks import get_task

from .components.corpora import write_corpora
from .howtos import run_line

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TEXT = "naloxone causes fever in rats"


def test_the_howto_runs(workplace: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    howto = (project / "docs" / "howto" / "joint.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"^`(\S+)`:\n\n```json\n(.*?)\n```$", howto, re.M | re.S):
        (workplace / name).write_text(content, encoding="utf-8")
    names: dict[str, Any] = {}
    outputs = []
    blocks = re.findall(r"^```(bash|python)\n(.*?)\n```$", howto, re.M | re.S)
    assert [kind for kind, _ in blocks] == ["bash", "python", "bash", "bash", "python"]
    for kind, content in blocks:
        if kind == "python":
            exec(content, names)
            continue
        for line in content.splitlines():
            outputs.append(run_line(line.removeprefix("python -m spacy ")))
    told = "".join(outputs)
    for component, corpus in (
        *(("ner", "drugs"), ("rel", "drugs"), ("qa", "questions")),
        *(("textcat", "labels"), ("sts", "pairs")),
    ):
        assert f"{component} learns from corpus/{corpus}\n" in told
    for name in ("entities", "relations"):
        result = json.loads((workplace / "metrics" / f"{name}.json").read_text(encoding="utf-8"))
        assert result["score"] == 1.0
    shown = capsys.readouterr().out
    assert "[('aspirin', 'Drug'), ('fever', 'Disease')]" in shown
    assert "[('aspirin', 'Causes', 'fever')]" in shown
    doc = spacy.load("training/added/model-last")("aspirin causes fever in rats")
    assert [relation.label for relation in doc._.relations] == ["Causes"]


def test_mistakes(workplace: Path) -> None:
    shutil.copytree(write_corpora(workplace / "made", ["labels"])["labels"], workplace / "corpus")
    given = "out.cfg --corpus corpus --encoder encoders/small"
    for command, message in (
        (f"joint {given} --add-head", "are for one task"),
        (f"hoc {given} --add-head --keep-head", "--keep-head trains what"),
        (f"hoc {given} --add-head", "[B733] encoders/small is not a saved pipeline"),
    ):
        result = CliRunner().invoke(app, shlex.split(f"blurb init-config {command}"))
        assert result.exit_code != 0
        assert message in re.sub(r"[\s│]+", " ", result.output)
    assert not (workplace / "out.cfg").exists()


@pytest.fixture
def add_head(workplace: Path) -> Callable[[Path, str], Language]:
    """Train a head for a corpus on a frozen pipeline."""
    folders = write_corpora(workplace / "corpus")

    def add(pipeline: Path | None, task: str, *corpora: str) -> Language:
        spec = get_task(task)
        base = Path("configs") / f"{spec.component}.cfg"
        encoder = str(pipeline or workplace / "encoders" / "small")
        settings = Settings(0.01, epochs=30, batch_docs=3, seed=0)
        chosen = [folders[name] for name in corpora]
        config = fill_config(base, chosen, encoder, settings, task=spec)
        if pipeline is not None:
            add_to_pipeline(config, encoder, spec.component)
        config["training"]["eval_frequency"] = 100
        nlp = init_nlp(config)
        train(nlp)
        return nlp

    return add


def found(nlp: Language) -> dict[str, Any]:
    """All that a pipeline says of a text, with the exact numbers."""
    doc = nlp(TEXT)
    return {
        "entities": [(s.start, s.end, s.label_, s._.score) for s in doc.spans.get("blurb", ())],
        "relations": [(r.label, r.score) for r in doc._.relations],
        "cats": doc.cats,
        "answer": doc._.ask("causes fever?").score if "qa" in nlp.pipe_names else None,
        "similarity": doc.similarity(nlp.make_doc("fever")) if "sts" in nlp.pipe_names else None,
    }


def weights(nlp: Language) -> dict[str, np.ndarray]:
    transformer: Any = nlp.get_pipe("transformer")
    named = transformer.model.shims[0].network.named_parameters()
    return {name: weight.detach().numpy().copy() for name, weight in named}


def test_heads_on_a_frozen_encoder_are_the_same_in_a_package(
    workplace: Path, add_head: Callable[..., Language]
) -> None:
    nlp = add_head(None, "bc5_chem", "chemicals", "diseases")
    start = weights(nlp)
    assert {label for _, _, label, _ in found(nlp)["entities"]} == {"Chemical", "Disease"}
    for task, corpus in (
        *(("gad", "relations"), ("hoc", "labels"), ("pubmedqa", "questions")),
        ("biosses", "pairs"),
    ):
        nlp.to_disk(workplace / "before")
        said = found(nlp)
        nlp = add_head(workplace / "before", task, corpus)
        assert all(np.array_equal(start[key], value) for key, value in weights(nlp).items())
        now = found(nlp)
        assert now != said
        # What was found before is found still, to the last digit.
        assert all(now[key] == value or not value for key, value in said.items())
    nlp.to_disk(workplace / "packaged")
    _neutralise_paths(workplace / "packaged" / "config.cfg")
    shutil.rmtree(workplace / "before")
    (workplace / "encoders" / "small").unlink()
    packaged = spacy.load(workplace / "packaged")
    assert found(packaged) == found(nlp)
    assert all(value not in (None, {}) for value in found(packaged).values())
