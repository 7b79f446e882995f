"""A grid from raw files to results: run, killed, resumed; failures."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from confection import Config
from filelock import FileLock

from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.data.formats.file_hash import hash_file
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.corpora import find_corpus, limit_training, read_form
from spacy_blurb.evaluation.grid import read_grid
from spacy_blurb.evaluation.grid_cell import (
    Place,
    PreparedCell,
    _hash_encoder,
    check_encoder,
    check_evaluation,
    dev_score,
    evaluate,
    prepare,
    read_curve,
    train,
)
from spacy_blurb.evaluation.grid_run import Folders, GridRun, Outcome
from spacy_blurb.evaluation.processes import Processes, Usage
from spacy_blurb.tasks import get_task

from .boards import write_result

GRIDS = Path(__file__).parents[2] / "configs" / "grids"
GRID = """
name = "tiny"
tasks = ["bc5cdr", "chemprot"]
seeds = [0, 1]
form = "original"
[settings]
learning_rate = 1e-2
epochs = 1
batch_docs = 8
[task.bc5cdr]
train_docs = 16
"""


@pytest.fixture
def workplace(tmp_path: Path, project: Path, tiny_encoder: Path) -> Path:
    """A folder like the project's, with the demo's corpus as the only data set."""
    (tmp_path / "configs").symlink_to(project / "configs")
    shutil.copytree(project / "assets" / "demo" / "bc5cdr", tmp_path / "data" / "bc5cdr")
    (tmp_path / "grid.toml").write_text(GRID, encoding="utf-8")
    return tmp_path


def write_gad(raw: Path) -> None:
    """Write the copy of a set: eight rows a split."""
    raw.mkdir(parents=True)
    rows = "@GENE$ causes @DISEASE$\t1", "@DISEASE$ in rats, @GENE$ in rats\t0"
    for split in ("train", "dev", "test"):
        lines = [f"{split}{n}\t{rows[n % 2]}" for n in range(8)]
        text = "\n".join(["index\tsentence\tlabel", *lines]) + "\n"
        (raw / f"{split}.tsv").write_text(text, encoding="utf-8")


def start(folder: Path, encoder: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "spacy", "blurb", "run", "grid.toml", "-o", "results"]
    command += ["--data", "data", "--encoder", str(encoder), "--work", "work", *more]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_killed_and_resumed(workplace: Path, tiny_encoder: Path) -> None:
    """Killed after the first result; the second call repeats no training and no finished cell."""
    first, results = start(workplace, tiny_encoder), workplace / "results" / "bc5cdr"
    while first.poll() is None and not (results / "tiny-s0.json").is_file():
        time.sleep(0.2)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    before = (results / "tiny-s0.json").read_bytes()
    trained = {p: p.stat().st_mtime_ns for p in workplace.glob("work/bc5cdr/*/train.json")}
    second = start(workplace, tiny_encoder, "--jobs", "2", "--threads", "1")
    out, err = second.communicate(timeout=300)
    # chemprot has no data here: its cells fail, and stop no other.
    assert second.returncode == 1, out + err
    assert "B623" in err
    assert out.count("chemprot tiny-s") == 2
    assert "bc5cdr tiny-s0: entity_f1" in out
    assert ", finished before" in out
    assert (results / "tiny-s0.json").read_bytes() == before
    assert {p: p.stat().st_mtime_ns for p in trained} == trained
    files = {path.name for path in results.iterdir()}
    assert files == {
        f"tiny-s{seed}{end}"
        for seed in (0, 1)
        for end in (".json", ".predictions.jsonl", ".units.json")
    }
    # Each was trained once, and models are not kept.
    assert len(list(workplace.glob("work/bc5cdr/*/train.json"))) == 2
    assert not list(workplace.glob("work/bc5cdr/*/model-*"))
    result = json.loads((results / "tiny-s1.json").read_text(encoding="utf-8"))
    run = result["run"]
    assert (result["task"], result["model"], result["seed"]) == ("bc5cdr", "tiny", 1)
    assert run["settings"]["learning_rate"] == 1e-2
    assert "selection" not in run
    assert (run["settings"]["train_docs"], run["settings"]["train_docs_of"]) == (16, 100)
    assert (run["threads"], run["jobs"], run["device"]) == (1, 2, "cpu")
    assert run["train_seconds"] > 0
    assert run["train_cpu_seconds"] > 0
    assert run["curve"][-1][1] == run["dev"]
    assert 0 <= run["dev"] <= 1


def test_a_budget_is_the_same_for_all_and_leaves_dev_and_test_whole(
    workplace: Path,
) -> None:
    vocab = spacy.blank("en").vocab
    task = get_task("bc5cdr")
    corpus = find_corpus(task, workplace / "c", workplace / "data", form="original")
    assert limit_training(corpus, None) == (corpus, 100)
    assert limit_training(corpus, 100) == (corpus, 100)
    ten, n = limit_training(corpus, 10)
    twenty, _ = limit_training(corpus, 20)
    assert (n, ten.name) == (10, "bc5cdr-10")
    texts = {
        folder: [doc.text for doc in read_docbin(folder / "train.spacy", vocab)]
        for folder in (corpus, ten, twenty)
    }
    assert len(texts[ten]) == 10
    assert set(texts[ten]) < set(texts[twenty]) < set(texts[corpus])
    for split in ("dev", "test"):
        name = f"{split}.spacy"
        assert (ten / name).read_bytes() == (corpus / name).read_bytes()


def test_a_conversion_that_fails_leaves_nothing(workplace: Path, tmp_path: Path) -> None:
    (tmp_path / "raw" / "bc5cdr").mkdir(parents=True)
    with pytest.raises(BlurbError, match="B109"):
        find_corpus(get_task("bc5cdr"), tmp_path / "c", tmp_path / "raw", form="original")
    assert not list((tmp_path / "c").iterdir())
    corpus = find_corpus(get_task("bc5cdr"), workplace / "c", workplace / "data", form="original")
    limited, _ = limit_training(corpus, 10)
    (tmp_path / "plain").mkdir()
    # Readable by whom other folders are readable by.
    modes = {folder.stat().st_mode for folder in (corpus, limited, tmp_path / "plain")}
    assert len(modes) == 1
    assert {path.name for path in corpus.parent.iterdir()} == {"bc5cdr", "bc5cdr-10"}


def test_a_cut_down_corpus_follows_the_whole_one(workplace: Path) -> None:
    corpus = find_corpus(get_task("bc5cdr"), workplace / "c", workplace / "data", form="original")
    ten, _ = limit_training(corpus, 10)
    made = (ten / "report.json").stat().st_mtime_ns
    limit_training(corpus, 10)
    assert (ten / "report.json").stat().st_mtime_ns == made
    shutil.copyfile(corpus / "dev.spacy", corpus / "test.spacy")  # as if converted otherwise
    limit_training(corpus, 10)
    assert (ten / "test.spacy").read_bytes() == (corpus / "dev.spacy").read_bytes()


def test_where_a_corpus_comes_from(workplace: Path) -> None:
    task = get_task("bc5cdr")
    with pytest.raises(BlurbError, match=r"B624.*bc5cdr"):
        find_corpus(task, workplace / "c", None, form="original")
    find_corpus(task, workplace / "c", workplace / "data", form="original")
    assert find_corpus(task, workplace / "c", None, form="original").is_dir()
    with pytest.raises(BlurbError, match=r"B625.*'original'.*'blurb'"):
        find_corpus(task, workplace / "c", None, form="blurb")


def test_the_key_of_a_training_is_what_decides_it(
    workplace: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    corpus = find_corpus(get_task("bc5cdr"), workplace / "c", workplace / "data", form="original")

    def keys(text: str, encoder: Path = tiny_encoder) -> list[str]:
        Path("k.toml").write_text('tasks = ["bc5cdr"]\n' + text, encoding="utf-8")
        groups = read_grid(Path("k.toml"), encoder=str(encoder))
        cells = [cell for group in groups for cell in group.alternatives[0]]
        return [prepare(cell, corpus, {}).key for cell in cells]

    same = keys("")
    copy = workplace / "copy"
    shutil.copytree(tiny_encoder, copy)
    assert keys("") == keys("", copy) == keys("[models.other]\n") == same
    (copy / "config.json").write_text(
        (copy / "config.json").read_text(encoding="utf-8") + " ", encoding="utf-8"
    )
    others = [
        keys("seeds = [1]"),
        keys("[settings]\nepochs = 3"),
        keys("[settings]\ntrain_docs = 10"),
        keys('[overrides]\n"components.ner.tag_scheme" = "IO"'),
        keys("", copy),
    ]
    assert len({tuple(key) for key in [same, *others]}) == 6
    with pytest.raises(BlurbError, match=r"B622.*components\.tagger\.x"):
        keys('[overrides]\n"components.tagger.x" = 1')


def test_an_encoder_is_named_by_its_files(tmp_path: Path) -> None:
    """Of a checkpoint in pieces, and of a saved pipeline, which has other files."""
    assert _hash_encoder("hub/name") == "hub/name"
    for name in ("model-00002-of-00002.safetensors", "transformer/model"):
        folder = tmp_path / name.replace("/", "-")
        path = folder / name
        path.parent.mkdir(parents=True)
        if "safetensors" in name:
            (folder / "config.json").write_text("{}", encoding="utf-8")
        path.write_bytes(b"1")
        before = _hash_encoder(str(folder))
        assert before == _hash_encoder(shutil.copytree(folder, tmp_path / f"{folder.name}-copy"))
        path.write_bytes(b"2")
        assert _hash_encoder(str(folder)) not in (before, str(folder))


def test_the_settings_of_a_tokenizer_are_part_of_an_encoder(tmp_path: Path) -> None:
    """They decide letter case where there is no tokenizer.json."""
    for name in ("config.json", "tokenizer_config.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    before = _hash_encoder(str(tmp_path))
    settings = '{"do_lower_case": false}'
    (tmp_path / "tokenizer_config.json").write_text(settings, encoding="utf-8")
    assert _hash_encoder(str(tmp_path)) != before


@pytest.mark.parametrize(
    ("run", "refused"),
    [
        ({"settings": {"encoder": "enc"}, "encoder_sha256": "sha"}, False),
        ({"settings": {"encoder": "copy"}, "encoder_sha256": "sha"}, False),
        ({"settings": {"encoder": "other"}, "encoder_sha256": "other"}, True),
        ({"settings": {"encoder": "enc"}, "encoder_sha256": "trained again"}, True),
        ({"settings": {"encoder": "enc"}}, False),
        ({"settings": {"encoder": "other"}}, True),
        ({}, False),
    ],
)
def test_a_result_with_another_encoder_is_not_replaced(
    tmp_path: Path, run: dict, refused: bool
) -> None:
    path = write_result(tmp_path, "hoc", "m", run=run)
    if refused:
        with pytest.raises(BlurbError, match=r"B645.*m-s0\.json.*'enc'.*--overwrite"):
            check_encoder(make_prepared(), path)
    else:
        check_encoder(make_prepared(), path)


def test_the_result_states_the_form_that_was_read(workplace: Path) -> None:
    """A folder without originals is read as the copy, where the grid asks for originals."""
    write_gad(workplace / "data" / "gad" / "blurb")
    corpus = find_corpus(get_task("gad"), workplace / "c", workplace / "data", form="original")
    assert read_form(corpus) == read_form(limit_training(corpus, 6)[0]) == "blurb"


def test_relations_by_a_budget_of_docs(workplace: Path, tiny_encoder: Path) -> None:
    """Updates are counted by the pairs of the Docs that were drawn; dev shows their F1."""
    write_gad(workplace / "data" / "gad" / "blurb")
    # The copy is all there is, and the result has to say so.
    grid = 'name = "tiny"\ntasks = ["gad"]\nform = "original"\n[settings]\nlearning_rate = 1e-2\n'
    grid += "epochs = 2\nbatch_docs = 2\ntrain_docs = 6\n"
    (workplace / "grid.toml").write_text(grid, encoding="utf-8")
    out, err = start(workplace, tiny_encoder).communicate(timeout=300)
    assert "gad tiny-s0: micro_f1" in out, out + err
    result = json.loads((workplace / "results" / "gad" / "tiny-s0.json").read_text("utf-8"))
    run = result["run"]
    assert (run["settings"]["train_docs"], run["settings"]["train_docs_of"]) == (6, 8)
    assert run["settings"]["form"] == "blurb"
    # Six pairs in batches of two, twice.
    assert [row[0] for row in run["curve"]] == [0, 3, 6]
    corpus = workplace / "work" / "corpus" / "gad"
    nlp = spacy.blank("en")
    assert limit_training(corpus, 6)[0].name == "gad-6"
    assert len(read_docbin(corpus.with_name("gad-6") / "train.spacy", nlp.vocab)) == 6
    assert 0 <= run["dev"] <= 1
    assert {"candidate_recall", "threshold", "entities", "units", "predictions"} <= set(result)


def test_the_curve_is_what_spacy_logged(tmp_path: Path) -> None:
    rows = [
        {"step": 0, "scores": {"ents_f": 0.0, "pico_f": 0.0}, "score": 0.0, "losses": {"a": 2.0}},
        {"step": 5, "scores": {"ents_f": 50.0}, "score": 0.25, "losses": {"a": 1.0, "b": 0.5}},
    ]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_curve(path, "ner", 5) == {"curve": [[0, 0.0, 2.0], [5, 0.5, 1.5]], "dev": 0.5}
    assert read_curve(path, "vectors", 5)["dev"] == 0.25
    # Six steps: the trained pipeline is not the one that was scored.
    assert read_curve(path, "ner", 6)["dev"] is None


def make_prepared(**training: int) -> PreparedCell:
    (group,) = read_grid(GRIDS / "minilm.toml", encoder="enc")[:1]
    cell = group.alternatives[0][0]
    return PreparedCell(cell, Config({"training": training}), Path("corpus"), "key", (1, 1), "sha")


def test_of_candidates_one_model_is_kept(
    workplace: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The better one after each, so that a grid does not need the room of all; the first of two
    equals, and after an interruption nothing is trained twice."""
    monkeypatch.chdir(workplace)
    rates = {1e-2: 0.25, 2e-2: 0.75, 3e-2: 0.5, 4e-2: 0.75}
    text = 'tasks = ["bc5cdr"]\nselect = "dev"\n[settings]\nepochs = 1\n'
    Path("grid.toml").write_text(f"{text}learning_rate = {list(rates)}\n", encoding="utf-8")
    trained: list[float] = []
    kept: list[list[float]] = []

    def record_train(prepared: PreparedCell, folder: Path, *_: object) -> None:
        rate = prepared.cell.settings.learning_rate
        kept.append([float(path.read_text()) for path in folder.glob("*/model-last/rate")])
        if (folder / prepared.key / "model-last").is_dir():
            return
        trained.append(rate)
        (folder / prepared.key / "model-last").mkdir(parents=True)
        (folder / prepared.key / "model-last" / "rate").write_text(str(rate))
        record = {"steps": 4, "curve": [[4, rates[rate], 0.0]]}
        (folder / prepared.key / "train.json").write_text(json.dumps(record), encoding="utf-8")

    def record_evaluate(*arguments: object) -> dict:
        scored = {"metric": "f", "score": 0.5, "ci95": [0, 1]}
        return {**scored, "run": {"train_seconds": 1, "evaluate_seconds": 1}}

    monkeypatch.setattr("spacy_blurb.evaluation.grid_run.train", record_train)
    monkeypatch.setattr("spacy_blurb.evaluation.grid_run.evaluate", record_evaluate)
    groups = read_grid(Path("grid.toml"), encoder=str(tiny_encoder))
    folders = Folders(Path("data"), Path("work"), Path("results"))
    outcome = GridRun(groups, folders, [Place()], report=lambda line: None).run()
    assert (outcome.finished, outcome.failed) == (1, [])
    assert trained == list(rates)
    # Before each training, and before the best one is evaluated.
    assert kept == [[], [1e-2], [2e-2], [2e-2], [2e-2]]


def test_two_grids_do_not_delete_each_others_trainings(workplace: Path, tiny_encoder: Path) -> None:
    groups = read_grid(workplace / "grid.toml", encoder=str(tiny_encoder))
    folders = Folders(workplace / "data", workplace / "work", workplace / "results")
    (workplace / "work").mkdir()
    with (
        FileLock(workplace / "work" / ".lock"),
        pytest.raises(BlurbError, match=r"B646.*Another .*work"),
    ):
        GridRun(groups, folders, [Place()], report=lambda line: None).run()


def test_cells_of_equal_settings_share_a_training_and_are_told_anew(
    workplace: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a result that is there gets to know what its setting was chosen from."""
    monkeypatch.chdir(workplace)
    base = 'tasks = ["bc5cdr"]\n[models.a]\n[models.b]\n[settings]\nepochs = 1\n'
    Path("grid.toml").write_text(base, encoding="utf-8")
    trained: list[str] = []

    def record_train(prepared: PreparedCell, folder: Path, *_: object) -> None:
        target = folder / prepared.key
        if not (target / "model-last").is_dir():
            trained.append(prepared.cell.model)
            (target / "model-last").mkdir(parents=True)
            record = {"steps": 4, "curve": [[4, 0.5, 0.0]]}
            (target / "train.json").write_text(json.dumps(record), encoding="utf-8")

    def record_evaluate(prepared: PreparedCell, folder: Path, output: Path, *rest: object) -> dict:
        assert (folder / prepared.key / "model-last").is_dir()
        run = {"settings_sha256": prepared.key, "train_seconds": 1, "evaluate_seconds": 1}
        data = hash_file(prepared.corpus / "test.spacy")
        result = {"metric": "f", "score": 0.5, "ci95": [0, 1], "run": run, "data_sha256": data}
        result |= {"units": "units.json", "predictions": "predictions.jsonl"}
        output.parent.mkdir(parents=True, exist_ok=True)
        for name in ("units.json", "predictions.jsonl"):
            output.with_name(name).touch()
        output.write_text(json.dumps(result), encoding="utf-8")
        return result

    monkeypatch.setattr("spacy_blurb.evaluation.grid_run.train", record_train)
    monkeypatch.setattr("spacy_blurb.evaluation.grid_run.evaluate", record_evaluate)

    def run_grid() -> Outcome:
        groups = read_grid(Path("grid.toml"), encoder=str(tiny_encoder))
        folders = Folders(Path("data"), Path("work"), Path("results"))
        return GridRun(groups, folders, [Place()], report=lambda line: None).run()

    assert (run_grid().finished, len(trained)) == (2, 1)
    assert not list(Path("work").glob("bc5cdr/*/model-last"))
    rate = get_task("bc5cdr").training.learning_rate
    text = base.replace("[models.a]", 'select = "dev"\n[models.a]')
    Path("grid.toml").write_text(f"{text}learning_rate = [{rate}, 0.5]\n", encoding="utf-8")
    assert run_grid().skipped == 2
    told = json.loads(Path("results/bc5cdr/a-s0.json").read_text(encoding="utf-8"))
    assert [row["learning_rate"] for row in told["run"]["selection"]["tried"]] == [rate, 0.5]
    assert told["score"] == 0.5


def test_another_encoder_is_refused_before_anything_is_trained(
    workplace: Path, tiny_encoder: Path
) -> None:
    text = 'tasks = ["bc5cdr"]\nname = "m"\n'
    (workplace / "grid.toml").write_text(text, encoding="utf-8")
    groups = read_grid(workplace / "grid.toml", encoder=str(tiny_encoder))
    folders = Folders(workplace / "data", workplace / "work", workplace / "results")
    write_result(workplace / "results", "bc5cdr", "m", run={"settings": {"encoder": "other"}})
    outcome = GridRun(groups, folders, [Place()], report=lambda line: None).run()
    (failed,) = outcome.failed
    assert "B645" in failed
    assert not (workplace / "work" / "bc5cdr").exists()


def test_settings_do_not_compete_on_a_score_from_before_the_end(tmp_path: Path) -> None:
    check_evaluation(make_prepared(max_steps=282, eval_frequency=94))
    for every, last in ((280, 280), (1000, 0)):
        with pytest.raises(BlurbError, match=rf"B627.*282 steps.* step {last} last.*frequency"):
            check_evaluation(make_prepared(max_steps=282, eval_frequency=every))
    prepared, path = make_prepared(), tmp_path / "key" / "train.json"
    assert dev_score(prepared, tmp_path) is None
    path.parent.mkdir()
    record = {"steps": 282, "curve": [[0, 0.25, 1.0], [282, 0.5, 1.0]], "dev": 0.5}
    path.write_text(json.dumps(record), encoding="utf-8")
    assert dev_score(prepared, tmp_path) == 0.5
    # As an earlier version wrote it.
    record |= {"curve": [[0, 0.25, 1.0], [280, 0.5, 1.0]]}
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B627.*step 280 last"):
        dev_score(prepared, tmp_path)


def test_a_process_that_fails_is_named_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    processes, log = Processes(), tmp_path / "log.txt"
    usage = processes.run(
        [sys.executable, "-c", "print(sum(range(10**6)))"], log=log, env={"OMP_NUM_THREADS": "1"}
    )
    assert usage.seconds > 0
    assert usage.cpu_seconds is None or usage.cpu_seconds > 0
    code = "import os; print(os.environ['MARK']); raise SystemExit('no luck')"
    with pytest.raises(BlurbError, match=r"B626.*exit code 1: no luck.*log\.txt"):
        processes.run([sys.executable, "-c", code], log=log, env={"MARK": "here"})
    text = log.read_text(encoding="utf-8")
    assert "499999500000" in text
    assert "here" in text
    processes.stop()
    with pytest.raises(KeyboardInterrupt):
        processes.run([sys.executable, "-c", ""], log=log, env={})


class Recorded:
    """In the place of `Processes`: commands are noted, and leave what the real ones would."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []

    def run(self, command: list[str], *, log: Path, env: dict[str, str]) -> Usage:
        self.commands.append(command)
        if "train" in command:
            folder = Path(command[command.index("--output") + 1])
            (folder / "model-last").mkdir()
            row = {"step": 4, "scores": {"ents_f": 50.0}, "score": 0.5, "losses": {}}
            (folder / "curve.jsonl").write_text(json.dumps(row), encoding="utf-8")
        else:
            Path(command[command.index("-o") + 1]).write_text('{"score": 0.5}', encoding="utf-8")
        return Usage(1.0, 1.0)


@pytest.mark.parametrize(("gpu", "number"), [(None, "-1"), ("3", "0")])
def test_a_pipeline_is_evaluated_where_it_was_trained(
    tmp_path: Path, gpu: str | None, number: str
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "report.json").write_text("{}", encoding="utf-8")
    prepared = replace(make_prepared(max_steps=4), corpus=tmp_path / "corpus")
    processes, place = Recorded(), Place(1, gpu)
    train(prepared, tmp_path, place, processes)
    evaluate(prepared, tmp_path, tmp_path / "r" / "x.json", place, processes, {})
    assert [c[c.index("--gpu-id") + 1] for c in processes.commands] == [number, number]


def test_a_place_says_where_a_cell_runs() -> None:
    assert "CUDA_VISIBLE_DEVICES" not in Place(2).environment()
    assert Place(2).environment()["OMP_NUM_THREADS"] == "2"
    assert Place(2).gpu_id == "-1"
    place = Place(1, "3", jobs=2)
    assert place.gpu_id == "0"  # the only one that its processes see
    assert place.environment()["CUDA_VISIBLE_DEVICES"] == "3"
    assert place.describe()["device"] == "cuda:3"
    assert place.describe()["cores"] == os.cpu_count()
