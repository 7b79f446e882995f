"""How does an engine run over our rows? The Hugging Face `Trainer` with our batches in it."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import Module
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback, TrainerControl, TrainerState

from ..errors import BlurbError, Errors
from .config import ObjectiveConfig
from .folder import delete_older_checkpoints, newest_checkpoint, seal_checkpoint
from .masking import draw_noise, mask_rows, row_generator
from .model import RowModel
from .rows import Rows, number_documents
from .schedule import Schedule
from .vocab import Pieces

Report = Callable[[str], None]


class BatchMaker:
    """Turns the numbers of micro-batches into masked batches.

    The number alone decides the rows, their epoch and their masks; see `Schedule`.

    rows (Sequence[Rows]): The split, at each phase's length.
    schedule (Schedule): Which rows a micro-batch holds.
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): What is masked.
    seed (int): Of the masks and the segments.
    """

    def __init__(
        self,
        rows: Sequence[Rows],
        schedule: Schedule,
        pieces: Pieces,
        objective: ObjectiveConfig,
        seed: int,
    ) -> None:
        self._rows = rows
        self._schedule = schedule
        self._pieces = pieces
        self._objective = objective
        self._seed = seed

    def __call__(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """Make one batch.

        numbers (Sequence[int]): One number of a micro-batch, as the engine's collator gets it.
        RETURNS (dict[str, Tensor]): The inputs of `RowModel.forward`.
        """
        (number,) = numbers
        phase, places = self._schedule.find(number)
        keys = [(self._seed, place.epoch, place.row) for place in places]
        return make_batch(
            self._rows[phase], [p.row for p in places], keys, self._pieces, self._objective
        )


def make_batch(
    rows: Rows,
    numbers: Sequence[int],
    keys: Sequence[tuple[int, int, int]],
    pieces: Pieces,
    objective: ObjectiveConfig,
) -> dict[str, Tensor]:
    """Read rows and mask them.

    rows (Rows): The split.
    numbers (Sequence[int]): Rows to read.
    keys (Sequence[tuple]): Seed, epoch and row of each, which decide masks and segments.
    pieces (Pieces): The vocabulary.
    objective (ObjectiveConfig): What is masked, and where attention may look.
    RETURNS (dict[str, Tensor]): The inputs of `RowModel.forward`.
    """
    batch = rows.read(numbers, [row_generator(*key, stream=1) for key in keys])
    noise = draw_noise((row_generator(*key) for key in keys), rows.seq_len)
    masked = mask_rows(batch.piece_ids, noise, pieces, objective)
    arrays = {
        "piece_ids": masked.piece_ids,
        "positions": masked.positions,
        "targets": masked.targets,
    }
    if batch.type_ids is not None and batch.is_next is not None:
        arrays |= {"type_ids": batch.type_ids, "is_next": batch.is_next}
    if not objective.across_documents:
        # Of the rows before masking: a [SEP] is never masked, but the numbering reads the text.
        arrays["document_ids"] = number_documents(batch.piece_ids, pieces.sep_id)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


class RowTrainer(Trainer):
    """`Trainer` whose data set is the range of micro-batches, and whose evaluation is ours.

    model (RowModel): What to train.
    arguments (TrainingArguments): Of the engine.
    make_batch (BatchMaker): Numbers of micro-batches to batches.
    schedule (Schedule): The rows of the run.
    measure (Callable[[int], dict[str, float]]): Step → measures on held-out text, by name.
    adversarial (float): Weight of the adversarial term, 0 for none.
    callbacks (list[TrainerCallback]): Told about the progress.
    """

    def __init__(
        self,
        model: RowModel,
        arguments: TrainingArguments,
        make_batch: BatchMaker,
        schedule: Schedule,
        measure: Callable[[int], dict[str, float]],
        adversarial: float,
        callbacks: list[TrainerCallback],
    ) -> None:
        super().__init__(
            model=model,
            args=arguments,
            data_collator=make_batch,
            train_dataset=range(len(schedule)),
            eval_dataset=range(1),  # asked for, never read
            callbacks=callbacks,
        )
        self.remove_callback(PrinterCallback)
        # So that the engine leaves the division by the micro-batches of a step to `compute_loss`.
        self.model_accepts_loss_kwargs = True
        self._schedule = schedule
        self._measure = measure
        self._adversarial = adversarial
        self._begun = time.monotonic()
        self._seconds_before: float | None = None

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Load the micro-batches in order; processes take turns."""
        loader: DataLoader[Any] = DataLoader(
            self.train_dataset,
            batch_size=1,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def get_batch_samples(
        self, epoch_iterator: Iterator[dict[str, Tensor]], num_batches: int, *args: Any
    ) -> tuple[list[dict[str, Tensor]], Tensor]:
        """Collect the micro-batches of a step, and count its targets over all processes."""
        batches = list(islice(epoch_iterator, num_batches))
        n_targets = torch.tensor(
            sum(len(batch["targets"]) for batch in batches), device=self.args.device
        )
        return batches, self.accelerator.gather(n_targets).sum()

    def compute_loss(
        self,
        model: Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | None = None,
    ) -> Any:
        """Divide the sums of a micro-batch by what the whole step holds.

        So the gradient of a step is that of its mean loss, however it is divided among processes
        and micro-batches, which hold unequal numbers of targets.
        """
        assert num_items_in_batch is not None  # from `get_batch_samples`
        sums = model(**inputs)
        n_targets = num_items_in_batch.clamp_min(1)
        loss = sums["masked"] / n_targets
        if "next" in sums:
            loss = loss + sums["next"] / self._schedule.count_rows(self.state.global_step)
        if "moved" in sums:
            loss = loss + self._adversarial * sums["moved"] / n_targets
        # The engine takes the mean of the gradients over the processes.
        loss = loss * self.args.world_size
        return (loss, sums) if return_outputs else loss

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train; the clock of this session starts here."""
        self._begun = time.monotonic()
        return super().train(*args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Measure on the held-out text, and log it.

        RAISES (BlurbError): B246 the loss is no number, as the steps since the last log have left
            the weights; a run always ends with a measurement.
        """
        found = self._measure(self.state.global_step)
        if not math.isfinite(found["loss"]):
            last = newest_checkpoint(Path(self.args.output_dir))
            raise BlurbError(Errors.B246.format(step=self.state.global_step, last=last))
        measured = {f"eval_{name}": value for name, value in found.items()}
        self.log(measured)
        # Tells the engine that the measurement it asked for is done.
        handler = self.callback_handler
        self.control: TrainerControl = handler.on_evaluate(
            self.args, self.state, self.control, measured
        )
        return measured

    def _save_checkpoint(self, model: Module, *args: Any) -> None:
        """Save, and leave no half of a checkpoint where that fails."""
        folder = Path(self.args.output_dir)
        # Checkpoints may be nearer than the lines of progress that would have seen it, and would
        # take the place of good ones.
        if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
            last = newest_checkpoint(folder)
            raise BlurbError(Errors.B246.format(step=self.state.global_step, last=last))
        checkpoint = folder / f"checkpoint-{self.state.global_step}"
        # A session that goes on from here counts from now, not from the last logged step.
        self.state.log_history.append(
            {"step": self.state.global_step, "seconds": self._count_seconds()}
        )
        try:
            super()._save_checkpoint(model, *args)
            self.accelerator.wait_for_everyone()
            if self.is_world_process_zero():
                seal_checkpoint(checkpoint)
                delete_older_checkpoints(folder)
        # Each library that writes a part has its own way of saying that the disk is full.
        except (OSError, RuntimeError, SafetensorError) as error:
            shutil.rmtree(checkpoint, ignore_errors=True)
            last = newest_checkpoint(folder)
            message = Errors.B244.format(folder=folder, reason=error, last=last)
            raise BlurbError(message) from error

    def autocast_smart_context_manager(self, *args: Any, **kwargs: Any) -> torch.autocast:
        """Compute in the run's precision; transformers 4 calls a deprecated name of this."""
        device = self.args.device.type
        return torch.autocast(device, torch.bfloat16, enabled=self.args.bf16)

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log with the seconds trained so far, those before a resumption included."""
        super().log({**logs, "seconds": self._count_seconds()}, *args, **kwargs)

    def _count_seconds(self) -> float:
        if self._seconds_before is None:
            history = self.state.log_history
            self._seconds_before = history[-1]["seconds"] if history else 0.0
        return self._seconds_before + time.monotonic() - self._begun


class Sessions(TrainerCallback):
    """Notes in the history of the run which session trained from which step on, and where.

    report (Callable[[str], None]): Takes a line where the precision is another one than before.
    session (dict): What to note: precision, versions and machine.
    """

    def __init__(self, report: Report, session: dict[str, Any]) -> None:
        self._report = report
        self._session = session

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note this session."""
        history: list[dict[str, Any]] = state.log_history
        if state.global_step and not any("session" in log for log in history):
            # Begun by a version that noted none.
            unknown = {"precision": "unknown", "versions": {}, "machine": {}}
            history.insert(0, {"step": 0, "seconds": 0.0, "session": unknown})
        before = [log["session"]["precision"] for log in history if "session" in log]
        if before and before[-1] != self._session["precision"]:
            self._report(f"goes on in {self._session['precision']}; it was {before[-1]} before")
        seconds = history[-1]["seconds"] if history else 0.0
        history.append({"step": state.global_step, "seconds": seconds, "session": self._session})


class Progress(TrainerCallback):
    """Reports one line per logged step, and one per measurement.

    report (Callable[[str], None]): Takes a line.
    schedule (Schedule): The rows of the run.
    utilisation (Callable[[int, int, float], float] | None): First step, step behind the last and
        seconds → share of the device's measured peak, 0-1; None where it is not reported.
    """

    def __init__(
        self,
        report: Report,
        schedule: Schedule,
        utilisation: Callable[[int, int, float], float] | None,
    ) -> None:
        self._report = report
        self._schedule = schedule
        self._utilisation = utilisation
        self._begun = 0.0
        self._first_step = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock at the step where this session starts."""
        self._begun = time.monotonic()
        self._first_step = state.global_step
        # Those of the checkpoint would take the place of what this session was told.
        state.save_steps, state.logging_steps = int(args.save_steps), int(args.logging_steps)
        state.eval_steps = int(args.eval_steps or state.eval_steps)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Report what was logged."""
        if not state.is_world_process_zero:
            return
        logs: dict[str, float] = kwargs["logs"]
        at = f"step {state.global_step}/{state.max_steps}"
        if "eval_loss" in logs:
            line = (
                f"{at}  held-out loss {logs['eval_loss']:.3f}  "
                f"(piece frequencies alone: {logs['eval_unigram_loss']:.3f})"
            )
            if "eval_long_loss" in logs:
                line += f"  in long rows {logs['eval_long_loss']:.3f}"
            if "eval_next_accuracy" in logs:
                line += f"  next sentence {logs['eval_next_accuracy']:.1%}"
            self._report(line)
        elif "loss" in logs:
            if not math.isfinite(logs["loss"]):
                last = newest_checkpoint(Path(args.output_dir))
                raise BlurbError(Errors.B246.format(step=state.global_step, last=last))
            self._report(f"{at}  loss {logs['loss']:.3f}  {self._describe_speed(state)}")

    def _describe_speed(self, state: TrainerState) -> str:
        count = self._schedule.count_pieces
        n_pieces = count(state.global_step) - count(self._first_step)
        seconds = time.monotonic() - self._begun
        speed = n_pieces / seconds
        left = (count(state.max_steps) - count(state.global_step)) / speed
        words = f"{speed:,.0f} pieces/s  {_in_words(left)} left"
        if self._utilisation is not None:
            share = self._utilisation(self._first_step, state.global_step, seconds)
            words += f"  {share:.0%} of peak"
        return words


def _in_words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
