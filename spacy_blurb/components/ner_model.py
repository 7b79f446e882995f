"""The entity head: a score per token and tag, and with a CRF one per pair of tags."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from spacy.tokens import Doc
from thinc.api import Dropout, Linear, Model, chain, with_array
from thinc.types import Floats2d

Decoder = Literal["softmax", "crf"]


class TagScores(NamedTuple):
    """What the model says about a batch, or the gradients of it.

    logits (list): Per Doc, an array of shape (tokens, tags of all tables).
    pairs (array | None): Score of every pair of neighbouring tags, shape (tags, tags), row before,
        column behind; None where each token's tag is decided on its own.
    """

    # Arrays of thinc in the model, of numpy in the component.
    logits: list[Any]
    pairs: Any = None


def build_token_classifier_v1(
    tok2vec: Model[list[Doc], list[Floats2d]],
    encode: Model[list[Floats2d], list[Floats2d]] | None = None,
    decoder: Decoder = "softmax",
    nO: int | None = None,
) -> Model[list[Doc], TagScores]:
    """Build `spacy_blurb.TokenClassifier.v1`: dropout and one linear layer on token vectors.

    The share of vector entries that dropout zeroes in training is the config's `training.dropout`.

    The defaults are the paper's head (Gu et al. 2020, section 2.3); its Table 12 shows that a
    BiLSTM adds nothing, and it names a CRF as another option without a result.

    tok2vec (Model): Docs → arrays of shape (tokens, width).
    encode (Model | None): A layer between the two, for example `spacy_blurb.BiLSTM.v1`.
    decoder (str): "softmax" learns and scores each token's tag on its own, "crf" whole sequences,
        with scores for pairs of tags.
    nO (int | None): Number of tags; None until the component is initialised.
    """
    output = Linear(nO=nO)
    head: Model[Floats2d, Floats2d] = chain(Dropout(), output)
    layers = [tok2vec, with_array(head)] if encode is None else [tok2vec, encode, with_array(head)]
    classifier: Model[list[Doc], list[Floats2d]] = chain(*layers)
    model: Model[list[Doc], TagScores] = Model(
        "token_classifier",
        _forward,
        init=_init,
        layers=[classifier, _build_pairs(nO)] if decoder == "crf" else [classifier],
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output)
    return model


def set_n_tags(model: Model, n_tags: int) -> None:
    """Give a token classifier its number of tags, before it is initialised."""
    for layer in (model.get_ref("output_layer"), *model.layers[1:]):
        layer.set_dim("nO", n_tags, force=True)


def _build_pairs(nO: int | None) -> Model:
    """Build a layer that gives the scores of tag pairs, whatever the input is."""
    return Model("tag_pairs", _forward_pairs, dims={"nO": nO}, params={"pairs": None})


def _forward_pairs(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable[..., Any]]:
    def backprop(d_pairs: Floats2d) -> Any:
        model.inc_grad("pairs", d_pairs)
        return X

    return model.get_param("pairs"), backprop


def _init(model: Model, X: list[Doc] | None = None, Y: TagScores | None = None) -> None:
    classifier, *pairs = model.layers
    classifier.initialize(X=X)
    for layer in pairs:
        n_tags = layer.get_dim("nO")
        layer.set_param("pairs", model.ops.alloc2f(n_tags, n_tags))


def _forward(
    model: Model[list[Doc], TagScores], docs: list[Doc], is_train: bool
) -> tuple[TagScores, Callable[[TagScores], list[Doc]]]:
    logits, logits_backprop = model.layers[0](docs, is_train)
    if len(model.layers) == 1:
        return TagScores(logits), lambda gradient: logits_backprop(gradient.logits)
    pairs, pairs_backprop = model.layers[1](docs, is_train)

    def backprop(gradient: TagScores) -> list[Doc]:
        pairs_backprop(gradient.pairs)
        return logits_backprop(gradient.logits)

    return TagScores(logits, pairs), backprop
