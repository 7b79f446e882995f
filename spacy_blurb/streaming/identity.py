"""What must be the same for a run to go on? The pipeline, the input, the settings, the versions."""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spacy.language import Language

from .inputs import InputFile, fingerprint

_ALWAYS = ("spacy-blurb", "spacy", "thinc", "numpy")
_WHERE_INSTALLED = ("torch", "spacy-transformers", "openvino", "onnxruntime")
"""What else computes: another version can give another last digit of a probability."""


def describe_run(
    nlp: Language, files: Sequence[InputFile], *, output_format: str, **settings: Any
) -> dict[str, Any]:
    """Return what tells a run from others, JSON-able.

    settings: What else decides about the output.
    """
    identity = {
        **describe_computation(nlp),
        # Not the list, which is written with every checkpoint: a folder may hold a million files.
        "input": {"files": len(files), "hash": _hash_files(files)},
        "output format": output_format,
        **settings,
    }
    normalised: dict[str, Any] = json.loads(json.dumps(identity))
    return normalised


def _hash_files(files: Sequence[InputFile]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(json.dumps(fingerprint(file)).encode("utf-8") + b"\n")
    return digest.hexdigest()


def describe_computation(nlp: Language) -> dict[str, Any]:
    """Return what must be the same on every machine of a run: pipeline and versions."""
    versions = {name: version(name) for name in _ALWAYS}
    for name in _WHERE_INSTALLED:
        with suppress(PackageNotFoundError):
            # "2.9.1+cpu" and "2.9.1+cu126" are one version, built for different machines.
            versions[name] = version(name).partition("+")[0]
    return {"pipeline": describe_pipeline(nlp), "versions": versions}


def describe_pipeline(nlp: Language) -> dict[str, str]:
    """Return name, version and a hash of everything that a pipeline has stored."""
    digest = hashlib.blake2b(digest_size=16)
    if nlp.path is None:
        digest.update(nlp.to_bytes())
    else:
        for path in sorted(Path(nlp.path).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(os.fsencode(path.relative_to(nlp.path).as_posix()))
                _update(digest, path)
    name = f"{nlp.meta['lang']}_{nlp.meta['name']}"
    return {"name": name, "version": nlp.meta["version"], "hash": digest.hexdigest()}


def _update(digest: Any, path: Path) -> None:
    digest.update(path.stat().st_size.to_bytes(8, "little"))
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
