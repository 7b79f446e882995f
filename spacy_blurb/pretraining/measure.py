"""How well is unseen text predicted? The held-out loss, and the baseline it has to beat."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .config import ObjectiveConfig
from .masking import Masked, draw_noise, mask_rows, row_generator
from .model import RowModel
from .rows import batches
from .vocab import Pieces

ROWS_AT_ONCE = 32  # of any seq_len: small enough for the logits of a large vocabulary
# Masks of the held-out text are the same in every run, so that losses of runs can be compared.
HELD_OUT_SEED = 0


def held_out_batches(
    rows: NDArray[Any], pieces: Pieces, objective: ObjectiveConfig
) -> Iterator[Masked]:
    """Yield the held-out rows, always with the same masks.

    rows (NDArray): Piece ids. Shape: (n_rows, seq_len)
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): Mask rate and unit.
    """
    row = 0
    for batch in batches(rows, ROWS_AT_ONCE):
        generators = [row_generator(HELD_OUT_SEED, 0, row + i) for i in range(len(batch))]
        row += len(batch)
        noise = draw_noise(generators, objective.seq_len)
        yield mask_rows(batch, noise, pieces, objective.mask_rate, objective.whole_word)


def unigram_loss(
    train: NDArray[Any], held_out: NDArray[Any], pieces: Pieces, objective: ObjectiveConfig
) -> float:
    """Compute the loss of a model that knows piece frequencies and nothing else.

    train (NDArray): Training rows, which give the frequencies. Shape: (n_rows, seq_len)
    held_out (NDArray): Rows to predict. Shape: (n_rows, seq_len)
    pieces (Pieces): The vocabulary; special pieces get no probability.
    objective (ObjectiveConfig): Mask rate and unit.
    RETURNS (float): Mean cross-entropy in nats over the masked places, frequencies add-one.
    """
    counts = np.zeros(len(pieces.is_special), dtype=np.int64)
    for batch in batches(train, 8192):
        counts += np.bincount(batch.reshape(-1), minlength=len(counts))
    counts += 1
    counts[pieces.is_special] = 0
    with np.errstate(divide="ignore"):  # special pieces are no targets
        losses = np.log(counts.sum()) - np.log(counts)
    batches_of_targets = [b.targets for b in held_out_batches(held_out, pieces, objective)]
    targets = np.concatenate(batches_of_targets)
    return float(losses[targets].sum() / max(1, len(targets)))


def model_loss(
    model: RowModel, held_out: NDArray[Any], pieces: Pieces, objective: ObjectiveConfig, bf16: bool
) -> float:
    """Compute the model's loss on the held-out text, without dropout.

    model (RowModel): The model; goes back to its mode afterwards.
    held_out (NDArray): Rows to predict. Shape: (n_rows, seq_len)
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): Mask rate and unit.
    bf16 (bool): Compute in bfloat16, as in training.
    RETURNS (float): Mean cross-entropy in nats over the masked places.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, n_targets = 0.0, 0
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        for batch in held_out_batches(held_out, pieces, objective):
            arrays = (batch.piece_ids, batch.positions, batch.targets)
            loss = model(*(torch.from_numpy(array).to(device) for array in arrays))["loss"]
            total += float(loss) * len(batch.targets)
            n_targets += len(batch.targets)
    model.train(was_training)
    return total / max(1, n_targets)
