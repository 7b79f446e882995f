"""BERT's forward pass on rows of windows (Devlin et al. 2018, arXiv 1810.04805).

Only what computes: weights come from `weights.py`, rows from `packing.py`. Everything but attention
is computed on all cells at once, shape (cells, width).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, relu, scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from .dropout import Dropout
from .packing import Batch, Group

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": gelu,
    "gelu_new": partial(gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(gelu, approximate="tanh"),
    "relu": relu,
}

_KEPT = 1 << 26
"""Entries of a layer's attention (rows x heads x row width x row width) up to which they are kept
for backpropagation. It takes about 7 bytes for each, in every layer."""


@dataclass(frozen=True, slots=True)
class BertConfig:
    """The sizes of an encoder; names are ours, `weights.read_config` knows Hugging Face's."""

    n_pieces: int
    n_positions: int
    n_types: int
    hidden_width: int
    n_layers: int
    n_heads: int
    inner_width: int
    activation: str
    norm_eps: float
    hidden_dropout: float
    attention_dropout: float


class Embeddings(nn.Module):
    """Sum of a piece's, its position's and its segment's vector."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.pieces = nn.Embedding(config.n_pieces, config.hidden_width)
        self.positions = nn.Embedding(config.n_positions, config.hidden_width)
        self.types = nn.Embedding(config.n_types, config.hidden_width)
        self.norm = nn.LayerNorm(config.hidden_width, eps=config.norm_eps)
        self.dropout = Dropout(config.hidden_dropout)

    def forward(self, piece_ids: Tensor, positions: Tensor, type_ids: Tensor) -> Tensor:
        """Shape: (cells,) each → (cells, width)."""
        X = self.pieces(piece_ids) + self.positions(positions) + self.types(type_ids)
        return self.dropout(self.norm(X))


class Layer(nn.Module):
    """Attention and a feed-forward network, each with a residual connection and a norm behind it.

    The linear weights may have a narrower format than the norms: what is added up keeps theirs.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width = config.hidden_width
        self.n_heads = config.n_heads
        self.attention_dropout = Dropout(config.attention_dropout)
        # Query, key and value in one multiplication.
        self.qkv = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.attended_norm = nn.LayerNorm(width, eps=config.norm_eps)
        self.inner = nn.Linear(width, config.inner_width)
        self.output = nn.Linear(config.inner_width, width)
        self.output_norm = nn.LayerNorm(width, eps=config.norm_eps)
        self.dropout = Dropout(config.hidden_dropout)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, X: Tensor, groups: list[tuple[Group, Tensor | None]]) -> Tensor:
        """Shape: (cells, width) → (cells, width)."""
        qkv = self.qkv(X.to(self.qkv.weight.dtype))
        attended = [self._attend(qkv, group, mask) for group, mask in groups]
        if in_no_row := len(X) - sum(len(rows) for rows in attended):
            attended.append(qkv.new_zeros((in_no_row, X.shape[1])))
        mixed = self.attended(attended[0] if len(attended) == 1 else torch.cat(attended))
        X = self.attended_norm(self.dropout(mixed).to(X.dtype) + X)
        inner = self.activation(self.inner(X.to(self.inner.weight.dtype)))
        return self.output_norm(self.dropout(self.output(inner)).to(X.dtype) + X)

    def _attend(self, qkv: Tensor, group: Group, mask: Tensor | None) -> Tensor:
        """Let the cells of each row of a group look at each other.

        qkv: Of all cells, shape (cells, 3 * width).
        mask: 0 where a cell may look and minus infinity elsewhere, broadcast to shape
            (rows, heads, row width, row width).
        Shape of the result: (cells of the group, width).
        """
        cells = group.n_rows * group.width
        rows = qkv[group.start : group.start + cells]
        rows = rows.view(group.n_rows, group.width, 3, self.n_heads, -1)
        if self.training and self.attention_dropout.p:
            attended = self._attend_and_forget(rows, mask)[: group.n_rows]
        else:
            Q, K, V = rows.permute(2, 0, 3, 1, 4)
            attended = scaled_dot_product_attention(Q, K, V, attn_mask=mask)
        return attended.transpose(1, 2).reshape(cells, -1)

    def _attend_and_forget(self, rows: Tensor, mask: Tensor | None) -> Tensor:
        """Attend with dropout; of many wide rows, backpropagation computes what it needs once more.

        A batch of full texts has hundreds of windows: kept for all layers, their probabilities, and
        what dropout did to them, would take more memory than a machine has. Up to `_KEPT` they are
        kept, which is faster.
        """
        if len(rows) * self.n_heads * rows.shape[1] ** 2 <= _KEPT:
            return self._attend_with_dropout(rows, mask)
        return checkpoint(self._attend_with_dropout, rows, mask, use_reentrant=False)

    def _attend_with_dropout(self, rows: Tensor, mask: Tensor | None) -> Tensor:
        """torch's fused kernel for CPUs knows no dropout.

        rows: Shape (rows, row width, 3, heads, head width).
        Shape of the result: (rows and added ones, heads, row width, head width).
        """
        added = _round_rows(len(rows)) - len(rows)
        rows = pad(rows, (0, 0) * 4 + (0, added))
        if mask is not None and len(mask) > 1:
            mask = pad(mask, (0, 0) * 3 + (0, added))
        Q, K, V = rows.permute(2, 0, 3, 1, 4)
        scores = (Q / math.sqrt(Q.shape[-1])) @ K.transpose(-1, -2)
        if mask is not None:
            scores += mask
        return self.attention_dropout(scores.softmax(-1)) @ V


def _round_rows(n_rows: int) -> int:
    """Return the next of 1, 2, 3, 4, 6, 8, 12 …: kernels are made for the number and kept."""
    power = 1 << (n_rows - 1).bit_length()
    return power * 3 // 4 if power > 2 and n_rows <= power * 3 // 4 else power


class Bert(nn.Module):
    """BERT without a head: pieces in, one vector per piece out."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layers))

    def forward(self, batch: Batch, piece_ids: Any, type_ids: Any) -> Tensor:
        """Compute the vectors of a batch.

        piece_ids, type_ids (ndarray): Of all windows laid end to end, shape (all pieces,).
        RETURNS (Tensor): Shape (cells, width); those of `batch.cells` are the pieces' vectors.
        """
        device = self.embeddings.norm.weight.device
        inputs = torch.zeros((3, len(batch.owners)), dtype=torch.long)
        numpy_inputs = inputs.numpy()
        numpy_inputs[0, batch.cells] = piece_ids[batch.pieces]
        numpy_inputs[1, batch.cells] = batch.positions
        numpy_inputs[2, batch.cells] = type_ids[batch.pieces]
        X = self.embeddings(*inputs.to(device))
        dtype = self.layers[0].qkv.weight.dtype if len(self.layers) else X.dtype
        owners = torch.from_numpy(batch.owners).to(device)
        groups = [(group, _build_mask(group, owners, dtype)) for group in batch.groups]
        for layer in self.layers:
            X = layer(X, groups)
        return X


def _build_mask(group: Group, owners: Tensor, dtype: torch.dtype) -> Tensor | None:
    """Let cells see the cells of their own window only; None where a row is one window."""
    if group.full and not group.shared:
        return None
    rows = owners[group.start : group.start + group.n_rows * group.width]
    rows = rows.view(group.n_rows, 1, 1, group.width)
    # Cells without a piece see each other or all; nobody reads them.
    hidden = rows != rows.transpose(-1, -2) if group.shared else rows < 0
    mask = torch.zeros(hidden.shape, dtype=dtype, device=owners.device)
    return mask.masked_fill_(hidden, -math.inf)
