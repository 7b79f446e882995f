"""project.yml and the embedded demo corpus agree with the repository."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from spacy.language import Language
from weasel.util.config import load_project_config, parse_config_overrides

from spacy_blurb.annotations import gold_entities
from spacy_blurb.cli.main import app
from spacy_blurb.data.convert import Target, convert_task
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.tasks import get_task

HELD_OUT = "Naloxone reverses the antihypertensive effect of clonidine in rats with hypertension."


@pytest.fixture(scope="module")
def config(project: Path) -> dict[str, Any]:
    """Parsed, checked by weasel, with the default variables filled in."""
    return load_project_config(project)


def is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def test_workflows_name_known_commands(config: dict[str, Any]) -> None:
    names = [command["name"] for command in config["commands"]]
    assert len(names) == len(set(names))
    for workflow, steps in config["workflows"].items():
        assert set(steps) <= set(names), workflow
    assert {step for steps in config["workflows"].values() for step in steps} == set(names)


def test_dependencies_exist_or_are_made_by_a_command(project: Path, config: dict[str, Any]) -> None:
    outputs = [output for command in config["commands"] for output in command.get("outputs", [])]
    fetched = [asset["dest"] for asset in config["assets"]]
    for command in config["commands"]:
        for path in command.get("deps", []):
            # Weasel joins the entries of a list where a bare variable follows another one.
            assert ", " not in path, path
            made = any(is_inside(path, output) for output in outputs)
            asset = any(is_inside(dest, path) for dest in fetched)
            assert made or asset or (project / path).exists(), f"{command['name']}: {path}"


def test_scripts_name_files_of_the_repository_and_known_blurb_commands(
    project: Path, config: dict[str, Any]
) -> None:
    known = {command.name for command in app.registered_commands}
    lines = [line for command in config["commands"] for line in command["script"]]
    called = {m[1] for line in lines if (m := re.search(r"spacy blurb ([\w-]+)", line))}
    assert called <= known
    fetched = ["assets/pubmed", *(asset["dest"] for asset in config["assets"])]
    paths = {
        p for line in lines for p in re.findall(r"(?<![\w/])(?:assets|configs)/[\w./-]+", line)
    }
    assert "configs/ner.cfg" in paths
    for path in sorted(paths):
        is_fetched = any(is_inside(path, dest) or is_inside(dest, path) for dest in fetched)
        assert is_fetched or (project / path).exists(), path


def test_each_step_of_a_workflow_comes_after_what_it_needs(config: dict[str, Any]) -> None:
    commands = {command["name"]: command for command in config["commands"]}
    for steps in config["workflows"].values():
        own = [output for step in steps for output in commands[step].get("outputs", [])]
        made: list[str] = []
        for step in steps:
            for path in commands[step].get("deps", []):
                later = any(is_inside(path, output) for output in own)
                assert not later or any(is_inside(path, output) for output in made), (step, path)
            made += commands[step].get("outputs", [])


def test_a_training_depends_on_the_encoder_that_its_config_names(config: dict[str, Any]) -> None:
    """Else a second run with another encoder trains nothing and reports the old pipeline."""
    commands = {command["name"]: command for command in config["commands"]}
    checked = 0
    for steps in config["workflows"].values():
        encoder_of: dict[str, str] = {}
        for step in steps:
            made: list[str] = []
            for line in commands[step]["script"]:
                if match := re.search(r"init-config \S+ (\S+).* --encoder (\S+)", line):
                    encoder_of[match[1]] = match[2]
                elif match := re.search(r"spacy train (\S+) --output (\S+)", line):
                    encoder = encoder_of.get(match[1])
                    needed = [*commands[step]["deps"], *made]
                    assert encoder is None or any(is_inside(encoder, path) for path in needed), step
                    checked += encoder is not None
                    made.append(match[2])
    assert checked > 10


def test_results_in_a_package_are_made_by_the_same_workflow(config: dict[str, Any]) -> None:
    """Else a new pipeline is shipped with the scores of an older one."""
    commands = {command["name"]: command for command in config["commands"]}
    for name, steps in config["workflows"].items():
        made: list[str] = []
        for step in steps:
            for line in commands[step]["script"]:
                used = re.findall(r"--result (\S+)", line)
                assert set(used) <= set(made), name
            made += commands[step].get("outputs", [])


def test_what_reads_text_runs_at_every_call(config: dict[str, Any]) -> None:
    """Several files and patterns cannot be dependencies; the commands see what has changed.

    Nor can the encoders that a grid's file names.
    """
    reading = {
        command["name"]
        for command in config["commands"]
        if any(re.search(r" --text(\.file)?s ", line) for line in command["script"])
    }
    always = {command["name"] for command in config["commands"] if command.get("no_skip")}
    assert reading | {"grid"} == always
    assert {"vocab", "corpus", "sm-overlap"} <= always


def test_options_are_switched_on_by_words(project: Path) -> None:
    """Weasel takes dashes out of values, so "--overwrite" would reach no command as it is."""
    words = ["--vars.overwrite", "overwrite", "--vars.intermediate_head=keep-head"]
    for given, overwrite, head in (
        ([], " --no-overwrite", " --new-head "),
        (words, " --overwrite", " --keep-head "),
    ):
        config = load_project_config(project, overrides=parse_config_overrides(list(given)))
        scripts = {command["name"]: command["script"] for command in config["commands"]}
        for name in ("vocab", "corpus", "encoder", "sm-corpus", "sm-encoder", "grid", "arms-vocab"):
            for line in scripts[name]:
                assert line.endswith(overwrite), name
        assert head in scripts["target-config"][0]
    group: Any = typer.main.get_command(app)
    for name in ("vocab", "corpus", "pretrain", "run"):
        options = {o for p in group.commands[name].params for o in (*p.opts, *p.secondary_opts)}
        assert {"--overwrite", "--no-overwrite"} <= options


def test_variables_reach_the_commands(project: Path) -> None:
    names: dict[str, Any] = {
        "model": "mini",
        "gpu": 1,
        "grid": "tags",
        "seed": 7,
        "sm_card": "mine.md",
    }
    overrides = {f"vars.{name}": value for name, value in names.items()}
    config = load_project_config(project, overrides=overrides)
    commands = {command["name"]: command for command in config["commands"]}
    scripts = {name: command["script"] for name, command in commands.items()}
    (grid,) = scripts["grid"]
    assert "grids/tags.toml" in grid
    assert "--work training/tags --jobs 1 --gpus 1" in grid
    assert "--gold training/tags/corpus" in scripts["board"][0]
    assert commands["board"]["deps"] == commands["grid"]["outputs"] == ["metrics/tags"]
    assert "--model=mini " in scripts["score"][0]
    assert "--training.seed 7" in scripts["sm-assemble"][0]
    assert "--card mine.md" in scripts["sm-wheel"][0]
    assert "mine.md" in commands["sm-wheel"]["deps"]
    # What a GPU trains it evaluates too; an exported pipeline and spaCy's CNN are for CPUs.
    for name, script in scripts.items():
        for line in script:
            if "blurb evaluate training/" in line and not re.search(r"/(sm|demo)", line):
                assert line.endswith(" --gpu-id 1"), name


def test_demo_corpus_converts(nlp: Language, project: Path, tmp_path: Path) -> None:
    raw = project / "assets" / "demo" / "bc5cdr"
    paper = {"train": None, "dev": None, "test": None}
    report = convert_task(Target("bc5cdr"), raw, tmp_path, form="original", paper=paper)
    rows = report["splits"]
    assert {name: row["documents"] for name, row in rows.items()} == {
        "train": 100,
        "dev": 20,
        "test": 20,
    }
    # A tagger can reach nearly everything, so that the demo's score is not bounded by its tokens.
    assert all(row["gold"] > 100 and row["lost"] <= 0.03 * row["gold"] for row in rows.values())
    for split in rows:
        docs = read_docbin(tmp_path / f"{split}.spacy", nlp.vocab)
        labels = {label for doc in docs for _, _, label in gold_entities(doc)}
        assert labels == set(get_task("bc5cdr").labels)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == report


def test_the_held_out_sentence_is_in_no_demo_text(project: Path) -> None:
    demo = project / "assets" / "demo"
    texts = {
        path: " ".join(path.read_text(encoding="utf-8").lower().split())
        for path in [*(demo / "bc5cdr").iterdir(), *(demo / "text").iterdir()]
    }
    assert any(path.name == "articles.txt" for path in texts)
    for path, text in texts.items():
        assert HELD_OUT.lower().removesuffix(".") not in text, path


def test_no_demo_text_is_in_two_splits(project: Path) -> None:
    titles: dict[str, str] = {}
    for path in sorted((project / "assets" / "demo" / "bc5cdr").iterdir()):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"\w+\|([ta])\|(.*)", line):
                assert titles.setdefault(match[2], path.name) == path.name
    assert len(titles) == 280


_RUN = re.compile(r"spacy project run ([\w-]+) \.((?:[^`\n\\]|\\\n)*)")
_USED = re.compile(r"\$\{vars\.(\w+)\}")


def used_variables(config: dict[str, Any], workflow: str) -> set[str]:
    """The variables that decide what a workflow or command does, also by way of others."""
    commands = {command["name"]: json.dumps(command) for command in config["commands"]}
    names = config["workflows"].get(workflow, [workflow])
    used, new = set[str](), set(_USED.findall("".join(commands[name] for name in names)))
    while new:
        used |= new
        new = set(_USED.findall("".join(str(config["vars"][name]) for name in used))) - used
    return used


def test_documents_give_workflows_variables_that_they_use(project: Path) -> None:
    config = load_project_config(project, interpolate=False)
    pages = [
        *project.glob("*.md"),
        *(project / "docs").rglob("*.md"),
        *project.glob("assets/*/*.md"),
    ]
    calls = [
        (page.name, call[1], name)
        for page in pages
        for call in _RUN.finditer(page.read_text(encoding="utf-8"))
        for name in re.findall(r"--vars\.(\w+)", call[2])
    ]
    assert len(calls) > 50
    assert [call for call in calls if call[2] not in used_variables(config, call[1])] == []
