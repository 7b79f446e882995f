"""Answers that stand in the text: probabilities over all spans of all windows together.

A span is scored by the sum of "begins here" at its first token and "ends here" at its last one;
"no answer", where the component knows it, by the two numbers of `[CLS]`. One softmax over all spans
that are short enough, wherever they stand, makes them probabilities, in training too. So spans of
different windows of a long text compete (Clark and Gardner 2018, arXiv 1710.10723, call it shared
normalisation), a span may lie across the border of two windows, and a probability means what it
says: two softmaxes over tokens give most of their product to impossible spans.
"""

import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..annotations import AnswerKind, gold_kind
from .answer_kinds import Logits, Row
from .question_docs import Asked, pair_with_context

_PLACES = 20
"""Spans that are looked at for each answer that is wanted; equal texts count once."""


class SpanKind:
    """A span of the text, by one pair of question and text."""

    name: AnswerKind = "spans"

    def __init__(self, name: str, cfg: dict[str, Any]) -> None:
        """See `LabelKind`."""
        self._cfg = cfg

    def teaches(self, asked: Asked) -> bool:
        """Tell whether the answer is in the text and short enough, or "no answer" is known."""
        return (
            gold_kind(asked.question) == self.name
            and self._has_text(asked)
            and bool(self._gold(asked) or self._is_gold_null(asked))
        )

    def pairs(self, asked: Asked) -> list[Any]:
        """Make the pair of question and text; none for a text without words."""
        return [pair_with_context(asked)] if self._has_text(asked) else []

    def rank(self, asked: Asked, logits: Logits) -> list[Row]:
        """Return the `n_best` most probable spans with different texts, and "no answer" among them.

        Spans whose texts differ in case only count once, by the most probable place.
        """
        scores, null = self._scores(asked, logits)
        # Longer spans first: tokens that share a piece have one vector, so of equal spans the one
        # that has the whole piece is meant.
        probs = np.append(scores[:, ::-1].ravel(), null) / self._cfg["temperature"]
        probs = np.exp(probs - probs.max())
        probs /= probs.sum()
        n_best, width, context = int(self._cfg["n_best"]), scores.shape[1], asked.context
        places = _largest(probs[:-1], n_best * _PLACES)
        rows = [("", float(probs[-1]), -1, -1)] if self._cfg["no_answer"] else []
        seen: set[str] = set()
        for place in places:
            first = place // width
            span = context[first : first + width - place % width]
            if span.text.lower() in seen or probs[place] == 0:
                continue
            seen.add(span.text.lower())
            rows.append(("", float(probs[place]), span.start_char, span.end_char))
            if len(seen) == n_best:
                break
        return sorted(rows, key=lambda row: -row[1])

    def compare(self, asked: Asked, logits: Logits) -> tuple[float, list[NDArray[Any]]]:
        """Compute -log of the probability of all gold spans together, or of "no answer"."""
        scores, null = self._scores(asked, logits)
        gold = np.full(scores.shape, -np.inf)
        spans = self._gold(asked)
        for first, last in spans:
            gold[first, last - first] = scores[first, last - first]
        gold_null = -np.inf if spans else null
        total, right = _log_sum(scores, null), _log_sum(gold, gold_null)
        d_scores = np.exp(scores - total) - np.exp(gold - right)
        d_null = np.exp(null - total) - np.exp(gold_null - right)
        gradient = np.zeros_like(logits[0])
        gradient[0] = d_null
        n = len(scores)
        gradient[len(gradient) - n :, 0] = d_scores.sum(axis=1)
        ends = np.arange(n)[:, None] + np.arange(scores.shape[1])
        d_ends = np.bincount(ends.ravel(), weights=d_scores.ravel())[:n]
        gradient[len(gradient) - n :, 1] = d_ends
        return total - right, [gradient]

    def _scores(self, asked: Asked, logits: Logits) -> tuple[NDArray[Any], Any]:
        """Return the score of every span and that of "no answer", -inf where it cannot be.

        RETURNS (tuple): Shape (tokens, longest span): first token, and tokens behind it.
        """
        words = _are_words(asked)
        n = len(words)
        width = min(int(self._cfg["max_answer_tokens"]), n)
        begins, ends = logits[0][-n:].T
        lasts = np.arange(n)[:, None] + np.arange(width)
        inside = np.minimum(lasts, n - 1)
        possible = (lasts < n) & words[:, None] & words[inside]
        scores = np.where(possible, begins[:, None] + ends[inside], -np.inf)
        return scores, logits[0][0].sum() if self._cfg["no_answer"] else -np.inf

    def _gold(self, asked: Asked) -> list[tuple[int, int]]:
        """First and last token of every gold answer that a span can be."""
        words, spans = _are_words(asked), set()
        for offset, text in asked.question.answers:
            if offset < 0 or not text:
                continue
            # A part of a token is better learned as the token than not at all.
            span = asked.doc.char_span(offset, offset + len(text), alignment_mode="expand")
            inside = [] if span is None else [i for i in range(span.start, span.end) if words[i]]
            if inside and inside[-1] - inside[0] < self._cfg["max_answer_tokens"]:
                spans.add((inside[0], inside[-1]))
        return sorted(spans)

    def _is_gold_null(self, asked: Asked) -> bool:
        answers, words = asked.question.answers, asked.doc.text.lower()
        # One that stands in the text after all, though nobody knows where, teaches nothing; in any
        # case, as answers are scored.
        there = any(text and (offset >= 0 or text.lower() in words) for offset, text in answers)
        return self._cfg["no_answer"] and bool(answers) and not there

    def _has_text(self, asked: Asked) -> bool:
        return not asked.is_blank and any(_is_word(token.text) for token in asked.context)


def _are_words(asked: Asked) -> NDArray[np.bool_]:
    """Tell for each token of the text whether an answer may begin or end with it."""
    return np.array([_is_word(token.text) for token in asked.context], dtype=bool)


def _is_word(text: str) -> bool:
    """Tell whether a token has something to read.

    White space has not, nor have lone accents, format characters such as U+200B, and U+FFFD: the
    encoder has no piece for them, so that their score would be 0 and not the head's.
    """
    return text.isalnum() or any(
        unicodedata.category(letter)[0] not in "CZM" and letter != "\ufffd" for letter in text
    )


def _largest(values: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Return the places of the largest values, the largest first, earlier ones of equal ones."""
    if count < len(values):
        # All that are as large as the last one that is taken, so that the choice is by place.
        least = np.partition(values, -count)[-count]
        places = np.flatnonzero(values >= least)
    else:
        places = np.arange(len(values))
    return places[np.argsort(-values[places], kind="stable")][:count]


def _log_sum(scores: NDArray[Any], null: float) -> float:
    highest = max(float(scores.max()), float(null))
    total = np.exp(scores - highest).sum() + np.exp(null - highest)
    return highest + float(np.log(total))
