"""Grid files: which cells they have; and mistakes."""

import json
from pathlib import Path

import pytest
import spacy
from thinc.api import Config

from spacy_blurb.data.formats.file_hash import hash_file
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.grid import Group, read_grid
from spacy_blurb.evaluation.grid_cell import PreparedCell, finished_result, prepare
from spacy_blurb.tasks.ablations import ABLATIONS
from spacy_blurb.tasks.blurb import BLURB_TASKS

RELATION_ARMS = {
    ("dummy", "cls"): ("dummies", "cls"),
    ("dummy", "mentions"): ("dummies", "pooled"),
    ("text", "cls"): ("none", "cls"),
    ("text", "mentions"): ("none", "pooled"),
    ("markers", "cls"): ("typed_markers", "cls"),
    ("markers", "mentions"): ("typed_markers", "pooled"),
    ("markers", "starts"): ("typed_markers", "start"),
}


def read(tmp_path: Path, text: str, encoder: str | None = "enc") -> list[Group]:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return read_grid(path, encoder=encoder)


def test_cells_of_a_small_grid(tmp_path: Path) -> None:
    """Nothing said but tasks: the specs' settings, one seed, a model with the file's name."""
    (group,) = read(tmp_path, 'tasks = ["bc5_disease"]')
    ((cell,),) = group.alternatives
    assert (cell.name, cell.form, cell.encoder) == ("mine-s0", "original", "enc")
    assert (cell.settings.learning_rate, cell.settings.epochs) == (5e-5, 8)
    assert (cell.settings.batch_docs, cell.train_docs, cell.overrides) == (16, None, {})


def test_the_most_particular_setting_wins(tmp_path: Path) -> None:
    text = """
tasks = ["hoc", "bc2gm"]
seeds = [3, 5]
form = "blurb"
[settings]
epochs = 2
learning_rate = 1
[overrides]
"training.dropout" = 0.2
[task.bc2gm]
epochs = 3
train_docs = 10
seeds = [7]
[models.a]
[models.b]
epochs = 4
encoder = "other-{seed}"
tasks = ["bc2gm"]
[models.b.overrides]
"components.ner.tag_scheme" = "IO"
"""
    groups = {(g.task, g.model): g.alternatives for g in read(tmp_path, text)}
    assert set(groups) == {("hoc", "a"), ("bc2gm", "a"), ("bc2gm", "b")}
    ((first, second),) = groups["hoc", "a"]
    assert [first.settings.seed, second.settings.seed] == [3, 5]
    assert (first.settings.epochs, first.settings.learning_rate) == (2, 1.0)
    ((cell,),) = groups["bc2gm", "a"]
    assert (cell.settings.epochs, cell.train_docs, cell.settings.seed) == (3, 10, 7)
    ((cell,),) = groups["bc2gm", "b"]
    assert (cell.settings.epochs, cell.encoder, cell.name) == (4, "other-7", "b-s7")
    assert cell.overrides == {"training.dropout": 0.2, "components.ner.tag_scheme": "IO"}


def test_alternatives_are_all_combinations(tmp_path: Path) -> None:
    text = 'tasks = ["hoc"]\nseeds = [0, 1]\nselect = "dev"\n[settings]\n'
    text += "learning_rate = [1e-5, 3e-5]\nepochs = [2, 4]\n"
    (group,) = read(tmp_path, text)
    found = [(c[0].settings.learning_rate, c[0].settings.epochs) for c in group.alternatives]
    assert found == [(1e-5, 2), (1e-5, 4), (3e-5, 2), (3e-5, 4)]
    assert [cell.settings.seed for cell in group.alternatives[3]] == [0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tasks = [", r"B617.*mine\.toml is not a TOML file"),
        ('tasks = ["nli"]', "B110.*nli"),
        ("tasks = []", "B619.*tasks is.*a list of task names"),
        ("seeds = [0]", "B619.*tasks is None"),
        ('tasks = ["hoc", "hoc"]', "B619.*each entry once"),
        ('tasks = ["hoc"]\nseeds = [0.5]', "B619.*seeds.*whole numbers"),
        ('tasks = ["hoc"]\nselect = "test"', "B619.*select is 'test', expected 'dev'"),
        ('tasks = ["hoc"]\nform = "raw"', "B619.*form is 'raw'"),
        ('tasks = ["hoc"]\nsettings = 3', "B619.*settings is 3, expected a section"),
        ('tasks = ["hoc"]\n[settings]\nlr = 1', "B618.*settings.lr.*learning_rate"),
        ('tasks = ["hoc"]\n[settings]\nepochs = 0', "B619.*settings.epochs is 0.*above 0"),
        ('tasks = ["hoc"]\n[settings]\nepochs = 1.5', "B619.*epochs is 1.5.*whole number"),
        ('tasks = ["hoc"]\n[settings]\nepochs = [1, 2]', "B620.*settings.epochs.*1, 2.*select"),
        ('tasks = ["hoc"]\n[task.nli]\n', "B110.*nli"),
        ('tasks = ["hoc"]\n[task.hoc]\nmodel = 1', "B618.*task.hoc.model"),
        ('tasks = ["hoc"]\n[models."../x"]\n', "B619.*name of a model"),
        ('tasks = ["hoc"]\n[models.x]\ntasks = ["hcc"]', "B619.*models.x.tasks is 'hcc'"),
        ('tasks = ["hoc"]\n[models.x]\nencoder = true', "B619.*models.x.encoder is True"),
        ('tasks = ["hoc"]\n[models.x]\nencoder = ""', "B619.*models.x.encoder is ''"),
        ('name = 1\ntasks = ["hoc"]', "B619.*name is 1"),
        ('tasks = ["hoc"]\n[settings]\nlearning_rate = nan', "B619.*learning_rate is nan"),
        ('tasks = ["hoc"]\n[settings]\nlearning_rate = inf', "B619.*learning_rate is inf"),
        ('tasks = ["hoc"]\n[models.x]\nlr = 1', "B618.*models.x.lr"),
        ('tasks = ["hoc"]\n[overrides]\n"paths.train" = "a.spacy"', "B647.*'paths.train'"),
        ('tasks = ["hoc"]\n[models.x.overrides]\n"system.seed" = 7', "B647.*'system.seed'"),
        ('tasks = ["hoc"]\n[task.hoc.overrides]\n"training.seed" = 7', "B647.*'training.seed'"),
        ('tasks = ["hoc"]\nselect = "dev"\n[settings]\ntrain_docs = [1, 2]', "B619.*train_docs"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, text)


def test_a_grid_needs_a_file_and_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match="B616"):
        read_grid(tmp_path / "none.toml", encoder="x")
    with pytest.raises(BlurbError, match=r"B621.*'mine' has no encoder"):
        read(tmp_path, 'tasks = ["hoc"]', encoder=None)


GRIDS = sorted((Path(__file__).parents[2] / "configs" / "grids").glob("*.toml"))


@pytest.mark.parametrize("path", GRIDS, ids=lambda path: path.stem)
def test_the_grids_of_the_project(path: Path) -> None:
    groups = read_grid(path, encoder="enc")
    assert groups
    ablations = {ablation.name: ablation for ablation in ABLATIONS}
    if path.stem in ablations:
        assert {group.model for group in groups} == set(ablations[path.stem].arms)
    if path.stem == "blurb":
        assert {group.task for group in groups} == set(BLURB_TASKS)
        # The paper: 10 runs of BIOSSES, PubMedQA and BioASQ, 5 of the others.
        runs = {group.task: len(group.alternatives[0]) for group in groups}
        assert [task for task, n in runs.items() if n == 10] == ["biosses", "pubmedqa", "bioasq"]
        assert {runs[task] for task in runs} == {5, 10}


@pytest.mark.parametrize("name", ["blurb", "vocabulary", "initialisation", "text"])
def test_relations_are_encoded_pair_by_pair_where_the_paper_is_repeated(name: str) -> None:
    path = next(path for path in GRIDS if path.stem == name)
    cells = [group.alternatives[0][0] for group in read_grid(path, encoder="enc")]
    pairwise = "spacy_blurb.ReencodedRelations.v1"
    for cell in cells:
        key = "components.rel.model.@architectures"
        assert cell.overrides == ({key: pairwise} if cell.task.type == "rel" else {})
    assert {c.task.name for c in cells if c.task.type == "rel"} == {"chemprot", "ddi", "gad"}


def test_every_ablation_of_the_paper_has_a_grid() -> None:
    assert {ablation.name for ablation in ABLATIONS} <= {path.stem for path in GRIDS}


@pytest.mark.parametrize("model", [f"rel-{a}-{b}" for a, b in RELATION_ARMS])
def test_the_relations_grid_builds_the_heads_that_it_names(
    tmp_path: Path, project: Path, tiny_encoder: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    groups = read_grid(project / "configs" / "grids" / "relations.toml", encoder=str(tiny_encoder))
    cell = next(g for g in groups if (g.task, g.model) == ("ddi", model)).alternatives[0][0]
    for split in ("train", "dev"):
        (tmp_path / f"{split}.spacy").write_bytes(b"")
    report = {"splits": {"train": {"documents": 3, "gold": 64}, "dev": {}}}
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    prepared = prepare(cell, tmp_path, {})
    # Updates are counted in pairs: 64 in batches of 32.
    assert prepared.config["training"]["eval_frequency"] == 2
    nlp = spacy.util.load_model_from_config(prepared.config, auto_fill=True)
    attrs = nlp.get_pipe("rel").model.attrs  # type: ignore[attr-defined]
    assert (attrs["marking"], attrs["features"]) == RELATION_ARMS[_arm(model)]
    assert nlp.get_pipe("rel").cfg["directed"] is False  # type: ignore[attr-defined]


def _arm(model: str) -> tuple[str, str]:
    _, marking, features = model.split("-")
    return marking, features


def test_a_task_without_a_split_to_train_on(tmp_path: Path) -> None:
    (group,) = read(tmp_path, 'tasks = ["bioasq_factoid"]')
    ((cell,),) = group.alternatives
    report = {"splits": {"test": {"documents": 3, "gold": 3}}}
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B650.*no train split"):
        prepare(cell, tmp_path, {})


def test_a_result_without_its_files_is_not_finished(tmp_path: Path) -> None:
    (group,) = read(tmp_path, 'tasks = ["hoc"]')
    ((cell,),) = group.alternatives
    prepared = PreparedCell(cell, Config(), tmp_path, "key", (1, 1), "hash")
    (tmp_path / "test.spacy").write_bytes(b"gold")
    result = {"run": {"settings_sha256": "key"}, "data_sha256": hash_file(tmp_path / "test.spacy")}
    result |= {"units": "u.json", "predictions": "p.jsonl"}
    (tmp_path / "r.json").write_text(json.dumps(result), encoding="utf-8")
    for name in ("u.json", "p.jsonl"):
        assert finished_result(prepared, tmp_path / "r.json") is None
        (tmp_path / name).write_text("{}", encoding="utf-8")
    assert finished_result(prepared, tmp_path / "r.json") == result
