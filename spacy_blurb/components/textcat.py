"""`blurb_textcat`: document labels with probabilities, by a linear head on the shared encoder."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ..annotations import gold_labels, install_extensions
from ..errors import BlurbError, Errors
from .head import Head, is_number
from .textcat_scorer import score_labels

DEFAULT_MODEL = Config().from_str(
    """
[model]
@architectures = "spacy_blurb.SequenceHead.v1"
nO = null

[model.tok2vec]
@architectures = "spacy_blurb.SequenceVector.v1"
upstream = "*"
grad_factor = 1.0
"""
)["model"]


@Language.factory(
    "blurb_textcat",
    assigns=["doc.cats"],
    default_config={
        "model": DEFAULT_MODEL,
        "threshold": 0.5,
        "exclusive": False,
        "scorer": {"@scorers": "spacy_blurb.label_scorer.v1"},
    },
    default_score_weights={
        "cats_micro_f": 1.0,
        "cats_micro_p": 0.0,
        "cats_micro_r": 0.0,
        "cats_macro_f": None,
        "cats_f_per_type": None,
    },
)
def make_textcat(
    nlp: Language,
    name: str,
    model: Model,
    threshold: float,
    exclusive: bool,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "BlurbTextcat":
    """Build the component `blurb_textcat`.

    `threshold` and `exclusive` are saved with the component: in a trained pipeline they are set in
    `cfg`, and an override of the config when it is loaded has no effect.

    model (Model): Docs → logits of shape (Docs, labels), see `spacy_blurb.SequenceHead.v1`.
    threshold (float): Probability (0-1) from which a label counts as given in scoring, saved in
        `cfg` and read at every call; `spacy find-threshold` finds one. Not used where labels
        exclude each other.
    exclusive (bool): Whether each text has exactly one label.
    scorer (Callable | None): Scoring method, None for no scores.
    """
    return BlurbTextcat(
        nlp.vocab, model, name, threshold=threshold, exclusive=exclusive, scorer=scorer
    )


class BlurbTextcat(Head):
    """Give each label of a Doc a probability, from one vector of the Doc.

    A Doc of several windows is judged by the mean of theirs. A Doc without tokens has probability
    0 for every label, and teaches nothing.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], Floats2d],
        name: str = "textcat",
        *,
        threshold: float = 0.5,
        exclusive: bool = False,
        scorer: Callable[..., dict[str, Any]] | None = score_labels,
    ) -> None:
        """Initialise the component; see `make_textcat`."""
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"labels": [], "threshold": threshold, "exclusive": exclusive}
        install_extensions()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the model's outputs."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """What `spacy init labels` writes: the labels."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add a label before the model has its size.

        RETURNS (int): 1 if the label is new, 0 if it was known.
        RAISES (ValueError): B441 the model is initialised already.
        """
        if label in self.labels:
            return 0
        if self.model.has_dim("nO"):
            raise ValueError(Errors.B441.format(name=self.name, label=label))
        self.cfg["labels"].append(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Collect the labels and give the model its size.

        labels (Sequence[str] | None): By default those of the examples' `doc.cats`, sorted.
        RAISES (ValueError): B440 no label in any example, B443 not one label and B444 only one
            label where labels exclude each other, B445 a value in `doc.cats` that is neither 0 nor
            1, B457 no text in any example, B310 no encoder.
        WARNS: B446 a label that no example lacks.
        """
        validate_get_examples(get_examples, "BlurbTextcat.initialize")
        if labels is None:
            labels = sorted({label for eg in get_examples() for label in eg.reference.cats})
        wanted = tuple(dict.fromkeys([*self.labels, *labels]))
        if not wanted:
            raise ValueError(Errors.B440.format(name=self.name))
        # Now rather than in the middle of the training, and before a label is added.
        self._check_gold((eg.reference for eg in get_examples()), wanted)
        # An empty Doc has no vector, so it would give the head the input width 0.
        docs = list(islice((eg.x for eg in get_examples() if len(eg.x)), 10))
        if not docs:
            raise ValueError(Errors.B457.format(name=self.name))
        for label in wanted:
            self.add_label(label)
        self.model.get_ref("output_layer").set_dim("nO", len(self.labels), force=True)
        self._size_model(docs)

    def predict(self, docs: Iterable[Doc]) -> NDArray[np.floating]:
        """Compute the probability of each label.

        RETURNS (ndarray): Shape (Docs, labels), 0-1; rows of exclusive labels sum to 1.
        RAISES (BlurbError): B315 a Doc without the encoder's output.
        """
        docs = list(docs)
        self._require_initialised()
        self._require_output(docs)
        probs = np.zeros((len(docs), len(self.labels)), dtype="f")
        full = np.array([len(doc) > 0 for doc in docs], dtype=bool)
        if full.any():
            logits = self.model.predict(docs)
            probs[full] = self.model.ops.to_numpy(self._normalise(logits))[full]
        return probs

    def set_annotations(self, docs: Iterable[Doc], probs: NDArray[np.floating]) -> None:
        """Write `doc.cats`: label → probability.

        probs (ndarray): Shape (Docs, labels), from `predict`.
        """
        install_extensions()  # nothing has made a component that was pickled in another process
        for doc, row in zip(docs, probs, strict=True):
            doc.cats.update(zip(self.labels, map(float, row), strict=True))

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score a batch; see `score_labels`.

        RAISES (BlurbError): B422 `cfg["threshold"]` is no probability.
        """
        threshold = self.cfg["threshold"]
        if not is_number(threshold) or not 0 <= threshold <= 1:
            raise BlurbError(Errors.B422.format(name=self.name, found=threshold))
        scores: dict[str, Any] = super().score(examples, **kwargs)
        return scores

    def _is_annotated(self, example: Example) -> bool:
        return any(label in example.reference.cats for label in self.labels)

    def _teach(self, examples: Sequence[Example]) -> float:
        logits, backprop = self.model.begin_update([example.predicted for example in examples])
        loss, d_logits = self.get_loss(examples, logits)
        backprop(d_logits)
        return loss

    def get_loss(self, examples: Iterable[Example], logits: Floats2d) -> tuple[float, Floats2d]:
        """Compute the mean cross-entropy and its gradient.

        Of labels that exclude each other over annotated Docs, else binary over all annotated
        labels; a label that is not in a Doc's `doc.cats` is not annotated. Labels that this
        component does not have are another's.

        logits (Floats2d): Shape (Docs, labels).
        RETURNS (tuple): Loss, and the gradient of the logits' shape.
        RAISES (BlurbError): B443 not one label where labels exclude each other, B445 a gold value
            that is neither 0 nor 1.
        """
        targets, known = self._targets(list(examples))
        exclusive = self.cfg["exclusive"]
        # A Doc is one decision among exclusive labels, else each label is one.
        count = max(1, int(known.any(axis=1).sum() if exclusive else known.sum()))
        ops = self.model.ops
        probs = ops.to_numpy(self._normalise(logits)).astype(np.float64)
        picked = targets * probs
        if not exclusive:
            picked += (1 - targets) * (1 - probs)
        right = picked.sum(axis=1)[known.any(axis=1)] if exclusive else picked[known]
        loss = -float(np.log(np.maximum(right, 1e-30)).sum()) / count
        gradient: Any = np.where(known, probs - targets, 0.0) / count
        return loss, ops.asarray2f(gradient)

    def _normalise(self, logits: Any) -> Any:
        ops = self.model.ops
        return ops.softmax(logits) if self.cfg["exclusive"] else ops.sigmoid(logits)

    def _targets(self, examples: list[Example]) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """Gold values and whether they are known, shape (Docs, labels) each."""
        targets = np.zeros((len(examples), len(self.labels)))
        known = np.zeros(targets.shape, dtype=bool)
        for row, example in enumerate(examples):
            if not len(example.predicted) or not self._is_annotated(example):
                continue
            gold = gold_labels(example.reference, self.labels)
            if self.cfg["exclusive"]:
                self._check_exclusive(example.reference, gold, self.labels)
            for column, label in enumerate(self.labels):
                known[row, column] = self.cfg["exclusive"] or label in gold
                targets[row, column] = gold.get(label, False)
        return targets, known

    def _check_gold(self, references: Iterable[Doc], labels: Sequence[str]) -> None:
        """Refuse gold labels of which nothing sensible can be learned."""
        exclusive = self.cfg["exclusive"]
        seen: dict[bool, set[str]] = {True: set(), False: set()}
        if exclusive and len(labels) == 1:
            raise BlurbError(Errors.B444.format(name=self.name, label=labels[0]))
        for reference in references:
            gold = gold_labels(reference, labels)
            if exclusive and gold:
                self._check_exclusive(reference, gold, labels)
            for label, holds in gold.items():
                seen[holds].add(label)
        if not exclusive and (always := sorted(seen[True] - seen[False])):
            found = ", ".join(map(repr, always))
            warnings.warn(Errors.B446.format(name=self.name, labels=found), stacklevel=3)

    def _check_exclusive(self, doc: Doc, gold: dict[str, bool], labels: Sequence[str]) -> None:
        found = [label for label in labels if gold.get(label, False)]
        if len(found) != 1:
            raise BlurbError(
                Errors.B443.format(
                    name=self.name,
                    text=doc.text[:40],
                    count=len(found),
                    found=", ".join(found) or "none",
                    labels=", ".join(labels),
                )
            )

    def _require_initialised(self) -> None:
        if not self.labels:
            raise ValueError(Errors.B442.format(name=self.name))
