"""What an encoder says of Docs in training: computed when somebody reads it.

Heads that encode Docs of their own (pairs of a question and a text, marked pairs of entities) read
nothing of the pipeline's Docs, and where a batch is annotated for such a head alone, nobody does.
The pass over these Docs would be computed, and never be learned from.

This module needs spacy-transformers; it is imported when a model runs.
"""

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch, TransformerData, WordpieceBatch
from transformers.modeling_outputs import BaseModelOutput

from .pieces import DocPieces, describe_pieces
from .reference import EncoderReference


class LateData(TransformerData):
    """The data of one Doc with tokens, whose `model_output` is read when it is asked for."""

    def __init__(
        self, pieces: DocPieces, encoder: EncoderReference, read: Callable[[], Any]
    ) -> None:
        """Make the data.

        encoder (EncoderReference): Where the vectors are from, for `link.py`.
        read (Callable): Returns the Doc's vectors, shape (rows, width).
        """
        self.wordpieces = WordpieceBatch(**describe_pieces(pieces))
        self.align = pieces.align
        self.encoder = encoder
        self._read = read

    @property
    def model_output(self) -> Any:
        """The vectors, as `last_hidden_state`."""
        return BaseModelOutput(last_hidden_state=self._read())

    def now(self) -> TransformerData:
        """Return the same with its vectors, for a Doc that keeps it."""
        data = TransformerData(self.wordpieces, self.model_output, self.align)
        data.encoder = self.encoder
        return data


class LateBatch(FullTransformerBatch):
    """The data of all Docs; there is none but per Doc, as Docs have different numbers of rows."""

    def __init__(self, docs: list[Doc], datas: list[Any], read: Callable[[], Any]) -> None:
        """Make the batch.

        datas (list): Of every Doc.
        read (Callable): Returns the vectors of all Docs, shape (rows, width).
        """
        nothing = FullTransformerBatch.empty(0)
        self.spans = [[doc[:]] if len(doc) else [] for doc in docs]
        self.wordpieces, self.align = nothing.wordpieces, nothing.align
        self.cached_doc_data = datas
        self._read = read

    @property
    def model_output(self) -> Any:
        """The vectors of all Docs, as `last_hidden_state`."""
        return BaseModelOutput(last_hidden_state=self._read())

    def unsplit_by_doc(self, arrays: list[list[Any]]) -> FullTransformerBatch:
        """Put gradients of Docs together; none at all where no listener has any."""
        return super().unsplit_by_doc(arrays) if arrays else FullTransformerBatch.empty(0)
