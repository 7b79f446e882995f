"""Questions from files to answers, by commands; the howto runs."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy

from .howtos import run, run_howto

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_the_howto_runs(
    tmp_path: Path, tiny_encoder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Python blocks and `spacy` commands, in their order, in one folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(project / "configs")
    names = run_howto(project / "docs" / "howto" / "questions.md", tiny_encoder, run)
    closed = json.loads(Path("closed.json").read_text(encoding="utf-8"))
    assert (closed["score"], closed["n"], closed["baseline"]) == (1.0, 3, 1 / 3)
    spans = json.loads(Path("spans.json").read_text(encoding="utf-8"))
    assert (spans["score"], spans["n"], spans["answerable"]) == (1.0, 3, 2)
    assert "aspirin" not in Path("spans.predictions.jsonl").read_text(encoding="utf-8")
    assert names["answer"].text == "aspirin"
    for name, result in (("closed", closed), ("spans", spans)):
        check_score(name, result)
    check_intermediate(tmp_path)


def check_score(name: str, result: dict[str, Any]) -> None:
    """The prediction file alone gives the same."""
    predictions, data = f"{name}.predictions.jsonl", f"corpus/{name}/dev.spacy"
    run("blurb", "score", predictions, "qa", data, "-o", "again.json")
    again = json.loads(Path("again.json").read_text(encoding="utf-8"))
    for key in ("score", "ci95", "n", "calibration", "gold_sha256"):
        assert again[key] == result[key]


def check_intermediate(folder: Path) -> None:
    """The second training began with what the first one had learned, the head only if kept."""
    before, again, more = (
        spacy.load(folder / "training" / name / "model-last") for name in ("spans", "again", "more")
    )
    weights = [_first_weight(nlp) for nlp in (before, again, more)]
    for other in weights[1:]:
        assert 0 < abs(weights[0] - other).max() < 0.01
    assert again.get_pipe("qa").kind == "labels"
    assert more("aspirin causes fever in rats")._.ask("causes fever?").text == "aspirin"


def _first_weight(nlp: Any) -> Any:
    network = nlp.get_pipe("transformer").model.shims[0].network
    return network.layers[0].inner.weight.detach().numpy()


def test_templates_are_complete(project: Path, tiny_encoder: Path) -> None:
    """Filling in spaCy's defaults adds no setting to a component of ours."""
    overrides = {f"paths.{key}": str(tiny_encoder) for key in ("train", "dev", "encoder")}
    config = spacy.util.load_config(project / "configs" / "qa.cfg", overrides=overrides)
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    assert nlp.pipe_names == ["transformer", "qa", "doc_cleaner"]
    filled = nlp.config.interpolate()["components"]["qa"]
    written = config.interpolate()["components"]["qa"]
    assert {key for key in filled if key not in written} <= {"scorer"}


def test_a_table_of_nothing_or_of_too_many_seeds_is_not_written(
    tmp_path: Path,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = project / "results" / "questions" / "make_table.py"
    table = tmp_path / "table.json"
    table.write_text("old", encoding="utf-8")

    def fail(folder: Path) -> str:
        monkeypatch.setattr(sys, "argv", [str(script), str(folder), str(table)])
        with pytest.raises(SystemExit):
            runpy.run_path(str(script), run_name="__main__")
        assert table.read_text(encoding="utf-8") == "old"
        return capsys.readouterr().err

    assert "has no MODEL-sSEED.json" in fail(tmp_path / "pubmedqa")
    (tmp_path / "pubmedqa").mkdir()
    for seed in range(11):
        content = json.dumps({"metric": "accuracy", "n": 500, "score": 0.5})
        (tmp_path / "pubmedqa" / f"mini-s{seed}.json").write_text(content, encoding="utf-8")
    assert "11 seeds of mini" in fail(tmp_path / "pubmedqa")


def test_the_table_of_seeds(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: mean 62, standard deviation 2, t = 4.303 with three seeds."""
    folder = tmp_path / "results" / "pubmedqa"
    folder.mkdir(parents=True)
    for seed, score in enumerate((0.60, 0.62, 0.64)):
        result = {"metric": "accuracy", "n": 500, "score": score, "baseline": 0.552}
        (folder / f"mini-s{seed}.json").write_text(json.dumps(result), encoding="utf-8")
    (folder / "other.json").write_text("not a run", encoding="utf-8")
    script = project / "results" / "questions" / "make_table.py"
    arguments = [str(script), str(folder), str(tmp_path / "table.json")]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(script), run_name="__main__")
    row = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))["pubmedqa"]["mini"]
    assert row["mean"] == pytest.approx(62)
    half = 4.303 * 2 / 3**0.5
    assert row["ci95_of_mean"] == pytest.approx([62 - half, 62 + half])
    assert row["baseline"] == pytest.approx(55.2)
    markdown = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| pubmedqa | mini | accuracy | 500 | 3 | 62.00 | 57.03–66.97 | 55.20 |" in markdown
