"""Cells that 8 bits would be coarse for are multiplied apart; on a network with one such cell."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spacy_blurb.runtime.outliers import FACTOR, MAX_CELLS, Outliers, find_outliers

WIDTH, INNER, N_PIECES, LARGE = 32, 64, 50, 7
CONFIG = {"num_hidden_layers": 2, "hidden_size": WIDTH, "num_attention_heads": 2}


def make_tensors() -> dict[str, NDArray[np.float32]]:
    """Random weights; in layer 0 a cell is large for the first piece of the vocabulary."""
    generator = np.random.default_rng(0)

    def draw(*shape: int, scale: float = 0.2) -> NDArray[np.float32]:
        return generator.normal(size=shape, scale=scale).astype(np.float32)

    def norm(name: str) -> dict[str, NDArray[np.float32]]:
        return {f"{name}.weight": np.ones(WIDTH, "f4"), f"{name}.bias": np.zeros(WIDTH, "f4")}

    tensors = {
        "embeddings.word_embeddings.weight": draw(N_PIECES, WIDTH, scale=1.0),
        "embeddings.position_embeddings.weight": draw(64, WIDTH, scale=0.1),
        "embeddings.token_type_embeddings.weight": draw(2, WIDTH, scale=0.1),
        **norm("embeddings.LayerNorm"),
    }
    for number in range(CONFIG["num_hidden_layers"]):
        name = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            tensors |= linear(f"{name}.attention.self.{part}", draw(WIDTH, WIDTH))
        tensors |= linear(f"{name}.attention.output.dense", draw(WIDTH, WIDTH, scale=0.01))
        tensors |= norm(f"{name}.attention.output.LayerNorm")
        tensors |= linear(f"{name}.intermediate.dense", draw(INNER, WIDTH))
        tensors |= linear(f"{name}.output.dense", draw(WIDTH, INNER))
        tensors |= norm(f"{name}.output.LayerNorm")
    first = tensors["embeddings.word_embeddings.weight"][0]
    up = tensors["encoder.layer.0.intermediate.dense.weight"]
    up[LARGE] = 3 * (first - first.mean()) / first.std()
    tensors["encoder.layer.0.output.dense.weight"][:, LARGE] *= 0.5
    return tensors


def linear(name: str, weight: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {f"{name}.weight": weight, f"{name}.bias": np.zeros(len(weight), "f4")}


def make_rows(seed: int) -> dict[str, NDArray[np.int32]]:
    """Texts that all begin with the first piece."""
    ids = np.random.default_rng(seed).integers(1, N_PIECES, (16, 24)).astype(np.int32)
    ids[:, 0] = 0
    places = np.broadcast_to(np.arange(24, dtype=np.int32), ids.shape)
    nothing = np.zeros_like(ids)
    return dict(
        zip(
            ("piece_ids", "positions", "type_ids", "owners"),
            (ids, places, nothing, nothing),
            strict=True,
        )
    )


def run(model: Any, rows: dict[str, NDArray[np.int32]]) -> NDArray[np.float32]:
    import openvino

    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", options)
    states: NDArray[np.float32] = compiled(rows)[0]
    return states


def test_the_largest_cells_of_a_layer() -> None:
    values = np.ones(10, "f4")
    values[[3, 5]] = 9, 2
    quiet = np.ones(10, "f4")
    found = find_outliers([quiet, values, quiet[:MAX_CELLS]])
    assert found == {1: Outliers([3, 5, 0, 1], 1.0)}
    values[3] = FACTOR
    values[5] = 1
    assert find_outliers([values]) == {}


def test_they_change_no_result_in_floating_point_numbers() -> None:
    pytest.importorskip("onnx")
    from spacy_blurb.runtime.graph import build_graph, inner_name
    from spacy_blurb.runtime.outliers import measure_inner
    from spacy_blurb.runtime.quantise import _read_graph

    tensors, rows = make_tensors(), make_rows(0)
    plain = _read_graph(build_graph(CONFIG, tensors))
    maxima = measure_inner(plain, [inner_name(0), inner_name(1)], [rows, make_rows(1)])
    assert [len(values) for values in maxima] == [INNER, INNER]
    assert maxima[0].argmax() == LARGE
    found = find_outliers(maxima)
    assert found[0].cells[0] == LARGE
    split = _read_graph(build_graph(CONFIG, tensors, found))
    # Also of texts that have larger cells than those that were measured.
    for seed in (0, 2):
        expected = run(plain, make_rows(seed))
        assert np.abs(run(split, make_rows(seed)) - expected).max() < 1e-2
        assert np.abs(expected).max() > 1


def test_8_bits_are_nearer_with_them() -> None:
    pytest.importorskip("nncf")
    from spacy_blurb.runtime.graph import build_graph, inner_name
    from spacy_blurb.runtime.outliers import measure_inner
    from spacy_blurb.runtime.quantise import _read_graph, quantise_openvino

    tensors, batches, unseen = make_tensors(), [make_rows(n) for n in range(4)], make_rows(9)
    plain = _read_graph(build_graph(CONFIG, tensors))
    found = find_outliers(measure_inner(plain, [inner_name(0), inner_name(1)], batches))
    expected = run(plain, unseen)
    distances = []
    for outliers in ({}, found):
        quantised = quantise_openvino(_read_graph(build_graph(CONFIG, tensors, outliers)), batches)
        distances.append(float(np.abs(run(quantised, unseen) - expected)[:, 1:].mean()))
    assert distances[1] < 0.7 * distances[0], distances
