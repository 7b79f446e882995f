import dataclasses
import errno
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertForMaskedLM,
    BertForPreTraining,
    TrainerCallback,
    pipeline,
)

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining import train
from spacy_blurb.pretraining.config import ObjectiveConfig, PretrainingConfig
from spacy_blurb.pretraining.corpus import build_corpus
from spacy_blurb.pretraining.folder import (
    check_folder,
    claim_folder,
    delete_older_checkpoints,
    newest_checkpoint,
    seal_checkpoint,
)
from spacy_blurb.pretraining.folder_lock import lock_folder
from spacy_blurb.pretraining.measure import unigram_loss
from spacy_blurb.pretraining.rows import Rows
from spacy_blurb.pretraining.train import _build_arguments, pretrain
from spacy_blurb.pretraining.trainer import RowTrainer

from .streams import make_pieces, make_stream

Configure = Callable[..., PretrainingConfig]
# Trainer warns where checkpoints follow one another within a second, as in tests.
pytestmark = pytest.mark.filterwarnings("ignore:mtime may not be reliable:UserWarning")


def ignore(line: str) -> None:
    pass


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = BertForMaskedLM.from_pretrained(folder).state_dict()
    return weights


def assert_same_weights(one: Path, other: Path) -> None:
    expected, found = read_weights(one), read_weights(other)
    assert expected.keys() == found.keys()
    for name, weight in expected.items():
        assert torch.equal(weight, found[name]), name


def test_folder_loads_everywhere(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path)
    lines: list[str] = []
    record = pretrain(config, lines.append)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.model_max_length == 512
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(tmp_path)(**tokenizer("aspirin", return_tensors="pt"))[0]
    assert hidden.shape[-1] == 32
    fill = pipeline("fill-mask", model=str(tmp_path), device="cpu")
    assert len(fill("aspirin [MASK] aspirin .")) == 5
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == [
        "BertForMaskedLM"
    ]
    assert json.loads((tmp_path / "run.json").read_text()) == record
    assert record["steps"] == 6
    assert record["pieces"] == 6 * 4 * 24
    (rows,) = record["corpus"]["rows"]
    counts = record["corpus"]["splits"]["train"]
    n_pieces = counts["pieces"] + counts["documents"]
    assert rows == {"seq_len": 24, "rows": n_pieces // 22, "dropped_pieces": n_pieces % 22}
    assert record["epochs"] == 6 * 4 / rows["rows"]
    assert 1e8 < record["peak_memory_bytes"] < 1e11
    assert record["config"]["vocab"] == {"folder": config.vocab.folder}
    manifest = json.loads((Path(config.corpus.folder) / "corpus.json").read_text())
    for key in ("settings", "tokenizer", "inputs", "left_out", "listed"):
        assert record["corpus"][key] == manifest[key]
    assert (tmp_path / "special_tokens_map.json").is_file()
    assert [entry["step"] for entry in record["held_out"]] == [3, 6]
    assert [entry["step"] for entry in record["losses"]] == [1, 3, 6]
    assert not list(tmp_path.glob(".final-*"))
    assert any(line.startswith("step 6/6") and "pieces/s" in line for line in lines)


def test_peak_memory_is_that_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ru_maxrss of a small process that a large one has started is that of the large one."""
    status = tmp_path / "status"
    status.write_text("VmPeak:\t  900 kB\nVmHWM:\t  512 kB\nVmRSS:\t  400 kB\n", encoding="utf-8")
    monkeypatch.setattr(train, "_STATUS", status)
    assert train._peak_memory() == 512 * 1024


def test_finished_run_is_left_alone(shared: Configure, tmp_path: Path) -> None:
    record = pretrain(shared(tmp_path), ignore)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.safetensors")}
    lines: list[str] = []
    assert pretrain(shared(tmp_path), lines.append) == record
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.safetensors")} == before
    assert len(lines) == 1
    with pytest.raises(BlurbError, match=r"B208.*training\.learning_rate, training\.seed"):
        pretrain(shared(tmp_path, seed=2, learning_rate=0.5), ignore)
    assert pretrain(shared(tmp_path, log_every=1), ignore) == record


def test_other_processes_need_the_same_rows_in_an_update(shared: Configure, tmp_path: Path) -> None:
    """Else a resumed run would repeat text, or leave some out."""
    config = shared(tmp_path, accumulate=2)
    claim_folder(check_folder(config, "corpus", n_processes=2, overwrite=False))
    (tmp_path / "run.json").write_text('{"steps": 6, "held_out": []}')
    with pytest.raises(BlurbError, match=r"B208.*training\.accumulate x processes"):
        check_folder(config, "corpus", n_processes=1, overwrite=False)
    check_folder(shared(tmp_path, accumulate=4), "corpus", n_processes=1, overwrite=False)


def test_another_corpus_is_another_run(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path / "out")
    pretrain(config, ignore)
    text = dataclasses.replace(config.text, held_out=0.3)
    corpus = dataclasses.replace(config.corpus, folder=str(tmp_path / "corpus"))
    other = dataclasses.replace(config, text=text, corpus=corpus)
    with pytest.raises(BlurbError, match=r"B221.*blurb corpus"):
        pretrain(other, ignore)
    build_corpus(other, ignore)
    with pytest.raises(BlurbError, match=r"B208.*differ in: corpus\."):
        pretrain(other, ignore)


def test_foreign_model_is_not_overwritten(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"somebody's")
    with pytest.raises(BlurbError, match=r"B212.*would overwrite"):
        pretrain(shared(tmp_path), ignore)
    assert (tmp_path / "model.safetensors").read_bytes() == b"somebody's"


def test_a_model_whose_record_is_gone_is_not_overwritten(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path), ignore)
    (tmp_path / "run.json").unlink()
    for checkpoint in tmp_path.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    with pytest.raises(BlurbError, match=r"B212.*run\.json is gone"):
        pretrain(shared(tmp_path, seed=2), ignore)


@pytest.mark.parametrize("name", ["settings.json", "run.json", "checkpoint-6/sizes.json"])
@pytest.mark.parametrize("content", ["[1]", "{}", "1"])
def test_files_of_another_shape_are_damaged_ones(
    shared: Configure, tmp_path: Path, name: str, content: str
) -> None:
    pretrain(shared(tmp_path), ignore)
    before = load_file(tmp_path / "model.safetensors")
    (tmp_path / name).write_text(content)
    if name == "settings.json":
        with pytest.raises(BlurbError, match="B208"):
            pretrain(shared(tmp_path), ignore)
        return
    (tmp_path / "model.safetensors").unlink()
    pretrain(shared(tmp_path), ignore)
    after = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_checkpoints_without_numbers_replace_no_good_ones(
    shared: Configure, tmp_path: Path
) -> None:
    wrong = {"learning_rate": 1e9, "warmup": 0.0, "log_every": 1000, "eval_every": 1000}
    with pytest.raises(BlurbError, match=r"B246.*step [1-6] "):
        pretrain(shared(tmp_path, save_every=1, **wrong), ignore)
    for checkpoint in tmp_path.glob("checkpoint-*"):
        weights = load_file(checkpoint / "model.safetensors").values()
        assert all(weight.isfinite().all() for weight in weights)


def test_going_on_warns_of_nothing(
    shared: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tied weights that checkpoints lack looked like a loss."""
    warnings: list[str] = []
    monkeypatch.setattr("transformers.trainer.logger.warning", warnings.append)
    pretrain(shared(tmp_path), ignore)
    (tmp_path / "run.json").unlink()
    shutil.rmtree(tmp_path / "checkpoint-6")
    lines: list[str] = []
    pretrain(shared(tmp_path), lines.append)
    assert any("going on from" in line for line in lines)
    assert not warnings


def test_a_full_disk_is_told_whoever_meets_it(shared: Configure, tmp_path: Path) -> None:
    class Full(TrainerCallback):
        def on_log(self, *args: Any, **kwargs: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", "events")

    with pytest.raises(BlurbError, match=r"B244.*events"):
        pretrain(shared(tmp_path), ignore, callbacks=[Full()])


def test_a_text_of_unknown_pieces_alone(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n".join("\u4e00 " * (20 + n) for n in range(60)))
    config = shared(
        tmp_path / "out",
        corpus={"folder": str(tmp_path / "corpus"), "n_processes": 1},
        text={"files": [str(tmp_path / "text.txt")]},
    )
    build_corpus(config, ignore)
    with pytest.raises(BlurbError, match="B230"):
        pretrain(config, ignore)


def test_foreign_checkpoints_are_not_overwritten(shared: Configure, tmp_path: Path) -> None:
    """Trainers of others leave them beside their model too."""
    for name in ("checkpoint-5", "checkpoint-best"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"somebody's")
    with pytest.raises(BlurbError, match="B212"):
        pretrain(shared(tmp_path), ignore, overwrite=True)
    assert len(list(tmp_path.glob("checkpoint-*/model.safetensors"))) == 2


def test_overwrite_deletes_nothing_that_somebody_named(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path), ignore)
    shutil.copytree(tmp_path / "checkpoint-6", tmp_path / "checkpoint-best")
    pretrain(shared(tmp_path, seed=2), ignore, overwrite=True)
    assert (tmp_path / "checkpoint-best" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"start_from": "no/such"}, "B240"),
        ({"objective": {"seq_len": 100_000}, "model": {"max_positions": 100_000}}, "B207"),
    ],
)
def test_overwrite_with_wrong_settings_deletes_nothing(
    shared: Configure, tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    record = pretrain(shared(tmp_path), ignore)
    with pytest.raises(BlurbError, match=code):
        pretrain(shared(tmp_path, **settings), ignore, overwrite=True)
    assert pretrain(shared(tmp_path), ignore) == record
    assert (tmp_path / "model.safetensors").is_file()


def test_what_a_kill_has_left_is_deleted(shared: Configure, tmp_path: Path) -> None:
    """Half a checkpoint would count among the two that are kept."""
    config = shared(tmp_path)
    claim_folder(check_folder(config, "corpus", n_processes=1, overwrite=False))
    (tmp_path / ".final-x").mkdir()
    (tmp_path / "checkpoint-4").mkdir()
    (tmp_path / "checkpoint-4" / "model.safetensors").touch()
    claim_folder(check_folder(config, "corpus", n_processes=1, overwrite=False))
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_a_cut_record_is_that_of_an_unfinished_run(shared: Configure, tmp_path: Path) -> None:
    record = pretrain(shared(tmp_path), ignore)
    (tmp_path / "run.json").write_text("")
    again = pretrain(shared(tmp_path), ignore)
    assert again["losses"] == record["losses"]
    assert json.loads((tmp_path / "run.json").read_text()) == again


def test_a_finished_run_does_not_need_the_encoder_that_it_continued(
    shared: Configure, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    pretrain(shared(start), ignore)
    config = shared(tmp_path / "out", start_from=str(start))
    record = pretrain(config, ignore)
    start.rename(tmp_path / "moved")
    assert pretrain(config, ignore) == record


def test_seconds_of_a_resumed_run_count_from_the_checkpoint(
    shared: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trained between the last logged step and the checkpoint took time too."""
    clock = iter(range(1_000_000))
    monkeypatch.setattr("spacy_blurb.pretraining.trainer.time.monotonic", lambda: next(clock))
    config = shared(tmp_path, max_steps=6, log_every=2, save_every=5, eval_every=100)

    def stop(line: str) -> None:
        if line.startswith("step 6/6  loss"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(config, stop)
    state = json.loads((tmp_path / "checkpoint-5" / "trainer_state.json").read_text())
    at_save = state["log_history"][-1]
    assert at_save["step"] == 5
    assert at_save["seconds"] > state["log_history"][-2]["seconds"]
    resumed = pretrain(config, ignore)
    assert resumed["losses"][-1]["step"] == 6
    assert resumed["losses"][-1]["seconds"] > at_save["seconds"]


def test_the_record_says_what_each_session_was(
    shared: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(line: str) -> None:
        if line.startswith("step 4/6  loss"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(shared(tmp_path, log_every=1, precision="bf16"), stop)
    lines: list[str] = []
    record = pretrain(shared(tmp_path, log_every=1), lines.append)
    assert "goes on in fp32; it was bf16 before" in lines
    assert record["precision"] == "bf16, then fp32"
    assert [session["step"] for session in record["sessions"]] == [0, 3]
    assert [session["precision"] for session in record["sessions"]] == ["bf16", "fp32"]
    assert record["sessions"][1]["versions"]["torch"] == torch.__version__
    assert record["sessions"][1]["machine"]["processes"] == 1


def test_a_run_that_an_older_version_began_says_that_it_does_not_know(
    shared: Configure, tmp_path: Path
) -> None:
    def stop(line: str) -> None:
        if line.startswith("step 4/6  loss"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(shared(tmp_path, log_every=1), stop)
    path = tmp_path / "checkpoint-3" / "trainer_state.json"
    state = json.loads(path.read_text())
    state["log_history"] = [log for log in state["log_history"] if "session" not in log]
    path.write_text(json.dumps(state))
    (path.parent / "sizes.json").unlink()
    seal_checkpoint(path.parent)
    record = pretrain(shared(tmp_path, log_every=1), ignore)
    assert record["precision"] == "unknown, then fp32"
    assert [session["step"] for session in record["sessions"]] == [0, 3]


def test_long_rows_are_measured_once_they_are_read(shared: Configure, tmp_path: Path) -> None:
    objective = {"seq_len": 12, "long_seq_len": 24, "long_share": 0.5}
    lines: list[str] = []
    record = pretrain(shared(tmp_path, objective=objective, eval_every=2), lines.append)
    assert [(e["step"], "long_loss" in e) for e in record["held_out"]] == [
        (2, False),
        (4, True),
        (6, True),
    ]
    assert all(0 < e["long_loss"] < 20 for e in record["held_out"][1:])
    assert sum("in long rows" in line for line in lines) == 2


def test_the_folder_says_what_the_model_can_read(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path, model={"max_positions": 64}), ignore)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.model_max_length == 64


def test_overwrite_starts_a_run_with_other_settings_again(
    shared: Configure, tmp_path: Path
) -> None:
    first = pretrain(shared(tmp_path), ignore)
    second = pretrain(shared(tmp_path, seed=2), ignore, overwrite=True)
    assert second["seed"] == 2
    assert second["losses"][0]["loss"] != first["losses"][0]["loss"]
    alone = pretrain(shared(tmp_path / "alone", seed=2), ignore)
    assert_same_weights(tmp_path, tmp_path / "alone")
    assert [row["loss"] for row in second["losses"]] == [row["loss"] for row in alone["losses"]]
    assert pretrain(shared(tmp_path, seed=2), ignore, overwrite=True) == second


@pytest.mark.parametrize("accumulate", [1, 2])
def test_resumed_run_equals_an_uninterrupted_one(
    shared: Configure, tmp_path: Path, accumulate: int
) -> None:
    settings: dict[str, Any] = {"accumulate": accumulate, "log_every": 1, "max_steps": 8}
    whole = pretrain(shared(tmp_path / "whole", **settings), ignore)

    def stop(line: str) -> None:
        if line.startswith("step 5/8  loss"):
            raise KeyboardInterrupt

    config = shared(tmp_path / "resumed", **settings)
    with pytest.raises(KeyboardInterrupt):
        pretrain(config, stop)
    assert not (tmp_path / "resumed" / "model.safetensors").exists()
    # A kill while saving leaves a checkpoint without its last file, a crash of the machine files
    # that are cut off; both are passed over.
    for number, damage in ((4, "sizes.json"), (5, "optimizer.pt"), (6, "model.safetensors")):
        broken = tmp_path / "resumed" / f"checkpoint-{number}"
        shutil.copytree(tmp_path / "resumed" / "checkpoint-3", broken)
        (broken / damage).write_bytes((broken / damage).read_bytes()[:-1])
    lines: list[str] = []
    resumed = pretrain(config, lines.append)
    assert any(line.endswith("checkpoint-3") for line in lines)
    for key in ("losses", "held_out"):
        assert [(e["step"], e["loss"]) for e in whole[key]] == [
            (e["step"], e["loss"]) for e in resumed[key]
        ]
    assert_same_weights(tmp_path / "whole", tmp_path / "resumed")


def test_a_resumed_run_saves_and_logs_as_it_is_told_now(shared: Configure, tmp_path: Path) -> None:
    def stop(line: str) -> None:
        if line.startswith("step 4/8  loss"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(shared(tmp_path, max_steps=8, log_every=1, save_every=3, eval_every=8), stop)
    lines: list[str] = []
    again = shared(tmp_path, max_steps=8, log_every=2, save_every=1, eval_every=2)
    record = pretrain(again, lines.append)
    assert any(line.endswith("checkpoint-3") for line in lines)
    logged = [int(line.split()[1].partition("/")[0]) for line in lines if "  loss" in line]
    assert logged == [4, 6, 8]
    assert [row["step"] for row in record["held_out"]] == [4, 6, 8]
    # The last two are kept.
    names = {path.name for path in tmp_path.glob("checkpoint-*")}
    assert names == {"checkpoint-7", "checkpoint-8"}


def test_a_full_disk_at_the_end_loses_nothing(
    shared: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise SafetensorError("No space left on device")

    config = shared(tmp_path, max_steps=4, save_every=2)
    with monkeypatch.context() as patch:
        patch.setattr("spacy_blurb.pretraining.folder.to_plain", fail)
        with pytest.raises(BlurbError, match=r"B244.*No space left.*checkpoint-4"):
            pretrain(config, ignore)
    lines: list[str] = []
    assert pretrain(config, lines.append)["losses"]
    assert any(line.endswith("checkpoint-4") for line in lines)


def test_two_runs_do_not_share_a_folder(shared: Configure, tmp_path: Path) -> None:
    with lock_folder(tmp_path, "x"), pytest.raises(BlurbError, match=r"B247.*Another process"):
        pretrain(shared(tmp_path), ignore)
    pretrain(shared(tmp_path), ignore)


def test_overwrite_leaves_no_model_of_the_run_before(shared: Configure, tmp_path: Path) -> None:
    """A run that is killed must not look like the one that it replaces."""
    pretrain(shared(tmp_path), ignore)

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(shared(tmp_path, seed=2), stop, overwrite=True)
    assert not {"model.safetensors", "config.json", "run.json"} & {
        path.name for path in tmp_path.iterdir()
    }


def test_a_run_that_was_begun_differently_is_not_overwritten_in_silence(
    shared: Configure, tmp_path: Path
) -> None:
    """Also where none of its checkpoints is whole."""
    pretrain(shared(tmp_path), ignore)
    (tmp_path / "run.json").unlink()
    for seal in tmp_path.glob("checkpoint-*/sizes.json"):
        seal.unlink()
    with pytest.raises(BlurbError, match=r"B208.*training\.seed"):
        pretrain(shared(tmp_path, seed=2), ignore)


def test_overwrite_spares_the_encoder_that_is_continued(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path), ignore)
    before = (tmp_path / "model.safetensors").read_bytes()
    with pytest.raises(BlurbError, match="B248"):
        pretrain(shared(tmp_path, start_from=str(tmp_path)), ignore, overwrite=True)
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_settings_are_written_where_they_change_only(shared: Configure, tmp_path: Path) -> None:
    """A disk that is full when a run goes on must not cost it its settings."""
    path = tmp_path / "settings.json"
    pretrain(shared(tmp_path), ignore)
    before = path.stat().st_ino
    pretrain(shared(tmp_path), ignore)
    assert path.stat().st_ino == before
    path.write_text("")
    with pytest.raises(BlurbError, match="B208"):
        pretrain(shared(tmp_path), ignore)


def test_a_loss_that_is_no_number_ends_the_run(shared: Configure, tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B246.*step \d"):
        pretrain(shared(tmp_path, learning_rate=4e9, max_steps=30, warmup=0.0), ignore)


def test_a_held_out_loss_that_is_no_number_is_no_success(shared: Configure, tmp_path: Path) -> None:
    """Between two logs nothing else looks at the loss."""
    wrong = {"learning_rate": 4e9, "max_steps": 6, "warmup": 0.0, "log_every": 1000}
    with pytest.raises(BlurbError, match=r"B246.*step 3"):
        pretrain(shared(tmp_path, **wrong), ignore)
    assert not (tmp_path / "run.json").exists()


def test_a_finished_run_without_its_weights_is_finished_again(
    shared: Configure, tmp_path: Path
) -> None:
    pretrain(shared(tmp_path), ignore)
    before = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    pretrain(shared(tmp_path), ignore)
    after = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_dropout_of_pretraining_is_not_that_of_the_encoder(
    shared: Configure, tmp_path: Path
) -> None:
    losses = {
        value: pretrain(shared(tmp_path / str(value), dropout=value), ignore)["losses"]
        for value in (0.0, 0.5)
    }
    assert losses[0.0][0]["loss"] != losses[0.5][0]["loss"]
    for value in losses:
        saved = json.loads((tmp_path / str(value) / "config.json").read_text())
        assert saved["hidden_dropout_prob"] == 0.1


def test_killed_between_last_step_and_saving(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path), ignore)
    (tmp_path / "model.safetensors").rename(tmp_path / "kept")
    (tmp_path / "run.json").unlink()
    record = pretrain(shared(tmp_path), ignore)
    assert (tmp_path / "model.safetensors").read_bytes() == (tmp_path / "kept").read_bytes()
    assert [entry["step"] for entry in record["held_out"]] == [3, 6]


def test_learns_more_than_frequencies(shared: Configure, tmp_path: Path) -> None:
    config = shared(
        tmp_path,
        model={"n_layers": 2, "hidden_width": 64},
        dropout=0.0,
        max_steps=500,
        batch_rows=16,
        learning_rate=0.005,
        eval_every=250,
        save_every=500,
    )
    record = pretrain(config, ignore)
    middle, last = record["held_out"]
    assert last["loss"] < middle["loss"] < middle["unigram_loss"]
    assert last["loss"] < 0.8 * last["unigram_loss"]


def test_segments_two_lengths_and_borders(shared: Configure, tmp_path: Path) -> None:
    lengths = {"seq_len": 16, "long_seq_len": 32, "long_share": 0.5}
    config = shared(tmp_path / "pairs", objective={**lengths, "next_sentence": True})
    lines: list[str] = []
    record = pretrain(config, lines.append)
    assert record["pieces"] == 3 * 4 * 16 + 3 * 2 * 32
    assert [rows["seq_len"] for rows in record["corpus"]["rows"]] == [16, 32]
    assert 0 <= record["held_out"][-1]["next_accuracy"] <= 1
    assert any("next sentence" in line for line in lines)
    BertForPreTraining.from_pretrained(tmp_path / "pairs")
    assert len(pipeline("fill-mask", model=str(tmp_path / "pairs"), device="cpu")("a [MASK]")) == 5
    config = shared(tmp_path / "borders", objective={**lengths, "across_documents": False})
    apart = pretrain(config, ignore)
    together = pretrain(shared(tmp_path / "across", objective=lengths), ignore)
    assert apart["losses"][0]["loss"] != together["losses"][0]["loss"]


def test_adversarial_term_changes_the_weights(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path / "without", dropout=0.0), ignore)
    pretrain(
        shared(tmp_path / "with", dropout=0.0, objective={"adversarial": 1000.0}),
        ignore,
    )
    one, other = (read_weights(tmp_path / name) for name in ("with", "without"))
    name = "bert.encoder.layer.0.output.dense.weight"
    assert not torch.equal(one[name], other[name])


@pytest.mark.parametrize("next_sentence", [False, True])
def test_micro_batches_add_up(shared: Configure, tmp_path: Path, next_sentence: bool) -> None:
    weights = []
    for rows, micro in ((8, 1), (2, 4)):
        config = shared(
            tmp_path / str(rows),
            dropout=0.0,
            objective={"next_sentence": next_sentence},
            batch_rows=rows,
            accumulate=micro,
        )
        record = pretrain(config, ignore)
        weights.append((record, read_weights(tmp_path / str(rows))))
    (one, expected), (other, found) = weights
    # Without the division by the targets of the whole step, the two would differ by percents.
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, rtol=1e-3, atol=2e-4, msg=name)
    losses = [[entry["loss"] for entry in record["losses"]] for record in (one, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_continued_run(shared: Configure, tmp_path: Path) -> None:
    pretrain(shared(tmp_path / "first"), ignore)
    lines: list[str] = []
    config = shared(
        tmp_path / "second", start_from=str(tmp_path / "first"), learning_rate=1e-9, eval_every=1
    )
    second = pretrain(config, lines.append)
    first = json.loads((tmp_path / "first" / "run.json").read_text())
    # Next to nothing is learnt, so it stays where the first run ended.
    assert second["held_out"][0]["loss"] == pytest.approx(first["held_out"][-1]["loss"], rel=1e-4)
    with pytest.raises(BlurbError, match=r"B208.*training\.start_from"):
        pretrain(shared(tmp_path / "second", learning_rate=1e-9, eval_every=1), ignore)
    # Another way to write the path is the same start, other weights in it are not.
    again = dataclasses.replace(config.training, start_from=f"{tmp_path}/second/../first/")
    assert pretrain(dataclasses.replace(config, training=again), ignore) == second
    shutil.copy(tmp_path / "second" / "model.safetensors", tmp_path / "first")
    with pytest.raises(BlurbError, match=r"B208.*training\.start_from"):
        pretrain(config, ignore)


def test_the_tokenizer_of_a_continued_encoder_cuts_no_text(
    shared: Configure, tmp_path: Path
) -> None:
    config = shared(tmp_path / "out")
    vocab = tmp_path / "vocab"
    shutil.copytree(config.vocab.folder, vocab)
    tokenizer = Tokenizer.from_file(str(vocab / "tokenizer.json"))
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(vocab / "tokenizer.json"))
    vocab_config = dataclasses.replace(config.vocab, folder=str(vocab))
    pretrain(dataclasses.replace(config, vocab=vocab_config), ignore)
    saved = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    assert (saved.truncation, saved.padding) == (None, None)


def test_unigram_loss_by_hand() -> None:
    pieces = make_pieces(7)
    train = make_stream([[[5, 5, 5]]])  # with add-one: piece 5 4/5, piece 6 1/5
    held_out = Rows(make_stream([[[5, 6, 6]]]), pieces, 6, next_sentence=False)
    always = ObjectiveConfig(seq_len=6, mask_rate=1 - 1e-9)
    expected = -(math.log(4 / 5) + 2 * math.log(1 / 5)) / 3
    assert unigram_loss(train, held_out, pieces, always) == pytest.approx(expected)


def test_bfloat16_is_close(shared: Configure, tmp_path: Path) -> None:
    exact = pretrain(shared(tmp_path / "fp32"), ignore)
    rough = pretrain(shared(tmp_path / "bf16", precision="bf16"), ignore)
    assert (exact["precision"], rough["precision"]) == ("fp32", "bf16")
    one, other = (record["held_out"][-1]["loss"] for record in (exact, rough))
    assert one != other
    assert one == pytest.approx(other, rel=0.02)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_sharding_needs_gpus(shared: Configure, tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match="B245"):
        pretrain(shared(tmp_path, sharding="fsdp"), ignore)


def test_missing_vocabulary(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path)
    config = dataclasses.replace(
        config, vocab=dataclasses.replace(config.vocab, folder=str(tmp_path / "none"))
    )
    with pytest.raises(BlurbError, match=r"B206.*blurb vocab"):
        pretrain(config, ignore)


def test_the_newest_checkpoint_is_that_of_most_steps(tmp_path: Path) -> None:
    for step in (9, 10, 100):
        (tmp_path / f"checkpoint-{step}").mkdir()
        seal_checkpoint(tmp_path / f"checkpoint-{step}")
    newest = newest_checkpoint(tmp_path)
    assert newest is not None
    assert newest.name == "checkpoint-100"
    delete_older_checkpoints(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-10", "checkpoint-100"}


def test_the_engine_is_told_the_papers_settings(shared: Configure, tmp_path: Path) -> None:
    settings = {"max_steps": 40, "warmup": 0.1, "learning_rate": 0.003, "weight_decay": 0.02}
    found = _build_arguments(shared(tmp_path, accumulate=3, **settings))
    assert (found.learning_rate, found.warmup_steps, found.max_steps) == (0.003, 4, 40)
    assert found.lr_scheduler_type == "linear"
    assert (found.adam_beta1, found.adam_beta2, found.adam_epsilon) == (0.9, 0.98, 1e-6)
    assert (found.weight_decay, found.max_grad_norm) == (0.02, 1.0)
    assert (found.gradient_accumulation_steps, found.per_device_train_batch_size) == (3, 4)


@pytest.mark.parametrize(("weight", "expected"), [(0.0, 3.0), (0.5, 4.0), (2.0, 7.0)])
def test_the_adversarial_term_has_its_weight(weight: float, expected: float) -> None:
    trainer: Any = SimpleNamespace(_adversarial=weight, args=SimpleNamespace(world_size=1))
    sums = {"masked": torch.tensor(6.0), "moved": torch.tensor(4.0)}
    loss = RowTrainer.compute_loss(
        trainer,
        lambda: sums,
        {},
        num_items_in_batch=torch.tensor(2),  # type: ignore[arg-type]
    )
    assert float(loss) == expected
