"""Which pipeline, and with which encoder, gave a result?"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from confection import Config
from spacy.language import Language

from ..data.formats.file_hash import hash_file

ENCODER_NAME = "the-encoder-is-inside-this-package"
"""Stands in the packaged config for the training machine's encoder folder."""
_NAMED_LIKE_OTHERS = ("model", "model-last", "model-best")
_WORDS = Path("vocab") / "strings.json"


def name_encoder(encoder: str) -> str:
    """Return the name of a Hugging Face folder, saved pipeline or model of the hub.

    It is the folder's own; with that around it where many have the same: "intermediate/model-last".
    """
    path = Path(encoder)
    named = path.parts[-2:] if path.name in _NAMED_LIKE_OTHERS else (path.name,)
    return "/".join(part for part in named if part != path.anchor)


def pipeline_encoder(nlp: Language) -> str | None:
    """Return the name of the encoder that a pipeline was trained from, None where it is not known.

    Packages and exported pipelines, whose configs have no folders, have it in their meta.json.
    """
    return nlp.meta.get("encoder") or config_encoder(nlp.config.interpolate())


def config_encoder(config: dict[str, Any]) -> str | None:
    """Return the name of the encoder in a config, None where it has none or no longer its name.

    config (dict[str, Any]): Interpolated.
    """
    for section in _sections(config.get("components", {})):
        name = section.get("name")
        if _is_encoder(section) and name and name != ENCODER_NAME:
            return name_encoder(str(name))
    return None


def forget_folders(config: Config) -> None:
    """Take the training machine's folders out of a config.

    Loading reads the encoder from the pipeline; only `initialize` would use the name, and a folder
    of another machine must not lead it to somebody else's weights.
    """
    config["paths"] = dict.fromkeys(config.get("paths", {}))
    for section in _sections(config.get("components", {})):
        if _is_encoder(section):
            section["name"] = ENCODER_NAME
    for component in config.get("initialize", {}).get("components", {}).values():
        component.pop("labels", None)


def hash_pipeline(folder: Path) -> str:
    """Name a saved pipeline by all that it predicts with: config, tokenizer, components' files.

    The package that is made of it has the same name; its folders, scores and words are no part.

    folder (Path): With `config.cfg`.
    RETURNS (str): SHA-256, in hexadecimal.
    """
    config = Config().from_disk(folder / "config.cfg", interpolate=False)
    forget_folders(config)
    decisive = {key: config.get(key) for key in ("nlp", "components")}
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode("utf-8"))
    below = [path.relative_to(folder) for path in folder.glob("*/**/*") if path.is_file()]
    for path in sorted([*below, Path("tokenizer")]):
        if (folder / path).is_file() and path != _WORDS:
            digest.update(f"{path.as_posix()} {hash_file(folder / path)}\n".encode())
    return digest.hexdigest()


def _is_encoder(section: dict[str, Any]) -> bool:
    architecture = str(section.get("@architectures"))
    return "TransformerModel" in architecture or "spacy_blurb.Encoder" in architecture


def _sections(section: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a config's section and all below it; a component may hold an encoder of its own."""
    yield section
    for value in section.values():
        if isinstance(value, dict):
            yield from _sections(value)
