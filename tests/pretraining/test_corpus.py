import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining import corpus as corpus_module
from spacy_blurb.pretraining.config import PretrainingConfig
from spacy_blurb.pretraining.corpus import build_corpus
from spacy_blurb.pretraining.folder_lock import lock_folder
from spacy_blurb.pretraining.report import describe_corpus
from spacy_blurb.pretraining.shards import open_corpus
from spacy_blurb.pretraining.vocab import train_vocab
from spacy_blurb.pretraining.workers import Workers

Configure = Callable[..., PretrainingConfig]


class KilledError(Exception):
    pass


def build(config: PretrainingConfig, **settings: bool) -> tuple[dict, list[str]]:
    lines: list[str] = []
    return build_corpus(config, lines.append, **settings), lines


def hash_folder(config: PretrainingConfig) -> dict[str, str]:
    files = [path for path in Path(config.corpus.folder).rglob("*") if path.is_file()]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


def settings(folder: Path, **others: object) -> dict[str, object]:
    return {"folder": str(folder), "shard_words": 150, **others}


def test_number_of_processes_changes_nothing(shared: Configure, tmp_path: Path) -> None:
    one = shared(tmp_path, corpus=settings(tmp_path / "one"))
    two = shared(tmp_path, corpus=settings(tmp_path / "two", n_processes=2))
    build(one)
    build(two)
    assert len(hash_folder(one)) > 20
    assert hash_folder(one) == hash_folder(two)
    first, second = (open_corpus(tmp_path / name) for name in ("one", "two"))
    assert first.digest == second.digest


@pytest.mark.parametrize("n_writes", range(1, 40, 4))
def test_stopped_anywhere_it_goes_on(
    shared: Configure, tmp_path: Path, n_writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shared(tmp_path, corpus=settings(tmp_path / "whole"))
    stopped = shared(tmp_path, corpus=settings(tmp_path / "stopped"))
    build(whole)
    replace = Path.replace
    left = n_writes

    def replace_or_die(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if not left:
            raise KilledError
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replace_or_die)
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok=False: None)
    with pytest.raises(KilledError):
        build(stopped)
    monkeypatch.undo()
    assert not (tmp_path / "stopped" / "corpus.json").exists()
    made = {path: path.stat().st_ino for path in (tmp_path / "stopped").glob("*-*.json")}
    build(stopped)
    assert hash_folder(stopped) == hash_folder(whole)
    assert {path: path.stat().st_ino for path in made} == made  # not made again


def test_killed_for_good(shared: Configure, tmp_path: Path) -> None:
    """Signal 9 to the process that the user started, at moments that are not ours to choose."""
    whole = shared(tmp_path, corpus=settings(tmp_path / "whole", shard_words=20))
    killed = shared(tmp_path, corpus=settings(tmp_path / "killed", shard_words=20, n_processes=2))
    build(whole)
    # Every file takes a while, in the processes too, which run the top of the program: the kill
    # comes long before the end.
    code = (
        "import os, time\n"
        "from tests.pretraining.test_corpus import restore\n"
        "from spacy_blurb.pretraining.corpus import build_corpus\n"
        "os.fsync = lambda file: time.sleep(0.02)\n"
        f"if __name__ == '__main__':\n    build_corpus(restore({_store(killed)!r}), print)\n"
    )
    program = tmp_path / "program.py"
    program.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for wanted in (3, 10):
        process = subprocess.Popen(
            [sys.executable, str(program)], env=environment, stderr=subprocess.DEVNULL
        )
        while len(list((tmp_path / "killed").glob("*-*.json"))) < wanted:
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "killed" / "corpus.json").exists()
    build(killed)
    assert hash_folder(killed) == hash_folder(whole)


def _store(config: PretrainingConfig) -> str:
    return json.dumps({key: asdict(config)[key] for key in ("text", "vocab", "corpus")})


def restore(stored: str) -> PretrainingConfig:
    """Make the settings that `build_corpus` uses again."""
    sections = {key: SimpleNamespace(**values) for key, values in json.loads(stored).items()}
    return cast(PretrainingConfig, SimpleNamespace(**sections))


def test_a_finished_corpus_is_mended_not_made_again(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"))
    build(config)
    before = hash_folder(config)
    path = tmp_path / "corpus" / "train-00001.pieces.npy"
    path.write_bytes(b"\0" * path.stat().st_size)
    (tmp_path / "corpus" / "held_out-00000.sentences.npy").unlink()
    # As after a bad copy.
    (tmp_path / "corpus" / "train-00000.json").write_text("{", encoding="utf-8")
    for record in (tmp_path / "corpus" / "text").glob("*.json"):
        record.write_bytes(b"")
    _, lines = build(config)
    assert hash_folder(config) == before
    assert sum("pieces;" in line for line in lines) == 3
    _, lines = build(config)
    assert not any("pieces;" in line or line.startswith("read") for line in lines)


def test_two_processes_do_not_share_a_folder(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"))
    with lock_folder(tmp_path / "corpus", "x"):
        with pytest.raises(BlurbError, match=r"B247.*corpus\.folder"):
            build(config)
        with pytest.raises(BlurbError, match=r"B247.*corpus\.folder"):
            train_vocab(config)


def test_other_settings_do_not_replace_a_finished_corpus(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus", shard_words=60))
    build(config)
    before = hash_folder(config)
    other = shared(tmp_path, corpus=settings(tmp_path / "corpus"), text={"min_words": 7})
    with pytest.raises(BlurbError, match=r"B226.*corpus\.shard_words, text\.min_words"):
        build(other)
    assert hash_folder(config) == before
    build(other, overwrite=True)
    fresh = shared(tmp_path, corpus=settings(tmp_path / "fresh"), text={"min_words": 7})
    build(fresh)
    assert hash_folder(other) == hash_folder(fresh)  # nothing of the old one is left


def test_overwrite_with_wrong_settings_leaves_the_finished_corpus(
    shared: Configure, tmp_path: Path
) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"))
    build(config)
    before = hash_folder(config)
    other = shared(tmp_path, corpus=settings(tmp_path / "corpus"), text={"min_words": 1000})
    with pytest.raises(BlurbError, match="B227"):
        build(other, overwrite=True)
    assert hash_folder(config) == before


def test_a_corpus_of_another_rule_for_ids_is_not_taken_for_this_one(
    shared: Configure, tmp_path: Path
) -> None:
    (tmp_path / "ids").write_text("99")
    text = {"exclude_ids": [str(tmp_path / "ids")]}
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"), text=text)
    manifest, _ = build(config)
    del manifest["settings"]["text.exclude_ids_rule"]
    (tmp_path / "corpus" / "corpus.json").write_text(json.dumps(manifest))
    with pytest.raises(BlurbError, match=r"B226.*text\.exclude_ids_rule"):
        build(config)


def test_a_corpus_of_another_rule_for_titles_is_not_taken_for_this_one(
    shared: Configure, tmp_path: Path
) -> None:
    (tmp_path / "titles").write_text("A title")
    text = {"exclude_titles": [str(tmp_path / "titles")]}
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"), text=text)
    manifest, _ = build(config)
    del manifest["settings"]["text.exclude_titles_rule"]
    (tmp_path / "corpus" / "corpus.json").write_text(json.dumps(manifest))
    with pytest.raises(BlurbError, match=r"B226.*text\.exclude_titles_rule"):
        build(config)


def test_a_vocabulary_that_does_not_know_the_text(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\n\n".join(f"\u4e00 \u4e01 {n}" for n in range(40)))
    config = shared(
        tmp_path / "out",
        corpus=settings(tmp_path / "corpus"),
        text={"files": [str(tmp_path / "text.txt")]},
    )
    manifest, _ = build(config)
    lines = "\n".join(describe_corpus(manifest))
    assert re.search(r"train: .*% of the pieces are \[UNK\]: is it the right vocabulary\?", lines)


def test_a_cut_manifest_is_that_of_an_unfinished_corpus(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"))
    build(config)
    before = hash_folder(config)
    (tmp_path / "corpus" / "corpus.json").write_text('{"settings": {')
    with pytest.raises(BlurbError, match="B222"):
        open_corpus(tmp_path / "corpus")
    build(config)
    assert hash_folder(config) == before


def test_shards_of_which_the_tokenizer_leaves_nothing(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "aspirin binds aspirin .\n\n\u200b\u200b\n\ninsulin binds insulin .\n"
    )
    files = [shared(tmp_path).text.files[0], str(tmp_path / "a.txt")]
    config = shared(
        tmp_path, corpus=settings(tmp_path / "corpus", shard_words=1), text={"files": files}
    )
    manifest, _ = build(config)
    (empty,) = manifest["empty_shards"]
    assert empty["counts"]["without_pieces"] == 1
    corpus = open_corpus(tmp_path / "corpus")
    assert min(len(corpus.train), len(corpus.held_out)) > 0
    split = empty["name"].rpartition("-")[0]
    (line,) = (line for line in describe_corpus(manifest) if line.startswith(f"{split}:"))
    assert line.endswith("1 documents of which the tokenizer leaves nothing")


def test_a_split_of_which_the_tokenizer_leaves_nothing(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join("\u200b" * n + "\n\n" for n in range(1, 40)))
    text = {"files": [str(tmp_path / "a.txt")]}
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"), text=text)
    with pytest.raises(BlurbError, match=r"B219.*train text \(\d+ documents"):
        build(config)
    assert not (tmp_path / "corpus" / "corpus.json").exists()


def test_texts_of_files_that_have_changed_are_deleted(shared: Configure, tmp_path: Path) -> None:
    text = {"files": [shared(tmp_path).text.files[0], str(tmp_path / "a.txt")]}
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"), text=text)
    for number in range(3):
        (tmp_path / "a.txt").write_text(f"aspirin binds number {number} .\n")
        build(config, overwrite=True)
    assert len(list((tmp_path / "corpus" / "text").glob("*.txt"))) == 2


def test_what_others_put_there_stays(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"))
    (tmp_path / "corpus").mkdir()
    others = ("my-notes.txt", "train-list.json", "train-00000.txt", "a-b.partial-1")
    ours = ("train-00099.json", "train-00099.pieces.npy", "train-00000.json.partial-77")
    for name in (*others, *ours):
        (tmp_path / "corpus" / name).write_text("x")
    build(config)
    assert all((tmp_path / "corpus" / name).exists() for name in others)
    assert not any((tmp_path / "corpus" / name).exists() for name in ours)


def test_text_is_read_once(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "corpus"))
    build(config)
    other = shared(tmp_path, corpus=settings(tmp_path / "corpus"), text={"min_words": 7})
    _, lines = build(other, overwrite=True)
    assert not any(line.startswith("read") for line in lines)


def test_manifest_and_report(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("99")
    text = Path(shared(tmp_path).text.files[0])
    (tmp_path / "more.jsonl").write_text('{"text": "Aspirin binds."}\n{"text": "ASPIRIN binds."}\n')
    files = [str(text), str(tmp_path / "more.jsonl")]
    config = shared(
        tmp_path,
        corpus=settings(tmp_path / "corpus"),
        text={"files": files, "exclude_ids": [str(tmp_path / "ids")]},
    )
    manifest, _ = build(config)
    assert manifest == json.loads((tmp_path / "corpus" / "corpus.json").read_text())
    first, second = manifest["inputs"]
    assert first["sha256"] == sha256(text.read_bytes()).hexdigest()
    assert (first["format"], first["documents"]) == ("text", 60)
    assert (second["format"], second["documents"]) == ("jsonl", 2)
    assert second["left_out"]["duplicate"] == manifest["left_out"]["duplicate"] == 1
    for source in manifest["inputs"]:
        left_out = sum(source["left_out"].values())
        assert source["documents"] == sum(source["kept"].values()) + left_out
    for split, found in manifest["splits"].items():
        documents = sum(shard["counts"]["documents"] for shard in found)
        assert documents == sum(source["kept"][split] for source in manifest["inputs"])
    lines = list(describe_corpus(manifest))
    assert f"{files[1]}: 2 documents, left out: 1 duplicate" in lines
    assert any("ids: names 0 documents of the text; is it the right list?" in x for x in lines)


def test_nothing_left(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "c"), text={"min_words": 1000})
    with pytest.raises(BlurbError, match=r"B227.*left out: 60 short"):
        build(config)


def test_bad_input_of_a_process_is_the_user_s_to_mend(shared: Configure, tmp_path: Path) -> None:
    (tmp_path / "a.txt.xz").write_bytes(b"\xfd7zXZ\0 not really")
    config = shared(
        tmp_path,
        corpus=settings(tmp_path / "c", n_processes=2),
        text={"files": [str(tmp_path / "a.txt.xz")]},
    )
    with pytest.raises(BlurbError, match=r"B101.*a\.txt\.xz"):
        build(config)


def test_ctrl_c_does_not_wait_for_what_is_begun() -> None:
    def stop_at_the_first() -> None:
        with Workers(2) as workers:
            for _ in workers.run(time.sleep, enumerate([0, 300, 300])):
                raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stop_at_the_first()
    assert time.monotonic() - begun < 100


def test_full_disk_names_the_file_and_loses_nothing(shared: Configure, tmp_path: Path) -> None:
    config = shared(tmp_path, corpus=settings(tmp_path / "c", shard_words=10**6))
    fresh = shared(tmp_path, corpus=settings(tmp_path / "fresh", shard_words=10**6))
    build(fresh)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(p.stat().st_size for p in (tmp_path / "fresh").glob("*.npy"))
    prepared = max(p.stat().st_size for p in (tmp_path / "fresh" / "text").iterdir())
    assert prepared > largest  # so that reading runs against the limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 1, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as error:
            build(config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(error.value.filename).startswith(str(tmp_path / "c"))
    assert not list((tmp_path / "c").rglob("*.partial-*"))
    build(config)
    assert hash_folder(config) == hash_folder(fresh)


def test_process_that_is_killed_says_what_to_do(shared: Configure, tmp_path: Path) -> None:
    with Workers(2) as workers, pytest.raises(BlurbError, match=r"B229.*corpus\.n_processes"):
        list(workers.run(os._exit, [(0, 9)]))


def test_batches_change_nothing(
    shared: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shared(tmp_path, corpus=settings(tmp_path / "one"))
    build(one)
    monkeypatch.setattr(corpus_module, "BATCH_BYTES", 10)
    two = shared(tmp_path, corpus=settings(tmp_path / "two"))
    build(two)
    assert hash_folder(one) == hash_folder(two)
