"""`blurb_sts`: similarity of two texts, and one vector per Doc, by the shared encoder."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_get_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ..annotations import (
    compare_docs,
    gold_pair_score,
    install_extensions,
    is_pair,
    offer_similarity,
    set_similarity,
    set_vector,
)
from ..encoder.link import EncoderLink
from ..encoder.listeners import give_nothing
from ..errors import BlurbError, Errors
from .contrastive import contrastive_loss
from .cosine import cosines
from .head import Head
from .pair_docs import copy_text, make_pair_doc, split_pair_docs
from .similarity import compare_kept_vectors, quiet_workers
from .sts_scorer import check_pair, score_pairs

DEFAULT_MODEL = Config().from_str(
    """
[model]
@architectures = "spacy_blurb.SequenceHead.v1"
nO = 1

[model.tok2vec]
@architectures = "spacy_blurb.SequenceVector.v1"
upstream = "*"
grad_factor = 1.0
"""
)["model"]

Compare = Literal["together", "vectors"]

Predictions = tuple[list[float | None], NDArray[np.floating] | None]
"""Similarity of each Doc that is a pair, and vectors of all Docs, shape (Docs, width)."""


@Language.factory(
    "blurb_sts",
    assigns=["doc.spans", "doc.user_hooks", "doc.vector"],
    default_config={
        "model": DEFAULT_MODEL,
        "compare": "together",
        "highest": 4.0,
        "vectors": False,
        "contrastive": None,
        "scorer": {"@scorers": "spacy_blurb.pair_scorer.v1"},
    },
    default_score_weights={"sts_pearson": 1.0},
)
def make_sts(
    nlp: Language,
    name: str,
    model: Model,
    compare: Compare,
    highest: float,
    vectors: bool,
    contrastive: float | None,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "BlurbSts":
    """Build the component `blurb_sts`.

    `compare`, `highest`, `vectors` and `contrastive` are saved with the component: in a trained
    pipeline they are set in `cfg`, and an override of the config when it is loaded has no effect.

    model (Model): Docs → array of shape (Docs, 1), see `spacy_blurb.SequenceHead.v1`.
    compare (str): "together": the encoder reads both texts at once, and the head judges them (Gu et
        al. 2020, section 2.3). "vectors": each text is read alone, and the similarity is the cosine
        of their vectors (Reimers & Gurevych 2019, arXiv 1908.10084), best with
        `spacy_blurb.MeanVector.v1`. The head has no part in it, so that with a frozen encoder
        there is nothing to learn.
    highest (float): Gold score of the most similar pairs; scores begin at 0 (BIOSSES: 4).
    vectors (bool): Whether Docs get a vector, that of the model's `tok2vec`.
    contrastive (float | None): Temperature of contrastive training on pairs without a score, whose
        texts belong together, such as title and abstract; None for none.
    scorer (Callable | None): Scoring method, None for no scores.
    """
    settings: Any = {"highest": highest, "vectors": vectors, "contrastive": contrastive}
    return BlurbSts(nlp.vocab, model, name, compare=compare, **settings, scorer=scorer, nlp=nlp)


class BlurbSts(Head):
    """Compare the two texts of a pair.

    By regression on the vector of `[CLS] A [SEP] B [SEP]`, or by the cosine of a vector of each.

    A Doc that is a pair (`annotations.set_pair`) gets its similarity in the pair's group. All Docs
    get `doc.similarity(other)` and `doc._.blurb_similarity(other)`, which encode a pair of their
    own; where Docs have the vectors that are compared, `doc.similarity` takes these. With `vectors`
    they get `doc.vector`, and `doc._.blurb_vector`, which also Docs have that come out of
    `to_bytes`, a DocBin, or another process.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], Floats2d],
        name: str = "sts",
        *,
        compare: Compare = "together",
        highest: float = 4.0,
        vectors: bool = False,
        contrastive: float | None = None,
        scorer: Callable[..., dict[str, Any]] | None = score_pairs,
        nlp: Language | None = None,
    ) -> None:
        """Initialise the component; see `make_sts`."""
        if contrastive is not None and contrastive <= 0:
            raise BlurbError(Errors.B456.format(name=name, temperature=contrastive))
        if not highest > 0:
            raise BlurbError(Errors.B447.format(name=name, highest=highest))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "compare": compare,
            "highest": highest,
            "vectors": vectors,
            "contrastive": contrastive,
            # Whether the head has learned, so that its scores mean something.
            "scores_pairs": False,
        }
        self._link = EncoderLink(name, model, nlp)
        self._last_vocab = vocab
        offer_similarity(self)
        install_extensions()

    def serves(self, vocab: Vocab) -> bool:
        """Tell whether Docs of this vocab are of the component's pipeline.

        Sourced into other pipelines, it is known by the Docs that it has seen.
        """
        known = vocab is self.vocab or vocab is self._last_vocab
        return known or self._link.has_seen(vocab)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
    ) -> None:
        """Give the model its size and find the encoder.

        RAISES (ValueError): B450 no pair with a score, not contrastive, and vectors are not
            compared, which need no training; B448 no pair at all for contrastive training; B452 a
            gold score outside of the range, B453 a Doc without its pair; B457 no text in any
            example; B310 no encoder.
        """
        validate_get_examples(get_examples, "BlurbSts.initialize")
        # Now rather than in the middle of the training.
        scores = [s for eg in get_examples() if (s := self._checked_score(eg)) is not None]
        if not scores and self.cfg["contrastive"] is None and not self._compares_vectors:
            raise ValueError(Errors.B450.format(name=self.name))
        self.cfg["scores_pairs"] = bool(scores) and not self._compares_vectors
        # An empty Doc has no vector, so it would give the head the input width 0.
        docs = list(islice((eg.x for eg in get_examples() if len(eg.x)), 10))
        if not docs:
            raise ValueError(Errors.B457.format(name=self.name))
        if self.cfg["contrastive"] and not any(is_pair(eg.reference) for eg in get_examples()):
            raise ValueError(Errors.B448.format(name=self.name))
        self._size_model(docs)
        if scores:
            # A few pairs at a low learning rate would mostly teach the mean.
            mean = sum(scores) / len(scores) / self.cfg["highest"]
            head = self.model.get_ref("output_layer")
            head.set_param("b", self.model.ops.asarray1f([mean]))
        if nlp is not None:
            self._link.attach(nlp)
            # A pipeline whose encoder reads no Docs of ours would train and never compare.
            text = docs[0][:1]
            alone = self._compares_vectors
            tried = copy_text(text, text.vocab) if alone else make_pair_doc(text, text)
            self._link.predict([tried], self._pooling)

    def predict(self, docs: Iterable[Doc]) -> Predictions:
        """Compute similarities and vectors, one pass for both; Docs that need neither cost none.

        Where vectors are compared the texts of pairs are read in a pass of their own.

        RAISES (BlurbError): B315 a Doc without the encoder's output.
        """
        docs = list(docs)
        self._require_initialised()
        self._link.see(docs)
        pairs = [i for i, doc in enumerate(docs) if is_pair(doc)] if self._scores_pairs else []
        similarities: list[float | None] = [None] * len(docs)
        if not pairs and not self.cfg["vectors"]:
            return similarities, None
        self._require_output(docs)
        found: Any = self._no_vectors(len(docs))
        if any(len(doc) for doc in docs) and (self.cfg["vectors"] or not self._compares_vectors):
            found = self.model.get_ref("tok2vec").predict(docs)
        if self._compares_vectors:
            values = self._cosines(split_pair_docs(docs[i] for i in pairs))
        else:
            values = self._judge(found)[pairs]
        for i, value in zip(pairs, values, strict=True):
            similarities[i] = float(value)
        return similarities, self.model.ops.to_numpy(found) if self.cfg["vectors"] else None

    def set_annotations(self, docs: Iterable[Doc], predictions: Predictions) -> None:
        """Write similarities of pairs, hooks and vectors.

        predictions (tuple): From `predict`.
        """
        offer_similarity(self)
        install_extensions()
        quiet_workers()
        similarities, vectors = predictions
        for i, (doc, similarity) in enumerate(zip(docs, similarities, strict=True)):
            self._last_vocab = doc.vocab
            if similarity is not None:
                set_similarity(doc, similarity)
            if self._scores_pairs:
                has_vector = self._compares_vectors and vectors is not None
                doc.user_hooks["similarity"] = compare_kept_vectors if has_vector else compare_docs
            if vectors is not None:
                # A copy: a view would keep the rows of the whole batch.
                set_vector(doc, vectors[i].copy())

    def similarity(
        self, pairs: Iterable[tuple[Doc | Span, Doc | Span]], *, batch_size: int = 32
    ) -> list[float]:
        """Compare two texts: one pass per pair and order, and the mean of both orders.

        Where vectors are compared it is one pass per text, once for all pairs of a batch.

        pairs (Iterable): Two Docs or Spans each; what components wrote to them plays no part.
        batch_size (int): Pairs that are encoded together.
        RETURNS (list[float]): About 0-1, 1 for the highest gold score in training; being
            regressions, they can go a little beyond. Cosines of vectors are from -1 to 1.
        RAISES (BlurbError): B310 no encoder, B311 the Docs are of another pipeline, B449 not two
            Docs or Spans, B455 the component never saw a score.
        """
        self._require_initialised()
        if not self._scores_pairs:
            raise BlurbError(Errors.B455.format(name=self.name))
        scores: list[float] = []
        for batch in minibatch(pairs, max(1, batch_size)):
            for pair in batch:
                _check_texts(pair)
            if self._compares_vectors:
                scores += self._compare_texts(batch)
                continue
            docs = [make_pair_doc(a, b) for a, b in batch]
            docs += [make_pair_doc(b, a) for a, b in batch]
            values = self._judge(self._link.predict(docs, self._pooling))
            scores += [float(value) for value in values.reshape(2, -1).mean(axis=0)]
        return scores

    def _compare_texts(self, pairs: list[tuple[Doc | Span, Doc | Span]]) -> list[float]:
        """Return the cosine of each pair; a text that is in several is read once."""
        texts = {id(text): text for pair in pairs for text in pair}
        places = {key: row for row, key in enumerate(texts)}
        vocab = pairs[0][0].vocab
        vectors = self._encode([copy_text(text, vocab) for text in texts.values()])
        first, second = (vectors[[places[id(pair[side])] for pair in pairs]] for side in (0, 1))
        return [float(value) for value in cosines(first, second)[0]]

    def _is_annotated(self, example: Example) -> bool:
        # Pairs without a score teach the contrastive loss.
        return self._has_score(example) or self.cfg["contrastive"] is not None

    def _has_score(self, example: Example) -> bool:
        return gold_pair_score(example.reference) is not None

    def _teach(self, examples: Sequence[Example]) -> float:
        docs = [example.predicted for example in examples]
        # First, as the other ends what the listener knows of the encoder.
        loss = self._teach_vectors(examples)
        if self._compares_vectors:
            loss += self._teach_cosines(list(filter(self._has_score, examples)))
        elif any(map(self._has_score, examples)):
            self.cfg["scores_pairs"] = True  # one that was trained without scores learns them here
            values, backprop = self.model.begin_update(docs)
            scores_loss, d_values = self.get_loss(examples, values)
            backprop(d_values)
            return loss + scores_loss
        give_nothing(self.model, docs)
        return loss

    def get_loss(self, examples: Iterable[Example], values: Floats2d) -> tuple[float, Floats2d]:
        """Compute the mean squared error over scored pairs and its gradient.

        values (Floats2d): Shape (Docs, 1), 1 for the highest score.
        RETURNS (tuple): Loss, and the gradient of the values' shape.
        RAISES (BlurbError): B452 a gold score outside of the range, B453 a Doc without its pair.
        """
        ops = self.model.ops
        error: Any = np.zeros(values.shape, dtype="f")
        found = ops.to_numpy(values)
        count = 0
        for row, example in enumerate(examples):
            score = self._gold(example)
            if score is not None:
                error[row] = found[row] - score
                count += 1
        count = max(1, count)
        gradient: Any = 2 * error / count
        return float((error**2).sum()) / count, ops.asarray2f(gradient)

    def _gold(self, example: Example) -> float | None:
        """Gold score, 0-1."""
        score = self._checked_score(example)
        if score is None or not len(example.predicted):
            return None
        return score / self.cfg["highest"]

    def _checked_score(self, example: Example) -> float | None:
        """Gold score in the dataset's range, which is checked."""
        check_pair(example)
        score, highest = gold_pair_score(example.reference), self.cfg["highest"]
        if score is not None and not 0 <= score <= highest:
            text = example.reference.text[:40]
            raise BlurbError(
                Errors.B452.format(name=self.name, score=score, text=text, highest=highest)
            )
        return score

    def _teach_vectors(self, examples: Sequence[Example]) -> float:
        """Add the gradient of the contrastive loss; RETURNS the loss."""
        temperature = self.cfg["contrastive"]
        if temperature is None:
            return 0.0
        for example in examples:
            check_pair(example)
        docs = [eg.predicted for eg in examples if not self._has_score(eg)]
        texts = split_pair_docs(docs)
        if len(texts) < 4:  # one pair has nothing to be told apart from
            return 0.0
        vectors, backprop = self._link.begin_update(texts, self._pooling)
        first, second = np.split(self.model.ops.to_numpy(vectors), 2)
        loss, *gradients = contrastive_loss(first, second, temperature)
        d_vectors: Any = np.concatenate(gradients)
        backprop(self.model.ops.asarray2f(d_vectors))
        return loss

    def _teach_cosines(self, examples: Sequence[Example]) -> float:
        """Add the gradient of what the cosines of scored pairs are wrong by; RETURNS the loss."""
        for example in examples:
            check_pair(example)
        texts = split_pair_docs(example.predicted for example in examples)
        if not any(map(len, texts)):
            return 0.0
        vectors, backprop = self._link.begin_update(texts, self._pooling)
        values, to_vectors = cosines(*np.split(self.model.ops.to_numpy(vectors), 2))
        column: Any = values[:, None]
        loss, d_values = self.get_loss(examples, self.model.ops.asarray2f(column))
        d_vectors: Any = np.concatenate(to_vectors(self.model.ops.to_numpy(d_values)[:, 0]))
        backprop(self.model.ops.asarray2f(d_vectors))
        return loss

    def _cosines(self, texts: list[Doc]) -> NDArray[np.floating]:
        """Return the cosines of the first half of some texts with the second half."""
        return cosines(*np.split(self._encode(texts), 2))[0]

    def _encode(self, texts: list[Doc]) -> NDArray[np.floating]:
        """Return the vectors of texts without the encoder's output, shape (texts, width)."""
        found: Any = self._no_vectors(len(texts))
        if any(map(len, texts)):
            found = self._link.predict(texts, self._pooling)
        return self.model.ops.to_numpy(found)

    def _no_vectors(self, n: int) -> Floats2d:
        return self.model.ops.alloc2f(n, self.model.get_ref("output_layer").get_dim("nI"))

    def _judge(self, vectors: Any) -> NDArray[np.floating]:
        """Return the head's values, shape (vectors,)."""
        return self.model.ops.to_numpy(self.model.get_ref("head").predict(vectors))[:, 0]

    @property
    def _pooling(self) -> Model:
        return self.model.get_ref("pooling")

    @property
    def _compares_vectors(self) -> bool:
        return self.cfg["compare"] == "vectors"

    @property
    def _scores_pairs(self) -> bool:
        """Whether similarities mean something; the cosine does without training."""
        return self._compares_vectors or self.cfg["scores_pairs"]

    def _require_initialised(self) -> None:
        if not self.model.get_ref("output_layer").has_dim("nI"):
            raise ValueError(Errors.B451.format(name=self.name))


def _check_texts(pair: Any) -> None:
    """Refuse what is not two texts.

    RAISES (BlurbError): B449 it is something else.
    """
    texts = (pair,) if isinstance(pair, Doc | Span | str) else tuple(pair)
    if len(texts) != 2 or not all(isinstance(text, Doc | Span) for text in texts):
        found = ", ".join(f"{str(text)[:40]!r} ({type(text).__name__})" for text in texts[:3])
        raise BlurbError(Errors.B449.format(found=found))
