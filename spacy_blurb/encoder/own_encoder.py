"""Components with an encoder of their own: what `nlp.replace_listeners` makes."""

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged

_STOCK_LISTENER = "spacy-transformers.TransformerListener"


def build_own_encoder_v1(
    encoder: Model[list[Doc], Any], pooling: Model[Ragged, Floats2d], grad_factor: float = 1.0
) -> Model[list[Doc], list[Floats2d]]:
    """Build `spacy_blurb.OwnEncoder.v1`: token vectors by an encoder that no other component uses.

    The config of spaCy's own components names it after `nlp.replace_listeners`.

    encoder (Model): See `spacy_blurb.Encoder.v1`.
    pooling (Model): From the pieces of each token to its vector, for example `reduce_mean.v1`.
    grad_factor (float): Factor on the gradient that flows back to the encoder.
    """
    from spacy_transformers.layers import trfs2arrays

    return chain(replace_listener(encoder), trfs2arrays(pooling, grad_factor))


def replace_listener(encoder: Model[list[Doc], Any]) -> Model[list[Doc], list[Any]]:
    """Wrap an encoder as a layer that gives what a listener would: the data of each Doc."""
    return Model("own_encoder", _forward, init=_init, layers=[encoder], dims={"nO": None})


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    model.layers[0].initialize(X=X)
    model.set_dim("nO", model.layers[0].get_dim("nO"))


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Any], Callable[[list[Any]], list[Doc]]]:
    return split_by_doc(docs, *model.layers[0](docs, is_train))


def split_by_doc(
    docs: list[Doc], batch: Any, encoder_backprop: Callable[[Any], list[Doc]]
) -> tuple[list[Any], Callable[[list[Any]], list[Doc]]]:
    """Return an encoder's output per Doc, and its backpropagation from gradients per Doc.

    The gradients are one entry, with an attribute `tensors`, for each Doc that has tokens.
    """

    def backprop(d_datas: list[Any]) -> list[Doc]:
        # There may be none at all.
        if not d_datas:
            return docs
        return encoder_backprop(batch.unsplit_by_doc([d_data.tensors for d_data in d_datas]))

    return batch.doc_data, backprop


def replace_listener_config(
    encoder_config: dict[str, Any], listener_config: dict[str, Any]
) -> dict[str, Any]:
    """Return the config of a model whose listener has been replaced by this encoder."""
    if _STOCK_LISTENER in listener_config["@architectures"]:
        kept = {key: listener_config[key] for key in ("pooling", "grad_factor")}
        return {
            "@architectures": "spacy_blurb.OwnEncoder.v1",
            "encoder": dict(encoder_config),
            **kept,
        }
    return {**listener_config, "encoder": dict(encoder_config)}
