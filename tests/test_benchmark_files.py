"""Committed results of benchmarks say where, on what and how often; and a benchmark starts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
FILES = sorted((PROJECT / "results" / "benchmarks").glob("*.json"))
NO_RATIOS = {"corpus", "pretraining_memory"}
"""What is measured alone, beside nothing."""


def test_there_are_results_of_benchmarks() -> None:
    assert len(FILES) >= 18


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_results_say_where_on_what_and_how_often(path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    for key in ("machine", "versions", "n", "runs"):
        assert isinstance(result[key], dict), key
        assert result[key], key
    assert isinstance(result["ratios"], dict)
    assert bool(result["ratios"]) == (path.stem not in NO_RATIOS)
    assert result["machine"]["system"]
    assert result["versions"]["python"]


def test_a_benchmark_starts(tmp_path: Path) -> None:
    """The one that needs neither data nor an encoder, and takes seconds."""
    output = tmp_path / "docbin.json"
    program = [sys.executable, str(PROJECT / "benchmarks" / "docbin.py"), "--quick"]
    run = subprocess.run(
        [*program, "--json", str(output)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    result = json.loads(output.read_text(encoding="utf-8"))
    assert set(result) == {"machine", "versions", "n", "runs", "ratios"}
    assert set(result["ratios"]) == {"store", "read"}
    assert all(len(values) == 2 for values in result["runs"].values())
