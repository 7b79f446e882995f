"""The linear head on one vector per text, for labels and for scores of pairs."""

from typing import Any

import numpy as np
from spacy.tokens import Doc
from thinc.api import Dropout, Linear, Model, Ops, chain
from thinc.types import Floats2d


def build_sequence_head_v1(
    tok2vec: Model[list[Doc], Floats2d], nO: int | None = None
) -> Model[list[Doc], Floats2d]:
    """Build `spacy_blurb.SequenceHead.v1`: dropout and one linear layer on the vector of a text.

    The share of vector entries that dropout zeroes in training is the config's `training.dropout`.
    The head of Gu et al. 2020, section 2.3, for labels (HoC) and similarity (BIOSSES). The refs
    "head" and "pooling" are the two halves that texts of a component's own go through; see
    `encoder/link.py`.

    tok2vec (Model): Docs → array of shape (Docs, width), see `spacy_blurb.SequenceVector.v1`; its
        name is the one that `nlp.replace_listeners` looks for.
    nO (int | None): Number of outputs; None until the component is initialised.
    RETURNS (Model): Docs → array of shape (Docs, nO).
    """
    output = Linear(nO=nO, init_W=draw_weights)
    head: Model[Floats2d, Floats2d] = chain(Dropout(), output)
    model: Model[list[Doc], Floats2d] = chain(tok2vec, head)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("pooling", tok2vec.get_ref("pooling"))
    model.set_ref("head", head)
    model.set_ref("output_layer", output)
    return model


def draw_weights(ops: Ops, shape: tuple[int, int]) -> Floats2d:
    """Draw weights as BERT's are (Devlin et al. 2019): standard deviation 0.02.

    thinc's are several times larger where there are few outputs; a small corpus would spend its
    steps on unlearning them. numpy's global generator is the one that `spacy train` seeds.
    """
    weights: Any = np.random.normal(0.0, 0.02, size=shape)
    return ops.asarray2f(weights)
