"""Answers to questions: gold Docs and a pipeline → result and predictions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations import Answer, DocQuestion, doc_questions, document_group, document_id, gold_kind
from ..components.qa_scorer import match_answers, unite_group
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.answers import (
    bootstrap_mean,
    exact_match,
    factoid_scores,
    first_right,
    majority_share,
    token_f1,
)
from ..metrics.calibration import calibration_bins, expected_calibration_error
from ..tasks import Task
from .results import describe_data, describe_run


@dataclass(frozen=True, slots=True)
class AnswerPrediction:
    """What one question was answered on one Doc.

    id (str): Of the record, from the conversion, else the position in the file; where a Doc has
        several questions, with the question's own id behind a slash.
    group (str): Of the question, the same for all contexts that it is asked of.
    """

    id: str
    group: str
    question: DocQuestion
    answer: Answer

    def to_json(self) -> dict[str, Any]:
        """Return what a prediction file holds: ids, offsets, labels and probabilities, no text."""
        label, score = self.answer.label, round(self.answer.score, 6)
        row: dict[str, Any] = {"id": self.id, "group": self.group, "score": score}
        if self.answer.kind != "spans":
            probs = {c.label: round(c.score, 6) for c in self.answer.candidates}
            return {**row, "label": label, "probs": probs}
        spans = [
            {"start": c.start_char, "end": c.end_char, "score": round(c.score, 6)}
            for c in self.answer.candidates
        ]
        return {
            **row,
            "start": self.answer.start_char,
            "end": self.answer.end_char,
            "candidates": spans,
        }


def evaluate_answers(
    task: Task, nlp: Language, references: Sequence[Doc], *, data: Path, model: str | None = None
) -> tuple[dict[str, Any], list[AnswerPrediction]]:
    """Score answers by the task's metric; see `docs/protocol.md`.

    references (Sequence[Doc]): With questions that have gold answers.
    data (Path): The gold file, named by its SHA-256 in the result.
    model (str | None): Model name in the result, by default the pipeline's.
    RETURNS (tuple): Result (`score` and `ci95` are 0-1, `n` counts questions, `contexts` the texts
        that they were asked of; `baseline` is the accuracy of always giving the most frequent gold
        answer of these very questions), and a prediction for each question and text.
    RAISES (BlurbError): B540 no question with a gold answer, B541 a question of another kind than
        the task's, B542 a question without an answer, B543 questions of different kinds.
    """
    predictions = predict_answers(task, nlp, references)
    score = _score_factoids if _is_extractive(predictions) else _score_closed
    result = {
        "task": task.name,
        "metric": task.metric,
        **score(task, predictions),
        "contexts": len(predictions),
        "calibration": _calibration(predictions),
        **describe_data(data),
        **describe_run(nlp, model),
    }
    return result, predictions


def predict_answers(task: Task, nlp: Language, references: Sequence[Doc]) -> list[AnswerPrediction]:
    """Ask the gold Docs' questions; see `evaluate_answers`."""
    for position, reference in enumerate(references):
        _check(task, reference, document_id(reference) or str(position))
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    predictions: list[AnswerPrediction] = []
    for position, (doc, reference) in enumerate(zip(docs, references, strict=True)):
        name = document_id(reference) or str(position)
        questions = [q for q in doc_questions(reference) if gold_kind(q) is not None]
        answered = match_answers(Example(doc, reference))
        if len(answered) < len(questions):
            kinds = ", ".join(sorted({str(gold_kind(question)) for question in questions}))
            component = task.component
            raise BlurbError(Errors.B542.format(doc_id=name, component=component, kinds=kinds))
        for question, answer in answered:
            single = len(answered) == 1
            predictions.append(
                AnswerPrediction(
                    id=name if single else f"{name}/{question.id}",
                    group=_group(reference, name, question, single=single),
                    question=question,
                    answer=answer,
                )
            )
    if not predictions:
        raise BlurbError(Errors.B540.format(task=task.name))
    return predictions


def _group(reference: Doc, name: str, question: DocQuestion, *, single: bool) -> str:
    group = document_group(reference) or name
    return group if single else f"{group}/{question.id}"


def _check(task: Task, reference: Doc, name: str) -> None:
    """Refuse gold answers that the task cannot have; a user's own may be of any kind."""
    for question in doc_questions(reference):
        kind = gold_kind(question)
        if kind is None or not task.answers:
            continue
        if kind != task.answers:
            found = f"questions answered by {kind}"
        elif kind == "labels" and question.label not in task.labels:
            found = f"the answer {question.label!r}"
        else:
            continue
        raise BlurbError(Errors.B541.format(doc_id=name, found=found, task=task.name))


def _is_extractive(predictions: Sequence[AnswerPrediction]) -> bool:
    """Tell which measures there are.

    RAISES (BlurbError): B543 questions of both kinds, which have no common measure.
    """
    kinds = {prediction.answer.kind for prediction in predictions}
    if "spans" in kinds and len(kinds) > 1:
        raise BlurbError(Errors.B543.format(found=", ".join(sorted(kinds))))
    return "spans" in kinds


def _score_closed(task: Task, predictions: Sequence[AnswerPrediction]) -> dict[str, Any]:
    gold = [prediction.question.label for prediction in predictions]
    found = [prediction.answer.label for prediction in predictions]
    right = [float(one == other) for one, other in zip(gold, found, strict=True)]
    labels = sorted({*gold, *found} - {""})
    return {
        "score": sum(right) / len(right),
        "ci95": list(bootstrap_mean(right)),
        "baseline": majority_share(gold),
        "n": len(right),
        "per_label": {label: _rates(label, gold, found) for label in labels},
        # Gold label → predicted label → questions; "" for no answer.
        "confusion": {
            label: dict(Counter(f for g, f in zip(gold, found, strict=True) if g == label))
            for label in sorted(set(gold))
        },
    }


def _rates(label: str, gold: Sequence[str], found: Sequence[str]) -> dict[str, Any]:
    correct = sum(one == other == label for one, other in zip(gold, found, strict=True))
    n_gold, n_found = gold.count(label), found.count(label)
    return {
        "precision": correct / n_found if n_found else 0.0,
        "recall": correct / n_gold if n_gold else 0.0,
        "f1": 2 * correct / (n_gold + n_found) if n_gold + n_found else 0.0,
        "gold": n_gold,
    }


def _score_factoids(task: Task, predictions: Sequence[AnswerPrediction]) -> dict[str, Any]:
    """Score each question once, by the candidates of all its contexts."""
    groups: dict[str, list[tuple[DocQuestion, Answer]]] = {}
    for prediction in predictions:
        pair = (prediction.question, prediction.answer)
        groups.setdefault(prediction.group, []).append(pair)
    units = [unite_group(group) for group in groups.values()]
    ranks = [first_right(ranked, gold) for _, ranked, gold in units]
    factoid = factoid_scores(ranks)
    em = [float(exact_match(best, gold)) for best, _, gold in units]
    f1 = [token_f1(best, gold) for best, _, gold in units]
    values = {
        "mrr": [0.0 if rank is None else 1 / rank for rank in ranks],
        "answer_score": f1,
    }[task.metric]
    answerable = [
        any(offset >= 0 for q, _ in g for offset, _ in q.answers) for g in groups.values()
    ]
    return {
        "score": sum(values) / len(values),
        "ci95": list(bootstrap_mean(values)),
        "n": len(units),
        # Questions of which some text has a gold answer; the others no span can answer.
        "answerable": sum(answerable),
        "strict": factoid.strict,
        "lenient": factoid.lenient,
        "mrr": factoid.mrr,
        "em": sum(em) / len(em),
        "f1": sum(f1) / len(f1),
        "ranks": dict(Counter(str(rank) for rank in ranks)),
    }


def _calibration(predictions: Iterable[AnswerPrediction]) -> dict[str, Any]:
    """Say whether the answers' probabilities are as high as the share of those that are right.

    Per question and text: of an extractive answer right is what has the text of a gold answer, in
    any case.
    """
    rows = [(p.answer.score, is_right(p.question, p.answer)) for p in predictions]
    bins = calibration_bins([score for score, _ in rows], [right for _, right in rows])
    return {
        "error": expected_calibration_error(bins),
        "bins": [[row.count, round(row.score, 6), round(row.accuracy, 6)] for row in bins],
    }


def is_right(question: DocQuestion, answer: Answer) -> bool:
    """Tell whether one answer is right for the text that it was given on."""
    if answer.kind != "spans":
        return answer.label == question.label
    gold = [text for offset, text in question.answers if offset >= 0 and text]
    return first_right([answer.text], gold or [""]) is not None
