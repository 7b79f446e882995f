"""Every command: its help, one real call, and one line for every mistake."""

import errno
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
import typer
from click.testing import Result
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_blurb.annotations import set_gold_entities
from spacy_blurb.cli.app import command as register_command
from spacy_blurb.cli.main import app
from spacy_blurb.cli.overrides import parse_overrides
from spacy_blurb.cli.run_grid import deal_out
from spacy_blurb.data.formats import READERS
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.export import TOLERANCE
from spacy_blurb.evaluation.grid import read_grid
from spacy_blurb.pretraining.config import read_config
from spacy_blurb.tasks import TASKS

COMMANDS = sorted(command.name for command in app.registered_commands)

PROJECT = Path(__file__).parent.parent.parent


def call(*arguments: object) -> Result:
    """As in a wide terminal, in which no line of help is broken for want of room."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(argument) for argument in arguments])


def assert_one_line(result: Result, *parts: str) -> None:
    """Exit code 1 and one line on stderr, which has these parts; nothing on stdout."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("✘ [B")
    for part in parts:
        assert part in line


def test_the_commands_are_these() -> None:
    assert [
        *("annotate", "calibrate", "check-data", "convert", "convert-own", "corpus", "doctor"),
        *("evaluate", "export", "init-config", "leaderboard", "package", "pretrain", "render"),
        *("run", "score", "serve", "tasks", "vocab", "zero-shot"),
    ] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_works(command: str) -> None:
    """As far as it can be told without data: words, options, their values, the project's files."""
    result = call(command, "--help")
    assert result.exit_code == 0
    (example,) = re.findall(r"Example: (.*?)\n\n", result.stdout, re.S)
    words = shlex.split(example)
    assert words[:5] == ["python", "-m", "spacy", "blurb", command]
    group: Any = typer.main.get_command(app)
    given = group.commands[command].make_context(command, words[5:])
    assert given.params.get("task") in (None, *TASKS)
    assert given.params.get("format_name") in (None, *READERS)
    assert given.params.get("backend") in (None, *TOLERANCE)
    overrides = parse_overrides(given.args)
    if command in ("vocab", "corpus", "pretrain"):
        read_config(PROJECT / given.params["config"], overrides)
    elif command == "run":
        read_grid(PROJECT / given.params["grid"], encoder="FOLDER")
    else:
        assert not overrides


@pytest.mark.parametrize(
    "start", [["-m", "spacy", "blurb"], ["-c", "from spacy_blurb.cli.main import run; run()"]]
)
def test_the_commands_are_reachable_from_a_shell(start: list[str]) -> None:
    command = [sys.executable, *start, "--help"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 0, run.stderr
    for name in COMMANDS:
        assert f"\n  {name} " in run.stdout


# Real calls --------------------------------------------------------------------------------------


def test_tasks_as_table_and_json() -> None:
    lines = call("tasks").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["task", *TASKS]
    row = next(line for line in lines if line.startswith("ncbi_disease"))
    assert row.split()[1:] == ["ner", "NCBI-disease", "entity_f1", "5,134", "787", "960", "87.82"]
    tasks = {task["name"]: task for task in json.loads(call("tasks", "--json").stdout)}
    assert list(tasks) == list(TASKS)
    assert tasks["bc5_chem"]["sizes"] == {"train": 5203, "dev": 5347, "test": 5385}
    assert tasks["bc5cdr"]["labels"] == ["Chemical", "Disease"]


def test_convert(tmp_path: Path) -> None:
    for name in ("train", "devel", "test"):
        (tmp_path / f"{name}.tsv").write_text("a\tB\n\nb\tO\n", encoding="utf-8")
    out = tmp_path / "out"
    result = call("convert", "ncbi_disease", tmp_path, out, "--form", "blurb")
    assert result.exit_code == 0, result.stderr
    assert f"ncbi_disease (blurb) → {out}" in result.stdout
    assert "1 mentions (paper: 5,134), 0 not on token boundaries" in result.stdout
    names = ["dev.spacy", "report.json", "test.spacy", "train.spacy"]
    assert sorted(path.name for path in out.iterdir()) == names


def test_convert_own(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("a\tB\n\nb\tO\n", encoding="utf-8")
    result = call("convert-own", "conll", tmp_path / "a.tsv", tmp_path / "out", "--label", "Drug")
    assert result.exit_code == 0, result.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert {name: row["gold"] for name, row in report["splits"].items()} == {"train": 1, "dev": 0}
    assert "1 documents moved to dev" in result.stdout
    assert "in train, too" not in result.stdout
    own = tmp_path / "a.tsv"
    result = call("convert-own", "conll", own, tmp_path / "out", "--dev", own)
    assert "dev    2 Docs, 1 mentions, 0 not on token boundaries, 2 texts are in train, too" in (
        result.stdout
    )


def test_init_config_takes_the_tasks_settings_or_given_ones(
    project: Path, corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "deep" / "train.cfg"
    base = project / "configs" / "ner.cfg"
    arguments = ["--base", base, "--corpus", corpus, "--encoder", "owner/x"]
    result = call("init-config", "bc5_disease", output, *arguments)
    assert result.exit_code == 0, result.stderr
    # 4 documents fit in one batch of 16; 8 epochs.
    assert "bc5_disease: 8 epochs = 8 steps" in result.stdout
    training = spacy.util.load_config(output).interpolate()["training"]
    assert training["optimizer"]["learn_rate"]["initial_rate"] == 5e-5
    given = ["--epochs", 3, "--batch-docs", 2, "--learning-rate", "1e-3", "--seed", 5]
    assert "3 epochs = 6 steps" in call("init-config", "ner", output, *arguments, *given).stdout
    training = spacy.util.load_config(output).interpolate()["training"]
    assert training["optimizer"]["learn_rate"]["initial_rate"] == 1e-3
    assert (training["seed"], training["batcher"]["size"]) == (5, 2)
    # Zero steps would be training without end in spaCy.
    for option in ("--epochs", "--batch-docs"):
        assert call("init-config", "ner", output, *arguments, option, 0).exit_code == 2


def test_evaluate_writes_the_contract(
    rule_pipeline: Path, scored_by_hand: Path, tmp_path: Path
) -> None:
    output = tmp_path / "deep" / "r.json"
    results = []
    for _ in range(2):
        result = call("evaluate", rule_pipeline, "bc5cdr", scored_by_hand, "-o", output)
        assert result.exit_code == 0, result.stderr
        results.append(json.loads(output.read_text(encoding="utf-8")))
    assert "bc5cdr: entity_f1 60.00 (95 % 0.00–100.00), precision 75.00, recall 50.00" in (
        result.stdout
    )
    assert "the gold data has no" not in result.stdout
    keys = {"task", "metric", "score", "ci95", "n", "model", "seed", "versions", "predictions"}
    assert keys <= set(results[0])
    assert (results[0]["score"], results[0]["n"]) == (0.6, 3)
    assert results[0]["ci95"] == results[1]["ci95"]
    assert results[0]["ci95"][0] <= 0.6 <= results[0]["ci95"][1]
    text = (output.parent / results[0]["predictions"]).read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert [set(row) for row in rows] == [{"id", "entities"}] * 3
    assert rows[1]["entities"][1] == {"start": 24, "end": 29, "label": "Disease", "score": None}
    for word in ("aspirin", "naloxone", "hypertension", "fever"):
        assert word not in text


def test_evaluate_names_types_that_the_gold_data_has_not(
    rule_pipeline: Path, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    doc = nlp("aspirin causes fever")
    set_gold_entities(doc, [(0, 7, "CHEMICAL")], label_sets=["own"])
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    result = call("evaluate", rule_pipeline, "ner", tmp_path / "a.spacy", "-o", tmp_path / "r.json")
    assert result.exit_code == 0, result.stderr
    assert "the gold data has no Chemical, Disease: all that was predicted" in result.stdout


def test_convert_own_says_where_words_were_parted(tmp_path: Path) -> None:
    mentions = [{"start": 0, "end": 4, "label": "X"}, {"start": 6, "end": 10, "label": "Y"}]
    row = {"id": "1", "text": "fevers rats", "entities": mentions}
    row["relations"] = [{"head": 0, "tail": 1, "label": "R"}]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    result = call("convert-own", "jsonl", path, tmp_path / "out", "--dev", path)
    assert result.exit_code == 0, result.stderr
    assert "0 not on token boundaries, 2 inside of words that were parted" in result.stdout


def test_convert_own_says_which_mentions_a_tagger_cannot_learn(tmp_path: Path) -> None:
    mentions = [{"start": 0, "end": 20, "label": "Cell"}, {"start": 0, "end": 14, "label": "Dis"}]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "ovarian cancer cells", "entities": mentions}), "utf-8")
    result = call("convert-own", "jsonl", path, tmp_path / "out", "--dev", path)
    assert result.exit_code == 0, result.stderr
    assert "2 mentions, 0 not on token boundaries, 1 overlapping longer ones\n" in result.stdout


def test_package_builds_a_wheel_that_is_named(rule_pipeline: Path, tmp_path: Path) -> None:
    """In a process of its own: spaCy leaves files open, which is an error in this one."""
    command = [sys.executable, "-m", "spacy", "blurb", "package", str(rule_pipeline)]
    command += [str(tmp_path), "--name", "rules", "--version", "1.2.3"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 0, run.stderr
    wheel = tmp_path / "en_rules-1.2.3-py3-none-any.whl"
    assert wheel.is_file()
    assert f"pip install {wheel}" in run.stdout


# Mistakes ----------------------------------------------------------------------------------------


def test_convert_mistakes(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    assert_one_line(call("convert", "ncbi_diseases", raw, out), "B110", "'ncbi_disease'?", "tasks")
    assert_one_line(call("convert", "zzz", raw, out), "Unknown task 'zzz'. 'python -m")
    assert_one_line(call("convert", "ner", raw, out), "B108")
    assert_one_line(call("convert", "ncbi_disease", raw, out), "B108", str(raw))
    raw.mkdir()
    assert_one_line(call("convert", "ner", raw, out), "B110", "convert-own")
    assert_one_line(call("convert", "bc5_chem", raw, out), "B109", "CDR_TrainingSet.PubTator.txt")
    result = call("convert", "ncbi_disease", raw, out, "--form", "conll")
    assert_one_line(result, "B115", "'conll'", "original, blurb")
    (raw / "train.tsv").write_text("a\tO\nb\tO\tO\n", encoding="utf-8")
    result = call("convert", "ncbi_disease", raw, out, "--form", "blurb")
    assert_one_line(result, "B103", "train.tsv, line 2", "found 3")
    assert not out.exists()


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    train, blocked = tmp_path / "a.tsv", tmp_path / "file"
    train.write_text("a\tO\n\nfever\tB\n", encoding="utf-8")
    blocked.touch()
    result = call("convert-own", "conll", train, blocked / "out")
    assert_one_line(result, "B601", "Not a directory", str(blocked))


@pytest.mark.parametrize("command", ["tasks", "check-data"])
def test_a_reader_that_closes_the_pipe_is_no_mistake(command: str, tmp_path: Path) -> None:
    """As `… | head` does; the exit code is that of other programs, which SIGPIPE ends."""
    folder = str(tmp_path) if command == "check-data" else "--json"
    start = "from spacy_blurb.cli.main import run; run()"
    run = subprocess.Popen(
        [sys.executable, "-c", start, command, folder],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    message = run.stderr.read()
    run.stderr.close()
    assert (message, run.wait(100)) == ("", 141)


def test_another_broken_pipe_is_one_line() -> None:
    """Such as that to a process of ours which has ended."""

    def fail() -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    try:
        register_command("broken-for-a-test")(fail)
        assert_one_line(call("broken-for-a-test"), "B601", "Broken pipe")
    finally:
        app.registered_commands.pop()


def test_check_data_wants_the_folder_above(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ncbi_disease"
    folder.mkdir()
    result = call("check-data", folder, "-o", tmp_path / "counts.md")
    assert result.exit_code == 1
    assert f"B651] {folder} holds no folder of a data set" in result.stderr
    assert f"give the one that it is in, {tmp_path}" in result.stderr
    assert not (tmp_path / "counts.md").exists()


def test_convert_own_mistakes(tmp_path: Path) -> None:
    path, out = tmp_path / "a.tsv", tmp_path / "out"
    assert_one_line(call("convert-own", "conll", path, out), "B100", str(path))
    assert_one_line(call("convert-own", "xyz", path, out), "B115", "conll", "pubtator")
    path.write_bytes(b"a\tO\n\xff\tO\n")
    assert_one_line(call("convert-own", "conll", path, out), "B102", "byte 4")
    path.write_bytes(b"")
    assert_one_line(call("convert-own", "pubtator", path, out), "B107")
    path.write_bytes(b"1|t|x\n1|a|y\n1\t0\t2\tz\tX\n")
    assert_one_line(call("convert-own", "pubtator", path, out), "B106", "line 3", "document 1")
    assert not out.exists()


def test_init_config_mistakes(project: Path, corpus: Path, tmp_path: Path) -> None:
    def init_config(task: str, base: Path, corpus: Path) -> Result:
        options = ["--base", base, "--corpus", corpus, "--encoder", "x"]
        return call("init-config", task, tmp_path / "out.cfg", *options)

    base = project / "configs" / "ner.cfg"
    assert_one_line(init_config("bc5chem", base, corpus), "B110", "Did you mean 'bc5_chem'?")
    assert_one_line(init_config("ner", tmp_path / "no.cfg", corpus), "B100", "no.cfg")
    assert_one_line(init_config("ner", base, tmp_path), "B100", "train.spacy")
    assert_one_line(init_config("ner", project / "README.md", corpus), "B503", "README.md")
    assert not (tmp_path / "out.cfg").exists()


def test_evaluate_refuses_a_metric_that_it_does_not_compute(tmp_path: Path) -> None:
    result = call("evaluate", "any", "scidocs", tmp_path / "a.spacy", "-o", tmp_path / "r.json")
    assert_one_line(result, "B510", "scidocs", "'vectors'", "ner, pico, textcat, sts, rel, qa")


def test_evaluate_refuses_data_of_another_task(rule_pipeline: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("fever\tB-Disease\n\nno\tO\n", encoding="utf-8")
    call("convert-own", "conll", path, tmp_path / "own", "--label", "mine")
    data, output = tmp_path / "own" / "train.spacy", tmp_path / "r.json"
    result = call("evaluate", rule_pipeline, "ncbi_disease", data, "-o", output)
    assert_one_line(result, "B511", "annotated for mine, not for task ncbi_disease")
    assert call("evaluate", rule_pipeline, "ner", data, "-o", output).exit_code == 0


def test_missing_packages_are_named(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\nfrom spacy_blurb.cli.main import run\n"
        f"sys.argv = ['spacy-blurb', 'pretrain', {str(PROJECT / 'configs/pretrain/demo.toml')!r}]\n"
        "run()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "[B602] This command needs the package torch" in run.stderr
    assert "Traceback" not in run.stderr


def test_evaluate_mistakes(rule_pipeline: Path, scored_by_hand: Path, tmp_path: Path) -> None:
    def evaluate(pipeline: object, task: str, data: Path) -> Result:
        return call("evaluate", pipeline, task, data, "-o", tmp_path / "r.json")

    blank = tmp_path / "blank"
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(blank)
    assert_one_line(evaluate(rule_pipeline, "bc5", scored_by_hand), "B110", "Did you mean 'bc5")
    result = evaluate("no_such_package", "ner", scored_by_hand)
    assert_one_line(result, "B501", "no_such_package", "Give the folder of a pipeline")
    assert_one_line(evaluate(tmp_path, "ner", scored_by_hand), "B501", str(tmp_path))
    damaged = shutil.copytree(blank, tmp_path / "damaged")
    (damaged / "vocab" / "vectors").write_bytes(b"")
    assert_one_line(evaluate(damaged, "ner", scored_by_hand), "B501", str(damaged))
    found = evaluate(blank, "ner", scored_by_hand)
    assert_one_line(found, "B502", "no component 'ner'", "It has: sentencizer")
    data = tmp_path / "a.spacy"
    assert_one_line(evaluate(rule_pipeline, "ner", data), "B100", "a.spacy")
    data.write_bytes(b"word\tO\n")
    assert_one_line(evaluate(rule_pipeline, "ner", data), "B113", "a.spacy")
    DocBin().to_disk(data)
    assert_one_line(evaluate(rule_pipeline, "ner", data), "B107", "a.spacy")
    DocBin(docs=[nlp.make_doc("fever")]).to_disk(data)
    assert_one_line(evaluate(rule_pipeline, "ner", data), "B500", "Document 0")
    assert not (tmp_path / "r.json").exists()


def test_package_mistakes(
    rule_pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = call("package", tmp_path, tmp_path, "--name", "demo")
    assert_one_line(result, "B504", str(tmp_path))
    site = tmp_path / "site" / "en_there" / "en_there-1.0"
    site.mkdir(parents=True)
    shutil.copy(rule_pipeline / "config.cfg", site)
    monkeypatch.syspath_prepend(tmp_path / "site")
    result = call("package", "en_there", tmp_path, "--name", "demo")
    assert_one_line(result, "B652", "en_there", f"Give its folder: {site}")
    result = call("package", rule_pipeline, tmp_path, "--name", "my-demo")
    assert_one_line(result, "B507", "'my-demo'")
    options = ["--name", "demo", "--result", tmp_path / "no.json"]
    assert_one_line(call("package", rule_pipeline, tmp_path, *options), "B506", "no.json")


def test_leaderboard(tmp_path: Path) -> None:
    """Of an empty folder: the published rows, in each form."""
    (tmp_path / "none").mkdir()
    for name in ("a.json", "a.md", "deep/a.html"):
        result = call("leaderboard", tmp_path / "none", "-o", tmp_path / name)
        assert result.exit_code == 0, result.stderr
        assert "0 rows of" in result.stdout
        assert "BioLinkBERT" in (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / "none" / "r.json").write_text(
        json.dumps(
            {
                "task": "hoc",
                "metric": "micro_f1",
                "score": 0.5,
                "ci95": [0.4, 0.6],
                "n": 1,
                "model": "m",
            }
        ),
        encoding="utf-8",
    )
    result = call("leaderboard", tmp_path / "none", "-o", tmp_path / "a.json")
    assert "m: no BLURB score (12 of 13 tasks missing" in result.stderr
    rows = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["rows"]
    assert (rows[-1]["model"], rows[-1]["scores"], rows[-1]["blurb"]) == ("m", {"hoc": 50.0}, None)


def test_score(scored_by_hand: Path, tmp_path: Path) -> None:
    spans = {"d1": [(0, 7, "Chemical")], "d2": [], "d3": [(0, 17, "Disease")]}
    lines = [
        json.dumps({"id": i, "entities": [{"start": s, "end": e, "label": x} for s, e, x in found]})
        for i, found in spans.items()
    ]
    path, output = tmp_path / "mine.v2.jsonl", tmp_path / "r.json"
    path.write_text("\n".join(lines), encoding="utf-8")
    result = call("score", path, "bc5cdr", scored_by_hand, "-o", output, "--against", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "bc5cdr: entity_f1 50.00 (95 %" in result.stdout
    assert f"{tmp_path} has no other result of task bc5cdr" in result.stdout
    content = json.loads(output.read_text(encoding="utf-8"))
    assert (content["model"], content["seed"], content["predictions"]) == ("mine", None, path.name)
    # Nothing is left out in silence.
    path.write_text(lines[0], encoding="utf-8")
    assert_one_line(call("score", path, "bc5cdr", scored_by_hand, "-o", output), "B629", "'d2'")


def test_mistakes_of_grids_and_tables(tmp_path: Path) -> None:
    grid = call("run", tmp_path / "g.toml", "-o", tmp_path)
    assert_one_line(grid, "B616", "g.toml")
    assert_one_line(call("leaderboard", tmp_path, "-o", tmp_path / "a.txt"), "B639", "a.txt")
    assert_one_line(call("leaderboard", tmp_path / "x", "-o", tmp_path / "a.md"), "B634")
    assert_one_line(call("score", "p", "scidocs", "g", "-o", "r.json"), "B510", "scidocs")


def test_evaluate_takes_the_gpu_that_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for before the pipeline is loaded; a machine without one is told so, not left alone."""
    asked: list[int] = []
    monkeypatch.setattr("spacy_blurb.evaluation.pipelines.require_gpu", asked.append)
    words = ("evaluate", "nowhere", "bc5cdr", "d.spacy", "-o", "r.json")
    annotating = ("annotate", "nowhere", "a.txt", "-o", "a.jsonl")
    for others in (annotating, ("serve", "nowhere", "--port", "0")):
        assert_one_line(call(*others, "-g", 2), "B501", "nowhere")
    assert asked == [2, 2]
    asked.clear()
    assert call(*annotating, "--gpu-id", 0, "--ray", "local").exit_code == 2
    assert_one_line(call(*words, "-g", 1), "B501", "nowhere")
    assert_one_line(call(*words, "--gpu-id", -1), "B501", "nowhere")
    assert asked == [1]

    def fail(gpu_id: int) -> None:
        raise ValueError("Cannot use GPU, CuPy is not installed")

    monkeypatch.setattr("spacy_blurb.evaluation.pipelines.require_gpu", fail)
    assert_one_line(call(*words, "-g", 0), "B643", "GPU 0", "CuPy", "--gpu-id")


@pytest.mark.parametrize(
    ("gpus", "jobs", "expected"),
    [
        ("-1", 2, [None, None]),
        ("0,1", 1, ["0"]),
        ("0, 1", 3, ["0", "1", "0"]),
    ],
)
def test_jobs_are_dealt_out_to_gpus(gpus: str, jobs: int, expected: list[str | None]) -> None:
    assert [place.gpu for place in deal_out(gpus, jobs, 1)] == expected


CONFIG = PROJECT / "configs" / "pretrain" / "demo.toml"


@pytest.mark.parametrize(
    ("line", "target", "expected"),
    [
        (f"vocab {CONFIG} --overwrite", "pretraining.vocab.train_vocab", {"overwrite": True}),
        (f"vocab {CONFIG}", "pretraining.vocab.train_vocab", {"overwrite": False}),
        (f"corpus {CONFIG} --overwrite", "pretraining.corpus.build_corpus", {"overwrite": True}),
        (f"pretrain {CONFIG} --overwrite", "pretraining.train.pretrain", {"overwrite": True}),
        (
            "leaderboard FOLDER -o FOLDER/x.md --incomplete --mixed",
            "evaluation.leaderboard.build_board",
            {"incomplete": True, "mixed": True},
        ),
        (
            "annotate PIPELINE FOLDER/a.txt -o FOLDER/o.jsonl --overwrite --vectors --n-process 3",
            "streaming.run.annotate",
            {"overwrite": True, "vector": True, "n_processes": 3},
        ),
        (
            "package PIPELINE FOLDER --name x --meta FOLDER/m.json --card FOLDER/c.md --version 2",
            "evaluation.packaging.build_wheel",
            {"meta": "FOLDER/m.json", "card": "FOLDER/c.md", "version": "2"},
        ),
        (
            "run GRID --encoder x -o FOLDER/out --keep-models --overwrite",
            "evaluation.grid_run.GridRun",
            {"keep_models": True, "overwrite": True},
        ),
        (
            "zero-shot medconceptsqa x GOLD -o FOLDER/z.json --shots GOLD --n-shots 1 --limit 2",
            "evaluation.zero_shot.evaluate_zero_shot",
            {"n_shots": 1, "limit": 2},
        ),
    ],
)
def test_options_reach_what_does_the_work(
    line: str,
    target: str,
    expected: dict[str, Any],
    rule_pipeline: Path,
    scored_by_hand: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: dict[str, Any] = {}

    def note(*_: Any, **settings: Any) -> None:
        found.update(settings)
        raise BlurbError("[B000] called")

    monkeypatch.setattr(f"spacy_blurb.{target}", note)
    grid = PROJECT / "configs" / "grids" / "minilm.toml"
    names = {"PIPELINE": rule_pipeline, "FOLDER": tmp_path, "GRID": grid, "GOLD": scored_by_hand}
    for name, path in names.items():
        line = line.replace(name, str(path))
    assert_one_line(call(*shlex.split(line)), "called")
    found = {key: str(value) if isinstance(value, Path) else value for key, value in found.items()}
    if "shots" in found:
        found["n_shots"] = len(found["shots"])
    wanted = {
        key: value.replace("FOLDER", str(tmp_path)) if isinstance(value, str) else value
        for key, value in expected.items()
    }
    assert {key: found[key] for key in wanted} == wanted
