"""Scores of answers: by hand, and against plain twins on random inputs."""

import math
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_blurb.metrics.answers import (
    FactoidScores,
    exact_match,
    factoid_scores,
    first_right,
    is_right_span,
    majority_share,
    normalise_answer,
    rank_answers,
    token_f1,
    unite_contexts,
)

TEXT = st.text(alphabet="aA bB.-theTHE’\t\n", max_size=12)
GOLD = st.lists(TEXT, min_size=1, max_size=4)


# By hand -----------------------------------------------------------------------------------------


def test_factoid_scores_by_hand() -> None:
    """Five questions: right at once, second, fifth, sixth (too late), never."""
    ranked = ["a", "b", "c", "d", "e", "f"]
    golds = [["A"], ["x", "B"], ["E"], ["f"], ["aa", " a"]]
    ranks = [first_right(ranked, gold) for gold in golds]
    assert ranks == [1, 2, 5, None, None]
    scores = factoid_scores(ranks)
    assert (scores.strict, scores.lenient) == (1 / 5, 3 / 5)
    assert scores.mrr == pytest.approx((1 + 1 / 2 + 1 / 5) / 5)
    assert factoid_scores([]) == FactoidScores(0.0, 0.0, 0.0)


def test_what_a_context_rejects_is_not_the_answer_of_the_question() -> None:
    """The second text's span is the most probable one, but "no answer" is more so there."""
    contexts = [("p53", [("p53", 0.6), ("BRCA1", 0.1)]), ("", [("", 0.75), ("rats", 0.7)])]
    assert unite_contexts(contexts) == ("p53", ["rats", "p53", "BRCA1"])
    assert unite_contexts(contexts[1:]) == ("", ["rats"])
    assert unite_contexts([]) == ("", [])


def test_an_answer_at_an_unknown_place_is_right_all_the_same() -> None:
    gold = [(-1, "p53"), (-1, "")]
    assert [is_right_span(text, gold) for text in ("P53", "rats", "")] == [True, False, True]
    gold = [(-1, "p53"), (4, "TP53")]
    assert [is_right_span(text, gold) for text in ("p53", "tp53", "")] == [True, True, False]


def test_published_figures_are_whole_counts() -> None:
    """BioBERT v1.1 on 161 questions of BioASQ 4b: 45 right at once, 71 among five."""
    ranks = [1] * 45 + [2] * 26 + [None] * 90
    scores = factoid_scores(ranks)
    assert (round(100 * scores.strict, 2), round(100 * scores.lenient, 2)) == (27.95, 44.1)


def test_candidates_of_several_contexts_by_hand() -> None:
    candidates = [
        ("BRCA1", 0.5),
        ("", 0.9),
        ("p53", 0.2),
        ("brca1", 0.7),
        ("TP53", 0.5),
        ("P53", 0.2),
    ]
    assert rank_answers(candidates) == ["brca1", "TP53", "p53"]
    assert rank_answers([(str(n), n / 10) for n in range(8)]) == ["7", "6", "5", "4", "3"]
    assert rank_answers([]) == []


def test_normalise_by_hand() -> None:
    for text, expected in {
        "The  Rat's  tail.": "rats tail",
        "an-aesthetic": "anaesthetic",
        "A theme, a\tthe another": "theme another",
        "α-synuclein’s": "αsynuclein’s",
        "the": "",
        "İ": "i̇",
    }.items():
        assert normalise_answer(text) == expected


def test_exact_match_and_f1_by_hand() -> None:
    gold = ["the chronic myeloid leukemia", "CML"]
    assert exact_match("Chronic myeloid leukemia.", gold)
    assert exact_match("cml", gold)
    assert not exact_match("leukemia", gold)
    assert token_f1("leukemia", gold) == pytest.approx(2 * 1 / (1 + 3))
    assert token_f1("myeloid myeloid leukemia", gold) == pytest.approx(2 * 2 / (3 + 3))
    assert token_f1("", gold) == 0.0
    # No answer is right where there is none; a gold answer of which nothing is left is none.
    assert exact_match("", [""])
    assert exact_match("the", ["", "a"])
    assert token_f1("", [""]) == 1.0
    assert token_f1("x", [""]) == 0.0
    assert not exact_match("", ["x", ""])


def test_majority_by_hand() -> None:
    assert majority_share(["yes", "no", "yes", "maybe", "yes"]) == 3 / 5
    assert majority_share([]) == 0.0


# Twins -------------------------------------------------------------------------------------------


def slow_normalise(text: str) -> str:
    text = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    words = []
    # A word character beside an article makes it none.
    for part in re.split(r"(\W+)", text):
        words.append(" " if part in ("a", "an", "the") else part)
    return " ".join("".join(words).split())


def slow_f1(predicted: str, gold: str) -> float:
    ours, theirs = slow_normalise(predicted).split(), slow_normalise(gold).split()
    if not ours or not theirs:
        return 1.0 if ours == theirs else 0.0
    left, common = list(theirs), 0
    for word in ours:
        if word in left:
            left.remove(word)
            common += 1
    if not common:
        return 0.0
    precision, recall = common / len(ours), common / len(theirs)
    return 2 * precision * recall / (precision + recall)


@given(TEXT, GOLD)
def test_squad_scores_equal_a_plain_twin(predicted: str, gold: list[str]) -> None:
    assert normalise_answer(predicted) == slow_normalise(predicted)
    left = [text for text in gold if slow_normalise(text)] or [""]
    expected = any(slow_normalise(predicted) == slow_normalise(text) for text in left)
    assert exact_match(predicted, gold) == expected
    assert token_f1(predicted, gold) == pytest.approx(max(slow_f1(predicted, g) for g in left))


ANSWER = st.text(alphabet="aAbB", max_size=2)
CONTEXT = st.lists(st.tuples(ANSWER, st.integers(0, 4)), max_size=8)
QUESTION = st.tuples(st.lists(CONTEXT, max_size=3), st.lists(ANSWER, min_size=1, max_size=3))


@settings(max_examples=200)
@given(st.lists(QUESTION, max_size=5))
def test_factoid_scores_equal_a_plain_twin(questions: list) -> None:
    strict = lenient = reciprocal = 0.0
    ranks = []
    for contexts, gold in questions:
        flat = [candidate for context in contexts for candidate in context]
        ranked = rank_answers(flat)
        ranks.append(first_right(ranked, gold))
        # Again and again the best of what is left, of equal ones the first text that was seen.
        order: list[str] = []
        for text, _ in flat:
            if text and text.lower() not in order:
                order.append(text.lower())
        best = {key: max(s for t, s in flat if t.lower() == key) for key in order}
        slow = []
        while order and len(slow) < 5:
            top = max(best[key] for key in order)
            slow.append(next(key for key in order if best[key] == top))
            order.remove(slow[-1])
        assert [text.lower() for text in ranked] == slow
        for position, text in enumerate(slow):
            if any(text == right.lower() for right in gold):
                strict += position == 0
                lenient += 1
                reciprocal += 1 / (position + 1)
                break
    n = max(1, len(questions))
    scores = factoid_scores(ranks)
    assert math.isclose(scores.strict, strict / n)
    assert math.isclose(scores.lenient, lenient / n)
    assert math.isclose(scores.mrr, reciprocal / n)
    assert scores.strict <= scores.mrr <= scores.lenient


@given(st.lists(st.sampled_from(["yes", "no", "maybe"]), max_size=9))
def test_majority_equals_a_plain_twin(labels: list[str]) -> None:
    best = max((sum(one == other for other in labels) for one in labels), default=0)
    assert majority_share(labels) == (best / len(labels) if labels else 0.0)
