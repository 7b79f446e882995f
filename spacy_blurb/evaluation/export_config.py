"""The config of an exported pipeline: every listener reads `blurb_runtime`."""

from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.version import Version
from spacy.vocab import Vocab

from ..data.docbin import read_docbin
from ..errors import BlurbError, Errors
from ..runtime.untrained import SECTIONS

ENCODER = "spacy_blurb.Encoder.v1"
LISTENER = "spacy_blurb.RuntimeListener.v1"
RUNTIME = "blurb_runtime"
_STOCK_LISTENER = "spacy-transformers.TransformerListener.v1"
_NO_SETTER = "spacy-transformers.null_annotation_setter.v1"
_OWN_LAYERS = {
    f"spacy_blurb.{name}.v1"
    for name in (
        "TokenVectors",
        "SequenceVector",
        "MeanVector",
        "SequenceTokenVectors",
        "SpanVectors",
    )
}
_NEEDS_TORCH = {
    ENCODER: "an encoder of its own",
    "spacy_blurb.OwnEncoder.v1": "an encoder of its own",
    "spacy_blurb.BiLSTM.v1": "a BiLSTM, which is computed by torch",
}
EXTRAS = {"openvino-bf16": "openvino", "openvino-int8": "openvino", "onnx-int8": "onnx"}
"""What `spacy-blurb[…]` has to be installed with to run each backend."""
MAX_CALIBRATION_DOCS = 200
"""Texts of a corpus that are enough; the time grows with them."""
MAX_CALIBRATION_LINES = 5000
"""Lines, which may be short; all are held in memory with their pieces."""
MAX_LINE = 100_000
"""Characters of a calibration text."""


def find_encoder(config: dict[str, Any], pipeline: str) -> str:
    """Return the name of the component that holds the encoder.

    RAISES (BlurbError): B722 there is not exactly one.
    """
    names = [
        name
        for name, section in config["components"].items()
        if (section.get("model") or {}).get("@architectures") == ENCODER
        and section.get("factory") == "transformer"
    ]
    if len(names) != 1:
        reason = f"{len(names) or 'no'} components hold an encoder of ours"
        if any(section.get("factory") == RUNTIME for section in config["components"].values()):
            reason = "it is exported already; export the one that it came from"
        raise BlurbError(Errors.B722.format(pipeline=pipeline, reason=reason))
    return names[0]


def exported_config(config: dict[str, Any], backend: str, pipeline: str) -> dict[str, Any]:
    """Return the config of the exported pipeline.

    config (dict): Of the pipeline, interpolated.
    RAISES (BlurbError): B722 it cannot be exported.
    """
    encoder = find_encoder(config, pipeline)
    model = config["components"][encoder]["model"]
    setter = (config["components"][encoder].get("set_extra_annotations") or {}).get(
        "@annotation_setters", _NO_SETTER
    )
    if setter != _NO_SETTER:
        reason = f"its encoder writes extra annotations by {setter!r}, which would be lost"
        raise BlurbError(Errors.B722.format(pipeline=pipeline, reason=reason))
    components = {
        name: _listen_to_runtime(section, name, pipeline)
        for name, section in config["components"].items()
        if name != encoder
    }
    components[encoder] = {
        "factory": RUNTIME,
        "model": None,
        "backend": backend,
        "precision": "auto",
        "window": model["window"],
        "overlap": model["overlap"],
        "threads": None,
    }
    # It cannot be trained, and paths of the training machine mean nothing elsewhere.
    sections = deepcopy(SECTIONS)
    # Whose result files name it.
    sections["training"]["seed"] = config["training"].get("seed")
    return {"nlp": config["nlp"], "components": components, **sections}


def _listen_to_runtime(section: Any, component: str, pipeline: str) -> Any:
    """Return a config's section with all listeners in it replaced."""
    if not isinstance(section, dict):
        return deepcopy(section)
    name = section.get("@architectures")
    if name in _NEEDS_TORCH or (
        str(name).startswith("spacy-transformers.") and name != _STOCK_LISTENER
    ):
        what = _NEEDS_TORCH.get(str(name), name)
        reason = f"its component {component!r} has {what}"
        raise BlurbError(Errors.B722.format(pipeline=pipeline, reason=reason))
    # An encoder of its own is null here: others have been refused.
    new = {key: _listen_to_runtime(value, component, pipeline) for key, value in section.items()}
    if name == _STOCK_LISTENER:
        new["@architectures"] = LISTENER
    elif name in _OWN_LAYERS:
        new["listener"] = {
            "@architectures": LISTENER,
            "upstream": section.get("upstream", "*"),
            "pooling": None,
        }
    return new


def requirement(backend: str) -> str:
    """Return what a wheel with this backend requires of us."""
    found = version("spacy-blurb")
    major, minor = Version(found).release[:2]
    return f"spacy-blurb[{EXTRAS[backend]}]>={found},<{major}.{minor + 1}.0"


def read_calibration(path: Path) -> list[str]:
    """Read calibration texts: `MAX_CALIBRATION_LINES` lines, `MAX_CALIBRATION_DOCS` of a `.spacy`.

    Of more they are taken evenly, of a text that is longer than `MAX_LINE` its start.

    RAISES (BlurbError): B100 no such file, B102 not UTF-8, B721 no text in it, and those of
        `read_docbin`.
    """
    try:
        if path.suffix == ".spacy":
            docs = read_docbin(path, Vocab())
            texts = _evenly([doc.text for doc in docs], MAX_CALIBRATION_DOCS)
        else:
            lines = path.read_text(encoding="utf-8").splitlines()
            texts = _evenly([line for line in lines if line.strip()], MAX_CALIBRATION_LINES)
    except FileNotFoundError as error:
        raise BlurbError(Errors.B100.format(path=path)) from error
    except UnicodeDecodeError as error:
        raise BlurbError(Errors.B102.format(path=path, byte=error.start)) from error
    texts = [text[:MAX_LINE] for text in texts if text.strip()]
    if not texts:
        raise BlurbError(Errors.B721.format(path=path))
    return texts


def _evenly(texts: list[str], most: int) -> list[str]:
    return texts[:: max(1, -(-len(texts) // most))]
