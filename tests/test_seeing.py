"""The howtos on looking, abbreviations and the doctor run; `render` by its command."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)

from .howtos import run, run_howto
from .render.documents import annotated_doc

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_looking(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    howto = project / "docs" / "howto" / "see.md"
    DocBin(docs=[annotated_doc(spacy.blank("en"))]).to_disk("docs.spacy")
    (line,) = re.findall(r"^```json\n(.*?)\n```$", howto.read_text(encoding="utf-8"), re.M | re.S)
    text = f"{line}\n" * 25
    Path("annotated.jsonl").write_text(text, encoding="utf-8")
    outputs: list[str] = []
    names = run_howto(howto, tmp_path, lambda *words: outputs.append(run(*words)) or "")
    assert outputs == [
        "1 of 1 documents → docs.html\n",
        "20 of 25 documents → annotated.html\n",
    ]
    assert "CPR:4" in Path("docs.html").read_text(encoding="utf-8")
    page = Path("annotated.html").read_text(encoding="utf-8")
    assert "25 documents; the first 20 are shown, 5 are left out" in page
    assert "CPR:4" in names["page"]
    assert names["arcs"].count("displacy-arrow") > 0
    label = json.loads(line)["relations"][0]["label"]
    assert page.count(f"— {label} →") == 20


def test_abbreviations(project: Path, tmp_path: Path) -> None:
    run_howto(project / "docs" / "howto" / "abbreviations.md", tmp_path, run)


def test_the_doctor_finds_nothing_that_breaks_here(project: Path, tmp_path: Path) -> None:
    outputs: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLURB_DATA", str(tmp_path))
        howto = project / "docs" / "howto" / "doctor.md"
        run_howto(howto, tmp_path, lambda *words: outputs.append(run(*words)) or "")
    (output,) = outputs
    assert "✘" not in output
    assert f"✔ BLURB_DATA: {tmp_path}" in output
    assert output.splitlines()[-1].startswith("Nothing breaks; ")


def test_the_picture_of_the_readme(project: Path, tmp_path: Path, browser: Any) -> None:
    """It is small, and its program draws one of the same width."""
    if not spacy.util.is_package("en_blurb_sm"):
        pytest.skip("en_blurb_sm is not installed: run make demo first")
    assert "](docs/images/rendered.png)" in (project / "README.md").read_text(encoding="utf-8")
    kept = (project / "docs" / "images" / "rendered.png").read_bytes()
    program = project / "docs" / "images" / "make_picture.py"
    command = [sys.executable, program, "en_blurb_sm", tmp_path / "new.png"]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    made = (tmp_path / "new.png").read_bytes()
    assert len(kept) < 150_000
    assert made[:8] == kept[:8] == b"\x89PNG\r\n\x1a\n"
    assert _width(made) == _width(kept) > 1000


def _width(png: bytes) -> int:
    return int.from_bytes(png[16:20], "big")


def test_mistakes(tmp_path: Path) -> None:
    def fails(*words: str) -> str:
        result = CliRunner().invoke(app, ["blurb", *words])
        assert (result.exit_code, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        return line

    output = str(tmp_path / "a.html")
    assert "B100" in fails("render", str(tmp_path / "no.spacy"), "-o", output)
    (tmp_path / "a.jsonl").write_text("x\n", encoding="utf-8")
    assert "a.jsonl, line 1" in fails("render", str(tmp_path / "a.jsonl"), "-o", output)
    assert not Path(output).exists()
    for other in ("a.jsonl", "a.txt"):
        assert "B805" in fails("render", str(tmp_path / "a.jsonl"), "-o", str(tmp_path / other))
    assert (tmp_path / "a.jsonl").read_text(encoding="utf-8") == "x\n"
    assert "B803" in fails("serve", "any", "--host", "203.0.113.1")
    assert "B501" in fails("serve", str(tmp_path), "--port", "0")
