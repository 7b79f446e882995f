"""MedQA, MedConceptsQA and SciDocs, of which no copy is at hand, in their published formats."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.data.counts import COUNTERS
from spacy_blurb.data.datasets.medconceptsqa import read_medconceptsqa
from spacy_blurb.data.datasets.medqa import read_medqa
from spacy_blurb.data.datasets.scidocs import read_scidocs
from spacy_blurb.data.records import LabelledText, Question, Split
from spacy_blurb.errors import BlurbError

OPTIONS = {"A": "Β1", "B": "No", "C": "Rest", "D": "Wait"}


def medqa_line(**changes: Any) -> str:
    item = {"question": "What now?", "answer": "Rest", "answer_idx": "C", "meta_info": "step1"}
    return json.dumps({**item, "options": OPTIONS, **changes}) + "\n"


def test_medqa(tmp_path: Path) -> None:
    path = tmp_path / "questions" / "US" / "4_options" / "phrases_no_exclude_dev.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(medqa_line() + medqa_line(answer_idx="A"), encoding="utf-8")
    options = ("Β1", "No", "Rest", "Wait")
    assert read_medqa(tmp_path, "dev", "original") == Split(
        [
            Question("dev-1", "What now?", "", "2", options=options),
            Question("dev-2", "What now?", "", "0", options=options),
        ]
    )
    with pytest.raises(BlurbError, match=r"B109.*phrases_no_exclude_test\.jsonl"):
        read_medqa(tmp_path, "test", "original")
    with pytest.raises(BlurbError, match=r"B158.*medqa"):
        read_medqa(tmp_path, "dev", "blurb")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("\n", "B107"),
        (medqa_line(answer_idx="E"), "line 1: expected the options A, B, C, D .* and E"),
        (medqa_line(options={**OPTIONS, "E": "?"}), "line 1: .* found A, B, C, D, E and C"),
        (medqa_line(options={**OPTIONS, "D": None}), "line 1, 'D': expected a string"),
    ],
)
def test_medqa_mistakes(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "phrases_no_exclude_test.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(BlurbError, match=message):
        read_medqa(tmp_path, "test", "original")


HEADER = "question_id,answer,answer_id,option1,option2,option3,option4,question,vocab,level\n"
ROW = '{},"Pain, chest",{},Fever,"Pain, chest",Cough,Rash,"\n What is R07?\n A. Fever\n",{},easy\n'
OPTION_TEXTS = ("Fever", "Pain, chest", "Cough", "Rash")


def concept(record_id: str, label: str) -> Question:
    return Question(record_id, "What is R07?\n A. Fever", "", label, options=OPTION_TEXTS)


def test_medconceptsqa_tables(tmp_path: Path) -> None:
    assert read_medconceptsqa(tmp_path, "train", "original") == Split([])
    for name in ("icd10cm_easy", "atc_easy"):
        (tmp_path / name).mkdir()
        row = ROW.format(1, "B", name.split("_")[0].upper())
        (tmp_path / name / "test.csv").write_text(HEADER + row, encoding="utf-8")
    assert read_medconceptsqa(tmp_path, "test", "original") == Split(
        [concept("test-ICD10CM-easy-1", "1"), concept("test-ATC-easy-1", "1")],
        {"vocabularies and levels without a file": 13},
    )
    item = {"question_id": 7, "answer": "Rash", "answer_id": "D", "vocab": "ATC", "level": "hard"}
    options = {f"option{n}": text for n, text in enumerate(OPTION_TEXTS, start=1)}
    line = json.dumps({**item, **options, "question": "What is R07?\n A. Fever"})
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "dev.jsonl").write_text(line, encoding="utf-8")
    dev = read_medconceptsqa(tmp_path, "dev", "original")
    assert dev == Split([concept("dev-ATC-hard-7", "3")])


def test_medconceptsqa_mistakes(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B109.*medconceptsqa.*test\.csv, .*atc_hard/"):
        read_medconceptsqa(tmp_path, "test", "original")
    path = tmp_path / "test.csv"
    path.write_text(HEADER + ROW.format(1, "E", "ATC"), encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*line 5: expected answer_id A to D, found E"):
        read_medconceptsqa(tmp_path, "test", "original")
    path.write_text(HEADER.replace("vocab", "voc"), encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B154.*expected the columns vocab"):
        read_medconceptsqa(tmp_path, "test", "original")
    path.unlink()
    (tmp_path / "test.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(BlurbError, match="B107"):
        read_medconceptsqa(tmp_path, "test", "original")
    with pytest.raises(BlurbError, match="B158"):
        read_medconceptsqa(tmp_path, "test", "blurb")


def test_scidocs(tmp_path: Path) -> None:
    papers = {
        "a1": {"title": "Β cells", "abstract": "They grow.", "year": 2019},
        "b2": {"title": "Alone", "abstract": None},
    }
    path = tmp_path / "paper_metadata_mag_mesh.json"
    path.write_text(json.dumps(papers), encoding="utf-8")
    for name, rows in {"mag": "a1,3\nb2,0\n", "mesh": "a1,10\nc3,2\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "val.csv").write_text(f"pid,class_label\n{rows}", encoding="utf-8")
    dev = read_scidocs(tmp_path, "dev", "original")
    assert dev.records == [
        LabelledText("mag/a1", "Β cells\nThey grow.", ("mag:3",), "a1"),
        LabelledText("mag/b2", "Alone", ("mag:0",), "b2"),
        LabelledText("mesh/a1", "Β cells\nThey grow.", ("mesh:10",), "a1"),
        LabelledText("mesh/c3", "", ("mesh:2",), "c3"),
    ]
    assert COUNTERS["texts"](dev.records) == 3
    with pytest.raises(BlurbError, match=r"B109.*mag/test\.csv"):
        read_scidocs(tmp_path, "test", "original")
    with pytest.raises(BlurbError, match="B158"):
        read_scidocs(tmp_path, "test", "blurb")
    path.write_text('{"a1": {"abstract": ""}}', encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B151.*paper a1: expected the key 'title'"):
        read_scidocs(tmp_path, "dev", "original")
