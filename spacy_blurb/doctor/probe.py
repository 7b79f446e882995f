"""Tries what can be broken; run as a program, because a broken library can end the process."""

import json
import warnings
from collections.abc import Callable
from importlib import metadata


def _import_spacy() -> None:
    import spacy  # noqa: F401


def _import_commands() -> None:
    import spacy.cli  # noqa: F401


def _make_pipeline() -> None:
    """Import all factories that some package has registered, as every `spacy.load` does."""
    import spacy

    try:
        spacy.blank("en")
    except Exception:
        _blame_a_package()
        raise


def _blame_a_package() -> None:
    """Raise with the name of the package whose factory cannot be imported, if it is that."""
    for entry in metadata.entry_points(group="spacy_factories"):
        try:
            entry.load()
        except Exception as error:
            owner = entry.dist.metadata["Name"] if entry.dist else "unknown"
            message = f"the factory {entry.name!r} of {owner} ({entry.value}): {error}"
            raise RuntimeError(message) from error


def _import_openvino() -> None:
    import openvino

    openvino.Core()


def _gpus_of_torch() -> str:
    """Tell whether torch was built for NVIDIA's GPUs, or AMD's."""
    import torch

    return "yes" if torch.version.cuda or torch.version.hip else "no"


def _import_transformers() -> None:
    import transformers  # noqa: F401


def _import_spacy_transformers() -> None:
    import spacy_transformers  # noqa: F401


def _import_trainer() -> None:
    from transformers import Trainer  # noqa: F401


def _bf16() -> str:
    from ..encoder.precision import choose_device, wants_bf16

    return "yes" if wants_bf16("auto", choose_device("auto")) else "no"


def _vnni() -> str:
    from ..runtime.processor import has_vnni

    return "yes" if has_vnni() else "no"


def _punkt() -> str:
    from ..data.sentences import load_punkt

    load_punkt()
    return "yes"


_PROBES: dict[str, Callable[[], str | None]] = {
    "spacy": _import_spacy,
    "commands": _import_commands,
    "pipeline": _make_pipeline,
    "transformers": _import_transformers,
    "spacy_transformers": _import_spacy_transformers,
    "trainer": _import_trainer,
    "openvino": _import_openvino,
    "cuda": _gpus_of_torch,
    "bf16": _bf16,
    "vnni": _vnni,
    "punkt": _punkt,
}


def main() -> None:
    """Print a JSON object in a line before and behind each probe."""
    warnings.simplefilter("ignore")
    for name, probe in _PROBES.items():
        print(json.dumps({name: "begun"}), flush=True)
        try:
            result = probe() or ""
        except Exception as error:  # whatever a broken library raises is what is asked for
            text = f"{type(error).__name__}: {error}".strip()
            result = text.splitlines()[0]
        print(json.dumps({name: result}), flush=True)


if __name__ == "__main__":
    main()
