"""Each trap is made up, and is found with its fix; the real environment has none."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from spacy_blurb.doctor import facts as facts_module
from spacy_blurb.doctor.checks import check_precision, examine
from spacy_blurb.doctor.facts import PROBES, Facts, gather_facts, normalise, probe
from spacy_blurb.doctor.probe import _PROBES
from spacy_blurb.doctor.report import report
from spacy_blurb.doctor.traps import TRAPS, sprung_traps
from spacy_blurb.errors import BlurbError

VERSIONS = {
    **{"spacy": "3.8.18", "thinc": "8.3.14", "numpy": "2.2.6", "tokenizers": "0.21.4"},
    **{"safetensors": "0.8.0", "typer": "0.29.2", "jinja2": "3.1.6", "torch": "2.13.0+cpu"},
    **{"transformers": "4.53.2", "spacy-transformers": "1.4.0", "accelerate": "1.15.0"},
    **{"filelock": "4.3.1"},
    **{"tensorboard": "2.21.0", "build": "1.6.1", "setuptools": "84.2.1", "wheel": "0.48.0"},
    **{"nltk": "3.10.4", "defusedxml": "0.7.1", "lxml": "6.1.3", "python-docx": "1.2.0"},
    **{"flask": "3.1.2", "ray": "2.60.0", "openvino": "2026.4.1"},
    **{"tomli": "2.2.1"},  # for Python 3.10
}


@pytest.fixture
def sound(tmp_path: Path) -> Facts:
    """An environment without any trap."""
    requirements = tuple(metadata.requires("spacy-blurb") or ())
    environ = {"BLURB_DATA": str(tmp_path)}
    return Facts(versions=VERSIONS, requirements=requirements, environ=environ)


def levels(facts: Facts) -> set[str]:
    return {finding.level for finding in examine(facts)}


def the_one(facts: Facts, level: str) -> str:
    """The only finding of a level, as it is printed."""
    (finding,) = [found for found in examine(facts) if found.level == level]
    return str(finding)


def test_a_sound_environment(sound: Facts) -> None:
    assert levels(sound) == {"ok"}


CASES = [
    ({"typer": "0.7.0"}, "breaks", ["typer 0.7.0", "crashes", "install --no-deps spacy-hug"]),
    ({"thinc": "9.1.1"}, "breaks", ["thinc 9.1.1", "spacy-curated-transformers<1"]),
    ({"spacy": "3.7.5"}, "breaks", ["spaCy 3.7.5", "medspacy", "spacy>=3.8,<3.9"]),
    ({"datasets": "5.0.0"}, "breaks", ["datasets 5.0.0", "Trainer", "datasets<5"]),
    ({"numpy": "1.26.4", "cupy-cuda12x": "14.0.1"}, "breaks", ["CuPy 14.0.1", "13.6.0"]),
    ({"scispacy": "0.6.2"}, "note", ["numpy 2.2.6", "numpy<2"]),
    ({"scispacy": "0.5.5", "numpy": "1.26.4"}, "note", ["0.5.5", "blurb_abbreviations"]),
    ({"tokenizers": "0.13.0"}, "breaks", ["tokenizers 0.13.0 is outside of", "pip install"]),
    ({"accelerate": "0.1"}, "note", ["Not tried", "accelerate 0.1", "pip install"]),
    (
        {"torch": "2.13.0+cu126"},
        "note",
        ["no NVIDIA GPU", "--no-deps torch==2.13.0+cpu --index-url"],
    ),
    ({"torch": "2.13.0", "nvidia-cublas": "13"}, "note", ["2.13.0 is the CUDA build"]),
]


@pytest.mark.parametrize(("changed", "level", "parts"), CASES)
def test_versions(sound: Facts, changed: dict[str, str], level: str, parts: list[str]) -> None:
    found = the_one(replace(sound, versions={**VERSIONS, **changed}), level)
    assert all(part in found for part in parts), found
    assert "\n    → " in found


def test_transformers_5_breaks_and_is_outside_of_the_range(sound: Facts) -> None:
    facts = replace(sound, versions={**VERSIONS, "transformers": "5.2.0"})
    assert "spacy-transformers 1.4.0 cannot be imported" in the_one(facts, "breaks")
    assert "transformers 5.2.0 (" in the_one(facts, "note")
    # Pretraining alone runs with it.
    alone = {k: v for k, v in facts.versions.items() if k != "spacy-transformers"}
    assert "breaks" not in levels(replace(facts, versions=alone))


def test_every_trap_was_sprung_above(sound: Facts) -> None:
    """The table has no line that no test reaches."""
    changes = [changed for changed, _, _ in CASES] + [{"transformers": "5.2.0"}]
    all_facts = [replace(sound, versions={**VERSIONS, **changed}) for changed in changes]
    sprung = [trap.what for facts in all_facts for trap in sprung_traps(facts)]
    assert set(sprung) == {trap.what for trap in TRAPS}


def test_missing_packages(sound: Facts) -> None:
    without = {k: v for k, v in VERSIONS.items() if k not in ("nltk", "lxml")}
    found = the_one(replace(sound, versions=without), "note")
    assert "Not installed: nltk, lxml" in found
    assert "pip install 'spacy-blurb[data]'" in found
    without = {k: v for k, v in VERSIONS.items() if k != "safetensors"}
    assert "safetensors is missing" in the_one(replace(sound, versions=without), "breaks")


def test_without_a_torch_encoder_only_extras_are_missing(sound: Facts) -> None:
    """What runs an exported wheel: a note, nothing that breaks."""
    gone = {"torch", "transformers", "spacy-transformers", "accelerate", "tensorboard"}
    versions = {k: v for k, v in VERSIONS.items() if k not in gone}
    failures = dict.fromkeys(("transformers", "spacy_transformers", "trainer"), "ImportError")
    facts = replace(sound, versions=versions, bf16=None, failures=failures)
    assert "Not installed: torch, transformers" in the_one(facts, "note")
    assert "breaks" not in levels(facts)


def test_broken_imports(sound: Facts) -> None:
    reason = "ValueError: numpy.dtype size changed, may indicate binary incompatibility"
    found = the_one(replace(sound, failures={"spacy": reason}), "breaks")
    assert f"spaCy cannot be imported: {reason}" in found
    assert '"thinc>=8.3.4,<8.4"' in found
    # Another package than spaCy's own was built for another numpy.
    reason = "ImportError: numpy.core.multiarray failed to import"
    found = the_one(replace(sound, failures={"trainer": reason}), "breaks")
    assert "PACKAGE for the one that the error names" in found
    assert "thinc" not in found
    # A stale entry point, as of a package that has been moved.
    reason = "ModuleNotFoundError: No module named 'spacy_blurb.gone'"
    found = the_one(replace(sound, failures={"pipeline": reason}), "breaks")
    assert "so does every spacy.load" in found
    assert reason in found
    assert f"--no-deps spacy=={VERSIONS['spacy']}" in found
    # Where it is known which package it was, spaCy is not to blame.
    for inner in ("No module named", "numpy.dtype size changed"):
        reason = f"RuntimeError: the factory 'linker' of Old-Linker (old.linker:make): {inner}"
        found = the_one(replace(sound, failures={"pipeline": reason}), "breaks")
        assert "--no-deps Old-Linker, or pip uninstall Old-Linker" in found
        assert "spacy" not in found.split("→")[1]


def test_a_factory_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    package = tmp_path / "Old_Linker-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: Old-Linker\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[spacy_factories]\nlinker = old_linker_gone:make\n")
    run = subprocess.run(
        [sys.executable, "-m", "spacy_blurb.doctor"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "the factory 'linker' of Old-Linker (old_linker_gone:make)" in run.stdout
    assert "pip uninstall Old-Linker" in run.stdout


def test_what_exported_pipelines_need(sound: Facts) -> None:
    without = {k: v for k, v in VERSIONS.items() if k != "openvino"}
    assert "openvino. They are for exported" in the_one(replace(sound, versions=without), "note")
    failures = {"openvino": "ImportError: libopenvino.so"}
    found = the_one(replace(sound, failures=failures), "breaks")
    assert f"--no-deps openvino=={VERSIONS['openvino']}" in found
    assert levels(replace(sound, versions=without, failures=failures)) == {"ok", "note"}


@pytest.mark.parametrize("build", ["2.7.0a0+df5bbc09d1.nv25.1", "2.7.1", "2.7.1+rocm6.3"])
def test_builds_for_gpus_whose_version_does_not_say_so(sound: Facts, build: str) -> None:
    versions = {**VERSIONS, "torch": build, "cupy-cuda12x": "14.0.1"}
    assert levels(replace(sound, gpu=True, cuda=True, versions=versions)) == {"ok"}
    found = the_one(replace(sound, gpu=True, cuda=False, versions=versions), "note")
    assert "does not know this machine's GPU" in found


def test_gpus(sound: Facts) -> None:
    assert "does not know this machine's GPU" in the_one(replace(sound, gpu=True), "note")
    versions = {**VERSIONS, "torch": "2.13.0+cu126"}
    facts = replace(sound, gpu=True, versions=versions)
    assert "CuPy is missing" in the_one(facts, "note")
    facts = replace(facts, versions={**versions, "cupy-cuda12x": "14.0.1"})
    assert levels(facts) == {"ok"}
    # The CPU's build, whatever of NVIDIA is installed beside it.
    cpu = {**VERSIONS, "torch": "2.13.0+cpu", "nvidia-ml-py": "13", "nvidia-cublas": "13"}
    assert levels(replace(sound, versions=cpu)) == {"ok"}
    assert "does not know" in the_one(replace(sound, gpu=True, versions=cpu), "note")


def test_python_processor_and_folders(sound: Facts, tmp_path: Path) -> None:
    assert "too old" in the_one(replace(sound, python=(3, 9)), "breaks")
    assert "newer than any" in the_one(replace(sound, python=(3, 14)), "note")
    assert levels(replace(sound, python=(3, 13))) == {"ok"}
    assert "float32" in the_one(replace(sound, bf16=False), "note")
    with_openvino = replace(sound, versions={**sound.versions, "openvino": "2026.0"}, vnni=False)
    assert "no VNNI" in the_one(with_openvino, "note")
    versions = {n: v for n, v in sound.versions.items() if n not in ("openvino", "onnxruntime")}
    without = check_precision(replace(sound, versions=versions, vnni=False))
    assert not any("VNNI" in finding.what for finding in without)
    assert "punkt_tab" in the_one(replace(sound, punkt=False), "note")
    assert levels(replace(sound, punkt=None)) == {"ok"}  # it could not be looked for
    assert "not set" in the_one(replace(sound, environ={}), "note")
    gone = {"BLURB_DATA": str(tmp_path / "gone")}
    assert repr(gone["BLURB_DATA"]) in the_one(replace(sound, environ=gone), "breaks")


# The real environment -----------------------------------------------------------------------------


def test_facts_are_those_of_what_python_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second transformers before the installed one, as a folder on PYTHONPATH would be."""
    for name, version in (("transformers", "5.2.0"), ("Made_Up.Name", "1")):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n", encoding="utf-8")
    (tmp_path / "~x-1.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(facts_module, "probe", lambda: {"bf16": "no", "punkt": "x", "spacy": ""})
    found = gather_facts()
    assert found.versions["transformers"] == "5.2.0"
    assert found.versions["made-up-name"] == "1"
    assert (found.bf16, found.punkt, found.failures) == (False, False, {})
    with pytest.raises(BlurbError, match=r"B800.* 1 of these"):
        report()
    monkeypatch.setattr(facts_module, "probe", lambda: {"spacy": "the interpreter ended"})
    assert gather_facts().punkt is None


def test_names_are_normalised() -> None:
    assert normalise("Spacy_Blurb.x") == "spacy-blurb-x"


def test_a_probe_that_ends_the_process_is_named() -> None:
    code = """
import os
print('noise')
print('{noise')
print('{"noise": "of a library"}')
print('{"spacy": "begun"}')
print('{"spacy": ""}')
print('{"pipeline": "begun"}', flush=True)
os._exit(7)
"""
    assert probe(("-c", code)) == {
        "spacy": "",
        "pipeline": "the interpreter ended with code 7",
    }


def test_probes_are_those_that_facts_name() -> None:
    assert [name for name in _PROBES if name not in ("bf16", "vnni", "cuda", "punkt")] == list(
        PROBES
    )


def test_it_runs_where_spacy_and_typer_are_broken(tmp_path: Path) -> None:
    for name in ("spacy", "typer", "thinc"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('broken for a test')\n")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "spacy_blurb.doctor"],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
    )
    assert run.returncode == 1, run.stderr
    assert "✘ spaCy cannot be imported: ImportError: broken for a test" in run.stdout
    assert "✘ [B800]" in run.stderr
    assert "Traceback" not in run.stderr
