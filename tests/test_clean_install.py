"""The built wheels in an environment that holds only what they declare.

Takes minutes and installs packages, so it runs where SPACY_BLURB_CLEAN_INSTALL is set (`.ci/run`
sets it) and skips elsewhere.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SENTENCE = "Naloxone reverses the antihypertensive effect of clonidine in rats with hypertension."
LOAD = f"""
import spacy
assert "spacy_blurb" not in __import__("sys").modules
nlp = spacy.load("en_blurb_demo")
doc = nlp({SENTENCE!r})
assert doc.ents, "no entity"
assert 0 < doc.ents[0]._.score <= 1
print([(ent.text, ent.label_) for ent in doc.ents])
"""


def run(*command: object, cwd: Path, **env: str) -> str:
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout


@pytest.mark.skipif(
    not os.environ.get("SPACY_BLURB_CLEAN_INSTALL"),
    reason="SPACY_BLURB_CLEAN_INSTALL is not set: installs packages for minutes",
)
def test_demo_wheel_loads_where_only_its_requirements_are(project: Path, tmp_path: Path) -> None:
    wheels = sorted((project / "packages").glob("en_blurb_demo-*.whl"))
    if not wheels:
        pytest.skip("no demo wheel: run make demo first")
    source = tmp_path / "source"
    run("git", "clone", "--quiet", project, source, cwd=tmp_path)
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path]
    run(*build, source, cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    own = next(tmp_path.glob("spacy_blurb-*.whl"))
    constraints = project / "constraints.txt"
    pip = [python, "-m", "pip", "install", "--quiet", "-c", constraints]
    # The pinned release; pip takes its CPU build where the configured index has one.
    run(*pip, "torch==2.13.0", cwd=tmp_path)
    run(*pip, own, wheels[0], cwd=tmp_path)
    cache = str(tmp_path / "empty-hub-cache")
    offline = {"HF_HOME": cache, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    assert "clonidine" in run(python, "-c", LOAD, cwd=tmp_path, **offline)
    assert "pretrain" in run(python, "-m", "spacy", "blurb", "--help", cwd=tmp_path)
    assert "is not installed" not in run(python, "-m", "pip", "check", cwd=tmp_path)
