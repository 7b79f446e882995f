"""SQuAD files with and without answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.data.formats import READERS
from spacy_blurb.data.formats.squad import read_squad
from spacy_blurb.data.records import Question
from spacy_blurb.errors import BlurbError


def write(path: Path, *items: dict[str, Any]) -> Path:
    paragraph = {"context": "Übler Husten helps", "qas": list(items)}
    path.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}), encoding="utf-8")
    return path


def test_answers_and_their_offsets(tmp_path: Path) -> None:
    """At a wrong one an answer is taken from where it stands, if that is one place."""
    found = [("Husten", 6), ("Husten", 5), ("Husten", -1), ("l", 0), ("fever", 6), ("", 3)]
    answers = [{"text": text, "answer_start": start} for text, start in found]
    path = write(
        tmp_path / "a.json",
        {"id": "q_000", "question": "What?", "answers": answers},
        {"id": "q_001", "question": "Who?"},
    )
    first, second = read_squad(path)
    assert first.answers == (*[(6, "Husten")] * 3, (-1, "l"), (-1, "fever"), (3, ""))
    assert second == Question("q_001", "Who?", "Übler Husten helps")


def test_answers_without_a_place_are_counted(tmp_path: Path) -> None:
    answers = [{"text": text, "answer_start": 5} for text in ("husTen", "fever")]
    path = write(
        tmp_path / "a.json",
        {"id": "q", "question": "What?", "answers": answers},
        {"id": "none", "question": "Who?", "is_impossible": True},
        {"id": "unknown", "question": "Who?", "answers": []},
    )
    split = READERS["squad"](path, "")
    moved = "answers taken from the one place where they stand, not from their offset"
    unknown = "questions without an answer or is_impossible"
    assert split.left_out == {"answers without a place": 1, moved: 1, unknown: 1}
    assert split.records[0].answers == ((6, "husTen"), (-1, "fever"))
    path = write(tmp_path / "b.json", {"id": "none", "question": "Who?", "is_impossible": True})
    assert READERS["squad"](path, "").left_out == {}


def test_ids_may_be_numbers(tmp_path: Path) -> None:
    """Those of COVID-QA are."""
    (question,) = read_squad(write(tmp_path / "a.json", {"id": 262, "question": "What?"}))
    assert question.id == "262"
    with pytest.raises(BlurbError, match=r"B151.*question, 'id': expected a string, found True"):
        list(read_squad(write(tmp_path / "a.json", {"id": True, "question": "What?"})))


def test_broken_files_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(BlurbError, match="B107"):
        list(read_squad(write(path)))
    with pytest.raises(BlurbError, match=r"B151.*question q: expected the key 'question'"):
        list(read_squad(write(path, {"id": "q"})))
    path.write_text('{"data": [3]}', encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*document: expected an object, found 3"):
        list(read_squad(path))
