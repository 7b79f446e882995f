"""A run that is killed, at every moment: what comes out is what an uninterrupted run writes."""

import errno
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_blurb.errors import BlurbError
from spacy_blurb.streaming import ledger
from spacy_blurb.streaming.files import sync_folder

from .streams import SUFFIXES, TEXTS, read_everything, read_rows, rejected, run, write_jsonl

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

EVENTS = {"open", "os.rename", "os.remove", "os.truncate"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five batches of two, with a bad record in the first, second and last one."""
    path = write_jsonl(tmp_path / "in.jsonl", TEXTS)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"bad\n", b"\xff\n", *lines[1:], b"{}\n"]))
    return path


@pytest.fixture(autouse=True)
def _every_batch_is_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_SECONDS", 0.0)
    # A process that dies leaves the system's memory of its files; a power cut is not tested here.
    monkeypatch.setattr("os.fsync", lambda handle: None)


def in_child(action: Callable[[], object]) -> int:
    """Run something in a forked process that may be killed; returns its id."""
    child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(3)
    return child


def kill_at(event_number: int, folder: Path) -> None:
    """Kill this process when it touches files of a folder for the nth time."""
    seen = 0

    def hook(event: str, args: tuple) -> None:
        nonlocal seen
        if event in EVENTS and str(args[0]).startswith(str(folder)):
            seen += 1
            if seen == event_number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_killed_at_every_step(tmp_path: Path, source: Path, rules: Language, kind: str) -> None:
    """Before every opening, renaming and removing of a file; then one run to the end."""
    expected = None
    for number in range(1, 200):
        folder = tmp_path / str(number)
        folder.mkdir()
        output = folder / f"out{SUFFIXES[kind]}"

        def first(output: Path = output, folder: Path = folder, number: int = number) -> None:
            kill_at(number, folder)
            run(rules, source, output)

        _, status = os.waitpid(in_child(first), 0)
        was_killed = os.WIFSIGNALED(status)
        assert was_killed or status == 0
        run(rules, source, output)
        found = read_everything(output)
        expected = expected or found
        assert found == expected, f"killed at step {number}"
        if not was_killed:
            break
    assert number > 10
    written = {"out/nodes.csv", "out/edges.csv"} if kind == "graph" else {output.name}
    beside = {f"{output.name}.manifest.json", f"{output.name}.rejected.jsonl"}
    assert set(expected) == written | beside


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_killed_again_and_again(tmp_path: Path, source: Path, rules: Language, kind: str) -> None:
    """At random moments, until a run comes to its end."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole, output = (tmp_path / name / f"out{SUFFIXES[kind]}" for name in ("whole", "killed"))
    run(rules, source, whole)
    generator, kills = random.Random(kind), 0
    for attempt in range(200):
        child = in_child(lambda: run(rules, source, output))
        time.sleep(generator.uniform(0, 0.02 + 0.01 * attempt))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            break
        kills += 1
    assert status == 0
    assert kills > 0
    assert read_everything(output) == read_everything(whole)


def test_a_finished_run_is_not_repeated(tmp_path: Path, source: Path, rules: Language) -> None:
    output = tmp_path / "out.jsonl"
    first = run(rules, source, output)
    written = output.stat().st_mtime_ns
    second = run(rules, source, output)
    assert (second.done, second.resumed) == (first.done, first.done.documents)
    assert output.stat().st_mtime_ns == written
    assert run(rules, source, output, overwrite=True).resumed == 0


def test_the_work_file_of_a_run_that_is_given_up(
    tmp_path: Path, source: Path, rules: Language
) -> None:
    """Of another format, which no later run would remove."""
    work, output = tmp_path / "out.spacy.work", tmp_path / "out.spacy"
    work.write_bytes(b"half")
    run(rules, source, output, output_format="jsonl", overwrite=True)
    assert not work.exists()


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_a_finished_output_that_was_changed(
    tmp_path: Path, source: Path, rules: Language, kind: str
) -> None:
    output = tmp_path / f"out{SUFFIXES[kind]}"
    run(rules, source, output)
    file = output / "edges.csv" if kind == "graph" else output
    before = file.read_bytes()
    file.write_bytes(before[:-1])
    with pytest.raises(BlurbError, match=r"B755.*--overwrite"):
        run(rules, source, output)
    run(rules, source, output, overwrite=True)
    assert file.read_bytes() == before
    # One that is gone is made anew; a table of a folder is a part.
    file.unlink()
    if kind == "graph":
        with pytest.raises(BlurbError, match=r"B755.*edges\.csv has 0 bytes"):
            run(rules, source, output)
    else:
        assert run(rules, source, output).resumed == 0
        assert file.read_bytes() == before


def stop_after_two_batches(
    rules: Language, source: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leave behind what a run does that ends with an error in the third batch."""
    add, seen = ledger.Ledger.add, []

    def add_or_fail(self: ledger.Ledger, *args: Any) -> None:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(args)
        add(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(ledger.Ledger, "add", add_or_fail)
        with pytest.raises(KeyboardInterrupt):
            run(rules, source, output)


def test_another_run_is_not_continued(
    tmp_path: Path, source: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.jsonl"
    stop_after_two_batches(rules, source, output, monkeypatch)
    other = write_jsonl(tmp_path / "in2.jsonl", TEXTS)
    for arguments, key in [
        ({"batch_size": 3}, "batch_size"),
        ({"output_format": "pubtator"}, "output format"),
        ({"source": other}, "input"),
    ]:
        with pytest.raises(BlurbError, match=rf"B754.*another {key}.*--overwrite"):
            run(rules, **{"source": source, "output": output, **arguments})
    rules_with_more = spacy.blank("en")
    rules_with_more.add_pipe("sentencizer")
    with pytest.raises(BlurbError, match=r"B754.*another pipeline"):
        run(rules_with_more, source, output, batch_size=2)
    # It can still be continued with the same.
    assert run(rules, source, output).resumed == 2
    with pytest.raises(BlurbError, match="B754"):
        run(rules, other, output)
    run(rules, other, output, overwrite=True)


def test_outputs_that_are_not_ours(tmp_path: Path, source: Path, rules: Language) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("mine")
    with pytest.raises(BlurbError, match=r"B753.*--overwrite"):
        run(rules, source, output)
    assert output.read_text() == "mine"
    run(rules, source, output, overwrite=True)
    (tmp_path / "graph").mkdir()  # an empty folder is no output
    run(rules, source, tmp_path / "graph")
    for content in ("no json", "[]", "{}", '{"identity": {}, "done": {"x": 1}}'):
        (tmp_path / "b.jsonl.checkpoint.json").write_text(content)
        with pytest.raises(BlurbError, match=r"B753.*b\.jsonl\.checkpoint"):
            run(rules, source, tmp_path / "b.jsonl")


@pytest.mark.parametrize(
    ("name", "kind", "is_folder"),
    [("o.jsonl", "jsonl", True), ("o.spacy", "docbin", True), ("graph", "graph", False)],
)
def test_a_folder_in_place_of_a_file_and_the_reverse(
    tmp_path: Path, source: Path, rules: Language, name: str, kind: str, is_folder: bool
) -> None:
    output = tmp_path / name
    if is_folder:
        output.mkdir()
    else:
        output.write_bytes(b"mine")
    for overwrite in (False, True):
        with pytest.raises(BlurbError, match="B776"):
            run(rules, source, output, output_format=kind, overwrite=overwrite)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.jsonl", name])


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_an_output_without_a_name(source: Path, rules: Language, name: str) -> None:
    with pytest.raises(BlurbError, match="B776"):
        run(rules, source, Path(name))


def test_an_output_that_was_cut(
    tmp_path: Path, source: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.jsonl"
    stop_after_two_batches(rules, source, output, monkeypatch)
    output.write_bytes(output.read_bytes()[:5])
    with pytest.raises(BlurbError, match=r"B755.*has 5 bytes"):
        run(rules, source, output)


def test_two_runs_do_not_write_one_output(tmp_path: Path, source: Path, rules: Language) -> None:
    fcntl = pytest.importorskip("fcntl")
    output = tmp_path / "out.jsonl"
    with (tmp_path / "out.jsonl.rejected.jsonl").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BlurbError, match="B756"):
            run(rules, source, output, overwrite=True)
    assert not output.exists()


def test_a_run_that_another_one_has_overtaken(
    tmp_path: Path, source: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finishes between the first look at the output and the lock."""
    output, lock = tmp_path / "out.jsonl", ledger._lock

    def lock_too_late(*args: Any) -> None:
        monkeypatch.setattr(ledger, "_lock", lock)
        run(rules, source, output)

    monkeypatch.setattr(ledger, "_lock", lock_too_late)
    with pytest.raises(BlurbError, match="B756"):
        run(rules, source, output)
    assert run(rules, source, output).resumed == len(TEXTS)


def test_the_lock_is_held_until_all_is_in_place(
    tmp_path: Path, source: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    clean = ledger.Ledger._clean

    def try_to_lock(self: ledger.Ledger) -> None:
        clean(self)
        assert not (tmp_path / "out.jsonl.checkpoint.json").exists()
        with self.rejected_path.open("ab") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    monkeypatch.setattr(ledger.Ledger, "_clean", try_to_lock)
    run(rules, source, tmp_path / "out.jsonl")


def test_file_systems_without_locks_and_without_fsync_of_folders(
    tmp_path: Path, source: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(number: int) -> Callable[..., None]:
        def fail(*args: object) -> None:
            raise OSError(number, "not here")

        return fail

    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    assert run(rules, source, tmp_path / "out.jsonl").done.documents == len(TEXTS)
    monkeypatch.setattr(os, "fsync", refuse(errno.EINVAL))
    sync_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(OSError, match="not here"):
        sync_folder(tmp_path)


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_a_full_disk(
    tmp_path: Path,
    source: Path,
    rules: Language,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """At whichever of the moments at which files are brought to disk; what is there stays."""

    def fail_at(number: int) -> Callable[..., None]:
        calls = count(1)

        def fail(handle: int) -> None:
            if next(calls) >= number:
                raise OSError(errno.ENOSPC, "No space left on device")

        return fail

    (tmp_path / "whole").mkdir()
    whole = tmp_path / "whole" / f"out{SUFFIXES[kind]}"
    steps = 0

    def pass_by(handle: int) -> None:
        nonlocal steps
        steps += 1

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", pass_by)
        run(rules, source, whole)
    assert steps > 10
    for number in range(1, steps + 1):
        (tmp_path / str(number)).mkdir()
        output = tmp_path / str(number) / whole.name
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail_at(number))
            named = rf"\[B783\] Cannot write {re.escape(str(output))}.*: No space.*same command"
            with pytest.raises(BlurbError, match=named):
                run(rules, source, output)
        run(rules, source, output)
        assert read_everything(output) == read_everything(whole)


def test_writes_that_the_system_refuses(tmp_path: Path, source: Path, rules: Language) -> None:
    """Also when the files are closed, which writes what is left of the buffers."""
    resource = pytest.importorskip("resource")
    output = tmp_path / "out.jsonl"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(BlurbError, match=r"B783.*File too large"):
            run(rules, source, output)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert run(rules, source, output).done.documents == len(TEXTS)


@pytest.mark.parametrize("suffix", ["", ".rejected.jsonl"])
def test_the_input_is_not_overwritten(
    suffix: str, tmp_path: Path, source: Path, rules: Language
) -> None:
    renamed = source.rename(tmp_path / f"out.jsonl{suffix}")
    before = renamed.read_bytes()
    with pytest.raises(BlurbError, match=r"B775.*would be overwritten"):
        run(rules, renamed, tmp_path / "out.jsonl", overwrite=True)
    assert renamed.read_bytes() == before


def test_the_input_must_not_hold_the_output(tmp_path: Path, source: Path, rules: Language) -> None:
    with pytest.raises(BlurbError, match="B761"):
        run(rules, source.parent, source.parent / "out.jsonl")


def test_names_that_are_no_utf8(tmp_path: Path, rules: Language) -> None:
    """They can be written, in ids, in rejected records and in the manifest."""
    folder = tmp_path / "in"
    folder.mkdir()
    try:
        for name, content in ((b"caf\xe9.txt", b"fever"), (b"\xff.txt", b"\xff")):
            (folder / os.fsdecode(name)).write_bytes(content)
    except OSError:
        pytest.skip("this file system takes no such names")
    run(rules, folder, tmp_path / "o.jsonl")
    (row,) = read_rows(tmp_path / "o.jsonl")
    assert row["id"] == "caf\\udce9"
    assert rejected(tmp_path / "o.jsonl") == [("\\udcff.txt", 1, "B102")]
    assert run(rules, folder, tmp_path / "o.jsonl").resumed == 1
