"""The program that counts what a pipeline gets wrong in entities."""

import json
import runpy
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_blurb.annotations import set_gold_entities, set_record

TEXT = "acute renal failure and fever after aspirin in rats with BRCA1"


def test_every_kind(
    project: Path,
    nlp: Language,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def at(words: str, label: str) -> tuple[int, int, str]:
        return TEXT.index(words), TEXT.index(words) + len(words), label

    gold = [("renal failure", "Disease"), ("fever", "Disease"), ("aspirin", "Chemical")]
    doc = nlp.make_doc(TEXT)
    set_gold_entities(doc, [*(at(*g) for g in gold), at("BRCA1", "Gene")], label_sets=["x"])
    set_record(doc, "1")
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    found = [
        at("acute renal failure", "Disease"),
        at("failure", "Disease"),
        at("failure and", "Disease"),
        at("fever", "Disease"),
        at("aspirin", "Gene"),
        at("rats", "Disease"),
    ]
    entities = [{"start": start, "end": end, "label": label} for start, end, label in found]
    predictions, counts = tmp_path / "p.jsonl", tmp_path / "counts.json"
    predictions.write_text(json.dumps({"id": "1", "entities": entities}) + "\n", encoding="utf-8")
    main = runpy.run_path(str(project / "results" / "en_blurb_sm" / "count_errors.py"))["main"]
    files = [str(tmp_path / "dev.spacy"), str(predictions)]
    monkeypatch.setattr("sys.argv", ["count_errors.py", *files, f"--json={counts}", "--show=1"])
    main()
    (counted,) = json.loads(counts.read_text("utf-8")).values()
    assert counted == {
        "Disease": {"crossing": 1, "long": 1, "right": 1, "short": 1, "spurious": 1},
        "Gene": {"missed": 1, "type": 1},
    }
    assert "[BRCA1]" in capsys.readouterr().out
