"""The rooms import downward only, and what spaCy loads at start is light."""

import ast
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import spacy_blurb

PACKAGE = Path(spacy_blurb.__file__).parent

# Room → rooms that it may import; docs/architecture.md says why.
ALLOWED = {
    "__init__": set(),
    "errors": set(),
    "annotations": {"errors"},
    "metrics": {"errors"},
    "tokenization": {"errors"},
    "data": {"errors", "annotations", "tokenization"},
    "tasks": {"errors"},
    "pretraining": {"errors", "data.formats"},
    "encoder": {"errors", "annotations"},
    "components": {"errors", "annotations", "metrics", "encoder"},
    "runtime": {"errors", "annotations", "encoder"},
    "render": {"errors", "annotations"},
    # Only its probe, which runs as a program, imports more than errors.
    "doctor": {"errors", "encoder", "data", "runtime"},
    "app": {"errors", "annotations", "render"},
    "streaming": {"errors", "annotations", "data"},
    "evaluation": {
        *("errors", "annotations", "metrics", "data", "tasks"),
        *("encoder", "components", "runtime", "render"),
    },
    "cli": {
        "errors",
        "annotations",
        "data",
        "tasks",
        "pretraining",
        "evaluation",
        "streaming",
        "render",
        "doctor",
        "app",
    },
}
# Only these modules of the data room know spaCy.
SPACY_IN_DATA = {"docbin", "readers", "convert"}
FILES = sorted(PACKAGE.rglob("*.py"))


def _imports(path: Path) -> list[str]:
    """Absolute dotted names of everything a file imports, relative imports resolved."""
    package = ["spacy_blurb", *path.relative_to(PACKAGE).parts[:-1]]
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names += [f"{module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_import_downward_only(path: Path) -> None:
    relative = path.relative_to(PACKAGE).with_suffix("")
    room = relative.parts[0]
    for name in _imports(path):
        if not name.startswith("spacy_blurb."):
            continue
        target = name.removeprefix("spacy_blurb.")
        allowed = {room} | ALLOWED[room]
        assert any(target == a or target.startswith(f"{a}.") for a in allowed), (
            f"{relative} imports {target}"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_that_must_not_know_spacy(path: Path) -> None:
    relative = path.relative_to(PACKAGE).with_suffix("")
    room = relative.parts[0]
    roots = {name.split(".")[0] for name in _imports(path)}
    if room in {"metrics", "tasks", "pretraining", "errors"}:
        assert not roots & {"spacy", "thinc"}
    if room in {"metrics", "tasks", "errors"}:
        assert "torch" not in roots
    if room == "doctor" and relative.parts[-1] != "probe":
        found = {name.split(".")[1] for name in _imports(path) if name.startswith("spacy_blurb.")}
        assert found <= {"doctor", "errors"}
    if room == "data" and relative.parts[-1] not in SPACY_IN_DATA:
        assert not roots & {"spacy", "thinc"}


def test_the_architecture_has_every_module(project: Path) -> None:
    """But of folders whose files are one per format, corpus, type of task or command."""
    page = (project / "docs" / "architecture.md").read_text(encoding="utf-8")
    alike = ("cli", "formats", "datasets", "scoring", "outputs")
    named = set(re.findall(r"\w+\.py", page))
    missing = [
        path.relative_to(project)
        for path in (project / "spacy_blurb").rglob("*.py")
        if path.name not in {"__init__.py", *named} and path.parent.name not in alike
    ]
    assert missing == []
    table = page[page.index("| file of `pretraining/`") :].split("\n\n")[0]
    room = {path.name for path in (project / "spacy_blurb" / "pretraining").glob("[a-z]*.py")}
    assert set(re.findall(r"\w+\.py", table)) == room


def test_every_room_has_a_rule() -> None:
    assert {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in FILES} == set(ALLOWED)


BLOCKER = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "spacy_transformers"}:
            raise ModuleNotFoundError(name + " is blocked", name=name)
sys.meta_path.insert(0, Block())
"""
# Entry points of what is blocked would be loaded all the same.
HIDER = """
import importlib.metadata as metadata
installed = metadata.distributions
metadata.distributions = lambda **query: (
    d for d in installed(**query)
    if d.metadata["Name"].replace("-", "_") not in {"torch", "transformers", "spacy_transformers"}
)
"""


def _entry_points() -> list[tuple[str, str]]:
    return [(point.group, point.value) for point in distribution("spacy-blurb").entry_points]


def test_entry_points_import_without_torch_and_transformers() -> None:
    lines = [
        f"import importlib; getattr(importlib.import_module({module!r}), {name!r})"
        for _, value in _entry_points()
        for module, name in [value.split(":")]
    ]
    # An assertion inside the process shows that the block is real.
    check = "try:\n    import torch\nexcept ImportError:\n    print('blocked')"
    run = subprocess.run(
        [sys.executable, "-c", "\n".join([BLOCKER, check, *lines])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "blocked"


def test_entry_point_modules_do_not_import_transformers() -> None:
    modules = sorted({value.split(":")[0] for _, value in _entry_points()})
    code = (
        f"import sys, {', '.join(modules)}\n"
        "loaded = {'transformers', 'spacy_transformers'} & set(sys.modules)\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_pretraining_imports_where_spacy_is_not_installed() -> None:
    modules = [
        "spacy_blurb." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in FILES
        if path.parent == PACKAGE / "pretraining" and path.stem != "__init__"
    ]
    assert "spacy_blurb.pretraining.train" in modules
    code = (
        "import sys; sys.modules['spacy'] = sys.modules['thinc'] = None\n"
        f"import {', '.join(modules)}"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_package_import_is_light() -> None:
    code = (
        "import sys, spacy_blurb\n"
        "loaded = {'spacy', 'thinc', 'numpy', 'torch'} & set(sys.modules)\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
