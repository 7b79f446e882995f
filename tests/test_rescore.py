"""The program that scores stored predictions again, by document."""

import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
import spacy

from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.evaluation.results import read_units, score_file
from spacy_blurb.tasks import get_task

RECORDS = [
    Record(f"{d}-{n}", "a b", (Mention(0, 1, "Gene"),), document=d) for d in "de" for n in "12"
]
FOUND = {"d-1": ["Gene"], "d-2": ["Gene"], "e-1": [], "e-2": ["Other"]}


def write_gold(path: Path, records: list[Record]) -> Path:
    write_docbin(records, path, spacy.blank("en").tokenizer, label_sets=["jnlpba"])
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A result whose gold file did not name documents, with what a grid adds."""
    gold = write_gold(tmp_path / "old.spacy", [replace(r, document="") for r in RECORDS])
    rows = [
        {"id": i, "entities": [{"start": 0, "end": 1, "label": y, "score": 0.5} for y in labels]}
        for i, labels in FOUND.items()
    ]
    predictions = tmp_path / "m-s0.predictions.jsonl"
    predictions.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    output = tmp_path / "m-s0.json"
    docs = read_docbin(gold, spacy.blank("en").vocab)
    remarks = {"model": "m", "seed": 0, "run": {"steps": 7}}
    score_file(get_task("jnlpba"), docs, predictions, output, data=gold, remarks=remarks)
    return output


def test_what_made_a_result_stays(
    project: Path,
    tmp_path: Path,
    old: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = json.loads(old.read_text(encoding="utf-8"))
    assert (before["n"], before["ci95"]) == (4, [0.0, 1.0])
    program = str(project / "results" / "rescore_by_document.py")
    main = runpy.run_path(program)["main"]
    gold = write_gold(tmp_path / "new.spacy", RECORDS)
    monkeypatch.setattr("sys.argv", [program, "new.spacy", "m-s0.json"])
    main(gold, [old])
    after = json.loads(old.read_text(encoding="utf-8"))
    assert (after["n"], after["texts"]) == (2, 4)
    units = read_units(tmp_path / after["units"])
    assert (units.ids, units.table.tolist()) == (("d", "e"), [[2, 2, 2], [0, 0, 2]])
    again = after.pop("scored_again")
    assert again["before"] == {key: before[key] for key in ("n", "ci95", "data_sha256")}
    assert again["command"].endswith("rescore_by_document.py new.spacy m-s0.json")
    changed = {"n", "texts", "ci95", "data_sha256"}
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    content = old.read_text(encoding="utf-8")
    main(gold, [old])
    assert "nothing to change" in capsys.readouterr().out
    assert old.read_text(encoding="utf-8") == content


def test_other_gold_and_other_scores_are_refused(project: Path, tmp_path: Path, old: Path) -> None:
    main = runpy.run_path(str(project / "results" / "rescore_by_document.py"))["main"]
    content = old.read_text(encoding="utf-8")
    fewer = write_gold(tmp_path / "fewer.spacy", [*RECORDS[:3], replace(RECORDS[3], mentions=())])
    with pytest.raises(SystemExit, match="other gold data"):
        main(fewer, [old])
    gold = write_gold(tmp_path / "new.spacy", RECORDS)
    wrong = json.dumps({**json.loads(content), "correct": 3})
    old.write_text(wrong, encoding="utf-8")
    with pytest.raises(SystemExit, match="correct was 3 and is 2"):
        main(gold, [old])
    assert old.read_text(encoding="utf-8") == wrong
