"""Scores of answers as spaCy's commands show them."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from spacy.training import Example

from ..annotations import (
    QUESTIONS,
    Answer,
    DocQuestion,
    doc_answers,
    doc_questions,
    document_group,
    gold_kind,
)
from ..errors import BlurbError, Errors
from ..metrics.answers import (
    exact_match,
    factoid_scores,
    first_right,
    token_f1,
    unite_contexts,
)

KEYS = ("qa_score", "qa_accuracy", "qa_em", "qa_f1", "qa_strict", "qa_lenient", "qa_mrr")


def make_answer_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Build `spacy_blurb.answer_scorer.v1`."""
    return score_answers


def score_answers(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score answers: closed ones by accuracy, extractive ones as SQuAD and as BioASQ do.

    A question that is asked of several Docs, which the gold Docs name as their group, is scored
    once, by the candidates of all of them. Questions that no component answers are not counted.

    examples (Iterable[Example]): Those without gold answers are not counted.
    RETURNS (dict[str, Any]): 0-1, None without such questions: `qa_accuracy` over closed and
        multiple-choice questions; `qa_em`, `qa_f1`, `qa_strict`, `qa_lenient` and `qa_mrr` over
        extractive ones; `qa_score` over all questions, 0 or 1 for the first and F1 for the second.
    RAISES (BlurbError): B490 a Doc that lost its questions, which could only be scored as wrong.
    """
    right: list[bool] = []
    groups: dict[str, list[tuple[DocQuestion, Answer]]] = {}
    for position, example in enumerate(examples):
        # Of one Doc they are several questions, also where they have the same words.
        asked: Counter[str] = Counter()
        for question, answer in match_answers(example):
            if answer.kind != "spans":
                right.append(answer.label == question.label)
                continue
            # Docs without an id have questions of their own.
            group = document_group(example.reference) or f"\0{position}"
            key = f"{group}\0{question.question}\0{asked[question.question]}"
            asked[question.question] += 1
            groups.setdefault(key, []).append((question, answer))
    units = [unite_group(group) for group in groups.values()]
    if not right and not units:
        return dict.fromkeys(KEYS)
    f1 = [token_f1(best, gold) for best, _, gold in units]
    em = [exact_match(best, gold) for best, _, gold in units]
    # "No answer" is nothing that could be ranked.
    ranks = [first_right(ranked, gold) for _, ranked, gold in units if any(gold)]
    factoid = factoid_scores(ranks)
    return {
        "qa_score": (sum(right) + sum(f1)) / (len(right) + len(f1)),
        "qa_accuracy": sum(right) / len(right) if right else None,
        "qa_em": sum(em) / len(em) if units else None,
        "qa_f1": sum(f1) / len(f1) if units else None,
        "qa_strict": factoid.strict if ranks else None,
        "qa_lenient": factoid.lenient if ranks else None,
        "qa_mrr": factoid.mrr if ranks else None,
    }


def match_answers(example: Example) -> list[tuple[DocQuestion, Answer]]:
    """Return the gold questions of a Doc with the answers that they were given.

    RAISES (BlurbError): B490 the Doc to be predicted has lost its questions.
    """
    if QUESTIONS in example.reference.spans and QUESTIONS not in example.predicted.spans:
        raise BlurbError(Errors.B490.format(text=example.reference.text[:40]))
    found = {(answer.id, answer.kind): answer for answer in doc_answers(example.predicted)}
    wanted = [(q, found.get((q.id, kind))) for q in doc_questions(example.reference)
              if (kind := gold_kind(q)) is not None]  # fmt: skip
    return [(question, answer) for question, answer in wanted if answer is not None]


def unite_group(
    group: Iterable[tuple[DocQuestion, Answer]],
) -> tuple[str, list[str], list[str]]:
    """Unite what one question was answered in several Docs.

    RETURNS (tuple): The best answer, "" where every Doc is said to have none; at most five
        candidates, the best first; the gold answers.
    """
    group = list(group)
    gold = [text for question, _ in group for _, text in question.answers]
    best, ranked = unite_contexts(
        (answer.text, [(c.text, c.score) for c in answer.candidates]) for _, answer in group
    )
    return best, ranked, gold
