"""docs/howto/scores.md runs; predictions of another program are scored and shown."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy
from spacy.cli.evaluate import evaluate as spacy_evaluate

from .howtos import run

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def workplace(
    tmp_path_factory: pytest.TempPathFactory, project: Path, tiny_encoder: Path
) -> Iterator[Path]:
    """A folder in which all commands of the howto were run."""
    folder = tmp_path_factory.mktemp("scores")
    (folder / "configs").symlink_to(project / "configs")
    shutil.copytree(project / "assets" / "demo" / "bc5cdr", folder / "data" / "bc5cdr")
    shutil.copyfile(project / "tests" / "fixtures" / "bert.jsonl", folder / "bert.jsonl")
    howto = (project / "docs" / "howto" / "scores.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(toml|bash)\n(.*?)^```$", howto, re.M | re.S)
    outputs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("OMP_NUM_THREADS", "1")
        for kind, block in blocks:
            if kind == "toml":
                (folder / "grid.toml").write_text(block, encoding="utf-8")
                continue
            for line in block.splitlines():
                words = line.replace("ENCODER", str(tiny_encoder)).replace("DATA", "data").split()
                assert words[:3] == ["python", "-m", "spacy"]
                outputs.append(run(*words[3:]))
        (folder / "outputs.json").write_text(json.dumps(outputs), encoding="utf-8")
        yield folder


def outputs(workplace: Path) -> list[str]:
    return json.loads((workplace / "outputs.json").read_text(encoding="utf-8"))


def test_the_second_call_of_a_grid_does_nothing(workplace: Path) -> None:
    first, second = outputs(workplace)[:2]
    assert "2 cells run, 0 finished before, 0 failed" in first
    assert "0 cells run, 2 finished before, 0 failed" in second
    assert len(list(workplace.glob("training/grid/bc5cdr/*/train.json"))) == 4
    assert not list(workplace.glob("training/grid/bc5cdr/*/model-*"))


def test_settings_are_chosen_on_dev(workplace: Path) -> None:
    for model in ("tags-bio", "tags-io"):
        path = workplace / "metrics" / "grid" / "bc5cdr" / f"{model}-s0.json"
        run = json.loads(path.read_text(encoding="utf-8"))["run"]
        tried = run["selection"]["tried"]
        assert [row["learning_rate"] for row in tried] == [1e-2, 1e-3]
        best = max(tried, key=lambda row: row["dev"])
        assert run["settings"]["learning_rate"] == best["learning_rate"]
        assert run["dev"] == best["dev"]
        assert run["selection"]["split"] == "dev"


def test_the_files_of_the_leaderboard(workplace: Path) -> None:
    content = json.loads((workplace / "leaderboard.json").read_text(encoding="utf-8"))
    rows = {row["model"]: row for row in content["rows"]}
    assert rows["PubMedBERT"]["blurb"] == 81.16
    assert set(rows["tags-io"]["scores"]) == {"bc5cdr"}
    assert rows["tags-io"]["blurb"] is None
    (ablation,) = content["ablations"]
    assert ablation["name"] == "tags"
    text = (workplace / "leaderboard.md").read_text(encoding="utf-8")
    assert "## Paired differences" in text
    assert "| tags\\-bio | tags\\-io | BC5CDR |" in text


def test_predictions_of_transformers_are_scored_and_shown(workplace: Path) -> None:
    """By a program without spaCy; its figures are counted here once more, from the files alone."""
    path = workplace / "metrics" / "grid" / "bc5cdr" / "bert-s0.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    found, gold = set(), set()
    for line in (workplace / "bert.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found |= {(row["id"], e["start"], e["end"], e["label"]) for e in row["entities"]}
    raw = workplace / "data" / "bc5cdr" / "CDR_TestSet.PubTator.txt"
    for line in raw.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if len(cells) >= 5 and cells[1].isdigit():
            gold.add((cells[0], int(cells[1]), int(cells[2]), cells[4]))
    assert (result["predicted"], result["gold"]) == (len(found), len(gold))
    assert result["correct"] == len(found & gold) > 0
    assert result["score"] == pytest.approx(2 * len(found & gold) / (len(found) + len(gold)))
    assert (result["model"], result["seed"]) == ("bert", 0)
    assert "minus tags-bio (1 run)" in outputs(workplace)[5]
    page = (workplace / "leaderboard.html").read_text(encoding="utf-8")
    assert '<span class="name">bert</span>' in page
    assert "bc5cdr, bert, seed 0:" in page


def test_spacy_evaluate_gives_the_same_figures(
    trained_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    """For entities; labels, PICO and what is lost are tested beside their components."""
    nlp_path, data = trained_folder, corpus / "test.spacy"
    scores = spacy_evaluate(str(nlp_path), data, silent=True)
    output = tmp_path / "again.json"
    run("blurb", "evaluate", nlp_path, "ner", data, "-o", output)
    result = json.loads(output.read_text(encoding="utf-8"))
    assert scores["ents_f"] == pytest.approx(result["score"])
    assert spacy.load(nlp_path).pipe_names == ["transformer", "ner", "doc_cleaner"]
