"""What an encoder says of Docs, in the stock classes that spaCy's own listeners read.

These classes are imported when a model runs, so that spaCy can import this module where torch and
transformers are absent.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from spacy.tokens import Doc
from thinc.api import CupyOps, Ops, torch2xp

from ..errors import BlurbError, Errors
from .pieces import DocPieces, join, read_docs
from .reference import EncoderReference


def encode_docs(
    shim: Any, ops: Ops, docs: list[Doc], is_train: bool
) -> tuple[Any, Callable[[Any], list[Doc]]]:
    """Compute the output of an encoder; in training when it is first read.

    shim (EncoderShim): The encoder.
    ops (Ops): Whose arrays the output has.
    RETURNS (tuple): A FullTransformerBatch, and a function that takes one with gradients.
    RAISES (BlurbError): B308 no weights, B312 a bad pair, B313 a pair for an encoder that knows
        one segment only.
    """
    from spacy_transformers.data_classes import FullTransformerBatch

    from .late_output import LateBatch

    # Docs without tokens take no part: the component expects neither output nor gradient for them.
    read = read_docs(docs, shim.reader)
    if not read:
        return FullTransformerBatch.empty(len(docs)), lambda d_batch: docs
    inputs = join(list(read.values()))
    if shim.network.config.n_types == 1 and inputs[1].any():
        raise BlurbError(Errors.B313)
    if not is_train:
        vectors = shim.predict(inputs)
        late = _describe(shim, ops, len(docs), read, lambda: vectors)
        datas = [data.now() if i in read else data for i, data in enumerate(late)]
        return LateBatch(docs, datas, lambda: vectors), lambda d_batch: docs
    this_pass = shim.begin_pass(inputs)
    datas = _describe(shim, ops, len(docs), read, this_pass.vectors)

    def backprop(d_batch: Any) -> list[Doc]:
        gradients = d_batch.model_output.to_tuple()
        this_pass.backprop(gradients[0] if gradients else None)
        return docs

    return LateBatch(docs, datas, this_pass.vectors), backprop


def _describe(
    shim: Any,
    ops: Ops,
    n_docs: int,
    read: dict[int, DocPieces],
    vectors: Callable[[], Any],
) -> list[Any]:
    """Return what there is to say of each Doc; `vectors` are those of all that have tokens."""
    from spacy_transformers.data_classes import TransformerData

    from .late_output import LateData

    @cache
    def states() -> Any:
        return torch2xp(vectors()) if isinstance(ops, CupyOps) else vectors().cpu().numpy()

    datas = []
    end = 0
    for i in range(n_docs):
        if i not in read:
            datas.append(TransformerData.empty())
            continue
        start, end = end, end + int(read[i].kept.sum())
        # How a component that encodes Docs of its own finds its encoder, see `link.py`.
        encoder = EncoderReference(shim)
        datas.append(LateData(read[i], encoder, partial(_rows, states, start, end)))
    return datas


def _rows(states: Callable[[], Any], start: int, end: int) -> Any:
    return states()[start:end]
