"""docs/howto/quickstart.md and README's code print what stands there."""

import re
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest
import spacy

from .howtos import run, run_howto

# spaCy leaves the files that it writes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

OWN = "## Train on your own lines\n"


@pytest.fixture
def demo() -> None:
    if not spacy.util.is_package("en_blurb_demo"):
        pytest.skip("en_blurb_demo is not installed: run make demo first")


def shown(page: str) -> list[str]:
    """What stands behind "prints"."""
    return re.findall(r"^prints\n\n```\n(.*?)^```$", page, re.M | re.S)


def part(page: str, folder: Path) -> Path:
    path = folder / "part.md"
    path.write_text(page, encoding="utf-8")
    return path


def words(line: str) -> list[str]:
    """Without the probability, whose digits are those of the processor that trained the demo."""
    return line.rstrip(".0123456789").split()


def test_readmes_code(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not spacy.util.is_package("en_blurb_sm"):
        pytest.skip("en_blurb_sm is not installed: run make demo first")
    readme = (project / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    exec(compile(code, "README.md", "exec"), {})
    printed, expected = capsys.readouterr().out.splitlines(), shown(readme)[0].splitlines()
    assert list(map(words, printed)) == list(map(words, expected))


@pytest.mark.usefixtures("demo")
def test_the_first_part(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (project / "docs" / "howto" / "quickstart.md").read_text(encoding="utf-8").split(OWN)[0]
    run_howto(part(page, tmp_path), tmp_path, run)
    printed, expected = capsys.readouterr().out.splitlines(), shown(page)[0].splitlines()
    found, written = (map(literal_eval, lines[:2]) for lines in (printed, expected))
    for given, named in zip(found, written, strict=True):
        # Of a demo that was trained on another processor not all need be the same.
        assert set(given) & set(named)
    assert printed[2:] == [*expected[2:], "True"]
    assert "CID" in Path("doc.html").read_text(encoding="utf-8")


def test_training_on_own_lines(
    workplace: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (project / "docs" / "howto" / "quickstart.md").read_text(encoding="utf-8").split(OWN)[1]
    (workplace / "encoders" / "small").rename(workplace / "encoders" / "demo")
    ((name, content),) = re.findall(r"^`(\S+)`:\n\n```json\n(.*?)^```$", page, re.M | re.S)
    (workplace / name).write_text(content, encoding="utf-8")
    # Imported in the part before.
    page = page.replace("```python\n", "```python\nfrom pathlib import Path\n", 1)
    names: dict[str, Any] = run_howto(part(page, workplace), workplace, run)
    assert capsys.readouterr().out.endswith(shown(page)[0])
    assert names["nlp"].pipe_names[0] == "transformer"
