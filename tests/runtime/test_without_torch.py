"""An exported pipeline where torch, transformers and spacy-transformers are not installed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_blurb.runtime.backend_imports import import_failed

from ..components.pipelines import run_python
from ..test_imports import BLOCKER, HIDER

Exported = Callable[[str], Path]
PROGRAM = """
import sys, spacy
nlp = spacy.load(sys.argv[1])
before = {"openvino", "onnxruntime"} & set(sys.modules)
doc = nlp("aspirin causes fever in rats")
assert not {"torch", "transformers", "spacy_transformers"} & set(sys.modules)
assert not {"nncf", "onnx"} & set(sys.modules)
print(*[ent.text for ent in doc.ents], {"openvino", "onnxruntime"} & set(sys.modules))
"""


@pytest.mark.parametrize(
    ("backend", "module"),
    [("openvino-bf16", "openvino"), ("openvino-int8", "openvino"), ("onnx-int8", "onnxruntime")],
)
def test_it_loads_and_runs(backend: str, module: str, exported: Exported) -> None:
    output = run_python(BLOCKER + HIDER + PROGRAM, str(exported(backend)))
    assert output == f"aspirin fever {{'{module}'}}"


def test_a_missing_backend_is_named(exported: Exported) -> None:
    blocker = BLOCKER.replace('"torch"', '"openvino", "torch"') + HIDER
    program = """
from spacy_blurb.errors import BlurbError
import sys, spacy
try:
    spacy.load(sys.argv[1])
except BlurbError as error:
    print(error)
"""
    output = run_python(blocker + program, str(exported("openvino-bf16")))
    assert output.startswith("[B703] The package 'openvino' is not installed.")
    assert "spacy-blurb[openvino]" in output


def test_a_broken_backend_is_not_said_to_be_missing() -> None:
    """As in an image without a library that it needs: to install it again would change nothing."""
    broken = ImportError("libgomp.so.1: cannot open shared object file", name="onnx")
    found = str(import_failed(broken, package="onnx", extra="export"))
    assert found.startswith(
        "[B707] The package 'onnx' is installed and cannot be imported: libgomp"
    )
    missing = ModuleNotFoundError("No module named 'onnx'", name="onnx")
    assert "[B703]" in str(import_failed(missing, package="onnx", extra="export"))
    inner = ModuleNotFoundError("No module named 'numpy'", name="numpy")
    assert "No module named 'numpy'" in str(import_failed(inner, package="onnx", extra="export"))
