"""The formats that `annotate` writes, by name."""

from pathlib import Path

from ...errors import BlurbError, Errors
from .bioc import BiocOutput
from .docbin import DocbinOutput
from .format import OutputFormat
from .graph import GraphOutput
from .jsonl import JsonlOutput
from .pubtator import PubtatorOutput

OUTPUTS: dict[str, type[OutputFormat]] = {
    "jsonl": JsonlOutput,
    "docbin": DocbinOutput,
    "pubtator": PubtatorOutput,
    "bioc": BiocOutput,
    "graph": GraphOutput,
}
"""Name → format."""

_SUFFIXES = {
    ".jsonl": "jsonl",
    ".spacy": "docbin",
    ".pubtator": "pubtator",
    ".json": "bioc",
    "": "graph",
}

_PACKED = (".gz", ".xz", ".bz2", ".zip")


def tell_output_format(path: Path, name: str | None) -> str:
    """Return the format of an output: the given one, or what its name says.

    RAISES (BlurbError): B750 an unknown format, or a name that does not tell; B780 a name for what
        is compressed.
    """
    if path.suffix.lower() in _PACKED:
        raise BlurbError(Errors.B780.format(path=path, suffix=path.suffix))
    found = name or _SUFFIXES.get(path.suffix.lower())
    if found not in OUTPUTS:
        raise BlurbError(
            Errors.B750.format(found=repr(name or str(path)), known=", ".join(OUTPUTS))
        )
    return found
