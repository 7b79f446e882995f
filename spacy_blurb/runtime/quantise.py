"""From an encoder with torch weights to a network of each backend; what only `export` needs."""

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoder.packing import pack
from ..encoder.pieces import DocPieces, join
from ..errors import BlurbError, Errors
from .backend_imports import import_failed
from .encoder import BUDGET, Backend, Network, fill_cells
from .onnx_network import OnnxNetwork
from .openvino_network import INPUTS, OpenVinoNetwork
from .outliers import Outliers, find_outliers, measure_inner

MAX_CALIBRATION_CELLS = 200 * BUDGET
"""Ranges of activations hardly change with more text, and the time grows."""


def make_network(
    backend: Backend,
    config: dict[str, Any],
    tensors: dict[str, Any],
    pieces: Sequence[DocPieces],
    **settings: Any,
) -> Network:
    """Make the network of a backend.

    config, tensors (dict): See `graph.build_graph`.
    pieces (Sequence[DocPieces]): Of the calibration texts; used by "openvino-int8" only.
    settings (dict): Of the network.
    RAISES (BlurbError): B703 a package is missing, B707 it does not work, B720 no calibration text.
    """
    if backend == "openvino-int8" and not pieces:
        raise BlurbError(Errors.B720.format(backend=backend))
    try:
        from .graph import build_graph

        graph = build_graph(config, tensors)
        if backend == "onnx-int8":
            return OnnxNetwork(quantise_onnx(graph), **settings)
        model = _read_graph(graph)
        if backend == "openvino-int8":
            batches = list(calibration_rows(pieces))
            outliers = _find_outliers(config, model, batches)
            model = quantise_openvino(_read_graph(build_graph(config, tensors, outliers)), batches)
    except ImportError as error:
        package = error.name or ("onnx" if backend == "onnx-int8" else "openvino or nncf")
        raise import_failed(error, package=package, extra="export") from error
    return OpenVinoNetwork(model, **settings)


def _read_graph(graph: Any) -> Any:
    """Read a graph into OpenVINO; weights are stored as float16."""
    import openvino

    core = openvino.Core()
    model = core.read_model(graph.SerializeToString())
    with tempfile.TemporaryDirectory(prefix="spacy-blurb-") as folder:
        path = Path(folder, "network.xml")
        openvino.save_model(model, path, compress_to_fp16=True)
        return core.read_model(path.read_bytes(), path.with_suffix(".bin").read_bytes())


def _find_outliers(
    config: dict[str, Any], model: Any, batches: list[dict[str, NDArray[np.int32]]]
) -> dict[int, Outliers]:
    from .graph import inner_name

    names = [inner_name(number) for number in range(config["num_hidden_layers"])]
    return find_outliers(measure_inner(model, names, batches))


def quantise_openvino(model: Any, batches: list[dict[str, NDArray[np.int32]]]) -> Any:
    """Quantise a network's multiplications to 8 bits, with ranges taken from batches of rows.

    Weights have a scale per column, activations one per place, smoothed (SmoothQuant, Xiao et al.
    2022, arXiv 2211.10438): nncf's settings for transformers. Products of `outliers` stay as they
    are.
    """
    from .graph import APART

    # Nothing is reported to nncf's makers behind the user's back.
    os.environ.setdefault("NNCF_CI", "1")
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf.quantize(
        model,
        nncf.Dataset(batches),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(batches),
        # Encoders without such cells have none of them.
        ignored_scope=nncf.IgnoredScope(patterns=[rf"{APART}\..*"], validate=False),
    )


def quantise_onnx(graph: Any) -> bytes:
    """Quantise the weights of a graph to 8 bits per column; activations when they are computed."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory(prefix="spacy-blurb-") as folder:
        source, target = Path(folder, "source.onnx"), Path(folder, "target.onnx")
        source.write_bytes(graph.SerializeToString())
        quantize_dynamic(
            source, target, op_types_to_quantize=["MatMul"], per_channel=True,
            weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        return target.read_bytes()


def calibration_rows(pieces: Sequence[DocPieces]) -> Iterator[dict[str, NDArray[np.int32]]]:
    """Yield what a network reads of texts: all, or some of all lengths, from first to last.

    They have about `MAX_CALIBRATION_CELLS` at most.
    """
    n_pieces = sum(len(text.piece_ids) for text in pieces)
    piece_ids, type_ids, _, lengths = join(pieces[:: 1 + n_pieces // MAX_CALIBRATION_CELLS])
    for batch in pack(lengths, BUDGET):
        cells = fill_cells(batch, piece_ids, type_ids)
        for group in batch.groups:
            end = group.start + group.n_rows * group.width
            rows = cells[:, group.start : end].reshape(4, group.n_rows, group.width)
            yield dict(zip(INPUTS, rows, strict=True))
