"""Pearson's correlation against a second implementation."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.metrics.correlation import pearson

values = st.integers(-40, 40).map(lambda n: n / 10)


@given(st.lists(st.tuples(values, values), min_size=2, max_size=12), st.randoms())
def test_equals_the_standard_library_in_any_order(pairs: list, order: object) -> None:
    x, y = zip(*pairs, strict=True)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert pearson(x, y) == 0.0
        return
    assert pearson(x, y) == pytest.approx(statistics.correlation(x, y), abs=1e-9)
    order.shuffle(pairs)  # type: ignore[attr-defined]
    shuffled = tuple(zip(*pairs, strict=True))
    assert pearson(*shuffled) == pytest.approx(pearson(x, y), abs=1e-12)
    assert pearson(y, x) == pytest.approx(pearson(x, y), abs=1e-12)
    # A linear change of scale changes nothing, so predictions of 0-1 do for scores of 0-4.
    assert pearson(x, [4 * v + 1 for v in y]) == pytest.approx(pearson(x, y), abs=1e-9)


def test_by_hand() -> None:
    assert pearson([0, 1, 2], [0, 1, 5]) == pytest.approx(5 / math.sqrt(28))
    assert pearson([1, 2], [2, 1]) == -1.0
    # Not quite equal to their mean in floating point.
    assert pearson([0.1] * 3, [0, 1, 2]) == 0.0
    assert pearson([], []) == 0.0
    with pytest.raises(ValueError, match="2 gold and 1 predicted"):
        pearson([1, 2], [1])
