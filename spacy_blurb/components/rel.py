"""`blurb_rel`: relations between entities, from one pass per Doc or one per candidate."""

import copy
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ..annotations import (
    ENTITIES,
    CharSpan,
    given_candidates,
    gold_relations,
    has_relations,
    install_extensions,
    set_found_relations,
)
from ..encoder.link import EncoderLink
from ..errors import BlurbError, Errors
from .candidates import NearPairs, PairFinder, TypePairs, check_types, may_hold_any
from .doc_pairs import DocPairs, find_pairs, no_pairs, sample_pairs
from .gold_pairs import (
    check_exclusive,
    check_given,
    collect_labels,
    collect_types,
    has_lost_entities,
    target_labels,
)
from .head import Head, is_number
from .reencoded_relations import Reencoder, is_reencoded
from .relation_decisions import decide, to_probs
from .relation_scorer import score_relations
from .relation_training import batch_loss, teach_reencoded, teach_shared
from .writers import note_relations

DEFAULT_MODEL = Config().from_str(
    """
[model]
@architectures = "spacy_blurb.SharedRelations.v1"
hidden_width = 256
nO = null

[model.tok2vec]
@architectures = "spacy_blurb.SpanVectors.v1"
upstream = "*"
grad_factor = 1.0

[model.tok2vec.pooling]
@layers = "reduce_max.v1"
"""
)["model"]

Predictions = list[tuple[DocPairs, NDArray[np.floating[Any]]]]
"""Per Doc, what was judged and the probabilities of its pairs, shape (pairs, outputs)."""


@Language.factory(
    "blurb_rel",
    assigns=["doc.spans", "doc._.relations", "span._.relations"],
    requires=["doc.ents"],
    default_config={
        "model": DEFAULT_MODEL,
        "candidates": {"@misc": "spacy_blurb.candidates.v1"},
        "types": None,
        "directed": True,
        "exclusive": True,
        "threshold": None,
        "use_gold_ents": True,
        "max_mention_pairs": None,
        "scorer": {"@scorers": "spacy_blurb.relation_scorer.v1"},
    },
    default_score_weights={
        "rel_micro_f": 1.0,
        "rel_micro_p": 0.0,
        "rel_micro_r": 0.0,
        "rel_candidate_recall": None,
        "rel_f_per_type": None,
    },
)
def make_rel(
    nlp: Language,
    name: str,
    model: Model,
    candidates: Callable[..., Any],
    types: dict[str, list[list[str]]] | None,
    directed: bool,
    exclusive: bool,
    threshold: float | None,
    use_gold_ents: bool,
    max_mention_pairs: int | None,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "BlurbRel":
    """Build the component `blurb_rel`.

    All settings but `model`, `candidates` and `scorer` are saved with the component: in a trained
    pipeline they are set in `cfg`, and an override of the config when it is loaded has no effect.
    `exclusive` cannot be changed any more: the model was trained for it.

    model (Model): `spacy_blurb.SharedRelations.v1` or `spacy_blurb.ReencodedRelations.v1`.
    candidates (Callable): Which pairs are judged where the data give none, see
        `spacy_blurb.candidates.v1`.
    types (dict | None): Label → pairs of head and tail type that it may hold between; None for
        those of the training examples.
    directed (bool): Whether a relation has a direction. Otherwise the first entity in the text is
        the head, and scoring takes a pair and its mirror image as one.
    exclusive (bool): Whether a pair has one relation at most.
    threshold (float | None): Least probability (0-1) of a relation, saved in `cfg` and read at
        every call; `spacy find-threshold` finds one. None: where labels exclude each other the most
        probable one if it is more probable than none and than those that `types` excludes,
        otherwise those from 0.5 on.
    use_gold_ents (bool): Whether the entities, and pairs, are taken that the data give
        (`spacy_blurb.Corpus.v1`), where they give any; a text alone has none. With false always
        those that the pipeline predicts.
    max_mention_pairs (int | None): Of a pair of concepts so many pairs of their mentions are
        judged, the nearest ones; None for all.
    scorer (Callable | None): Scoring method, None for no scores.
    """
    settings = {
        "types": types,
        "directed": directed,
        "exclusive": exclusive,
        "threshold": threshold,
        "use_gold_ents": use_gold_ents,
        "max_mention_pairs": max_mention_pairs,
    }
    return BlurbRel(nlp.vocab, model, name, candidates, scorer=scorer, nlp=nlp, **settings)


class BlurbRel(Head):
    """Judge pairs of entities and write `doc.spans["relations"]`, which `doc._.relations` reads.

    An entity that is not on tokens is in no candidate, so that its relations count as missed.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Sequence[DocPairs], Floats2d],
        name: str = "rel",
        candidates: PairFinder | None = None,
        *,
        scorer: Callable[..., dict[str, Any]] | None = score_relations,
        nlp: Language | None = None,
        **settings: Any,
    ) -> None:
        """Initialise the component.

        settings: See `make_rel`.
        RAISES (BlurbError): B468 `types` cannot be read, B469 `max_mention_pairs` below 1, B417
            `threshold` is no probability. Settings are looked at again wherever they are used,
            since `cfg` can be changed; then B421 `types` has other labels than the model.
        """
        install_extensions()
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.candidates: PairFinder = NearPairs() if candidates is None else candidates
        self.cfg: dict[str, Any] = {
            "labels": [],
            "types": None,
            "directed": True,
            "exclusive": True,
            "threshold": None,
            "use_gold_ents": True,
            "max_mention_pairs": None,
            **settings,
        }
        self._check_settings()
        # What `initialize` collects is that of its examples, also the second time.
        self._collected_types: dict[str, Any] | None = None
        self._link = EncoderLink(name, model, nlp)
        self._reencoder = Reencoder(model, self._link) if is_reencoded(model) else None

    @property
    def labels(self) -> tuple[str, ...]:
        """The relation types, in the order of the model's outputs, behind none."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> dict[str, list[list[str]]]:
        """What `spacy init labels` writes: label → pairs of head and tail type."""
        types = self.cfg["types"] or {}
        return {label: [list(pair) for pair in types.get(label, ())] for label in self.labels}

    def add_label(self, label: str) -> int:
        """Add a relation type before the model has its size.

        RETURNS (int): 1 if the label is new, 0 if it was known.
        RAISES (ValueError): B461 the model is initialised already.
        """
        if label in self.labels:
            return 0
        if self.model.get_ref("output_layer").has_dim("nO"):
            raise ValueError(Errors.B461.format(name=self.name, label=label))
        self.cfg["labels"].append(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | Mapping[str, Sequence[Sequence[str]]] | None = None,
    ) -> None:
        """Collect labels and the types that they hold between, and give the model its size.

        labels (Sequence | Mapping | None): By default those of the examples; `label_data` has the
            types too.
        RAISES (ValueError): B460 no relation in any example; B463 a pair has several where labels
            exclude each other; B418 none is between entities of the types that are judged; B310 no
            encoder, or one that a re-encoding head cannot use.
        """
        validate_get_examples(get_examples, "BlurbRel.initialize")
        references = [example.reference for example in get_examples()]
        found = collect_labels(references) if labels is None else labels
        wanted = tuple(dict.fromkeys([*self.labels, *found]))
        if not wanted:
            raise ValueError(Errors.B460.format(name=self.name))
        # Before a label is added: data are mended, and the same component initialised again.
        directed = self.cfg["directed"]
        if self.cfg["exclusive"]:
            check_exclusive(references, wanted, directed=directed, name=self.name)
        gold_types, types = collect_types(references), self.cfg["types"]
        is_collected = types in (None, self._collected_types)
        if is_collected:
            given = labels if isinstance(labels, Mapping) else gold_types
            types = {label: list(given.get(label, ())) for label in wanted}
            check_types(types, name=self.name)
        if not may_hold_any(gold_types, _types_of(wanted, types), directed=directed):
            raise ValueError(Errors.B418.format(name=self.name, found=gold_types, types=types))
        for label in wanted:
            self.add_label(label)
        self.cfg["types"] = types
        if is_collected:
            self._collected_types = copy.deepcopy(types)
        n_outputs = len(self.labels) + int(self.cfg["exclusive"])
        self.model.get_ref("output_layer").set_dim("nO", n_outputs, force=True)
        self._size_model()
        if nlp is not None:
            self._link.attach(nlp)
            if self._reencoder is not None:
                # An encoder that is not ours would train and never judge a pair.
                self._reencoder.predict([sample_pairs(nlp.make_doc("a b"))])

    def collect(self, doc: Doc) -> DocPairs:
        """Return the entities and pairs of a Doc that are judged.

        RAISES (BlurbError): B464 no sentence boundaries, B467 what the function of candidates
            gives cannot be read.
        """
        given = given_candidates(doc) if self.cfg["use_gold_ents"] else None
        return find_pairs(
            doc,
            self.candidates,
            given=given,
            types=self._types,
            directed=self.cfg["directed"],
            max_mention_pairs=self.cfg["max_mention_pairs"],
            name=self.name,
        )

    @property
    def _types(self) -> TypePairs:
        return _types_of(self.labels, self.cfg["types"])

    def predict(self, docs: Iterable[Doc]) -> Predictions:
        """Compute the probabilities of all candidates.

        RAISES (BlurbError): B315 a Doc without the encoder's output, B316 with that of
            other tokens; neither of a model that encodes pairs anew. And what `collect` raises.
        """
        docs = list(docs)
        self._require_initialised()
        self._link.see(docs)
        batch = [self.collect(doc) for doc in docs]
        if any(len(pairs.pairs) for pairs in batch):
            logits = self._predict_logits(batch)
        else:
            logits = np.zeros((0, self._n_outputs), dtype="f")
        probs = to_probs(logits, exclusive=self.cfg["exclusive"])
        ends = np.cumsum([len(pairs.pairs) for pairs in batch])[:-1]
        return list(zip(batch, np.split(probs, ends) if batch else [], strict=True))

    def _predict_logits(self, batch: Sequence[DocPairs]) -> NDArray[Any]:
        if self._reencoder is not None:
            return self._reencoder.predict(batch)
        self._require_output([pairs.doc for pairs in batch])
        logits: NDArray[Any] = self.model.ops.to_numpy(self.model.predict(batch))
        return logits

    def set_annotations(self, docs: Iterable[Doc], predictions: Predictions) -> None:
        """Write `doc.spans["relations"]`.

        predictions (list): From `predict`.
        """
        install_extensions()
        settings = {key: self.cfg[key] for key in ("labels", "directed", "exclusive", "threshold")}
        for doc, (pairs, probs) in zip(docs, predictions, strict=True):
            note_relations(doc, self.name)
            set_found_relations(doc, decide(pairs, probs, types=self._types, **settings))

    def _is_annotated(self, example: Example) -> bool:
        return gold_relations(example.reference) is not None

    def _teach(self, examples: Sequence[Example]) -> float:
        """Teach the candidates.

        RAISES (BlurbError): B463 a pair with several labels where they exclude each other, B465 a
            Doc has lost its entities, and what `collect` raises.
        """
        batch, targets = self._read(examples)
        exclusive = self.cfg["exclusive"]
        if self._reencoder is None:
            return teach_shared(self.model, batch, targets, exclusive=exclusive)
        return teach_reencoded(self._reencoder, batch, targets, exclusive=exclusive)

    def _read(self, examples: Sequence[Example]) -> tuple[list[DocPairs], NDArray[Any]]:
        """Return candidates, and which labels hold for them, shape (pairs, labels).

        Warns where nothing, or less than the data have, can be learned of it: B419, B429.
        """
        check_given(examples, self.cfg["use_gold_ents"])
        self._warn_of_losses(examples)
        directed = self.cfg["directed"]
        if self.cfg["exclusive"]:
            references = [example.reference for example in examples]
            check_exclusive(references, self.labels, directed=directed, name=self.name)
        batch = [
            no_pairs(eg.predicted) if gold_relations(eg.reference) is None
            else self.collect(eg.predicted)
            for eg in examples
        ]  # fmt: skip
        parts = [
            target_labels(pairs, eg.reference, self.labels, directed=directed)
            for pairs, eg in zip(batch, examples, strict=True)
        ]
        return batch, np.concatenate(parts)

    def _warn_of_losses(self, examples: Sequence[Example]) -> None:
        references = [example.reference for example in examples]
        if unknown := sorted({*collect_labels(references)} - {*self.labels}):
            found, known = ", ".join(unknown), ", ".join(self.labels)
            warnings.warn(
                Errors.B419.format(name=self.name, found=found, known=known), stacklevel=4
            )
        if not self.cfg["use_gold_ents"] and not any(map(_has_predicted_entities, examples)):
            warnings.warn(Errors.B429.format(name=self.name), stacklevel=4)

    def get_loss(self, examples: Iterable[Example], logits: Floats2d) -> tuple[float, Floats2d]:
        """Compute the mean cross-entropy over decisions and its gradient.

        logits (Floats2d): Of all pairs, shape (pairs, outputs).
        RETURNS (tuple): Loss, and the gradient of the logits' shape.
        """
        batch, targets = self._read(list(examples))
        found = self.model.ops.to_numpy(logits)
        loss, gradient = batch_loss(batch, targets, found, exclusive=self.cfg["exclusive"])
        d_logits: Any = gradient
        return loss, self.model.ops.asarray2f(d_logits)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score a batch; see `score_relations`.

        Where all Docs have lost their entities, as in spaCy's `evaluate` and `find-threshold`, all
        scores are None, with warning B477: the other heads can be scored all the same.

        RAISES (BlurbError): B465 some Docs have lost their entities, which could only be scored as
            wrong.
        """
        examples = list(examples)
        use_gold_ents = self.cfg["use_gold_ents"]
        annotated = [eg for eg in examples if has_relations(eg.reference)]
        if annotated and all(has_lost_entities(eg, use_gold_ents) for eg in annotated):
            warnings.warn(Errors.B477.format(name=self.name), stacklevel=2)
            return dict(score_relations([]))
        check_given(annotated, use_gold_ents)
        judged = [self.judged_ends(eg.predicted, eg.reference) for eg in examples]
        scores: dict[str, Any] = super().score(examples, judged=judged, **kwargs)
        return scores

    def judged_ends(self, doc: Doc, reference: Doc) -> set[tuple[Any, Any]]:
        """Return head and tail of the candidates of a Doc, concepts where relations are theirs."""
        if gold_relations(reference) is None:
            return set()
        pairs = self.collect(doc)
        if pairs.concepts is not None:
            return {pairs.concepts[group] for group in pairs.groups.tolist()}
        ends: list[tuple[CharSpan, CharSpan]] = pairs.ends()
        return set(ends)

    @property
    def _n_outputs(self) -> int:
        n_outputs: int = self.model.get_ref("output_layer").get_dim("nO")
        return n_outputs

    def _require_initialised(self) -> None:
        if not self.labels or not self.model.get_ref("output_layer").has_dim("nI"):
            raise ValueError(Errors.B462.format(name=self.name))
        # Columns that mean something else than `cfg` says would turn "none" into a relation.
        exclusive = bool(self.cfg["exclusive"])
        if self._n_outputs != len(self.labels) + int(exclusive):
            known = ", ".join(self.labels)
            raise BlurbError(
                Errors.B466.format(
                    name=self.name, exclusive=exclusive, labels=known, n=self._n_outputs
                )
            )
        self._check_settings()
        types = self.cfg["types"] or {}
        unknown, without = sorted(set(types) - set(self.labels)), set(self.labels) - set(types)
        # A label without an entry may hold between any types: a slip would bound nothing.
        if unknown and without:
            names = {"found": ", ".join(unknown), "without": ", ".join(sorted(without))}
            raise BlurbError(Errors.B421.format(name=self.name, **names))

    def _check_settings(self) -> None:
        """Refuse what would give wrong relations, or none, without a word."""
        check_types(self.cfg["types"], name=self.name)
        limit, threshold = self.cfg["max_mention_pairs"], self.cfg["threshold"]
        if limit is not None and (not is_number(limit) or limit < 1 or limit != int(limit)):
            raise BlurbError(Errors.B469.format(name=self.name, found=limit))
        if threshold is not None and (not is_number(threshold) or not 0 <= threshold <= 1):
            raise BlurbError(Errors.B417.format(name=self.name, found=threshold))


def _types_of(labels: Sequence[str], types: Any) -> TypePairs:
    """Return each label's pairs of types, none for one without an entry; nothing without types."""
    return {label: types.get(label, []) for label in labels} if types else {}


def _has_predicted_entities(example: Example) -> bool:
    """Tell whether some component has looked for entities in the Doc, also where it has none."""
    doc = example.predicted
    # spaCy says of a Doc without tokens that it has annotations of every kind.
    return len(doc) > 0 and (ENTITIES in doc.spans or doc.has_annotation("ENT_IOB"))
