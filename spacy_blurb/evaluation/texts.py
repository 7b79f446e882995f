"""Labels of documents and scores of pairs: gold Docs and a pipeline → result and predictions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations import document_group, document_id, gold_pair_score, predicted_similarity
from ..components.textcat_scorer import compare_labels
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.correlation import bootstrap_pearson, pearson
from ..metrics.entities import bootstrap_f1, entity_scores
from ..metrics.labels import chosen_labels, count_labels, label_scores, unite_by_document
from ..tasks import Task
from .results import describe_data, describe_run


@dataclass(frozen=True, slots=True)
class LabelPrediction:
    """Labels of one text.

    id (str): From the conversion, else the position in the file.
    document (str): Id of the document that the text is a part of, or its own.
    gold, predicted (frozenset[str]): Labels that the text has, and that it is given.
    probs (dict[str, float]): Label → probability, 0-1.
    """

    id: str
    document: str
    gold: frozenset[str]
    predicted: frozenset[str]
    probs: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return what a prediction file holds: ids, labels and probabilities, no text."""
        probs = {label: round(prob, 6) for label, prob in self.probs.items()}
        labels = sorted(self.predicted)
        return {"id": self.id, "document": self.document, "labels": labels, "probs": probs}


@dataclass(frozen=True, slots=True)
class PairPrediction:
    """Similarity of the two texts of one pair, both scores in the dataset's range."""

    id: str
    gold: float
    predicted: float

    def to_json(self) -> dict[str, Any]:
        """Return what a prediction file holds: id and score, no text."""
        return {"id": self.id, "score": round(self.predicted, 6)}


def evaluate_labels(
    task: Task, nlp: Language, references: Sequence[Doc], *, data: Path, model: str | None = None
) -> tuple[dict[str, Any], list[LabelPrediction]]:
    """Score labels by micro F1 over documents x labels, parts of a document united.

    references (Sequence[Doc]): With gold `doc.cats`.
    data (Path): The gold file, named by its SHA-256 in the result.
    model (str | None): Model name in the result, by default the pipeline's.
    RETURNS (tuple): Result (`score` and `ci95` are 0-1, `n` counts documents, `texts` their parts),
        and a prediction for each Doc.
    RAISES (BlurbError): B530 a Doc without gold labels, B532 labels of another task.
    """
    predictions = list(_predict_labels(task, nlp, references))
    parts = [(p.document, (p.gold, p.predicted)) for p in predictions]
    documents = list(unite_by_document(parts).values())
    counts = [count_labels(*sides) for sides in documents]
    scores = entity_scores(counts)
    per_label = label_scores(documents, task.labels)
    result = {
        "task": task.name,
        "metric": task.metric,
        "score": scores.f1,
        "ci95": list(bootstrap_f1(counts)),
        "n": len(documents),
        "texts": len(predictions),
        "precision": scores.precision,
        "recall": scores.recall,
        "correct": scores.correct,
        "predicted": scores.predicted,
        "gold": scores.gold,
        "per_label": {
            label: {"precision": s.precision, "recall": s.recall, "f1": s.f1, "gold": s.gold}
            for label, s in per_label.items()
        },
        "threshold": _settings(nlp, task).get("threshold"),
        **describe_data(data),
        **describe_run(nlp, model),
    }
    return result, predictions


def _predict_labels(
    task: Task, nlp: Language, references: Sequence[Doc]
) -> Iterator[LabelPrediction]:
    for doc_id, reference in _with_ids(references):
        if not reference.cats:
            raise BlurbError(Errors.B530.format(doc_id=doc_id))
        if task.labels and set(reference.cats) != set(task.labels):
            found = ", ".join(sorted(reference.cats))
            raise BlurbError(Errors.B532.format(doc_id=doc_id, found=found, task=task.name))
    settings = _settings(nlp, task)
    threshold, exclusive = settings.get("threshold", 0.5), settings.get("exclusive", False)
    for (doc_id, reference), doc in _predict(nlp, references):
        gold, predicted = compare_labels(
            reference, chosen_labels(doc.cats, threshold, exclusive=exclusive)
        )
        yield LabelPrediction(
            id=doc_id,
            document=document_group(reference) or doc_id,
            gold=frozenset(gold),
            predicted=frozenset(predicted),
            probs={label: prob for label, prob in doc.cats.items() if label in reference.cats},
        )


def evaluate_pairs(
    task: Task, nlp: Language, references: Sequence[Doc], *, data: Path, model: str | None = None
) -> tuple[dict[str, Any], list[PairPrediction]]:
    """Score similarities by Pearson's correlation; each pair is read in its order, as in the paper.

    references (Sequence[Doc]): Pairs with a gold score.
    data, model: See `evaluate_labels`.
    RETURNS (tuple): Result (`score` and `ci95` are -1 to 1, `n` counts pairs), and predictions.
    RAISES (BlurbError): B531 a Doc is not a pair with a score, B533 a pair without prediction.
    """
    predictions = list(_predict_pairs(task, nlp, references))
    scores = [p.gold for p in predictions], [p.predicted for p in predictions]
    result = {
        "task": task.name,
        "metric": task.metric,
        "score": pearson(*scores),
        "ci95": list(bootstrap_pearson(*scores)),
        "n": len(predictions),
        **describe_data(data),
        **describe_run(nlp, model),
    }
    return result, predictions


def _predict_pairs(
    task: Task, nlp: Language, references: Sequence[Doc]
) -> Iterator[PairPrediction]:
    for doc_id, reference in _with_ids(references):
        if gold_pair_score(reference) is None:
            raise BlurbError(Errors.B531.format(doc_id=doc_id))
    highest = _settings(nlp, task).get("highest", 1.0)
    for (doc_id, reference), doc in _predict(nlp, references):
        gold, similarity = gold_pair_score(reference), predicted_similarity(doc)
        if gold is None or similarity is None:
            raise BlurbError(Errors.B533.format(doc_id=doc_id, component=task.component))
        yield PairPrediction(doc_id, gold, similarity * highest)


def _predict(nlp: Language, references: Sequence[Doc]) -> Iterator[tuple[tuple[str, Doc], Doc]]:
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    return zip(_with_ids(references), docs, strict=True)


def _with_ids(references: Sequence[Doc]) -> Iterator[tuple[str, Doc]]:
    for position, reference in enumerate(references):
        yield document_id(reference) or str(position), reference


def _settings(nlp: Language, task: Task) -> dict[str, Any]:
    """What the component has saved in `cfg`; components of other makers may have nothing."""
    return getattr(nlp.get_pipe(task.component), "cfg", {})
