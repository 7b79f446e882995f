"""Which cells of an encoder's inner layers are so large that 8 bits would be coarse for all others?

In encoders of BERT's kind one cell of an inner layer can be many times as large as all others, for
one piece of each text, `[CLS]` or `[SEP]` (Sun et al. 2024, arXiv 2402.17762). A scale of 8 bits
that reaches so far has few steps left for the rest. So the inner layer is cut at a limit, and what
some cells have above it is multiplied apart in floating-point numbers, as in LLM.int8() (Dettmers
et al. 2022, arXiv 2208.07339): four columns of 1,536 cost next to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .processor import count_threads

MAX_CELLS = 4
"""Cells of a layer that are multiplied apart."""
FACTOR = 1.5
"""By which the largest cell has to be above the limit: for less it is not worth it."""


@dataclass(frozen=True)
class Outliers:
    """Cells of one inner layer that may be above a limit.

    cells (list[int]): Their positions in the layer.
    limit (float): At which the layer is cut; the maximum of the largest cell that is not in
        `cells`.
    """

    cells: list[int]
    limit: float


def find_outliers(maxima: Sequence[NDArray[np.float32]]) -> dict[int, Outliers]:
    """Choose the cells of each layer that are to be multiplied apart.

    maxima (Sequence[ndarray]): Of each layer, the largest value that each cell of its inner layer
        had, behind the activation. Shape of each: (intermediate width,)
    RETURNS (dict[int, Outliers]): By the number of the layer; layers without such cells are not
        in it.
    """
    found = {}
    for number, values in enumerate(maxima):
        order = np.argsort(-values, kind="stable")
        if len(order) <= MAX_CELLS:
            continue
        limit = float(values[order[MAX_CELLS]])
        if values[order[0]] > FACTOR * limit > 0:
            found[number] = Outliers(order[:MAX_CELLS].tolist(), limit)
    return found


def measure_inner(
    model: Any, names: Sequence[str], batches: Sequence[dict[str, NDArray[np.int32]]]
) -> list[NDArray[np.float32]]:
    """Measure how large the cells of inner layers become.

    model (openvino.Model): Not quantised; left as it is.
    names (Sequence[str]): Of the nodes that compute the inner layers, see `graph.inner_name`.
    batches (Sequence[dict]): Rows of the calibration texts.
    RETURNS (list[ndarray]): Of each layer, the maximum of each cell. Shape of each:
        (intermediate width,)
    """
    import openvino

    nodes = {node.get_friendly_name(): node for node in model.get_ops()}
    outputs = [nodes[name].output(0) for name in names]
    shortened = openvino.Model(outputs, model.get_parameters(), "inner")
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": count_threads(None)}
    request = openvino.Core().compile_model(shortened, "CPU", options).create_infer_request()
    maxima: list[NDArray[np.float32]] = []
    for batch in batches:
        answer = request.infer(batch)
        now = [answer[n].max(axis=(0, 1)) for n in range(len(names))]
        maxima = [np.maximum(*pair) for pair in zip(maxima, now, strict=True)] if maxima else now
    return maxima
