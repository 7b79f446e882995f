"""Our metrics beside seqeval, scikit-learn and scipy, where these compute the same."""

import random
import warnings

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from spacy_blurb.metrics.correlation import pearson
from spacy_blurb.metrics.entities import count_matches, entity_scores, scores_per_label
from spacy_blurb.metrics.labels import count_labels, label_scores
from spacy_blurb.metrics.words import WordSpans, count_words, macro_word_f1

LABELS = ("X", "Y", "Z")


def random_tags(rng: random.Random, n_words: int) -> list[str]:
    """Valid BIO tags."""
    tags: list[str] = []
    while len(tags) < n_words:
        if rng.random() < 0.5:
            tags.append("O")
            continue
        label = rng.choice(LABELS)
        tags += [f"B-{label}", *[f"I-{label}"] * rng.randrange(3)]
    return tags[:n_words]


def to_spans(tags: list[str]) -> list[tuple[int, int, str]]:
    """Read BIO tags; each word has three characters and a blank."""
    spans: list[tuple[int, int, str]] = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append((4 * i, 4 * i + 3, tag[2:]))
        elif tag.startswith("I-"):
            start, _, label = spans[-1]
            spans[-1] = (start, 4 * i + 3, label)
    return spans


@pytest.mark.parametrize("seed", range(20))
def test_entity_f1_is_seqevals(seed: int) -> None:
    rng = random.Random(seed)
    gold = [random_tags(rng, rng.randrange(1, 15)) for _ in range(6)]
    predicted = [tags if rng.random() < 0.4 else random_tags(rng, len(tags)) for tags in gold]
    pairs = [(to_spans(g), to_spans(p)) for g, p in zip(gold, predicted, strict=True)]
    ours = entity_scores([count_matches(*pair) for pair in pairs])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
        report = classification_report(gold, predicted, output_dict=True, **settings)
    micro = report["micro avg"]
    assert [ours.precision, ours.recall, ours.f1] == pytest.approx(
        [micro["precision"], micro["recall"], micro["f1-score"]]
    )
    for label, scores in scores_per_label(pairs).items():
        assert scores.f1 == pytest.approx(report[label]["f1-score"])
        assert scores.gold == report[label]["support"]


@pytest.mark.parametrize("seed", range(20))
def test_label_f1_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold, predicted = rng.integers(0, 2, size=(2, 12, 3))
    sides = [
        tuple({label for label, given in zip(LABELS, row, strict=True) if given} for row in rows)
        for rows in zip(gold, predicted, strict=True)
    ]
    ours = entity_scores([count_labels(*pair) for pair in sides])
    expected = sklearn.metrics.precision_recall_fscore_support(
        gold, predicted, average="micro", zero_division=0
    )
    assert [ours.precision, ours.recall, ours.f1] == pytest.approx(expected[:3])
    single = sklearn.metrics.f1_score(gold, predicted, average=None, zero_division=0)
    found = label_scores(sides, LABELS)
    assert [found[label].f1 for label in LABELS] == pytest.approx(list(single))


@pytest.mark.parametrize("seed", range(20))
def test_macro_word_f1_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold, predicted = rng.integers(0, 2, size=(2, 30, 3))
    words = [(4 * i, 4 * i + 3) for i in range(30)]

    def to_word_spans(rows: np.ndarray) -> list[tuple[int, int, str]]:
        return [(*words[i], LABELS[j]) for i, j in np.argwhere(rows)]

    document = WordSpans(words, to_word_spans(gold), to_word_spans(predicted))
    expected = sklearn.metrics.f1_score(gold, predicted, average="macro", zero_division=0)
    assert macro_word_f1([count_words(document, LABELS)]) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(20))
def test_correlation_is_scipys(seed: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 20))
    assert pearson(x, x + 2 * y) == pytest.approx(scipy.stats.pearsonr(x, x + 2 * y).statistic)
