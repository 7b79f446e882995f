"""The encoder of a trained pipeline as the start of another training (intermediate training)."""

import importlib.util
from pathlib import Path
from typing import Any

import srsly
from confection import Config
from tokenizers import Tokenizer

from ..errors import BlurbError, Errors
from .weights import Source

_ARCHITECTURE = "spacy_blurb.Encoder.v1"


def is_pipeline(name: str) -> bool:
    """Tell whether this is a folder with a saved pipeline."""
    return (Path(name) / "config.cfg").is_file() and (Path(name) / "meta.json").is_file()


def installed_folder(name: str) -> Path | None:
    """Return the folder of a pipeline that is installed as a package, None where there is none.

    name (str): As it is imported, or as pip lists it. Nothing is imported.
    """
    module = name.replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    places = (spec.submodule_search_locations if spec is not None else None) or ()
    found = sorted(path for place in places for path in Path(place).glob(f"{module}-*/config.cfg"))
    return found[-1].parent if found else None


def find_encoder(folder: Path) -> Path:
    """Return the file in a saved pipeline that holds its encoder.

    RAISES (BlurbError): B491 there is none of ours, or more than one.
    """
    components = Config().from_disk(folder / "config.cfg", interpolate=False)["components"]
    names = [name for name, section in components.items() if _has_encoder(section)]
    if len(names) != 1 or not (folder / names[0] / "model").is_file():
        found = ", ".join(names) or "none"
        raise BlurbError(Errors.B491.format(folder=folder, found=found))
    return folder / names[0] / "model"


def read_trained(folder: Path) -> Source:
    """Read the encoder of a saved pipeline; its heads and settings stay behind.

    RAISES (BlurbError): B302 the file is damaged, B491 no encoder of ours, or more than one.
    """
    from .network import weights_from_bytes

    path = find_encoder(folder)
    try:
        shims: Any = srsly.msgpack_loads(path.read_bytes())["shims"]
        stored = srsly.msgpack_loads(next(data for node in shims for data in node))
        tensors = weights_from_bytes(stored["weights"])
        tokenizer = Tokenizer.from_str(stored["tokenizer"])
    except Exception as error:  # msgpack, safetensors and tokenizers each raise their own
        raise BlurbError(Errors.B302.format(path=path, reason=error)) from error
    return Source(stored["config"], tokenizer, stored["cls_id"], stored["sep_id"], tensors)


def _has_encoder(section: Any) -> bool:
    """Tell whether a config's section, or one below it, is an encoder of ours."""
    if not isinstance(section, dict):
        return False
    own = section.get("@architectures") == _ARCHITECTURE
    return own or any(_has_encoder(value) for value in section.values())
