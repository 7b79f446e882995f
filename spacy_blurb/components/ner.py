"""`blurb_ner`: entities and PICO elements with probabilities, by a head on the shared encoder."""

import copy
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, get_args

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ..annotations import (
    ENTITIES,
    PICO,
    best_disjoint,
    install_extensions,
    set_scored_entities,
)
from ..errors import BlurbError, Errors
from .found_spans import Found, find_spans
from .gold_tags import collect_label_sets, gold_tags, known_sets, may_teach, named_sets, teaches
from .head import Head, is_number
from .ner_model import TagScores, set_n_tags
from .ner_scorer import score_entities
from .tables import UNNAMED, LabelSets, Table, all_labels, make_tables, n_columns
from .tag_losses import mean_loss
from .tags import UNKNOWN, Scheme
from .writers import note_writer

DEFAULT_MODEL = Config().from_str(
    """
[model]
@architectures = "spacy_blurb.TokenClassifier.v1"
encode = null
decoder = "softmax"
nO = null

[model.tok2vec]
@architectures = "spacy_blurb.TokenVectors.v1"
upstream = "*"
grad_factor = 1.0
"""
)["model"]


@Language.factory(
    "blurb_ner",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type", "span._.score"],
    default_config={
        "model": DEFAULT_MODEL,
        "tag_scheme": "BIO",
        "scorer": {"@scorers": "spacy_blurb.entity_scorer.v1"},
    },
    default_score_weights={
        "ents_f": 1.0,
        "ents_p": 0.0,
        "ents_r": 0.0,
        "ents_per_type": None,
        "pico_f": None,
        "pico_per_type": None,
    },
)
def make_ner(
    nlp: Language,
    name: str,
    model: Model,
    tag_scheme: str,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "BlurbNer":
    """Build the component `blurb_ner`.

    `tag_scheme` is saved with the component, in `cfg`, like its labels: an override of the config
    when a trained pipeline is loaded has no effect.

    model (Model): Docs → scores of tags, see `spacy_blurb.TokenClassifier.v1`.
    tag_scheme (str): "IO", "BIO" or "BIOUL". Under IO neighbouring entities of one label become
        one entity.
    scorer (Callable | None): Scoring method, None for no scores.
    """
    return BlurbNer(nlp.vocab, model, name, tag_scheme=tag_scheme, scorer=scorer)


PATIENCE = 10
"""Batches, from the first one on, that may all be for other label sets before a warning."""


class BlurbNer(Head):
    """Tag tokens and set entities from the best valid tag sequences.

    Each label set that the training Docs name has a tag table of its own, which learns from the
    Docs of that set only. `cfg` holds the label sets and what calibration has found; it is read
    when the component is called.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], TagScores],
        name: str = "ner",
        *,
        tag_scheme: str = "BIO",
        scorer: Callable[..., dict[str, Any]] | None = score_entities,
    ) -> None:
        """Initialise the component; see `make_ner`.

        RAISES (BlurbError): B413 unknown tag scheme.
        """
        if tag_scheme not in get_args(Scheme):
            raise BlurbError(Errors.B413.format(name=name, scheme=tag_scheme))
        install_extensions()
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "tag_scheme": tag_scheme,
            "label_sets": {},
            # Divides all scores, which makes probabilities less certain where it is above 1.
            "temperature": 1.0,
            # Label → the least probability that an entity must have.
            "thresholds": {},
        }
        self._n_untaught = 0

    @property
    def tables(self) -> list[Table]:
        """The tag tables, in the order of the model's columns."""
        return make_tables(self.cfg["label_sets"], self.cfg["tag_scheme"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types of all label sets."""
        return tuple(all_labels(self.cfg["label_sets"]))

    @property
    def label_data(self) -> LabelSets:
        """What `spacy init labels` writes: span group → label set → labels."""
        return self.cfg["label_sets"]

    def add_label(self, label: str, label_set: str | None = None, *, key: str = ENTITIES) -> int:
        """Add an entity type before the model has its size.

        label_set (str | None): The set that it belongs to, by default the only one. A set without
            a name ("") is trained on every annotated Doc.
        key (str): "blurb" for entities, "pico" for elements that overlap.
        RETURNS (int): 1 if the label is new, 0 if it was known.
        RAISES (ValueError): B401 the model is initialised already, B412 there are several sets.
        """
        sets = self.cfg["label_sets"].get(key, {})
        if label_set is None and any(label in labels for labels in sets.values()):
            return 0
        if label_set is None and len(sets) > 1:
            known = ", ".join(sorted(sets))
            raise ValueError(Errors.B412.format(name=self.name, sets=known, label=label))
        label_set = next(iter(sets), UNNAMED) if label_set is None else label_set
        if label in sets.get(label_set, []):
            return 0
        if self.model.get_ref("output_layer").has_dim("nO"):
            raise ValueError(Errors.B401.format(name=self.name, label=label))
        self.cfg["label_sets"].setdefault(key, {}).setdefault(label_set, []).append(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    ) -> None:
        """Collect the labels and give the model its size.

        labels (Sequence | Mapping | None): By default the label sets and labels of the examples.
            A list of labels is one set that every annotated Doc is complete for. Several sets are
            given as `label_data` has them.
        RAISES (ValueError): B400 no entity in any example, B410 some examples name their label set
            and others do not, B414 `labels` has another form, B426 all Docs are annotated for
            others, B310 no encoder.
        """
        validate_get_examples(get_examples, "BlurbNer.initialize")
        if labels is None:
            labels = collect_label_sets((eg.reference for eg in get_examples()), name=self.name)
        found = self._read_labels(labels)
        before = copy.deepcopy(self.cfg["label_sets"])
        try:
            self._add_labels(found)
            self._check_sets(get_examples)
        except ValueError:
            # Data are mended, and the same component initialised again.
            self.cfg["label_sets"] = before
            raise
        for label in self.labels:
            self.vocab.strings.add(label)
        # An empty Doc has no vectors, so it would give the head the input width 0.
        docs = list(islice((eg.x for eg in get_examples() if len(eg.x)), 10))
        set_n_tags(self.model, n_columns(self.tables))
        self._size_model(docs)
        # Those of another head, which this one replaces, were fitted for its numbers.
        self.cfg.update(temperature=1.0, thresholds={})

    def _add_labels(self, found: LabelSets) -> None:
        self._name_added_labels(found)
        for key, sets in found.items():
            for label_set, set_labels in sets.items():
                for label in set_labels:
                    self.add_label(label, label_set, key=key)
        if not self.labels:
            raise ValueError(Errors.B400.format(name=self.name))

    def _name_added_labels(self, found: LabelSets) -> None:
        """Leave labels that `add_label` put into no set to the sets of the examples that have them.

        Else two tables would learn the same, and every entity be found twice.
        """
        added = self.cfg["label_sets"].get(ENTITIES, {})
        if UNNAMED not in added or self.model.get_ref("output_layer").has_dim("nO"):
            return
        named = {y for name, ys in found.get(ENTITIES, {}).items() if name != UNNAMED for y in ys}
        if left := [label for label in added.pop(UNNAMED) if label not in named]:
            added[UNNAMED] = left

    def _check_sets(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        """Refuse Docs that name other label sets alone; without any there is nothing to compare."""
        sets = self.cfg["label_sets"]
        if any(may_teach(example.reference, sets) for example in get_examples()):
            return
        if found := named_sets((example.reference for example in get_examples()), sets):
            message = Errors.B426.format(name=self.name, known=known_sets(sets), found=found)
            raise ValueError(message)

    def _read_labels(self, labels: Any) -> LabelSets:
        if not isinstance(labels, Mapping):
            return {ENTITIES: {UNNAMED: list(labels)}}
        if not all(key in (ENTITIES, PICO) and isinstance(v, Mapping) for key, v in labels.items()):
            raise BlurbError(Errors.B414.format(name=self.name, found=dict(labels)))
        return labels

    def predict(self, docs: Iterable[Doc]) -> TagScores:
        """Compute tag scores.

        RETURNS (TagScores): Numpy arrays; of each Doc of shape (tokens, tags of all tables).
        RAISES (BlurbError): B315 a Doc without the encoder's output, B316 with that of
            other tokens.
        """
        docs = list(docs)
        self._require_initialised()
        self._require_output(docs)
        if not any(len(doc) for doc in docs):
            return TagScores([np.zeros((0, n_columns(self.tables)), dtype="f") for _ in docs])
        return self._to_numpy(self.model.predict(docs))

    def set_annotations(self, docs: Iterable[Doc], scores: TagScores) -> None:
        """Set `doc.spans["blurb"]`, `doc.spans["pico"]` and `doc.ents`.

        All spans with their probabilities are in the groups; `doc.ents` has the most probable of
        those that overlap. White space is cut off their ends.

        scores (TagScores): From `predict`.
        """
        install_extensions()  # nothing has made a component that was pickled in another process
        docs = list(docs)
        for doc, found in zip(docs, self.find(docs, scores), strict=True):
            for key, sets in self.cfg["label_sets"].items():
                chosen = [span for span in found if span.key == key]
                spans = [Span(doc, span.start, span.end, label=span.label) for span in chosen]
                probs = [span.score for span in chosen]
                names = [span.label_set for span in chosen]
                note_writer(doc, key, self.name)
                set_scored_entities(doc, spans, probs, sets=names, label_sets=list(sets), key=key)
                if key == ENTITIES:
                    _forget_ids(doc)
                    doc.set_ents(best_disjoint(spans, probs))

    def find(self, docs: Sequence[Doc], scores: TagScores) -> list[list[Found]]:
        """Find spans that reach the threshold of their label, with calibrated probabilities.

        scores (TagScores): From `predict`.
        RETURNS (list): Per Doc.
        RAISES (BlurbError): B415 `cfg["thresholds"]` is not of labels, B416 `cfg["temperature"]` is
            no number above 0.
        """
        thresholds, temperature = self._thresholds(), self.cfg["temperature"]
        if not is_number(temperature) or temperature <= 0:
            raise BlurbError(Errors.B416.format(name=self.name, found=temperature))
        found = find_spans(docs, self.tables, scores, temperature)
        return [[s for s in spans if s.score >= thresholds.get(s.label, 0.0)] for spans in found]

    def _thresholds(self) -> dict[str, float]:
        """Return the setting; one that somebody has made wrong would do nothing."""
        found = self.cfg["thresholds"]
        is_known = isinstance(found, dict) and set(self.labels).issuperset(found)
        if not is_known or not all(map(is_number, found.values())):
            known = ", ".join(self.labels)
            raise BlurbError(Errors.B415.format(name=self.name, found=found, known=known))
        return found

    def _is_annotated(self, example: Example) -> bool:
        # spaCy says of a Doc without tokens that it has annotations of every kind.
        has_tokens = len(example.predicted) > 0
        return has_tokens and any(self._teaches(example, table) for table in self.tables)

    def _teach(self, examples: Sequence[Example]) -> float:
        self._n_untaught = PATIENCE  # it learns: no more to be said
        scores, backprop = self.model.begin_update([example.predicted for example in examples])
        loss, d_scores = self.get_loss(examples, scores)
        backprop(d_scores)
        return loss

    def get_loss(self, examples: Iterable[Example], scores: TagScores) -> tuple[float, TagScores]:
        """Compute the mean loss over annotated tokens and its gradient.

        scores (TagScores): Of the predicted Docs.
        RETURNS (tuple): Loss, and gradients of the scores' shapes.
        """
        examples, tables, ops = list(examples), self.tables, self.model.ops
        targets = [[self._target_tags(eg, table) for eg in examples] for table in tables]
        loss, gradient = mean_loss(tables, self._to_numpy(scores), targets)
        d_pairs = None if gradient.pairs is None else ops.asarray2f(gradient.pairs)
        return loss, TagScores([ops.asarray2f(rows) for rows in gradient.logits], d_pairs)

    def _target_tags(self, example: Example, table: Table) -> Any:
        """Tags of the predicted Doc's tokens, UNKNOWN where the gold side says nothing."""
        if not self._teaches(example, table):
            return np.full(len(example.predicted), UNKNOWN, dtype=np.intp)
        return gold_tags(example, table, self.labels)

    def _explain_nothing(self, examples: Sequence[Example]) -> None:
        """Warn where the first batches are all annotated for label sets of others.

        Not at once: in joint training those of another component may come first.
        """
        sets = self.cfg["label_sets"]
        found = named_sets((example.reference for example in examples), sets)
        self._n_untaught += bool(found)
        if found and self._n_untaught == PATIENCE:
            known = known_sets(sets)
            message = Errors.B427.format(name=self.name, known=known, found=found)
            warnings.warn(message, stacklevel=3)

    def _teaches(self, example: Example, table: Table) -> bool:
        known_sets = self.cfg["label_sets"][table.key]
        return teaches(example.reference, table, known_sets, name=self.name)

    def _to_numpy(self, scores: TagScores) -> TagScores:
        to_numpy = self.model.ops.to_numpy
        pairs = None if scores.pairs is None else to_numpy(scores.pairs)
        return TagScores([to_numpy(rows) for rows in scores.logits], pairs)

    def _require_initialised(self) -> None:
        if not self.labels:
            raise ValueError(Errors.B402.format(name=self.name))


def _forget_ids(doc: Doc) -> None:
    """Take ids, such as an entity_ruler's, off entities that are replaced.

    They lie on tokens, where spaCy leaves them, and would be ids of the new entities.
    """
    for ent in doc.ents:
        if ent.ent_id:
            for token in ent:
                token.ent_id = 0
