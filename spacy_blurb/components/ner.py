"""`blurb_ner`: entities with probabilities, by a linear head on the shared encoder."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ..annotations import (
    entity_offsets,
    gold_entities,
    install_extensions,
    longest_disjoint,
    set_scored_entities,
)
from ..errors import Errors
from ..metrics.entities import as_spacy_scores
from .tags import (
    OUTSIDE,
    allowed_transitions,
    begin_tag,
    best_tags,
    n_tags,
    span_probability,
    tags_to_spans,
)

DEFAULT_MODEL = Config().from_str(
    """
[model]
@architectures = "spacy_blurb.TokenClassifier.v1"
nO = null

[model.tok2vec]
@architectures = "spacy_blurb.TokenVectors.v1"
upstream = "*"
grad_factor = 1.0
"""
)["model"]


def score_entities(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score exact entities on character offsets over all gold mentions.

    examples (Iterable[Example]): Those without entity annotation are not counted.
    RETURNS (dict[str, Any]): `ents_p`, `ents_r`, `ents_f` (0-1) and `ents_per_type`.
    """
    pairs = []
    for example in examples:
        gold = gold_entities(example.reference)
        if gold is not None:
            pairs.append((gold, entity_offsets(example.predicted)))
    return as_spacy_scores(pairs)


def make_entity_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Build `spacy_blurb.entity_scorer.v1`."""
    return score_entities


@Language.factory(
    "blurb_ner",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": DEFAULT_MODEL,
        "scorer": {"@scorers": "spacy_blurb.entity_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_ner(
    nlp: Language, name: str, model: Model, scorer: Callable[..., dict[str, Any]] | None
) -> "BlurbNer":
    """Build the component `blurb_ner`.

    model (Model): Docs → logits of shape (tokens, tags), see `spacy_blurb.TokenClassifier.v1`.
    scorer (Callable | None): Scoring method, None for no scores.
    """
    return BlurbNer(nlp.vocab, model, name, scorer=scorer)


class BlurbNer(TrainablePipe):
    """Tag tokens with BIO tags and set entities from the best valid tag sequence."""

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "ner",
        *,
        scorer: Callable[..., dict[str, Any]] | None = score_entities,
    ) -> None:
        """Initialise the component; see `make_ner`."""
        install_extensions()
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"labels": []}

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types, in the order of their tags."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """What `spacy init labels` writes: the entity types."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add an entity type before the model has its size.

        RETURNS (int): 1 if the label is new, 0 if it was known.
        RAISES (ValueError): B401 the model is initialised already.
        """
        if label in self.labels:
            return 0
        if self.model.has_dim("nO"):
            raise ValueError(Errors.B401.format(name=self.name, label=label))
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

        labels (Sequence[str] | None): Entity types; by default those of the examples.
        RAISES (ValueError): B400 no entity in any example.
        """
        validate_get_examples(get_examples, "BlurbNer.initialize")
        if labels is None:
            gold = (gold_entities(example.reference) for example in get_examples())
            labels = sorted({label for mentions in gold for _, _, label in mentions or ()})
        for label in labels:
            self.add_label(label)
        if not self.labels:
            raise ValueError(Errors.B400.format(name=self.name))
        for label in self.labels:
            self.vocab.strings.add(label)
        # An empty Doc has no vectors, so it would give the head the input width 0.
        docs = list(islice((eg.x for eg in get_examples() if len(eg.x)), 10))
        self.model.get_ref("output_layer").set_dim("nO", n_tags(len(self.labels)), force=True)
        self.model.initialize(X=docs or None)

    def predict(self, docs: Iterable[Doc]) -> list[NDArray[np.floating]]:
        """Compute tag probabilities.

        RETURNS (list[ndarray]): Per Doc, shape (tokens, tags).
        """
        docs = list(docs)
        self._require_labels()
        if not any(len(doc) for doc in docs):
            return [np.zeros((0, n_tags(len(self.labels))), dtype="f") for _ in docs]
        ops = self.model.ops
        return [ops.to_numpy(ops.softmax(logits)) for logits in self.model.predict(docs)]

    def set_annotations(self, docs: Iterable[Doc], probs: list[NDArray[np.floating]]) -> None:
        """Set `doc.spans["blurb"]` with scores, and `doc.ents`; white space is cut off their ends.

        probs (list[ndarray]): Per Doc, shape (tokens, tags), from `predict`.
        """
        allowed = allowed_transitions(len(self.labels))
        for doc, table in zip(docs, probs, strict=True):
            tags = best_tags(table, allowed)
            spans, scores = [], []
            for start, end, label in tags_to_spans(tags):
                # White space has no pieces, so its tags come from the bias of the head alone.
                while start < end and doc[start].is_space:
                    start += 1
                while start < end and doc[end - 1].is_space:
                    end -= 1
                if start == end:
                    continue
                spans.append(Span(doc, start, end, label=self.labels[label]))
                scores.append(span_probability(table, tags, start, end))
            set_scored_entities(doc, spans, scores)
            doc.set_ents(longest_disjoint(spans))

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch; always backpropagates once, with zeros where nothing is annotated."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "BlurbNer.update")
        self._require_labels()
        if not any(len(example.predicted) for example in examples):
            return losses
        set_dropout_rate(self.model, drop)
        logits, backprop = self.model.begin_update([example.predicted for example in examples])
        loss, d_logits = self.get_loss(examples, logits)
        backprop(d_logits)
        if sgd is not None:
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def get_loss(
        self, examples: Iterable[Example], logits: list[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """Compute the mean cross-entropy over annotated tokens and its gradient.

        logits (list[Floats2d]): Per Doc, shape (tokens, tags).
        RETURNS (tuple): Loss, and gradients of the logits' shapes.
        """
        ops = self.model.ops
        targets = np.concatenate([self._target_tags(example) for example in examples])
        known = np.flatnonzero(targets >= 0)
        # Any: thinc's array types do not know indexing by index arrays.
        probs: Any = ops.softmax(ops.xp.concatenate(logits))
        gradient: Any = ops.alloc2f(*probs.shape)
        gradient[known] = probs[known]
        gradient[known, targets[known]] -= 1
        gradient /= max(1, len(known))
        picked = ops.to_numpy(probs[known, targets[known]])
        loss = -float(np.log(np.maximum(picked, 1e-30)).sum()) / max(1, len(known))
        ends = np.cumsum([len(scores) for scores in logits])
        return loss, ops.xp.split(gradient, ends[:-1])

    def _target_tags(self, example: Example) -> NDArray[np.intp]:
        """Tag ids of the predicted Doc's tokens, -1 where the gold side says nothing."""
        tags = np.full(len(example.predicted), -1, dtype=np.intp)
        for position, tag in enumerate(example.get_aligned_ner()):
            if tag is None or tag == "-":
                continue
            prefix, _, label = tag.partition("-")
            if prefix == "O":
                tags[position] = OUTSIDE
            elif label in self.labels:
                begin = begin_tag(self.cfg["labels"].index(label))
                tags[position] = begin if prefix in "BU" else begin + 1
        return tags

    def _require_labels(self) -> None:
        if not self.labels:
            raise ValueError(Errors.B402.format(name=self.name))
