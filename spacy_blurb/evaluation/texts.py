"""Labels of documents and scores of pairs: gold items of Docs, and what a pipeline predicts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.pipeline.textcat import TextCategorizer
from spacy.tokens import Doc

from ..annotations import (
    document_group,
    document_id,
    gold_labels,
    gold_pair_score,
    predicted_similarity,
)
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.labels import chosen_labels
from ..tasks import Task
from .scoring.labels import GoldLabels
from .scoring.pairs import GoldPair
from .scoring.rows import Row


def read_gold_labels(task: Task, references: Sequence[Doc]) -> list[GoldLabels]:
    """Take the gold labels from Docs.

    Labels that a Doc does not name are not annotated. But where each Doc has just one label, or
    no Doc says that it does not have one, those that it does not name are those that it lacks.

    RAISES (BlurbError): B445 a value that is neither 0 nor 1, B530 a Doc without gold labels, B532
        labels of another task.
    """
    gold = []
    named = [gold_labels(reference) for reference in references]
    everything = frozenset().union(*named)
    has_one_each = all(sum(row.values()) == 1 for row in named)
    names_what_it_has = all(all(row.values()) for row in named)
    is_complete = has_one_each or names_what_it_has
    for (doc_id, reference), own in zip(_with_ids(references), named, strict=True):
        known = everything if is_complete else frozenset(own)
        if not own:
            raise BlurbError(Errors.B530.format(doc_id=doc_id))
        if task.labels and known != set(task.labels):
            found = ", ".join(sorted(known))
            raise BlurbError(Errors.B532.format(doc_id=doc_id, found=found, task=task.name))
        labels = frozenset(label for label, holds in own.items() if holds)
        gold.append(GoldLabels(doc_id, document_group(reference) or doc_id, labels, known))
    return gold


def predict_labels(
    task: Task, nlp: Language, references: Sequence[Doc]
) -> tuple[list[Row], dict[str, Any]]:
    """Run a pipeline over gold Docs.

    RETURNS (tuple): A row of the prediction file per Doc (labels, and all probabilities), and the
        `threshold` that chose the labels.
    """
    choosers = _find_choosers(nlp, task, references)
    known = frozenset().union(*(chooser.labels for chooser in choosers))
    rows = []
    for (doc_id, reference), doc in _predict(nlp, references):
        cats = {label: p for label, p in doc.cats.items() if label in known}
        chosen = {label for chooser in choosers for label in chooser.choose(cats)}
        rows.append(
            {
                "id": doc_id,
                "document": document_group(reference) or doc_id,
                "labels": sorted(chosen),
                "probs": {label: round(p, 6) for label, p in cats.items()},
            }
        )
    return rows, {"threshold": _settings(nlp, task.component).get("threshold")}


@dataclass(frozen=True, slots=True)
class _Chooser:
    """How one component's probabilities become labels."""

    labels: frozenset[str]
    threshold: float
    exclusive: bool

    def choose(self, cats: Mapping[str, float]) -> set[str]:
        """Return the labels that a text is given, of this component's."""
        own = {label: p for label, p in cats.items() if label in self.labels}
        return chosen_labels(own, self.threshold, exclusive=self.exclusive)


def _find_choosers(nlp: Language, task: Task, references: Sequence[Doc]) -> list[_Chooser]:
    """Return the task's component, and others of a pipeline for a task without labels of its own.

    Labels that exclude each other are not cut to those of the gold data: of a Doc that names one
    label, no other would be left.
    """
    everything = frozenset(label for reference in references for label in reference.cats)
    others = [
        name
        for name in nlp.pipe_names
        if name != task.component
        and not task.labels
        and "doc.cats" in nlp.get_pipe_meta(name).assigns
    ]
    choosers = []
    for name in (task.component, *others):
        settings = _settings(nlp, name)
        exclusive = settings.get("exclusive", False)
        labels = frozenset(getattr(nlp.get_pipe(name), "labels", ())) or everything
        labels = labels if exclusive else labels & everything
        choosers.append(_Chooser(labels, settings.get("threshold", 0.5), exclusive))
    return choosers


def read_gold_pairs(task: Task, references: Sequence[Doc]) -> list[GoldPair]:
    """Take the gold scores from Docs.

    RAISES (BlurbError): B531 a Doc is not a pair with a score.
    """
    gold = []
    for doc_id, reference in _with_ids(references):
        score = gold_pair_score(reference)
        if score is None:
            raise BlurbError(Errors.B531.format(doc_id=doc_id))
        gold.append(GoldPair(doc_id, score))
    return gold


def predict_pairs(
    task: Task, nlp: Language, references: Sequence[Doc]
) -> tuple[list[Row], dict[str, Any]]:
    """Run a pipeline over pairs; each is read in its order, as in the paper.

    RETURNS (tuple): A row of the prediction file per pair, its score in the dataset's range; and
        nothing more to say in the result.
    RAISES (BlurbError): B533 a pair without prediction.
    """
    highest = _settings(nlp, task.component).get("highest", 1.0)
    rows: list[Row] = []
    for (doc_id, _), doc in _predict(nlp, references):
        similarity = predicted_similarity(doc)
        if similarity is None:
            raise BlurbError(Errors.B533.format(doc_id=doc_id, component=task.component))
        rows.append({"id": doc_id, "score": round(similarity * highest, 6)})
    return rows, {}


def _predict(nlp: Language, references: Sequence[Doc]) -> Iterator[tuple[tuple[str, Doc], Doc]]:
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    return zip(_with_ids(references), docs, strict=True)


def _with_ids(references: Sequence[Doc]) -> Iterator[tuple[str, Doc]]:
    for position, reference in enumerate(references):
        yield document_id(reference) or str(position), reference


def _settings(nlp: Language, name: str) -> dict[str, Any]:
    """What the component has saved in `cfg`; components of other makers may have nothing.

    spaCy's own `textcat` gives one label and says so nowhere.
    """
    component = nlp.get_pipe(name)
    settings = getattr(component, "cfg", {})
    if type(component) is TextCategorizer:
        return {**settings, "exclusive": True}
    return settings
