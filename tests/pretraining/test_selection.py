"""The fates of documents against a plain loop over dictionaries."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import TextConfig
from spacy_blurb.pretraining.prepared import describe_files, prepare_files
from spacy_blurb.pretraining.selection import (
    REASONS,
    Selection,
    _find_outdated,
    read_split,
    require_documents,
    select_documents,
)
from spacy_blurb.pretraining.text import is_held_out
from spacy_blurb.pretraining.workers import Workers


def select(folder: Path, contents: dict[str, str], **settings: object) -> tuple[list, Selection]:
    for name, content in contents.items():
        (folder / name).write_text(content)
    paths = tuple(str(folder / name) for name in contents)
    config = TextConfig(files=paths, **{"held_out": 0.5, **settings})
    with Workers(1) as workers:
        files = describe_files(config, workers, folder / "text")
        prepare_files(files, workers, lambda line: None)
    return files, select_documents(files, config)


def fates(selection: Selection) -> list[list[str]]:
    names = {0: "kept", 255: "deletion", **{1 + i: name for i, name in enumerate(REASONS)}}
    return [[names[number] for number in array.tolist()] for array in selection.fates]


def pubmed(*records: tuple[int, int, str] | int) -> str:
    parts = []
    for record in records:
        if isinstance(record, int):
            parts.append(f"<DeleteCitation><PMID>{record}</PMID></DeleteCitation>")
            continue
        pmid, version, title = record
        parts.append(
            f'<MedlineCitation><PMID Version="{version}">{pmid}</PMID><Article>'
            f"<ArticleTitle>{title}</ArticleTitle></Article></MedlineCitation>"
        )
    return f"<PubmedArticleSet>{''.join(parts)}</PubmedArticleSet>"


def test_every_reason(tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("11, 99")
    (tmp_path / "titles").write_text("A TITLE-to leave out\n\n")
    contents = {
        "a.txt": "One two three.\nFour.\n\nShort.\n\nA title to leave out.\nWith text here.\n",
        "b.jsonl": '{"text": "one TWO  three. Four."}\n{"text": " "}\n'
        '{"id": 11, "text": "Not this one."}\n{"text": "Not this one."}\n',
        "c.xml": pubmed((1, 1, "First version of it."), (2, 1, "It is withdrawn."), (3, 1, "")),
        "d.xml": pubmed((1, 1, "The version that is kept."), 2, (2, 1, "It came back again.")),
    }
    _, selection = select(
        tmp_path,
        contents,
        min_words=3,
        exclude_ids=(str(tmp_path / "ids"),),
        exclude_titles=(str(tmp_path / "titles"),),
    )
    assert fates(selection) == [
        ["kept", "short", "excluded"],
        # The last one has another id, but is the same text as an excluded one.
        ["duplicate", "empty", "excluded", "excluded"],
        ["superseded", "deleted", "empty"],
        ["kept", "deletion", "kept"],
    ]
    assert selection.listed == {str(tmp_path / "ids"): 1, str(tmp_path / "titles"): 1}
    assert selection.left_out(1) == {
        "empty": 1,
        "excluded": 2,
        "deleted": 0,
        "superseded": 0,
        "short": 0,
        "duplicate": 1,
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "Is it so?\nA trial.\nWe did it.\n\nIs it so?\nWe did it.\n"),
        (
            "a.jsonl",
            '{"text": "Is it so? A trial.\\nWe did it."}\n{"text": "Is it so? We did it."}',
        ),
        ("b.jsonl", '{"text": "Is it so? A trial. We did it."}\n{"text": "Is it so? We did it."}'),
        ("a.xml", pubmed((1, 1, "Is it so? A trial."), (2, 1, "Is it so?"))),
    ],
)
def test_titles_of_two_sentences(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "titles").write_text("Is it so? A trial.\n")
    _, selection = select(tmp_path, {name: content}, exclude_titles=(str(tmp_path / "titles"),))
    assert fates(selection) == [["excluded", "kept"]]


def test_higher_versions_win_wherever_they_are(tmp_path: Path) -> None:
    contents = {
        "a.xml": pubmed((1, 2, "Second."), (1, 1, "First."), (2, 1, "Old."), (2, 1, "New."), 3),
        "b.xml": pubmed((3, 1, "Deleted before it came."), (4, 1, "Old again.")),
    }
    _, selection = select(tmp_path, contents)
    kept = ["kept", "superseded", "superseded", "kept", "deletion"]
    assert fates(selection) == [kept, ["kept", "kept"]]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-1, 3)), min_size=1, max_size=30))
def test_outdated_records_as_one_after_the_other(rows: list[tuple[int, int]]) -> None:
    expected_deleted, expected_superseded = [False] * len(rows), [False] * len(rows)
    for now, (record, version) in enumerate(rows):
        for before in range(now):
            if rows[before][0] != record or rows[before][1] == 0:
                continue
            if version < 0 and rows[before][1] > 0:
                expected_deleted[before] = True
    for one, (record, version) in enumerate(rows):
        if version <= 0 or expected_deleted[one]:
            continue
        for two, (other, other_version) in enumerate(rows):
            is_same = record == other and other_version > 0 and not expected_deleted[two]
            expected_superseded[one] |= is_same and (other_version, two) > (version, one)
    ids = np.array([record for record, _ in rows], dtype=np.uint64)
    versions = np.array([version for _, version in rows], dtype=np.int32)
    deleted, superseded = _find_outdated(ids, versions)
    documents = versions > 0
    assert (deleted & documents).tolist() == expected_deleted
    assert superseded.tolist() == expected_superseded


def test_split_is_that_of_is_held_out(tmp_path: Path) -> None:
    generator = random.Random(0)
    documents = [[f"Sentence {generator.random()}.", "The end."] for _ in range(200)]
    content = "\n\n".join("\n".join(document) for document in documents)
    for share in (0.5, 0.1, 1e-5):
        files, selection = select(tmp_path, {"a.txt": content}, held_out=share)
        for split in ("train", "held_out"):
            expected = [d for d in documents if is_held_out(d, share) == (split == "held_out")]
            assert list(read_split(files, selection, split)) == expected


def test_nothing_left_says_why(tmp_path: Path) -> None:
    files, selection = select(tmp_path, {"a.txt": "One.\n\nTwo."}, min_words=5)
    with pytest.raises(BlurbError, match=r"B227.*train.*of 2 in .*a\.txt; left out: 2 short"):
        require_documents(files, selection, "train")


def test_ids_of_a_list_are_found_however_they_are_written(tmp_path: Path) -> None:
    ids = ["7.txt", "8", "PMC 30", "a,b", "9"]
    rows = "".join(json.dumps({"id": each, "text": f"Text number {each}."}) + "\n" for each in ids)
    (tmp_path / "ids").write_text("7\n8.txt\n PMC 30 \na,b\n")
    _, selection = select(tmp_path, {"a.jsonl": rows}, exclude_ids=(str(tmp_path / "ids"),))
    assert fates(selection) == [["excluded"] * 4 + ["kept"]]
    assert selection.listed == {str(tmp_path / "ids"): 4}
