"""How well is unseen text predicted? The held-out loss, and the baseline it has to beat."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..errors import BlurbError, Errors
from .config import ObjectiveConfig
from .model import RowModel
from .rows import Rows
from .shards import PieceStream
from .trainer import make_batch
from .vocab import Pieces

ROWS_AT_ONCE = 32  # of any seq_len: small enough for any memory
PIECES_AT_ONCE = 1 << 22
# Masks of the held-out text are the same in every run, so that losses of runs can be compared.
HELD_OUT_SEED = 0


def held_out_batches(
    rows: Rows, pieces: Pieces, objective: ObjectiveConfig
) -> Iterator[dict[str, Tensor]]:
    """Yield the held-out rows, always with the same masks.

    rows (Rows): The held-out split.
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): What is masked.
    YIELDS (dict[str, Tensor]): The inputs of `RowModel.forward`.
    """
    for start in range(0, len(rows), ROWS_AT_ONCE):
        numbers = range(start, min(start + ROWS_AT_ONCE, len(rows)))
        keys = [(HELD_OUT_SEED, 0, number) for number in numbers]
        yield make_batch(rows, numbers, keys, pieces, objective)


def unigram_loss(
    train: PieceStream, held_out: Rows, pieces: Pieces, objective: ObjectiveConfig
) -> float:
    """Compute the loss of a model that knows piece frequencies and nothing else.

    train (PieceStream): Training text, which gives the frequencies.
    held_out (Rows): Rows to predict.
    pieces (Pieces): The vocabulary; special pieces get no probability.
    objective (ObjectiveConfig): What is masked.
    RETURNS (float): Mean cross-entropy in nats over the masked places, frequencies add-one.
    RAISES (BlurbError): B230 no place can be masked.
    """
    counts = np.zeros(len(pieces.is_special), dtype=np.int64)
    for start in range(0, len(train), PIECES_AT_ONCE):
        part = train.pieces(start, min(start + PIECES_AT_ONCE, len(train)))
        counts += np.bincount(part, minlength=len(counts))
    counts += 1
    counts[pieces.is_special] = 0
    with np.errstate(divide="ignore"):  # special pieces are no targets
        losses = np.log(counts.sum()) - np.log(counts)
    batches = held_out_batches(held_out, pieces, objective)
    targets = np.concatenate([batch["targets"].numpy() for batch in batches])
    if not len(targets):
        raise BlurbError(Errors.B230)
    return float(losses[targets].mean())


def model_losses(
    model: RowModel, held_out: Rows, pieces: Pieces, objective: ObjectiveConfig, bf16: bool
) -> dict[str, float]:
    """Compute the model's losses on the held-out text, without dropout.

    model (RowModel): The model; goes back to its mode afterwards.
    held_out (Rows): Rows to predict.
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): What is masked.
    bf16 (bool): Compute in bfloat16, as in training.
    RETURNS (dict[str, float]): "loss", mean cross-entropy in nats over the masked places; with
        next-sentence prediction also "next_accuracy", the share of rows judged right, 0-1.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    totals: dict[str, float] = {}
    n_targets = 0
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        for batch in held_out_batches(held_out, pieces, objective):
            n_targets += len(batch["targets"])
            sums = model(**{name: value.to(device) for name, value in batch.items()})
            for name, value in sums.items():
                totals[name] = totals.get(name, 0.0) + float(value)
    model.train(was_training)
    losses = {"loss": totals["masked"] / max(1, n_targets)}
    if "next_right" in totals:
        losses["next_accuracy"] = totals["next_right"] / len(held_out)
    return losses
