"""Best sequences and sums over sequences, against a list of all sequences."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_blurb.components.chain import (
    Chain,
    best_sequences,
    make_chain,
    pair_counts,
    span_log_prob,
    sum_sequences,
)
from spacy_blurb.components.tag_losses import log_softmax, sequence_loss, token_loss
from spacy_blurb.components.tags import UNKNOWN, Tags

SCHEMES = ["IO", "BIO", "BIOUL"]


@st.composite
def batches(draw: st.DrawFn) -> tuple[Tags, list[NDArray], Chain]:
    """Up to three texts of up to four tokens, in any order of lengths, empty ones included."""
    scheme, n_labels = draw(st.sampled_from([("IO", 2), ("BIO", 1), ("BIO", 2), ("BIOUL", 1)]))
    tags = Tags(scheme, n_labels)
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    lengths = draw(st.lists(st.integers(0, 4), max_size=3))
    scale = draw(st.sampled_from([0.0, 1.0, 5.0]))
    tables = [scale * rng.normal(size=(length, tags.size)) for length in lengths]
    return tags, tables, make_chain(tags, scale * rng.normal(size=(tags.size, tags.size)))


def valid_sequences(tags: Tags, length: int) -> list[tuple[int, ...]]:
    rows = product(range(tags.size), repeat=length)
    return [row for row in rows if tags.is_valid(np.array(row, dtype=np.intp))]


def score(table: NDArray, chain: Chain, sequence: tuple[int, ...]) -> float:
    own = sum(table[position, tag] for position, tag in enumerate(sequence))
    return own + sum(chain.pairs[pair] for pair in pairwise(sequence))


@given(batches())
def test_best_sequence_is_that_of_the_list(case: tuple) -> None:
    tags, tables, chain = case
    found = best_sequences(tables, chain)
    assert [len(row) for row in found] == [len(table) for table in tables]
    for table, row in zip(tables, found, strict=True):
        assert tags.is_valid(row)
        best = max(score(table, chain, other) for other in valid_sequences(tags, len(table)))
        assert score(table, chain, tuple(row.tolist())) == pytest.approx(best)


@given(batches())
def test_sums_are_those_of_the_list(case: tuple) -> None:
    tags, tables, chain = case
    for table, sums in zip(tables, sum_sequences(tables, chain), strict=True):
        sequences = valid_sequences(tags, len(table))
        scores = np.array([score(table, chain, sequence) for sequence in sequences])
        total = np.log(np.exp(scores - scores.max()).sum()) + scores.max()
        assert sums.total == pytest.approx(total)
        probs = np.exp(scores - total)
        marginals = np.zeros(table.shape)
        counts = np.zeros((tags.size, tags.size))
        for sequence, prob in zip(sequences, probs, strict=True):
            marginals[np.arange(len(sequence)), list(sequence)] += prob
            for pair in pairwise(sequence):
                counts[pair] += prob
        np.testing.assert_allclose(sums.tag_probs(), marginals, atol=1e-9)
        np.testing.assert_allclose(pair_counts(table, sums, chain), counts, atol=1e-9)
        for start in range(len(table)):
            for end in range(start + 1, len(table) + 1):
                part = sequences[len(sequences) // 2][start:end]
                same = [s[start:end] == part for s in sequences]
                found = span_log_prob(table, sums, chain, start, np.array(part))
                assert np.exp(found) == pytest.approx(probs[same].sum())


@given(batches(), st.integers(0, 1000))
def test_sequence_loss_is_that_of_the_list(case: tuple, seed: int) -> None:
    """Of texts with unknown tags: minus the log of the probability of all that agree."""
    tags, tables, chain = case
    rng = np.random.default_rng(seed)
    expected, targets = 0.0, []
    for table in tables:
        sequences = valid_sequences(tags, len(table))
        target = np.array(sequences[rng.integers(len(sequences))], dtype=np.intp)
        target[rng.random(len(target)) < 0.4] = UNKNOWN
        known = np.flatnonzero(target != UNKNOWN)
        scores = np.exp([score(table, chain, sequence) for sequence in sequences])
        agreeing = [all(s[i] == target[i] for i in known) for s in sequences]
        expected -= np.log(scores[agreeing].sum() / scores.sum())
        targets.append(target)
    loss, gradients, d_pairs = sequence_loss(tables, targets, chain)
    assert loss == pytest.approx(expected, abs=1e-8)
    for target, gradient in zip(targets, gradients, strict=True):
        if (target == UNKNOWN).all():
            np.testing.assert_allclose(gradient, 0.0, atol=1e-9)
    assert not d_pairs[~tags.allowed].any()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_sequence_gradients_are_finite_differences(scheme: str) -> None:
    tags = Tags(scheme, 1)
    rng = np.random.default_rng(0)
    tables = [rng.normal(size=(length, tags.size)) for length in (3, 0, 4, 1)]
    pairs = rng.normal(size=(tags.size, tags.size))
    targets = [
        tags.encode(len(table), [(0, len(table), 0)] if len(table) else []) for table in tables
    ]
    targets[2][1:3] = UNKNOWN

    def loss() -> float:
        return sequence_loss(tables, targets, make_chain(tags, pairs))[0]

    _, gradients, d_pairs = sequence_loss(tables, targets, make_chain(tags, pairs))
    for values, gradient in [*zip(tables, gradients, strict=True), (pairs, d_pairs)]:
        for index in np.ndindex(*values.shape):
            losses = []
            for step in (1e-5, -2e-5):
                values[index] += step
                losses.append(loss())
            values[index] += 1e-5
            assert gradient[index] == pytest.approx((losses[0] - losses[1]) / 2e-5, abs=1e-6)


def test_without_pair_scores_a_chain_of_free_tags_is_the_softmax() -> None:
    """Under IO every sequence is valid, so that tokens are independent."""
    tags = Tags("IO", 2)
    rng = np.random.default_rng(1)
    table, target = rng.normal(size=(5, 3)), np.array([0, 2, UNKNOWN, 1, 1])
    (sums,) = sum_sequences([table], make_chain(tags))
    np.testing.assert_allclose(sums.tag_probs(), np.exp(log_softmax(table)))
    loss, gradient = token_loss(table, target)
    chain_loss, (chain_gradient,), _ = sequence_loss([table], [target], make_chain(tags))
    assert chain_loss == pytest.approx(loss)
    np.testing.assert_allclose(chain_gradient, gradient, atol=1e-12)


def test_rules_overrule_the_best_tag_of_a_token() -> None:
    # I first is most probable but not valid: O I is no entity, B I costs 0.3 · 0.6, O O 0.6 · 0.3.
    chain = make_chain(Tags("BIO", 1))
    logs = np.log([[0.5, 0.3, 0.2], [0.3, 0.1, 0.6]])
    assert best_sequences([logs], chain)[0].tolist() == [1, 2]
    logs[0] = np.log([0.65, 0.3, 0.05])
    assert best_sequences([logs], chain)[0].tolist() == [0, 0]


def test_long_texts_neither_overflow_nor_slip() -> None:
    tags = Tags("BIOUL", 3)
    rng = np.random.default_rng(0)
    table = 30 * rng.normal(size=(2000, tags.size))
    (sums,) = sum_sequences([table], make_chain(tags))
    np.testing.assert_allclose(sums.tag_probs().sum(axis=1), 1.0, atol=1e-6)
