"""Runs in processes of their own: killed, side by side, on a full disk."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import BertForMaskedLM

from spacy_blurb.pretraining.config import PretrainingConfig

Configure = Callable[..., PretrainingConfig]
# What `spacy blurb pretrain` does, without the seconds that loading spaCy takes.
MAIN = """
import json, sys, torch
from pathlib import Path
from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import read_config
from spacy_blurb.pretraining.train import pretrain
torch.set_num_threads(1)
try:
    config = read_config(Path(sys.argv[1]), json.loads(sys.argv[2]))
    pretrain(config, lambda line: print(line, flush=True))
except BlurbError as error:
    sys.exit(str(error))
"""
SECONDS = 120


@pytest.fixture
def command(shared: Configure, tmp_path: Path) -> Callable[..., list[str]]:
    """Arguments of a process that trains into `tmp_path / name`."""
    text = shared(tmp_path).text.files[0]
    config = Path(text).parent / "config.toml"
    program = tmp_path / "main.py"
    program.write_text(MAIN)

    def build(name: str, **settings: object) -> list[str]:
        overrides = {"training.output": str(tmp_path / name), **settings}
        return [str(program), str(config), json.dumps(overrides)]

    return build


def run(arguments: list[str], **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, *arguments],
        timeout=SECONDS,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **kwargs,
    )


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = BertForMaskedLM.from_pretrained(folder).state_dict()
    return weights


def test_killed_run_goes_on_bit_for_bit(command: Callable[..., list[str]], tmp_path: Path) -> None:
    settings = {
        "training.max_steps": 60,
        "training.save_every": 7,
        "training.log_every": 1,
        "training.eval_every": 30,
        "training.accumulate": 2,
    }
    whole = run(command("whole", **settings))
    assert whole.returncode == 0, whole.stderr
    process = subprocess.Popen(
        [sys.executable, *command("killed", **settings)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step 25/60"):
            process.send_signal(signal.SIGKILL)
            break
    process.wait(SECONDS)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    resumed = run(command("killed", **settings))
    assert resumed.returncode == 0, resumed.stderr
    assert "going on from" in resumed.stdout
    records = [
        json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "killed")
    ]
    for key in ("losses", "held_out"):
        one, other = ([(e["step"], e["loss"]) for e in record[key]] for record in records)
        assert one == other
    expected, found = (read_weights(tmp_path / name) for name in ("whole", "killed"))
    for name, weight in expected.items():
        assert torch.equal(found[name], weight), name


def test_two_processes_equal_one_with_twice_the_batch(
    command: Callable[..., list[str]], tmp_path: Path
) -> None:
    settings: dict[str, object] = {
        "training.dropout": 0.0,
        "training.log_every": 1,
        "training.learning_rate": 0.001,
    }
    one = run(command("one", **settings, **{"training.batch_rows": 8}))
    assert one.returncode == 0, one.stderr
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = run([*torchrun, *command("two", **settings, **{"training.batch_rows": 4})])
    assert two.returncode == 0, two.stderr
    records = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two")]
    assert records[1]["sessions"][0]["machine"]["processes"] == 2
    assert records[0]["pieces"] == records[1]["pieces"]
    # Had both processes read the same rows, the losses would differ from the first step on.
    losses = [[entry["loss"] for entry in record["losses"]] for record in records]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    expected, found = (read_weights(tmp_path / name) for name in ("one", "two"))
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, rtol=1e-3, atol=1e-4, msg=name)


def limit_files() -> None:
    """Let writes behind the first 150 kB of a file fail, as they do on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def test_full_disk_leaves_the_last_checkpoint(
    command: Callable[..., list[str]], tmp_path: Path
) -> None:
    settings = {"training.max_steps": 12, "training.save_every": 3, "training.log_every": 1}
    stopped = subprocess.Popen(
        [sys.executable, *command("out", **settings)], stdout=subprocess.PIPE, text=True
    )
    assert stopped.stdout is not None
    for line in stopped.stdout:
        if line.startswith("step 4/12"):
            stopped.kill()
            break
    stopped.wait(SECONDS)
    stopped.stdout.close()
    full = run(command("out", **settings), preexec_fn=limit_files)
    assert full.returncode == 1
    assert "B244" in full.stderr
    assert "Traceback" not in full.stderr
    last = max((tmp_path / "out").glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    assert last.name in full.stderr
    assert json.loads((last / "trainer_state.json").read_text())["global_step"] < 12
    resumed = run(command("out", **settings))
    assert resumed.returncode == 0, resumed.stderr
    assert f"going on from {last}" in resumed.stdout
