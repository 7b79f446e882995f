"""The linear entity head: a score per token and tag."""

from spacy.tokens import Doc
from thinc.api import Dropout, Linear, Model, chain, with_array
from thinc.types import Floats2d


def build_token_classifier_v1(
    tok2vec: Model[list[Doc], list[Floats2d]], nO: int | None = None
) -> Model[list[Doc], list[Floats2d]]:
    """Build `spacy_blurb.TokenClassifier.v1`: dropout and one linear layer on token vectors.

    The share of vector entries that dropout zeroes in training is the config's `training.dropout`.

    The paper's head (Gu et al. 2020, section 2.3); its Table 12 shows that a BiLSTM adds nothing.

    tok2vec (Model): Docs → arrays of shape (tokens, width).
    nO (int | None): Number of tags; None until the component is initialised.
    RETURNS (Model): Docs → logits of shape (tokens, nO).
    """
    output = Linear(nO=nO)
    head: Model[Floats2d, Floats2d] = chain(Dropout(), output)
    model: Model[list[Doc], list[Floats2d]] = chain(tok2vec, with_array(head))
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output)
    return model
