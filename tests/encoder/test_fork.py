"""Several processes: none waits for another, also after the model has run in the parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language

PROGRAM = """
import multiprocessing, sys
import numpy as np, spacy, torch
import norm  # the module beside this one

if __name__ == "__main__":
    method, folder = sys.argv[1:]
    multiprocessing.set_start_method(method)
    nlp = spacy.load(folder)
    nlp.add_pipe("norm")
    # Enough work, and an encoder wide enough, to start torch's second thread.
    torch.set_num_threads(2)
    texts = ["fever in rats " * 30, "aspirin", ""] * 8
    expected = [doc.user_data["norm"] for doc in nlp.pipe(texts)]
    x = torch.randn(700, 700)
    (x @ x).exp().sum()
    found = [doc.user_data["norm"] for doc in nlp.pipe(texts, n_process=2, batch_size=4)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert torch.get_num_threads() == 2
    print("done", len(found))
"""
COMPONENT = """
from spacy.language import Language

@Language.component("norm")
def norm(doc):
    states = doc._.trf_data.model_output.get("last_hidden_state")
    doc.user_data["norm"] = 0.0 if states is None else float((states ** 2).sum())
    doc._.trf_data = None
    return doc
"""


@pytest.fixture(scope="module")
def saved(
    make_encoder: Callable[..., Language],
    uneven_encoder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    make_encoder(uneven_encoder, precision="auto").to_disk(folder / "model")
    return folder / "model"


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("parallel", ["true", None])
def test_two_processes_finish_after_a_first_call(
    saved: Path, tmp_path: Path, method: str, parallel: str | None
) -> None:
    """With a time limit, since what went wrong here before did not end at all."""
    if method == "spawn" and parallel != "true":
        pytest.skip("one setting is enough: a spawned process inherits nothing")
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("nothing forks here")
    (tmp_path / "norm.py").write_text(COMPONENT, "utf-8")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    env = {k: v for k, v in os.environ.items() if k != "TOKENIZERS_PARALLELISM"}
    env.pop("OMP_NUM_THREADS", None)
    if parallel is not None:
        env["TOKENIZERS_PARALLELISM"] = parallel
    run = subprocess.Popen(
        [sys.executable, str(program), method, str(saved)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
    )
    try:
        output, errors = run.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        # The workers too: they would wait for ever.
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        pytest.fail("the processes wait for each other")
    assert run.returncode == 0, errors
    assert output.split() == ["done", "24"]
    # tokenizers would warn of a fork after it has used threads.
    assert "fork" not in errors
