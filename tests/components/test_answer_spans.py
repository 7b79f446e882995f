"""Spans as answers: probabilities, gradients and candidates against plain loops."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_blurb.annotations import DocQuestion
from spacy_blurb.components.answer_kinds import LabelKind, OptionKind
from spacy_blurb.components.answer_spans import SpanKind
from spacy_blurb.components.question_docs import Asked, make_text_doc, pair_with_options

from .questions import EXTRACTIVE, get_qa, make_qa_nlp, to_examples, train

CFG = {"n_best": 5, "max_answer_tokens": 3, "no_answer": True, "temperature": 1.0}
WORDS = ["fever", " ", "rats", "Fever", "in", "rats"]
N = len(WORDS)


def make_asked(answers: tuple[tuple[int, str], ...] = ()) -> Asked:
    doc = Doc(spacy.blank("en").vocab, words=WORDS, spaces=[False, False, True, True, True, False])
    assert doc.text == "fever rats Fever in rats"
    return Asked(doc, DocQuestion("0", "causes?", answers=answers))


def make_logits(seed: int, n_before: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_before + N, 2))


def slow_scores(logits: np.ndarray, cfg: dict[str, Any]) -> dict[tuple[int, int] | None, float]:
    """(first, last) → score, None → that of "no answer"."""
    own = logits[-N:]
    scores: dict[tuple[int, int] | None, float] = (
        {None: logits[0].sum()} if cfg["no_answer"] else {}
    )
    for first, last in product(range(N), repeat=2):
        short = 0 <= last - first < cfg["max_answer_tokens"]
        if short and WORDS[first] != " " and WORDS[last] != " ":
            scores[first, last] = own[first, 0] + own[last, 1]
    return scores


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "changes", [{}, {"no_answer": False}, {"max_answer_tokens": 1}, {"max_answer_tokens": 99}]
)
def test_candidates_equal_a_plain_loop(seed: int, changes: dict[str, Any]) -> None:
    cfg = {**CFG, **changes, "temperature": 1.7}
    asked, logits = make_asked(), make_logits(seed)
    scores = slow_scores(logits, cfg)
    total = sum(np.exp(score / 1.7) for score in scores.values())
    rows = []
    for place, score in sorted(scores.items(), key=lambda row: -row[1]):
        text = "" if place is None else asked.doc[place[0] : place[1] + 1].text
        if text.lower() not in [seen.lower() for seen, _, _ in rows]:
            rows.append((text, np.exp(score / 1.7) / total, place))
    spans = [row for row in rows if row[0]][:5]
    expected = [row for row in rows if row in spans or not row[0]]
    found = SpanKind("qa", cfg).rank(asked, [logits])
    assert [row[1] for row in found] == pytest.approx([prob for _, prob, _ in expected])
    for (_, _, start, end), (text, _, place) in zip(found, expected, strict=True):
        assert (start, end) == (-1, -1) if place is None else asked.doc.text[start:end] == text


@pytest.mark.parametrize(
    ("answers", "no_answer", "gold"),
    [
        (((0, "fever"),), False, [(0, 0)]),
        # In part of a token, with white space at its ends, twice the same, and too long.
        (((6, "rat"), (5, " rats "), (6, "rats"), (0, "fever rats Fever")), True, [(2, 2)]),
        (((0, "fever"), (17, "in rats"), (-1, "x")), True, [(0, 0), (4, 5)]),
        (((-1, "x"),), True, [None]),
        (((-1, ""),), True, [None]),
    ],
)
def test_loss_and_gradient_equal_a_plain_loop(
    answers: tuple[tuple[int, str], ...], no_answer: bool, gold: list[Any]
) -> None:
    cfg = {**CFG, "no_answer": no_answer}
    asked, logits = make_asked(answers), make_logits(7)
    kind = SpanKind("qa", cfg)
    assert kind.teaches(asked)

    def slow_loss(values: np.ndarray) -> float:
        scores = slow_scores(values, cfg)
        return float(
            np.log(sum(np.exp(s) for s in scores.values()))
            - np.log(sum(np.exp(scores[place]) for place in gold))
        )

    loss, (gradient,) = kind.compare(asked, [logits])
    assert loss == pytest.approx(slow_loss(logits))
    for row, column in product(range(len(logits)), range(2)):
        moved = [logits.copy(), logits.copy()]
        moved[0][row, column] += 1e-5
        moved[1][row, column] -= 1e-5
        slope = (slow_loss(moved[0]) - slow_loss(moved[1])) / 2e-5
        assert gradient[row, column] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize(
    ("answers", "no_answer"),
    [
        ((), True),
        (((-1, "x"),), False),
        (((0, "fever rats Fever in"),), True),
        (((-1, ""),), False),
        # It is in the text, so "no answer" would be wrong.
        (((-1, "fever"),), True),
        (((-1, "RATS"),), True),
    ],
)
def test_what_cannot_be_learned_teaches_nothing(
    answers: tuple[tuple[int, str], ...], no_answer: bool
) -> None:
    assert not SpanKind("qa", {**CFG, "no_answer": no_answer}).teaches(make_asked(answers))


@pytest.mark.parametrize(
    "letter", ["\ufeff", "\u200b", "\u00ad", "\ufffd", "\ue000", "\u0301", "\t"]
)
def test_what_the_encoder_cannot_read_is_no_answer(letter: str) -> None:
    vocab = spacy.blank("en").vocab
    doc = Doc(vocab, words=[letter, "fever", letter, "e\u0301", letter])
    # The highest scores by far stand where the encoder has no piece.
    logits = np.zeros((4 + len(doc), 2))
    logits[-len(doc) :: 2] = 50
    rows = SpanKind("qa", {**CFG, "no_answer": False}).rank(
        Asked(doc, DocQuestion("0", "what?")), [logits]
    )
    found = {doc.text[start:end] for _, _, start, end in rows}
    assert found == {"fever", "e\u0301", f"fever {letter} e\u0301"}


def test_labels_and_options_by_hand() -> None:
    asked = Asked(make_asked().doc, DocQuestion("0", "?", label="no", options=()))
    kind = LabelKind("qa", {"labels": ["yes", "no"], "temperature": 2.0})
    logits = [np.array([1.0, 3.0])]
    assert kind.rank(asked, logits) == [
        ("no", pytest.approx(1 / (1 + np.exp(-1))), -1, -1),
        ("yes", pytest.approx(1 / (1 + np.exp(1))), -1, -1),
    ]
    loss, (gradient,) = kind.compare(asked, logits)
    assert loss == pytest.approx(np.log(1 + np.exp(-2)))
    assert gradient == pytest.approx([1 / (1 + np.exp(2)), -1 / (1 + np.exp(2))])
    asked = Asked(asked.doc, DocQuestion("0", "?", label="2", options=("a", "b", "c")))
    options = OptionKind("qa", {"temperature": 1.0})
    logits = [np.array([0.0]), np.array([0.0]), np.array([np.log(2)])]
    assert [row[0] for row in options.rank(asked, logits)] == ["2", "0", "1"]
    assert [row[1] for row in options.rank(asked, logits)] == pytest.approx([0.5, 0.25, 0.25])
    loss, gradients = options.compare(asked, logits)
    assert loss == pytest.approx(np.log(2))
    assert np.array(gradients).tolist() == pytest.approx(np.array([[0.25], [0.25], [-0.5]]))


# Pair Docs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", " a", "a ", "a  b", "\n", "a\n\nb ", "\u3000x \x85", "👩‍🔬 é\u0301 x", "a \t b"],
)
def test_text_docs_have_the_text(nlp: Language, text: str) -> None:
    assert make_text_doc(nlp.vocab, text).text == text


def test_pairs_of_options(nlp: Language) -> None:
    question = DocQuestion("0", "which one?", options=("b  c", ""))
    pairs = pair_with_options(Asked(nlp.make_doc("in rats"), question))
    assert [pair.text for pair in pairs] == ["in rats\nwhich one? b  c", "in rats\nwhich one? "]
    alone = pair_with_options(Asked(nlp.make_doc("which one?"), question))
    assert [pair.text for pair in alone] == ["which one?\nb  c", "which one?\n"]


# In a pipeline -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tiny_encoder: Path) -> Language:
    return train(make_qa_nlp(tiny_encoder, "spans", no_answer=True), ABSENT)


ABSENT = [
    *EXTRACTIVE,
    ("rats in rats", "naloxone?", {"answers": [[-1, ""]]}),
    ("fever", "naloxone?", {"answers": [[-1, "not here"]]}),
]


def test_no_answer_is_learned(trained: Language) -> None:
    for text, question, gold in ABSENT:
        answer = trained(text)._.ask(question)
        ((offset, right),) = gold["answers"]
        assert answer.text == (right if offset >= 0 else "")
        assert answer.score > 0.9
        assert (answer.candidates[0].text == "") == (offset < 0)
        assert sum(c.text == "" for c in answer.candidates) == 1
    scores = trained.evaluate(to_examples(trained, ABSENT))
    assert scores["qa_em"] == 4 / 5  # one has a gold answer that its text lacks
    assert scores["qa_strict"] == 3 / 4
    # Switched off after training, it is no candidate any more.
    get_qa(trained).cfg["no_answer"] = False
    try:
        answer = trained("rats in rats")._.ask("naloxone?")
    finally:
        get_qa(trained).cfg["no_answer"] = True
    assert answer.text
    assert all(candidate.text for candidate in answer.candidates)


def test_settings_of_spans_are_read_at_every_call(trained: Language) -> None:
    cfg = get_qa(trained).cfg
    doc = trained("aspirin causes fever in rats")
    cfg.update(n_best=2, max_answer_tokens=1)
    try:
        few = doc._.ask("?")
    finally:
        cfg.update(n_best=5, max_answer_tokens=30)
    assert sum(bool(candidate.text) for candidate in few.candidates) == 2
    assert all(" " not in candidate.text for candidate in few.candidates)
    more = doc._.ask("?")
    assert sum(bool(candidate.text) for candidate in more.candidates) == 5


@pytest.mark.parametrize("shift", range(0, 9))
def test_answers_at_window_borders_are_found(tiny_encoder: Path, shift: int, borders: Any) -> None:
    """The answer stands before, on and behind the border of two windows, and is found there."""
    nlp, n_windows = borders
    text = "in " * (4 + shift) + "aspirin fever" + " in" * 12
    doc = nlp(text)
    answer = doc._.ask("causes?")
    assert n_windows(text) > 1
    assert (answer.text, answer.start_char) == ("aspirin fever", text.index("aspirin"))
    assert text[answer.start_char : answer.end_char] == answer.text
    assert answer.span.text == answer.text


@pytest.fixture(scope="module")
def borders(tiny_encoder: Path) -> Any:
    """A pipeline that has learned to find "aspirin fever" anywhere in several windows."""
    nlp = make_qa_nlp(tiny_encoder, "spans", window=16)
    rows = []
    for shift in range(0, 9):
        text = "in " * (4 + shift) + "aspirin fever" + " in" * 12
        rows.append((text, "causes?", {"answers": [[text.index("aspirin"), "aspirin fever"]]}))
    train(nlp, rows, n_steps=40)

    def n_windows(text: str) -> int:
        from spacy_blurb.components.question_docs import pair_with_context
        from spacy_blurb.encoder.pieces import read_docs

        reader = nlp.get_pipe("transformer").model.shims[0].reader
        asked = Asked(nlp.make_doc(text), DocQuestion("", "causes?"))
        return len(read_docs([pair_with_context(asked)], reader)[0].lengths)

    return nlp, n_windows


def test_probabilities_are_over_all_windows_together(borders: Any) -> None:
    nlp, n_windows = borders
    qa = get_qa(nlp)
    text = "in " * 8 + "aspirin fever" + " in" * 30
    assert n_windows(text) > 3
    doc = nlp(text)
    before = dict(qa.cfg)
    qa.cfg.update(n_best=10_000)
    try:
        answer = doc._.ask("causes?")
    finally:
        qa.cfg.update(before)
    # Each text once, so a little less than 1.
    assert 0.5 < sum(candidate.score for candidate in answer.candidates) <= 1 + 1e-9
    assert answer.text == "aspirin fever"
