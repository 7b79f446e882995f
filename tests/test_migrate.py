"""docs/howto/migrate.md runs, prints what stands there, and names settings that there are."""

import json
import re
from pathlib import Path

import pytest
import spacy

from .howtos import run, run_howto

# spaCy leaves the files that it writes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs" / "howto" / "migrate.md").read_text(encoding="utf-8")


def test_the_howto_runs(
    workplace: Path, project: Path, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in re.findall(r"^`(\S+)`:\n\n```json\n(.*?)^```$", page, re.M | re.S):
        (workplace / name).write_text(content, encoding="utf-8")
    outputs = []

    def run_and_keep(*words: str) -> str:
        outputs.append(run(*words))
        return outputs[-1]

    run_howto(project / "docs" / "howto" / "migrate.md", workplace, run_and_keep)
    printed = capsys.readouterr().out
    shown = re.findall(r"^prints\n\n```\n(.*?)^```$", page, re.M | re.S)
    assert len(shown) == 2
    assert printed.startswith(shown[0])
    assert printed.endswith(shown[1])
    # The task that was not accepted is no document.
    assert "train  2 Docs, 4 mentions, 1 relations, 0 not on token boundaries" in outputs[0]
    results = [
        json.loads((workplace / f"metrics/{name}.json").read_bytes()) for name in ("rel", "hf")
    ]
    assert [(result["score"], result["gold"]) for result in results] == [(1.0, 1), (1.0, 4)]


def test_the_settings_of_the_page_are_there(project: Path, page: str) -> None:
    names = set(re.findall(r"`--((?:components|training)\.[\w.]+)", page))
    assert len(names) >= 8
    for name in names:
        template = "rel" if name.startswith("components.rel") else "ner"
        value = spacy.util.load_config(project / "configs" / f"{template}.cfg")
        for key in name.split("."):
            assert key in value, name
            value = value[key]
