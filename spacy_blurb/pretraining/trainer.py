"""How does an engine run over our rows? The Hugging Face `Trainer` with our batches in it."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback, TrainerControl, TrainerState

from .config import ObjectiveConfig
from .masking import draw_noise, mask_rows, row_generator
from .model import RowModel
from .vocab import Pieces

Report = Callable[[str], None]


class BatchMaker:
    """Turns places in the order of training into masked batches.

    The place alone decides the row, its epoch and its mask: place p is row `order(epoch)[p % n]`
    of epoch `p // n`. Nothing is left to remember when a run is resumed.

    rows (NDArray): Piece ids. Shape: (n_rows, seq_len)
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): Mask rate and unit.
    seed (int): Of order and masks.
    """

    def __init__(
        self, rows: NDArray[Any], pieces: Pieces, objective: ObjectiveConfig, seed: int
    ) -> None:
        self._rows = rows
        self._pieces = pieces
        self._objective = objective
        self._seed = seed
        self._order_epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def __call__(self, places: Sequence[int]) -> dict[str, Tensor]:
        """Make one batch.

        places (Sequence[int]): Places in the order of training, from 0.
        RETURNS (dict[str, Tensor]): The inputs of `RowModel.forward`.
        """
        chosen = [self._find_row(place) for place in places]
        generators = [row_generator(self._seed, epoch, row) for epoch, row in chosen]
        masked = mask_rows(
            self._rows[[row for _, row in chosen]],
            draw_noise(generators, self._objective.seq_len),
            self._pieces,
            self._objective.mask_rate,
            self._objective.whole_word,
        )
        return {
            "piece_ids": torch.from_numpy(masked.piece_ids),
            "positions": torch.from_numpy(masked.positions),
            "targets": torch.from_numpy(masked.targets),
        }

    def _find_row(self, place: int) -> tuple[int, int]:
        epoch, rank = divmod(place, len(self._rows))
        if epoch != self._order_epoch:
            generator = np.random.default_rng([self._seed, epoch])
            self._order = generator.permutation(len(self._rows))
            self._order_epoch = epoch
        return epoch, int(self._order[rank])


class RowTrainer(Trainer):
    """`Trainer` whose data set is the range of places, and whose evaluation is ours.

    model (RowModel): What to train.
    arguments (TrainingArguments): Of the engine.
    make_batch (BatchMaker): Places to masked batches.
    measure (Callable[[], dict[str, float]]): Measures on held-out text, by name.
    """

    def __init__(
        self,
        model: RowModel,
        arguments: TrainingArguments,
        make_batch: BatchMaker,
        measure: Callable[[], dict[str, float]],
        callbacks: list[TrainerCallback],
    ) -> None:
        n_places = arguments.max_steps * rows_per_step(arguments)
        super().__init__(
            model=model,
            args=arguments,
            data_collator=make_batch,
            train_dataset=range(n_places),
            eval_dataset=range(1),  # asked for, never read
            callbacks=callbacks,
        )
        self.remove_callback(PrinterCallback)
        self._measure = measure
        self._begun = time.monotonic()
        self._seconds_before: float | None = None

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Load the places in order: `BatchMaker` shuffles, so that the order is the seed's."""
        loader: DataLoader[Any] = DataLoader(
            self.train_dataset,
            batch_size=self.args.per_device_train_batch_size,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train; the clock of this session starts here."""
        self._begun = time.monotonic()
        return super().train(*args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measure on the held-out text, and log it."""
        measured = {f"eval_{name}": value for name, value in self._measure().items()}
        self.log(measured)
        # Tells the engine that the measurement it asked for is done.
        handler = self.callback_handler
        self.control: TrainerControl = handler.on_evaluate(
            self.args, self.state, self.control, measured
        )
        return measured

    def autocast_smart_context_manager(self, *args: Any, **kwargs: Any) -> torch.autocast:
        """Compute in the run's precision; transformers 4 calls a deprecated name of this."""
        device = self.args.device.type
        return torch.autocast(device, torch.bfloat16, enabled=self.args.bf16)

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log with the seconds trained so far, those before a resumption included."""
        if self._seconds_before is None:
            history = self.state.log_history
            self._seconds_before = history[-1]["seconds"] if history else 0.0
        seconds = self._seconds_before + time.monotonic() - self._begun
        super().log({**logs, "seconds": seconds}, *args, **kwargs)


class Progress(TrainerCallback):
    """Reports one line per logged step, and one per measurement.

    report (Callable[[str], None]): Takes a line.
    pieces_per_step (int): Pieces of all rows of a step, masked or not.
    """

    def __init__(self, report: Report, pieces_per_step: int) -> None:
        self._report = report
        self._pieces_per_step = pieces_per_step
        self._begun = 0.0
        self._first_step = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock at the step where this session starts."""
        self._begun = time.monotonic()
        self._first_step = state.global_step

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Report what was logged."""
        if not state.is_world_process_zero:
            return
        logs: dict[str, float] = kwargs["logs"]
        at = f"step {state.global_step}/{state.max_steps}"
        if "eval_loss" in logs:
            self._report(
                f"{at}  held-out loss {logs['eval_loss']:.3f}  "
                f"(piece frequencies alone: {logs['eval_unigram_loss']:.3f})"
            )
        elif "loss" in logs:
            n_steps = state.global_step - self._first_step
            seconds = time.monotonic() - self._begun
            speed = n_steps * self._pieces_per_step / seconds
            left = (state.max_steps - state.global_step) * seconds / n_steps
            line = f"{at}  loss {logs['loss']:.3f}  {speed:,.0f} pieces/s  {_in_words(left)} left"
            self._report(line)


def rows_per_step(arguments: TrainingArguments) -> int:
    """Count the rows of one step over all micro-batches and processes."""
    per_process = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
    return int(per_process * arguments.world_size)


def _in_words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
