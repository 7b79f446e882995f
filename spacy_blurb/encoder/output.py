"""What an encoder says of Docs, in the stock classes that spaCy's own listeners read.

These classes are imported when a model runs, so that spaCy can import this module where torch and
transformers are absent.
"""

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from thinc.api import CupyOps, Ops, torch2xp

from ..errors import BlurbError, Errors
from .pieces import describe_pieces, join, read_doc
from .reference import EncoderReference


def encode_docs(
    shim: Any, ops: Ops, docs: list[Doc], is_train: bool
) -> tuple[Any, Callable[[Any], list[Doc]]]:
    """Compute the output of an encoder.

    shim (EncoderShim): The encoder.
    ops (Ops): Whose arrays the output has.
    RETURNS (tuple): A FullTransformerBatch, and a function that takes one with gradients.
    RAISES (BlurbError): B308 no weights, B312 a bad pair, B313 a pair for an encoder that knows
        one segment only.
    """
    from spacy_transformers.data_classes import (
        FullTransformerBatch,
        TransformerData,
        WordpieceBatch,
    )
    from transformers.modeling_outputs import BaseModelOutput

    # Docs without tokens take no part: the component expects neither output nor gradient for them.
    read = {i: read_doc(doc, shim.reader) for i, doc in enumerate(docs) if len(doc)}
    if not read:
        return FullTransformerBatch.empty(len(docs)), lambda d_batch: docs
    inputs = join(list(read.values()))
    if shim.network.config.n_types == 1 and inputs[1].any():
        raise BlurbError(Errors.B313)
    vectors, shim_backprop = shim(inputs, is_train)
    states = torch2xp(vectors) if isinstance(ops, CupyOps) else vectors.cpu().numpy()
    datas = []
    end = 0
    for i in range(len(docs)):
        if i not in read:
            datas.append(TransformerData.empty())
            continue
        start, end = end, end + int(read[i].kept.sum())
        data = TransformerData(
            wordpieces=WordpieceBatch(**describe_pieces(read[i])),
            model_output=BaseModelOutput(last_hidden_state=states[start:end]),
            align=read[i].align,
        )
        # How a component that encodes Docs of its own finds its encoder, see `link.py`.
        data.encoder = EncoderReference(shim)
        datas.append(data)
    # All is per Doc: Docs have different numbers of rows.
    nothing = FullTransformerBatch.empty(0)
    batch = FullTransformerBatch(
        spans=[[doc[:]] if len(doc) else [] for doc in docs],
        wordpieces=nothing.wordpieces,
        model_output=BaseModelOutput(last_hidden_state=vectors),
        align=nothing.align,
        cached_doc_data=datas,
    )

    def backprop(d_batch: Any) -> list[Doc]:
        shim_backprop(d_batch.model_output.to_tuple()[0])
        return docs

    return batch, backprop
