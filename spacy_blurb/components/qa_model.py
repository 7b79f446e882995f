"""The heads that answer questions: what they compute from the pair of question and text.

Each is dropout and one linear layer, as in Gu et al. 2020, section 2.3, and Devlin et al. 2019. The
attribute "kind" says how its numbers are read, see `answer_kinds.py`; the refs "pooling" and "head"
are the two halves that pair Docs go through, see `encoder/link.py`.
"""

from typing import Any

from spacy.tokens import Doc
from thinc.api import Dropout, Linear, Model, chain, with_array
from thinc.types import Floats2d

from .sequence_head import draw_weights


def build_answer_classifier_v1(
    tok2vec: Model[list[Doc], Floats2d], nO: int | None = None
) -> Model[list[Doc], Floats2d]:
    """Build `spacy_blurb.AnswerClassifier.v1`: yes, no, maybe, or other labels, from `[CLS]`.

    A text of several windows is judged by the mean over theirs, as with all heads on `[CLS]`.

    tok2vec (Model): Docs → array of shape (Docs, width), see `spacy_blurb.SequenceVector.v1`.
    nO (int | None): Number of labels; None until the component is initialised.
    RETURNS (Model): Pair Docs → logits of shape (Docs, labels).
    """
    output = Linear(nO=nO, init_W=draw_weights)
    return _assemble("labels", tok2vec, chain(Dropout(), output), output)


def build_answer_choice_v1(tok2vec: Model[list[Doc], Floats2d]) -> Model[list[Doc], Floats2d]:
    """Build `spacy_blurb.AnswerChoice.v1`: how well an option answers, from `[CLS]`.

    tok2vec (Model): See `build_answer_classifier_v1`.
    RETURNS (Model): Pair Docs, one per option → logits of shape (Docs, 1).
    """
    output = Linear(nO=1, init_W=draw_weights)
    return _assemble("options", tok2vec, chain(Dropout(), output), output)


def build_answer_spans_v1(
    tok2vec: Model[list[Doc], list[Floats2d]],
) -> Model[list[Doc], list[Floats2d]]:
    """Build `spacy_blurb.AnswerSpans.v1`: where an answer begins and ends.

    tok2vec (Model): Docs → arrays of shape (1 + tokens, width), `[CLS]` first, see
        `spacy_blurb.SequenceTokenVectors.v1`.
    RETURNS (Model): Pair Docs → logits of shape (1 + tokens, 2), of "begins here" and "ends here";
        the first row is that of "no answer".
    """
    output = Linear(nO=2, init_W=draw_weights)
    head: Model[Floats2d, Floats2d] = chain(Dropout(), output)
    return _assemble("spans", tok2vec, with_array(head), output)


def _assemble(kind: str, tok2vec: Model, head: Model, output: Model) -> Model[list[Doc], Any]:
    model: Model[list[Doc], Any] = chain(tok2vec, head)
    model.attrs["kind"] = kind
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("pooling", tok2vec.get_ref("pooling"))
    model.set_ref("head", head)
    model.set_ref("output_layer", output)
    return model
