"""Labels and similarity from raw files to a package, by commands; the howto runs."""

import ast
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)
from spacy_blurb.data.datasets.hoc import HALLMARKS
from spacy_blurb.evaluation.packaging import _neutralise_paths, _performance
from spacy_blurb.metrics.ranking import ranking_scores

from .howtos import run, run_howto

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def in_project(project: Path) -> Iterator[Path]:
    """Templates are found in the project's folder."""
    before = Path.cwd()
    os.chdir(project)
    yield project
    os.chdir(before)


def write_hoc(folder: Path) -> None:
    rows = ["labels\tsentence\tindex"]
    for n, (text, found) in enumerate([("aspirin in rats", {7}), ("fever", set()), ("x", {0, 7})]):
        marks = ",".join(f"{i}_{int(i in found)}" for i in range(len(HALLMARKS)))
        rows.append(f"{marks}\t{text}\t{n // 2}_s{n}")
    write_splits(folder, rows)


def write_biosses(folder: Path) -> None:
    pairs = [("aspirin", "aspirin", 4.0), ("fever", "rats", 0.0), ("rats", "in rats", 2.0)]
    rows = ["id\tfirst\tsecond\tscore"]
    rows += [f"{n}\t{first}\t{second}\t{score}" for n, (first, second, score) in enumerate(pairs)]
    write_splits(folder, rows)


def write_splits(folder: Path, rows: list[str]) -> None:
    """The same rows in each split, with ids of their own."""
    folder.mkdir()
    for number, split in enumerate(("train", "dev", "test")):
        own = [rows[0]]
        for row in rows[1:]:
            cells = row.split("\t")
            column = -1 if "_s" in cells[-1] else 0
            cells[column] = f"{number}{cells[column]}"
            own.append("\t".join(cells))
        (folder / f"{split}.tsv").write_text("\n".join(own) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("task", "write", "summary", "scores"),
    [
        ("hoc", write_hoc, "hoc: micro_f1", "in 2 documents, 3 texts"),
        ("biosses", write_biosses, "biosses: pearson", "; 3 pairs"),
    ],
)
def test_from_raw_files_to_scores(
    tmp_path: Path,
    tiny_encoder: Path,
    in_project: Path,
    task: str,
    write,
    summary: str,
    scores: str,
) -> None:
    write(tmp_path / "raw")
    run("blurb", "convert", task, tmp_path / "raw", tmp_path / "corpus", "--form", "blurb")
    settings = ["--corpus", tmp_path / "corpus", "--encoder", tiny_encoder]
    settings += ["--epochs", 40, "--batch-docs", 3, "--learning-rate", 0.01]
    run("blurb", "init-config", task, tmp_path / "train.cfg", *settings)
    fewer = ["--training.eval_frequency", 20]
    run("train", tmp_path / "train.cfg", "--output", tmp_path, *fewer)
    output, data = tmp_path / "r.json", tmp_path / "corpus" / "test.spacy"
    found = run("blurb", "evaluate", tmp_path / "model-last", task, data, "-o", output)
    assert found.startswith(summary)
    assert scores in found
    result = json.loads(output.read_text(encoding="utf-8"))
    assert result["score"] > 0.9
    keys = {"task", "metric", "score", "ci95", "n", "model", "seed", "versions", "predictions"}
    assert keys <= set(result)
    predictions = (tmp_path / result["predictions"]).read_text(encoding="utf-8")
    assert "aspirin" not in predictions
    # What `package` makes of both.
    performance = _performance(output)
    assert next(iter(performance.values())) == result["score"]
    assert all(name.startswith(("cats_", "sts_")) for name in performance)
    config = tmp_path / "model-last" / "config.cfg"
    _neutralise_paths(config)
    assert str(tiny_encoder) not in config.read_text(encoding="utf-8")
    assert spacy.load(tmp_path / "model-last")("aspirin").text == "aspirin"


def test_a_template_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["hoc", "out.cfg", "--corpus", "corpus", "--encoder", "x"]
    result = CliRunner().invoke(app, ["blurb", "init-config", *arguments])
    assert result.exit_code == 1
    assert "[B615] No template configs/textcat.cfg for task hoc here" in result.output


@pytest.mark.parametrize("name", ["textcat", "sts"])
def test_the_templates_are_complete(project: Path, tiny_encoder: Path, name: str) -> None:
    """Filling in spaCy's defaults adds no setting to a component of ours."""
    overrides = {f"paths.{key}": str(tiny_encoder) for key in ("train", "dev", "encoder")}
    config = spacy.util.load_config(project / "configs" / f"{name}.cfg", overrides=overrides)
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    assert nlp.pipe_names == ["transformer", name, "doc_cleaner"]
    filled = nlp.config.interpolate()["components"][name]
    written = config.interpolate()["components"][name]
    assert {key for key in filled if key not in written} <= {"scorer"}
    # Of the model only what other programs write: sizes, an encoder or a listener of its own.
    defaults = {"nO": None, "encoder": None, "listener": None, "grad_factor": 1.0}
    head, vectors = filled["model"], filled["model"].pop("tok2vec")
    written_head, written_vectors = written["model"], written["model"].pop("tok2vec")
    for found, given in ((head, written_head), (vectors, written_vectors)):
        assert {key: found[key] for key in given} == given
        assert all(found[key] == defaults[key] for key in found.keys() - given.keys())


def test_the_howto_runs(
    tmp_path: Path,
    tiny_encoder: Path,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its Python blocks and `spacy` commands, in their order, in one folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(project / "configs")
    page = project / "docs" / "howto" / "labels_and_similarity.md"
    names = run_howto(page, tiny_encoder, run)
    printed = capsys.readouterr().out.splitlines()
    for name in ("labels", "pairs", "cosines"):
        result = json.loads(Path(f"{name}.json").read_text(encoding="utf-8"))
        assert result["score"] > 0.9, name
    *printed, ranking = printed
    cats, similarity, both, shape, travelled, same, cosine = map(ast.literal_eval, printed)
    assert set(cats) == {"drug", "illness"}
    assert spacy.load("training/labels/adjusted").get_pipe("textcat").cfg["threshold"] == 0.4
    # Either order is the mean of both, and near the gold score, which is 3 of 5.
    assert [similarity, *both, travelled] == pytest.approx([0.6] * 4, abs=0.1)
    assert shape == (32,)
    assert same is True
    vectors = spacy.load("training/vectors")
    one, other = (vectors(text).vector for text in ("aspirin causes fever", "fever in rats"))
    by_hand = (one @ other) / np.sqrt((one @ one) * (other @ other))
    assert cosine == pytest.approx(by_hand, abs=1e-5)
    assert ranking == str(ranking_scores(names["queries"]))
    assert ranking.endswith("queries=3)")
