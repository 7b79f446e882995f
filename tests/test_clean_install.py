"""The built wheels: what they hold, and that they run where only what they declare is installed.

The latter takes minutes and installs packages, so it runs where SPACY_BLURB_CLEAN_INSTALL is set
(`.ci/run` sets it) and skips elsewhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from weasel.util.config import load_project_config

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


LOAD_EXPORTED = """
import importlib.util, sys, spacy
for name in ("torch", "transformers", "spacy_transformers"):
    assert importlib.util.find_spec(name) is None, name
nlp = spacy.load("en_blurb_sm")
doc = nlp(open(sys.argv[1], encoding="utf-8").read())
print([(ent.text, ent.label_) for ent in doc.ents])
print([(r.head.text, r.label, r.tail.text) for r in doc._.relations])
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


def build_own(project: Path, folder: Path) -> tuple[Path, Path]:
    """Return the project's wheel, from a clone, and the Python of a new environment."""
    source = folder / "source"
    run("git", "clone", "--quiet", project, source, cwd=folder)
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    return build_wheel(source, folder), folder / "venv" / "bin" / "python"


def build_wheel(source: Path, folder: Path) -> Path:
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder]
    run(*build, source, cwd=folder)
    (wheel,) = folder.glob("spacy_blurb-*.whl")
    return wheel


def test_the_wheel_holds_all_files_of_the_package(project: Path, tmp_path: Path) -> None:
    """Pages too, which setup.cfg must list. Not from a clone, in which tools may ask git."""
    source = tmp_path / "source"
    shutil.copytree(
        project / "spacy_blurb",
        source / "spacy_blurb",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(project / name, source)
    paths = (source / "spacy_blurb").rglob("*")
    files = {path.relative_to(source).as_posix() for path in paths if path.is_file()}
    with ZipFile(build_wheel(source, tmp_path)) as wheel:
        found = {name for name in wheel.namelist() if name.startswith("spacy_blurb/")}
    assert found == files
    assert "spacy_blurb/app/pages/app.html" in found


needs_packages = pytest.mark.skipif(
    not os.environ.get("SPACY_BLURB_CLEAN_INSTALL"),
    reason="SPACY_BLURB_CLEAN_INSTALL is not set: installs packages for minutes",
)


@needs_packages
def test_demo_wheel_loads_where_only_its_requirements_are(project: Path, tmp_path: Path) -> None:
    version = load_project_config(project)["vars"]["version"]
    wheel = project / "packages" / f"en_blurb_demo-{version}-py3-none-any.whl"
    if not wheel.exists():
        pytest.skip("no demo wheel: run make demo first")
    own, python = build_own(project, tmp_path)
    constraints = project / "constraints.txt"
    pip = [python, "-m", "pip", "install", "--quiet", "-c", constraints]
    # The pinned release; pip takes its CPU build where the configured index has one.
    run(*pip, "torch==2.13.0", cwd=tmp_path)
    run(*pip, own, wheel, cwd=tmp_path)
    cache = str(tmp_path / "empty-hub-cache")
    offline = {"HF_HOME": cache, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    assert "clonidine" in run(python, "-c", LOAD, cwd=tmp_path, **offline)
    assert "pretrain" in run(python, "-m", "spacy", "blurb", "--help", cwd=tmp_path)
    assert "is not installed" not in run(python, "-m", "pip", "check", cwd=tmp_path)


@needs_packages
def test_exported_wheel_runs_where_only_its_requirements_are(project: Path, tmp_path: Path) -> None:
    """The one that comes with the project: without torch, and without network."""
    (wheel,) = (project / "assets" / "packages").glob("en_blurb_sm-*.whl")
    own, python = build_own(project, tmp_path)
    run(python, "-m", "pip", "install", "--quiet", "-c", project / "constraints.txt",
        f"spacy-blurb[openvino] @ {own.as_uri()}", wheel, cwd=tmp_path)  # fmt: skip
    offline = {"HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    sample = project / "assets" / "en_blurb_sm" / "sample.txt"
    entities, relations = run(
        python, "-c", LOAD_EXPORTED, sample, cwd=tmp_path, **offline
    ).splitlines()
    for text, label in (("levodopa", "Chemical"), ("dyskinesia", "Disease"), ("DRD2", "Gene")):
        assert f"({text!r}, {label!r})" in entities
    assert "CID" in relations
    assert "is not installed" not in run(python, "-m", "pip", "check", cwd=tmp_path)
