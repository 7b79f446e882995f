"""BERT as an ONNX graph on rows of windows, which both backends read.

It computes what `encoder/bert.py` computes (Devlin et al. 2018, arXiv 1810.04805). Query, key and
value stay apart, so that each is quantised with a scale of its own.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..errors import BlurbError, Errors
from .openvino_network import INPUTS
from .outliers import Outliers

OPSET = 20
_IR_VERSION = 9
_HIDDEN = -1e4
"""Added to the score of a cell that may not be seen: its share is 0 in every format, and a row of
cells without a piece is not a division by zero."""
_GELU = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}


APART = "outliers"
"""What the names of products begin with that are to stay floating-point numbers."""


def inner_name(number: int) -> str:
    """Name the node that computes the inner layer of a layer, behind the activation."""
    return f"encoder.layer.{number}.inner"


def build_graph(
    config: dict[str, Any], tensors: dict[str, Any], outliers: Mapping[int, Outliers] | None = None
) -> Any:
    """Build the graph of an encoder.

    config (dict): Hugging Face's `config.json`, as `network.read_config` accepts it.
    tensors (dict): float32 arrays by Hugging Face's names.
    outliers (Mapping[int, Outliers] | None): Cells of inner layers that are multiplied apart, by
        the number of the layer. They change no result but that of a quantised graph.
    RETURNS (onnx.ModelProto): From `INPUTS`, int32 of shape (rows, row width), to `states`, float32
        of shape (rows, row width, hidden width). Cells see those with the same owner in their row.
    """
    graph = _Graph(config, tensors, outliers or {})
    X = graph.embed()
    mask = graph.mask()
    for number in range(config["num_hidden_layers"]):
        X = graph.layer(X, mask, number)
    graph.add("Identity", X, output="states")
    model = helper.make_model(
        graph.finish(),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="spacy-blurb",
    )
    onnx.checker.check_model(model)
    return model


class _Graph:
    """Nodes and weights while they are put together; values are known by their names."""

    def __init__(
        self, config: dict[str, Any], tensors: dict[str, Any], outliers: Mapping[int, Outliers]
    ) -> None:
        self.config = config
        self.tensors = tensors
        self.outliers = outliers
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.width: int = config["hidden_size"]
        self.n_heads: int = config["num_attention_heads"]
        self.eps: float = config.get("layer_norm_eps", 1e-12)

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        name = f"constant_{len(self.weights)}"
        array = np.ascontiguousarray(np.asarray(values, dtype=dtype))
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, name: str, transposed: bool = False) -> str:
        array = self.tensors[name]
        return self.constant(array.T if transposed else array)

    def norm(self, X: str, name: str) -> str:
        weights = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", X, *weights, axis=-1, epsilon=self.eps)

    def linear(self, X: str, name: str) -> str:
        product = self.add("MatMul", X, self.weight(f"{name}.weight", transposed=True))
        return self.add("Add", product, self.weight(f"{name}.bias"))

    def embed(self) -> str:
        tables = {"piece_ids": "word", "positions": "position", "type_ids": "token_type"}
        found = [
            self.add("Gather", self.weight(f"embeddings.{table}_embeddings.weight"), name)
            for name, table in tables.items()
        ]
        total = self.add("Add", self.add("Add", found[0], found[1]), found[2])
        return self.norm(total, "embeddings.LayerNorm")

    def mask(self) -> str:
        """Shape: (rows, 1, row width, row width)."""
        seers, seen = (
            self.add("Unsqueeze", "owners", self.constant(axes, np.int64))
            for axes in ([1, 3], [1, 2])
        )
        same = self.add("Equal", seers, seen)
        return self.add("Where", same, self.constant(0.0), self.constant(_HIDDEN))

    def layer(self, X: str, mask: str, number: int) -> str:
        name = f"encoder.layer.{number}"
        attended = self.linear(self.attend(X, mask, name), f"{name}.attention.output.dense")
        X = self.norm(self.add("Add", attended, X), f"{name}.attention.output.LayerNorm")
        inner = self.activate(self.linear(X, f"{name}.intermediate.dense"), inner_name(number))
        apart = self.outliers.get(number)
        if apart is None:
            output = self.linear(inner, f"{name}.output.dense")
        else:
            # No lower limit: activations are hardly negative.
            cut = self.add("Clip", inner, "", self.constant(apart.limit))
            rest = self.rest(X, name, number, apart)
            output = self.add("Add", self.linear(cut, f"{name}.output.dense"), rest)
        return self.norm(self.add("Add", output, X), f"{name}.output.LayerNorm")

    def rest(self, X: str, name: str, number: int, apart: Outliers) -> str:
        """Multiply what a few cells have above the limit."""
        up, bias, down = (
            self.tensors[f"{name}.{part}"]
            for part in (
                "intermediate.dense.weight",
                "intermediate.dense.bias",
                "output.dense.weight",
            )
        )
        product = self.add(
            "MatMul", X, self.constant(up[apart.cells].T), output=f"{APART}.{number}.up"
        )
        cells = self.activate(self.add("Add", product, self.constant(bias[apart.cells])))
        above = self.add("Relu", self.add("Sub", cells, self.constant(apart.limit)))
        weights = self.constant(down[:, apart.cells].T)
        return self.add("MatMul", above, weights, output=f"{APART}.{number}.down")

    def attend(self, X: str, mask: str, name: str) -> str:
        head_width = self.width // self.n_heads
        split = self.constant([0, 0, self.n_heads, head_width], np.int64)
        orders = {"query": [0, 2, 1, 3], "key": [0, 2, 3, 1], "value": [0, 2, 1, 3]}
        Q, K, V = (
            self.add(
                "Transpose",
                self.add("Reshape", self.linear(X, f"{name}.attention.self.{part}"), split),
                perm=order,
            )
            for part, order in orders.items()
        )
        scale = self.constant(1 / math.sqrt(head_width))
        scores = self.add("Add", self.add("Mul", self.add("MatMul", Q, K), scale), mask)
        mixed = self.add("MatMul", self.add("Softmax", scores, axis=-1), V)
        joined = self.constant([0, 0, self.width], np.int64)
        return self.add("Reshape", self.add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)

    def activate(self, X: str, output: str | None = None) -> str:
        activation = self.config.get("hidden_act", "gelu")
        if activation == "relu":
            return self.add("Relu", X, output=output)
        if activation not in _GELU:
            raise BlurbError(Errors.B307.format(key="hidden_act", found=activation))
        return self.add("Gelu", X, output=output, approximate=_GELU[activation])

    def finish(self) -> Any:
        shape = ["rows", "row_width"]
        inputs = [helper.make_tensor_value_info(n, TensorProto.INT32, shape) for n in INPUTS]
        states = helper.make_tensor_value_info("states", TensorProto.FLOAT, [*shape, self.width])
        return helper.make_graph(self.nodes, "bert", inputs, [states], self.weights)
