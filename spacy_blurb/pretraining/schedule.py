"""Which rows does a micro-batch hold? Decided by its number alone, so nothing is lost in a kill.

A step reads `rows_per_step` rows, whatever number of processes and micro-batches they are divided
among. Rows come in an order that is drawn anew for each epoch. A run may have two phases, short
rows and then long ones (as BERT: arXiv 1810.04805, appendix A.2); a micro-batch of the second
phase has as many pieces as one of the first, so fewer rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .config import ObjectiveConfig, TrainingConfig

# Epochs of the second phase are numbered from here, so that its rows have masks of their own.
_SECOND_EPOCH = 2**31


@dataclass(frozen=True)
class Phase:
    """A part of the run with rows of one length.

    seq_len (int): Pieces in a row.
    n_steps (int): Optimiser updates.
    micro_rows (int): Rows of a micro-batch.
    first_epoch (int): Number of its first epoch, for drawing order and masks.
    """

    seq_len: int
    n_steps: int
    micro_rows: int
    first_epoch: int


@dataclass(frozen=True)
class Place:
    """Where a row comes from: its number in the split, and the epoch that reads it."""

    epoch: int
    row: int


class Schedule:
    """The rows of all micro-batches of a run.

    phases (Sequence[Phase]): In their order.
    n_rows (Sequence[int]): Rows of the split at each phase's length.
    micro_per_step (int): Micro-batches of a step, over all processes.
    seed (int): Of the order.
    """

    def __init__(
        self, phases: Sequence[Phase], n_rows: Sequence[int], micro_per_step: int, seed: int
    ) -> None:
        self.phases = tuple(phases)
        self._n_rows = tuple(n_rows)
        self._micro_per_step = micro_per_step
        self._seed = seed
        self._orders: dict[tuple[int, int], NDArray[np.int64]] = {}

    def __len__(self) -> int:
        """Count the micro-batches of the run, over all processes."""
        return sum(phase.n_steps for phase in self.phases) * self._micro_per_step

    def find(self, micro: int) -> tuple[int, list[Place]]:
        """Find the rows of a micro-batch.

        micro (int): Number of the micro-batch in the run, from 0; processes take turns.
        RETURNS (tuple[int, list[Place]]): Index of the phase, and the rows.
        """
        index = 0
        while micro >= (n_micro := self.phases[index].n_steps * self._micro_per_step):
            micro -= n_micro
            index += 1
        phase = self.phases[index]
        first = micro * phase.micro_rows
        return index, [self._place(index, n) for n in range(first, first + phase.micro_rows)]

    def count_pieces(self, step: int) -> int:
        """Count the pieces of all rows that the first `step` steps read."""
        return sum(self.count_pieces_by_phase(step))

    def count_pieces_by_phase(self, step: int) -> list[int]:
        """Count the pieces that the first `step` steps read in each phase."""
        counts = []
        for phase in self.phases:
            n_steps = min(step, phase.n_steps)
            counts.append(n_steps * self._micro_per_step * phase.micro_rows * phase.seq_len)
            step -= n_steps
        return counts

    def count_rows(self, step: int) -> int:
        """Count the rows of step number `step`, from 0."""
        for phase in self.phases:
            if step < phase.n_steps:
                return phase.micro_rows * self._micro_per_step
            step -= phase.n_steps
        raise IndexError(step)

    def count_epochs(self, step: int) -> float:
        """Count how often the first `step` steps read the text."""
        epochs = 0.0
        for phase, n_rows in zip(self.phases, self._n_rows, strict=True):
            n_steps = min(step, phase.n_steps)
            epochs += n_steps * self._micro_per_step * phase.micro_rows / n_rows
            step -= n_steps
        return epochs

    def _place(self, index: int, number: int) -> Place:
        epoch, rank = divmod(number, self._n_rows[index])
        epoch += self.phases[index].first_epoch
        return Place(epoch, int(self._order(index, epoch)[rank]))

    def _order(self, index: int, epoch: int) -> NDArray[np.int64]:
        if (index, epoch) not in self._orders:
            self._orders.clear()  # a micro-batch reads two epochs at most, one after the other
            generator = np.random.default_rng([self._seed, epoch])
            self._orders[index, epoch] = generator.permutation(self._n_rows[index])
        return self._orders[index, epoch]


def plan_phases(objective: ObjectiveConfig, training: TrainingConfig) -> list[Phase]:
    """Divide a run's steps among its sequence lengths.

    objective (ObjectiveConfig): Both lengths, and the share of the second one.
    training (TrainingConfig): Steps and rows per micro-batch.
    RETURNS (list[Phase]): One or two.
    """
    n_long = round(objective.long_share * training.max_steps)
    n_short = training.max_steps - n_long
    phases = [Phase(objective.seq_len, n_short, training.batch_rows, 0)] if n_short else []
    if n_long:
        micro_rows = max(1, training.batch_rows * objective.seq_len // objective.long_seq_len)
        phases.append(Phase(objective.long_seq_len, n_long, micro_rows, _SECOND_EPOCH))
    return phases
