"""`spacy_blurb.Encoder.v1`: the model of spacy-transformers' component `transformer`.

The component expects its own classes for what a model returns; they are imported when a model runs,
so that spaCy can import this module where torch and transformers are absent.
"""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from spacy.tokens import Doc
from thinc.api import CupyOps, Model, Ops, torch2xp

from ..errors import BlurbError, Errors
from .own_encoder import replace_listener, replace_listener_config
from .pieces import DocPieces, join, read_doc
from .precision import Precision, Storage
from .windows import fits

NAME = "blurb_encoder"


def build_encoder_v1(
    name: str,
    precision: Precision = "auto",
    window: int = 512,
    overlap: int = 64,
    device: str = "auto",
    storage: Storage = "fp32",
    layer_decay: float = 1.0,
    reinit_layers: int = 0,
) -> Model[list[Doc], Any]:
    """Build `spacy_blurb.Encoder.v1`: BERT on windows of word pieces of any text.

    The weights come from `name` when the pipeline is initialised, or from a saved pipeline, which
    holds all it needs.

    name (str): A Hugging Face folder with a BERT, the name of one on the hub, or a saved pipeline,
        from which the weights of its encoder are taken.
    precision (str): Of prediction and training: "bf16" for bfloat16 multiplications (weights and
        their updates stay float32), "fp32", or "auto" for bf16 where the device has it in hardware.
    window (int): Most pieces that are computed together, `[CLS]` and `[SEP]` included. Where the
        encoder has fewer positions, `window` and `overlap` shrink to fit.
    overlap (int): Pieces that neighbouring windows of a longer text share; see `windows.py`.
    device (str): "auto" for thinc's, or a torch device such as "cuda", which needs no CuPy for
        prediction.
    storage (str): Format of the weights in a saved pipeline, "fp32" or "fp16" (half the size).
    layer_decay (float): Factor (0-1) on the learning rate from each layer to the one below it; 1
        for the same rate everywhere.
    reinit_layers (int): Uppermost layers whose weights are drawn anew before fine-tuning. Both
        steady the fine-tuning of large encoders on small data sets (Tinn et al. 2021).
    RETURNS (Model): Docs → FullTransformerBatch. In each Doc's data `last_hidden_state` has shape
        (rows, width): of every window `[CLS]`, its own pieces and `[SEP]`. `wordpieces.lengths`
        counts the rows of each window.
    RAISES (BlurbError): B306 `window` and `overlap` do not fit each other, B430 `layer_decay` or
        `reinit_layers` is out of range.
    """
    from .shim import EncoderShim

    if window < 8 or not fits(window, overlap):
        raise BlurbError(Errors.B306.format(window=window, overlap=overlap))
    if not 0 < layer_decay <= 1 or reinit_layers < 0:
        raise BlurbError(Errors.B430.format(decay=layer_decay, n_layers=reinit_layers))
    shim = EncoderShim(
        name,
        precision=precision,
        window=window,
        overlap=overlap,
        device=device,
        storage=storage,
        layer_decay=layer_decay,
        reinit_layers=reinit_layers,
    )
    return Model(
        NAME,
        _forward,
        init=_init,
        dims={"nO": None},
        shims=[shim],
        attrs={
            # spaCy's `replace_listeners` asks for these two.
            "replace_listener": replace_listener,
            "replace_listener_cfg": replace_listener_config,
        },
    )


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    shim: Any = model.shims[0]
    if not shim.is_loaded:
        shim.load_source()
    model.set_dim("nO", shim.network.config.hidden_width)


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[Any, Callable[[Any], list[Doc]]]:
    return encode_docs(model.shims[0], model.ops, docs, is_train)


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
    from spacy_transformers.data_classes import FullTransformerBatch, TransformerData
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
            wordpieces=_describe_pieces(read[i]),
            model_output=BaseModelOutput(last_hidden_state=states[start:end]),
            align=read[i].align,
        )
        # How a component that encodes Docs of its own finds its encoder, see `link.py`.
        data.encoder = weakref.ref(shim)
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


def _describe_pieces(pieces: DocPieces) -> Any:
    """Describe the rows of a Doc's states as the stock component does, one window per line."""
    from spacy_transformers.data_classes import WordpieceBatch

    lengths = [len(names) for names in pieces.names]
    filled = np.arange(max(lengths)) < np.array(lengths)[:, None]
    piece_ids, type_ids = (np.zeros(filled.shape, dtype=np.int64) for _ in range(2))
    piece_ids[filled] = pieces.piece_ids[pieces.kept]
    type_ids[filled] = pieces.type_ids[pieces.kept]
    return WordpieceBatch(
        strings=pieces.names,
        input_ids=piece_ids,
        attention_mask=filled.astype("f"),
        lengths=lengths,
        token_type_ids=type_ids,
    )
