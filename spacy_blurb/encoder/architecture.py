"""`spacy_blurb.Encoder.v1`: the model of spacy-transformers' component `transformer`.

The component expects its own classes for what a model returns; they are imported when a model runs,
so that spaCy can import this module where torch and transformers are absent.
"""

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model

from ..errors import BlurbError, Errors
from .output import encode_docs
from .own_encoder import replace_listener, replace_listener_config
from .precision import Precision, Storage
from .windows import check_window

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
        their updates stay float32), "fp32", or "auto" for bf16 where it is faster: on a GPU and
        on a CPU with AMX.
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

    check_window(window, overlap)
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
