"""A user's own questions, one object a line."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_blurb.annotations import doc_questions
from spacy_blurb.data.convert import convert_own
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.data.formats.questions_jsonl import read_questions_jsonl
from spacy_blurb.data.formats.squad import read_squad
from spacy_blurb.data.records import Question
from spacy_blurb.errors import BlurbError


def write(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    return path


def test_all_kinds(tmp_path: Path) -> None:
    text = "İn räts"
    path = write(
        tmp_path / "a.jsonl",
        {"text": text, "question": "?", "label": "yes"},
        {"id": 7, "text": text, "question": "?", "answers": [{"start": 3, "text": "räts"}]},
        {"id": "n", "text": text, "question": "?", "answers": []},
        {"question": "?", "label": 1, "options": ["a", "b"]},
        {"question": "?", "text": None, "label": "0", "options": ["a"]},
    )
    assert read_questions_jsonl(path).records == [
        Question("1", "?", text, "yes"),
        Question("7", "?", text, answers=((3, "räts"),)),
        Question("n", "?", text, answers=((-1, ""),)),
        Question("4", "?", "", "1", options=("a", "b")),
        Question("5", "?", "", "0", options=("a",)),
    ]
    report = convert_own("questions", {"train": path, "dev": path}, tmp_path / "out", label="own")
    assert report["splits"]["train"]["gold"] == 5
    assert report["splits"]["train"]["unit"] == "questions"
    docs = read_docbin(tmp_path / "out" / "train.spacy", spacy.blank("en").vocab)
    assert [doc.text for doc in docs] == [text, text, text, "?", "?"]
    assert [doc_questions(doc)[0].label for doc in docs] == ["yes", "", "", "1", "0"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"text": "x"}, "B167.*line 1: the key 'question' is missing"),
        ({"text": "x", "question": "?"}, r"B145.*line 1 \(question '1'\): no gold answer"),
        ({"question": "?", "label": "2", "options": ["a", "b"]}, "B145"),
        ({"question": "?", "options": ["a", "b"]}, "B145"),
        ({"text": "x", "question": "?", "label": None, "answers": None}, "B145"),
        ({"question": "?", "label": "0", "options": [1]}, "B167.*options are not all strings"),
        ({"question": "?", "label": "0", "options": ["a", "\ud83d"]}, "B167.*surrogate"),
        (
            {"text": "xy", "question": "?", "answers": [{"start": 0, "text": "y"}]},
            "B144.*'y'.*at 0",
        ),
        ({"text": "xy", "question": "?", "answers": [{"start": -1, "text": "y"}]}, "B144"),
        ({"text": "xy", "question": "?", "answers": [{"start": 0, "text": ""}]}, "B144"),
        ([1], "B167"),
    ],
)
def test_what_is_no_question_is_said(tmp_path: Path, row: Any, code: str) -> None:
    with pytest.raises(BlurbError, match=code):
        read_questions_jsonl(write(tmp_path / "a.jsonl", row))


def test_an_empty_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match="B107"):
        read_questions_jsonl(write(tmp_path / "a.jsonl"))


def test_squad_that_says_there_is_no_answer(tmp_path: Path) -> None:
    qas = [
        {"id": "a", "question": "?", "is_impossible": True, "answers": []},
        {"id": "b", "question": "?", "is_impossible": False, "answers": []},
    ]
    paragraphs = [{"context": "x", "qas": qas}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    assert [question.answers for question in read_squad(path)] == [((-1, ""),), ()]


def test_context_is_another_name_of_text(tmp_path: Path) -> None:
    """SQuAD and Hugging Face call it so; it was dropped, and the question became the text."""
    rows = [
        {"context": "x y", "question": "?", "label": "yes"},
        {"context": "x y", "text": "", "question": "?", "label": "yes"},
        {"context": "x y", "text": "x y", "question": "?", "label": "yes"},
        {"context": None, "text": "x y", "question": "?", "label": "yes"},
    ]
    split = read_questions_jsonl(write(tmp_path / "a.jsonl", *rows))
    assert [question.context for question in split.records] == ["x y"] * 4
    assert split.left_out == {}
    path = write(tmp_path / "a.jsonl", {"context": "x", "text": "y", "question": "?", "label": "a"})
    with pytest.raises(BlurbError, match=r"B167.*line 1: 'text' and 'context' both"):
        read_questions_jsonl(path)


def test_unknown_keys_are_counted(tmp_path: Path) -> None:
    answer = {"start": 0, "text": "x", "answer_id": 1}
    row = {"text": "x", "question": "?", "answers": [answer, answer], "source": "s", "label": " a "}
    split = read_questions_jsonl(write(tmp_path / "a.jsonl", row, {**row, "id": "b"}))
    assert split.left_out == {
        "values of the unknown question key 'source'": 2,
        "values of the unknown answer key 'answer_id'": 4,
        "answers beside a label, which is what is learned": 4,
    }
    assert [question.label for question in split.records] == ["a", "a"]
