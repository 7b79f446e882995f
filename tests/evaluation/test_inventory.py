"""Our counts beside the papers': only what is known is explained."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_blurb.cli.main import app
from spacy_blurb.evaluation import inventory
from spacy_blurb.evaluation.inventory import count_datasets
from spacy_blurb.tasks.differences import DIFFERENCES

ROWS = "-DOCSTART- (1)\n\nmen\tI-PAR\n\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "ebm_nlp"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text(ROWS, encoding="utf-8")
    return tmp_path


def test_another_count_than_the_known_one_is_not_explained(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was cut off had the explanation of the whole one."""
    found = {row.split: row for row in count_datasets(data) if row.form == "blurb"}
    assert {split: (row.ours, row.explained) for split, row in found.items()} == dict.fromkeys(
        ("train", "dev", "test"), (1, False)
    )
    assert "87,308" not in found["dev"].remark
    known = (1, "this copy has one")
    monkeypatch.setitem(DIFFERENCES, ("ebm_pico", "blurb", "dev"), known)
    found = {row.split: row for row in count_datasets(data) if row.form == "blurb"}
    assert (found["dev"].explained, found["dev"].remark) == (True, "this copy has one")
    assert not found["test"].explained


def test_an_empty_split_is_not_explained(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = inventory.read_splits

    def without_dev(*arguments: str) -> tuple:
        splits, form, missing = read(*arguments)
        return {name: split for name, split in splits.items() if name != "dev"}, form, missing

    monkeypatch.setattr(inventory, "read_splits", without_dev)
    (row,) = [row for row in count_datasets(data) if (row.form, row.split) == ("blurb", "dev")]
    assert (row.ours, row.explained) == (None, False)
    assert "[B179]" in row.remark


def test_the_command_fails_where_a_count_is_not_explained(data: Path) -> None:
    result = CliRunner().invoke(app, ["check-data", str(data)])
    assert result.exit_code == 1
    assert "NOT EXPLAINED" in result.stdout
    assert "[B600]" in result.stderr
