"""The rows that extractive answers are scored on are those of the two simpler poolings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language

from spacy_blurb.encoder.pooling import average_pieces, average_starts, starts_and_pieces

TEXTS = ["fever in rats", "", "aspirin causes fever, fever, fever in rats", " "]


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_rows_and_gradients(
    make_encoder: Callable[..., Language], uneven_encoder: Path, factor: float
) -> None:
    nlp = make_encoder(uneven_encoder, window=8, overlap=1)
    datas = [doc._.trf_data for doc in nlp.pipe(TEXTS)]
    rows, backprop = starts_and_pieces(factor)(datas, True)
    starts, to_starts = average_starts(factor)(datas, True)
    pieces, to_pieces = average_pieces(factor)(datas, True)
    assert [len(doc_rows) for doc_rows in rows] == [4, 1, 10, 2]
    for doc_rows, start, tokens in zip(rows, starts, pieces, strict=True):
        np.testing.assert_array_equal(doc_rows[0], start)
        if len(tokens):
            np.testing.assert_array_equal(doc_rows[1:], tokens)
    generator = np.random.default_rng(0)
    d_rows = [generator.normal(size=doc_rows.shape).astype("f") for doc_rows in rows]
    found = backprop(d_rows)
    one = to_starts(np.stack([d_doc[0] for d_doc in d_rows]))
    other = to_pieces([d_doc[1:] for d_doc in d_rows])
    # A Doc without tokens has no output and gets no gradient.
    assert len(found) == len(one) == len(other) == 3
    for gradient, first, second in zip(found, one, other, strict=True):
        expected = first.tensors[0] + second.tensors[0]
        np.testing.assert_array_equal(gradient.tensors[0], expected)
