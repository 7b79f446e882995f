"""Several processes on an exported pipeline, and what it takes to get it there."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import spacy

from spacy_blurb.runtime.processor import count_threads

Exported = Callable[[str], Path]
PROGRAM = """
import multiprocessing, sys
import spacy

if __name__ == "__main__":
    method, folder = sys.argv[1:]
    multiprocessing.set_start_method(method)
    nlp = spacy.load(folder, config={"components": {"transformer": {"threads": 2}}})
    texts = ["fever in rats " * 30, "aspirin", ""] * 4

    def found(**settings):
        return [[(e.start, e.label_) for e in doc.ents] for doc in nlp.pipe(texts, **settings)]

    expected = found()
    assert expected[0]
    assert found(n_process=2, batch_size=4) == expected
    print("done")
"""


@pytest.mark.parametrize("backend", ["openvino-bf16", "onnx-int8"])
def test_threads_share_a_pipeline(backend: str, exported: Exported) -> None:
    """As the workers of a web server do; the first calls come before the network is compiled."""
    texts = ["aspirin causes fever in rats", "naloxone reduces hypertension. " * 30]
    alone = spacy.load(exported(backend))
    expected = [[(e.text, e._.score) for e in alone(text).ents] for text in texts]
    assert all(expected)
    nlp = spacy.load(exported(backend))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: nlp(texts[n % 2]), range(40)))
    for number, doc in enumerate(found):
        assert [(e.text, pytest.approx(e._.score)) for e in doc.ents] == expected[number % 2]


@pytest.mark.parametrize("backend", ["openvino-bf16"])
def test_docs_with_vectors_can_be_pickled(backend: str, exported: Exported) -> None:
    nlp = spacy.load(exported(backend), exclude=["doc_cleaner"])
    doc = nlp("aspirin causes fever in rats")
    assert doc._.trf_data.encoder() is not None
    again = pickle.loads(pickle.dumps(doc))
    assert again._.trf_data.encoder() is None
    np.testing.assert_array_equal(
        again._.trf_data.model_output.last_hidden_state,
        doc._.trf_data.model_output.last_hidden_state,
    )


@pytest.mark.parametrize(
    ("backend", "method"),
    [("openvino-bf16", "fork"), ("openvino-bf16", "spawn"), ("onnx-int8", "fork")],
)
def test_two_processes_finish_after_a_first_call(
    backend: str, method: str, exported: Exported, tmp_path: Path
) -> None:
    """With a time limit, since a lost thread is waited for without end."""
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("nothing forks here")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    run = subprocess.Popen(
        [sys.executable, str(program), method, str(exported(backend))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = run.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        pytest.fail("the processes wait for each other")
    assert run.returncode == 0, errors
    assert output.split() == ["done"]


@pytest.mark.parametrize("backend", ["openvino-bf16", "onnx-int8"])
def test_computing_threads_are_tied_to_no_core(backend: str, exported: Exported) -> None:
    """Or several processes with a thread each all compute on the first core."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir() or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs Linux and two cores")
    threads = {"components": {"transformer": {"threads": 1}}}
    nlp = spacy.load(exported(backend), config=threads)
    seen = set()
    with ThreadPoolExecutor(1) as pool:
        thread = pool.submit(threading.get_native_id).result()
        running = pool.submit(nlp, "fever in rats " * 3_000)
        while not running.done():
            seen.add(frozenset(os.sched_getaffinity(thread)))
            time.sleep(0.01)
        running.result()
    assert seen == {frozenset(os.sched_getaffinity(0))}


@pytest.mark.parametrize("backend", ["openvino-bf16", "openvino-int8", "onnx-int8"])
def test_bytes_disk_and_pickles(backend: str, exported: Exported, tmp_path: Path) -> None:
    nlp = spacy.load(exported(backend))
    text = "aspirin causes fever in rats"
    runtime = nlp.get_pipe("transformer")
    expected = runtime(nlp.make_doc(text))._.trf_data.model_output.last_hidden_state  # type: ignore[operator]
    nlp.to_disk(tmp_path / "again")
    others = [
        spacy.load(tmp_path / "again").get_pipe("transformer"),
        spacy.load(exported(backend)).from_bytes(nlp.to_bytes()).get_pipe("transformer"),
        pickle.loads(pickle.dumps(runtime)),
    ]
    for other in others:
        doc = other(nlp.make_doc(text))  # type: ignore[operator]
        np.testing.assert_array_equal(doc._.trf_data.model_output.last_hidden_state, expected)
        assert doc._.trf_data.encoder() is other.encoder  # type: ignore[attr-defined]


def test_docs_with_their_data_travel(exported: Exported) -> None:
    nlp = spacy.load(exported("openvino-bf16"), disable=["ner", "doc_cleaner"])
    for text in ("aspirin causes fever", ""):
        doc = nlp(text)
        copy = spacy.tokens.Doc(nlp.vocab).from_bytes(doc.to_bytes())
        data, again = doc._.trf_data, copy._.trf_data
        assert again.wordpieces.strings == data.wordpieces.strings
        assert again.model_output.keys() == data.model_output.keys()
        for key in data.model_output:
            np.testing.assert_array_equal(again.model_output[key], data.model_output[key])
        np.testing.assert_array_equal(again.align.lengths, data.align.lengths)


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert count_threads(None) == 3
    assert count_threads(2) == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert count_threads(None) == len(os.sched_getaffinity(0))
