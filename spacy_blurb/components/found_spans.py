"""From tag scores to spans with probabilities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Token

from .chain import best_sequences, make_chain, span_log_prob, sum_sequences
from .ner_model import TagScores
from .tables import Table
from .tag_losses import log_softmax
from .tags import TokenSpan

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Found:
    """A span that was found in a Doc.

    start, end (int): First token, token behind the last.
    score (float): Probability of its tags, 0-1.
    """

    key: str
    label_set: str
    label: str
    start: int
    end: int
    score: float


def find_spans(
    docs: Sequence[Doc], tables: Sequence[Table], scores: TagScores, temperature: float
) -> list[list[Found]]:
    """Find the spans of the best valid tag sequences, white space cut off their ends.

    The probability of a span is that its tokens have just these tags: by a softmax the product of
    the tags' probabilities, by a CRF the sum over all sequences that hold them.

    scores (TagScores): With numpy arrays.
    temperature (float): All scores are divided by it. It changes probabilities, never the best
        sequence.
    RETURNS (list): Per Doc, in the order of tables and of tokens.
    """
    found: list[list[Found]] = [[] for _ in docs]
    for table in tables:
        logits = [rows[:, table.columns] / temperature for rows in scores.logits]
        if scores.pairs is None:
            spans = _by_token(docs, table, logits)
        else:
            pairs = scores.pairs[table.columns, table.columns] / temperature
            spans = _by_sequence(docs, table, logits, np.asarray(pairs))
        for doc_found, doc_spans in zip(found, spans, strict=True):
            for (start, end, label), score in doc_spans:
                doc_found.append(
                    Found(table.key, table.label_set, table.labels[label], start, end, score)
                )
    return found


def _by_token(
    docs: Sequence[Doc], table: Table, logits: list[Floats]
) -> Iterator[list[tuple[TokenSpan, float]]]:
    ends = np.cumsum([len(rows) for rows in logits])[:-1]
    logs = np.split(log_softmax(np.concatenate(logits)), ends) if logits else []
    # The best tags of all tokens are also the best sequence wherever they are a valid one.
    best = [rows.argmax(axis=1) for rows in logs]
    bad = [i for i, tags in enumerate(best) if not table.tags.is_valid(tags)]
    mended = best_sequences([logs[i] for i in bad], make_chain(table.tags))
    for i, tags in zip(bad, mended, strict=True):
        best[i] = tags
    for doc, rows, tags in zip(docs, logs, best, strict=True):
        spans = _cut_white_space(doc, table.tags.to_spans(tags))
        yield [
            ((start, end, label), _to_prob(rows[np.arange(start, end), tags[start:end]].sum()))
            for start, end, label in spans
        ]


def _by_sequence(
    docs: Sequence[Doc], table: Table, logits: list[Floats], pairs: Floats
) -> Iterator[list[tuple[TokenSpan, float]]]:
    chain = make_chain(table.tags, pairs)
    best, sums = best_sequences(logits, chain), sum_sequences(logits, chain)
    for doc, rows, tags, doc_sums in zip(docs, logits, best, sums, strict=True):
        spans = _cut_white_space(doc, table.tags.to_spans(tags))
        yield [
            (
                (start, end, label),
                _to_prob(span_log_prob(rows, doc_sums, chain, start, tags[start:end])),
            )
            for start, end, label in spans
        ]


def _to_prob(log_prob: float) -> float:
    # Rounding may lift the logarithm of a certain span above 0.
    return float(np.exp(min(log_prob, 0.0)))


def _cut_white_space(doc: Doc, spans: list[TokenSpan]) -> Iterator[TokenSpan]:
    """Shorten spans to tokens with text: what nobody sees has no pieces that speak for its tag."""
    for start, end, label in spans:
        while start < end and _is_invisible(doc[start]):
            start += 1
        while start < end and _is_invisible(doc[end - 1]):
            end -= 1
        if start < end:
            yield start, end, label


def _is_invisible(token: Token) -> bool:
    return bool(token.is_space) or all(category(letter) == "Cf" for letter in token.text)
