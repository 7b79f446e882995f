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

from spacy_blurb.errors import BlurbError
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
    assert run_program(program, method, str(exported(backend))) == ["done"]


SERVER = """
import os, sys, time
import spacy

nlp = spacy.load(sys.argv[1], config={"components": {"transformer": {"threads": 2}}})
text = "fever in rats " * 30
nlp(text)
for use in (False, True):
    child = os.fork()
    if child == 0:
        if use:
            nlp(text)
            nlp = None
        sys.exit(0)
    for _ in range(1000):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.1)
    assert pid and status == 0, (use, pid, status)
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_forked_workers_end_after_a_first_call(exported: Exported, tmp_path: Path) -> None:
    """As those of a web server that loads before it forks; one works, one has nothing to do."""
    program = tmp_path / "server.py"
    program.write_text(SERVER, "utf-8")
    assert run_program(program, str(exported("openvino-bf16"))) == ["done"]


BUSY = """
import multiprocessing, sys, threading
import spacy

nlp = spacy.load(sys.argv[1], config={"components": {"transformer": {"threads": 1}}})
text = "fever in rats " * 30
nlp(text)
stop = threading.Event()

def serve():
    while not stop.is_set():
        nlp(text)

def answer(queue):
    queue.put(len(nlp(text).ents))

threads = [threading.Thread(target=serve) for _ in range(2)]
for thread in threads:
    thread.start()
context = multiprocessing.get_context("fork")
for _ in range(4):
    queue = context.Queue()
    child = context.Process(target=answer, args=(queue,), daemon=True)
    child.start()
    queue.get(timeout=100)
    child.join(100)
stop.set()
for thread in threads:
    thread.join()
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_process_that_is_forked_during_a_call_works(exported: Exported, tmp_path: Path) -> None:
    """OpenVINO's threads were in the middle of something in the child, which waited for ever."""
    program = tmp_path / "busy.py"
    program.write_text(BUSY, "utf-8")
    assert run_program(program, str(exported("openvino-bf16"))) == ["done"]


def test_without_a_temporary_folder_it_is_said(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = spacy.load(exported("openvino-bf16"))

    def fail() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", fail)
    with pytest.raises(BlurbError, match=r"B729.*TMPDIR"):
        nlp.to_bytes()


def test_a_pickled_pipeline_works_where_nothing_was_loaded(
    exported: Exported, tmp_path: Path
) -> None:
    nlp = spacy.load(exported("openvino-bf16"))
    nlp.add_pipe("blurb_sentencizer")
    nlp.add_pipe("blurb_abbreviations")
    path = tmp_path / "nlp.pickle"
    path.write_bytes(pickle.dumps(nlp))
    program = tmp_path / "program.py"
    program.write_text(
        "import pickle, sys\n"
        "nlp = pickle.load(open(sys.argv[1], 'rb'))\n"
        "doc = nlp('aspirin causes fever')\n"
        "assert all(e._.score for e in doc.ents) and doc._.abbreviations == []\n"
        "print(*doc.ents)\n",
        "utf-8",
    )
    expected = [ent.text for ent in nlp("aspirin causes fever").ents]
    assert expected
    assert run_program(program, str(path)) == expected


def run_program(program: Path, *arguments: str) -> list[str]:
    """Run a Python file, not longer than some minutes; returns the words that it printed."""
    run = subprocess.Popen(
        [sys.executable, str(program), *arguments],
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
    return output.split()


def test_a_folder_that_is_written_again_serves_on(exported: Exported, tmp_path: Path) -> None:
    """Its weights are read from the file, which must not become another one meanwhile."""
    nlp = spacy.load(exported("openvino-bf16"))
    nlp.to_disk(tmp_path / "served")
    served = spacy.load(tmp_path / "served")
    weights = tmp_path / "served" / "transformer" / "network.bin"
    before = weights.stat().st_ino
    nlp.to_disk(tmp_path / "served")
    assert weights.stat().st_ino != before
    assert [e.text for e in served("aspirin causes fever").ents] == ["aspirin", "fever"]


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


def test_threads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = tmp_path / "cpu.max"
    monkeypatch.setattr("spacy_blurb.runtime.processor._GROUPS", tmp_path)
    monkeypatch.setattr("spacy_blurb.runtime.processor._OWN_GROUP", tmp_path / "own")
    for value in ("3", " 3", "3,1"):
        monkeypatch.setenv("OMP_NUM_THREADS", value)
        assert count_threads(None) == 3
        assert count_threads(2) == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert count_threads(None) == len(os.sched_getaffinity(0))
    # A container may use fewer than it sees.
    for line, expected in (("max 100000", 8), ("150000 100000", 2), ("900000 100000", 8)):
        limit.write_text(line + "\n", "utf-8")
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
        assert count_threads(None) == expected
    # A service's own group is inside of others, and the least of all holds.
    (tmp_path / "own").write_text("1:cpu:/old\n0::/system.slice/mine.service\n", "utf-8")
    inner = tmp_path / "system.slice" / "mine.service"
    inner.mkdir(parents=True)
    for line, outer, expected in (("400000 100000", "max 100000", 4), ("max 1", "3 1", 3)):
        (inner / "cpu.max").write_text(line, "utf-8")
        (inner.parent / "cpu.max").write_text(outer, "utf-8")
        assert count_threads(None) == expected
    # A process that multiprocessing has started is one of several, unless somebody says more.
    monkeypatch.setattr("multiprocessing.parent_process", lambda: object())
    assert (count_threads(None), count_threads(2)) == (1, 2)
