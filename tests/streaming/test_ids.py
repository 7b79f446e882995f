"""Documents that have the id of an earlier one are written all the same, and counted."""

from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

from spacy_blurb.errors import BlurbError
from spacy_blurb.streaming import ledger

from .streams import SUFFIXES, compress, pubmed_xml, read_rows, run, write_jsonl


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_versions_of_an_article(tmp_path: Path, rules: Language, kind: str) -> None:
    """In one file and in a later one, as PubMed's update files hold them."""
    folder = tmp_path / "in"
    folder.mkdir()
    first = [("1", "aspirin", "a"), ("2", "fever", "b"), ("1", "aspirin", "c")]
    (folder / "pubmed1.xml").write_bytes(pubmed_xml(first))
    (folder / "pubmed2.xml").write_bytes(pubmed_xml([("1", "aspirin", "d"), ("2", "rats", "e")]))
    output = tmp_path / f"o{SUFFIXES[kind]}"
    done = run(rules, folder, output).done
    assert (done.documents, done.repeated) == (5, 3)
    # It is known of a run that was finished before, and nothing is left of the counting.
    assert run(rules, folder, output).done == done
    assert not output.with_name(f"{output.name}.ids").exists()


def test_rejected_documents_are_not_counted(tmp_path: Path, rules: Language) -> None:
    source = tmp_path / "a.jsonl"
    rows = ('{"id": 1, "text": "a"}', '{"id": 1}', '{"id": "2", "text": "b"}', "")
    source.write_text("\n".join(rows), encoding="utf-8")
    done = run(rules, source, tmp_path / "o.jsonl").done
    assert (done.documents, done.rejected, done.repeated) == (2, 1, 0)


def test_a_packed_file_beside_itself(tmp_path: Path, rules: Language) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for suffix in ("", ".gz"):
        (folder / f"a.txt{suffix}").write_bytes(compress(b"aspirin", suffix))
    done = run(rules, folder, tmp_path / "o.jsonl").done
    assert (done.documents, done.repeated) == (2, 1)


def test_ids_from_before_a_stop(
    tmp_path: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written behind the last checkpoint is forgotten and counted anew."""
    source = write_jsonl(tmp_path / "a.jsonl", ["aspirin"] * 8)
    lines = source.read_bytes().splitlines(keepends=True)
    source.write_bytes(b"".join([*lines, lines[0], lines[5]]))
    add, seen = ledger.Ledger.add, []

    def add_or_fail(self: ledger.Ledger, *args: Any) -> None:
        add(self, *args)
        seen.append(args)
        if len(seen) == 3:
            raise KeyboardInterrupt

    output = tmp_path / "o.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(ledger.Ledger, "add", add_or_fail)
        patch.setattr(ledger, "_SECONDS", 0.0)
        with pytest.raises(KeyboardInterrupt):
            run(rules, source, output)
    ids = output.with_name("o.jsonl.ids")
    assert ids.stat().st_size == 6 * 8
    ids.write_bytes(ids.read_bytes() + bytes(8))
    summary = run(rules, source, output)
    assert (summary.resumed, summary.done.repeated) == (6, 2)
    assert len(read_rows(output)) == 10


def test_ids_that_are_gone(
    tmp_path: Path, rules: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", ["aspirin"] * 8)

    def fail(self: ledger.Ledger) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "_SECONDS", 0.0)
        patch.setattr(ledger.Ledger, "finish", fail)
        with pytest.raises(KeyboardInterrupt):
            run(rules, source, tmp_path / "o.jsonl")
    (tmp_path / "o.jsonl.ids").unlink()
    with pytest.raises(BlurbError, match=r"B755.*o\.jsonl\.ids has 0 bytes.*--overwrite"):
        run(rules, source, tmp_path / "o.jsonl")
