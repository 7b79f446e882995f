"""What heads read of a Doc, under the names of spacy-transformers' classes and without them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import srsly
from numpy.typing import NDArray
from thinc.api import Ragged

from ..encoder.pieces import DocPieces, describe_pieces

_KEY = "__blurb_doc_data__"


@dataclass(frozen=True, slots=True)
class Wordpieces:
    """The pieces of a Doc; see `describe_pieces`."""

    strings: list[list[str]]
    input_ids: Any
    attention_mask: Any
    lengths: list[int]
    token_type_ids: Any


class ModelOutput(dict[str, Any]):
    """`last_hidden_state` as an item and an attribute; neither for a Doc without tokens."""

    @property
    def last_hidden_state(self) -> Any:
        """Vectors of the kept pieces, shape (rows, width)."""
        return self["last_hidden_state"]


class DocData:
    """The output of an encoder for one Doc; what is at `doc._.trf_data`.

    wordpieces: The pieces that have a row.
    model_output: Their vectors.
    align: Rows of each token.
    encoder: A weak reference to the encoder, where it ran in this process; see `encoder/link.py`.
    """

    encoder: Any

    def __init__(self, wordpieces: Wordpieces, model_output: ModelOutput, align: Ragged) -> None:
        self.wordpieces = wordpieces
        self.model_output = model_output
        self.align = align


def describe_doc(pieces: DocPieces, states: NDArray[np.floating]) -> DocData:
    """Return the data of a Doc from its pieces and their vectors, shape (kept pieces, width)."""
    output = ModelOutput(last_hidden_state=states)
    return DocData(Wordpieces(**describe_pieces(pieces)), output, pieces.align)


def empty_data() -> DocData:
    """Return the data of a Doc without tokens."""
    nothing: Any = np.zeros(0, dtype="i")
    cells = np.zeros((0, 0), dtype=np.int64)
    pieces = Wordpieces([], cells, cells.astype("f"), [], cells)
    return DocData(pieces, ModelOutput(), Ragged(nothing, nothing))


def encode_doc_data(value: Any, chain: Any = None) -> Any:
    """Let Docs with their data go through `to_bytes`."""
    if not isinstance(value, DocData):
        return value if chain is None else chain(value)
    pieces = {name: getattr(value.wordpieces, name) for name in Wordpieces.__slots__}
    align = [value.align.dataXd, value.align.lengths]
    return {_KEY: {"pieces": pieces, "output": dict(value.model_output), "align": align}}


def decode_doc_data(value: Any, chain: Any = None) -> Any:
    """Restore what `encode_doc_data` stored."""
    if not (isinstance(value, dict) and _KEY in value):
        return value if chain is None else chain(value)
    stored = value[_KEY]
    pieces = Wordpieces(**stored["pieces"])
    return DocData(pieces, ModelOutput(stored["output"]), Ragged(*stored["align"]))


# Not an entry point: spaCy stores something when it is imported, before this module can be.
srsly.msgpack_encoders.register("blurb_doc_data", func=encode_doc_data)
srsly.msgpack_decoders.register("blurb_doc_data", func=decode_doc_data)
