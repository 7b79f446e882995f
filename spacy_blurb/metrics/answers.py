"""Scores of answers: accuracy, BioASQ's measures of factoid questions, SQuAD's EM and F1."""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

N_RANKED = 5
"""Answers that a factoid question of BioASQ may have, the best first."""

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True, slots=True)
class FactoidScores:
    """BioASQ's measures, 0-1: the first answer is right, one of five is, mean reciprocal rank."""

    strict: float
    lenient: float
    mrr: float


def rank_answers(candidates: Iterable[tuple[str, float]]) -> list[str]:
    """Rank the candidates that a question has in all its contexts, and keep the best five.

    Candidates that differ in case only are one, which has the best score of them; those without
    text, "no answer", are left out. Of equal scores the earlier candidate comes first.

    candidates (Iterable): Text and score of each, of all contexts one after the other.
    """
    best: dict[str, tuple[str, float]] = {}
    for text, score in candidates:
        key = text.lower()
        if text and (key not in best or score > best[key][1]):
            best[key] = (text, score)
    ranked = sorted(best.values(), key=lambda row: -row[1])
    return [text for text, _ in ranked[:N_RANKED]]


def first_right(ranked: Sequence[str], gold: Iterable[str]) -> int | None:
    """Return the rank (from 1) of the first right answer among the first five, None without one.

    As BioASQ's evaluation: right is what equals one of the gold answers or their synonyms, in any
    case; nothing else is normalised.
    """
    right = {text.lower() for text in gold}
    for rank, text in enumerate(ranked[:N_RANKED], start=1):
        if text.lower() in right:
            return rank
    return None


def factoid_scores(ranks: Sequence[int | None]) -> FactoidScores:
    """Compute strict and lenient accuracy and MRR.

    ranks (Sequence): Of each question, from `first_right`.
    RETURNS (FactoidScores): All 0.0 for no questions.
    """
    n = max(1, len(ranks))
    found = [rank for rank in ranks if rank is not None]
    reciprocal = sum(1 / rank for rank in found)
    return FactoidScores(found.count(1) / n, len(found) / n, reciprocal / n)


def unite_contexts(
    contexts: Iterable[tuple[str, Iterable[tuple[str, float]]]],
) -> tuple[str, list[str]]:
    """Unite what one question was answered in several contexts.

    contexts (Iterable): Of each, the text of the answer, "" for none, and its candidates.
    RETURNS (tuple): The most probable of the contexts' answers, "" where every context is said to
        have none; at most five candidates, the best first, also those that are no answer.
    """
    contexts = [(text, list(candidates)) for text, candidates in contexts]
    ranked = rank_answers(candidate for _, candidates in contexts for candidate in candidates)
    answers = rank_answers(row for text, rows in contexts for row in rows if row[0] == text)
    return (answers[0] if answers else ""), ranked


def is_right_span(text: str, gold: Iterable[tuple[int, str]]) -> bool:
    """Tell whether an answer is right for the one text that it was given on.

    text (str): "" for no answer, which is right where no gold answer is known to be in the text.
    gold (Iterable): Offset, -1 where it is not in this text, or nobody knows where, and text of the
        gold answers.
    """
    gold = list(gold)
    if not text:
        return not any(answer for offset, answer in gold if offset >= 0)
    return first_right([text], [answer for _, answer in gold if answer]) is not None


def normalise_answer(text: str) -> str:
    """Normalise as SQuAD's official script: case, ASCII punctuation, English articles, blanks."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(predicted: str, gold: Sequence[str]) -> bool:
    """Tell whether an answer equals one of the gold answers after normalisation.

    As SQuAD 2.0: gold answers of which nothing is left are not counted, and where none is left the
    right answer is "no answer", an empty text.
    """
    return normalise_answer(predicted) in _gold_answers(gold)


def token_f1(predicted: str, gold: Sequence[str]) -> float:
    """Compute the F1 over the words of an answer, the best one over the gold answers (0-1).

    Words are counted as often as they occur. Where one side is "no answer" it is 1 if both are.
    """
    found = normalise_answer(predicted).split()
    return max(_words_f1(found, right.split()) for right in _gold_answers(gold))


def _gold_answers(gold: Sequence[str]) -> list[str]:
    return [text for text in map(normalise_answer, gold) if text] or [""]


def _words_f1(found: list[str], right: list[str]) -> float:
    if not found or not right:
        return float(found == right)
    common = sum((Counter(found) & Counter(right)).values())
    return 2 * common / (len(found) + len(right))


def majority_share(labels: Sequence[str]) -> float:
    """Return the accuracy (0-1) of always giving the most frequent of these gold labels."""
    return max(Counter(labels).values(), default=0) / max(1, len(labels))
