"""How is an encoder trained? From settings to a Hugging Face folder, resumable at any moment."""

import errno
import importlib.util
import json
import os
import platform
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import tokenizers
import torch
import transformers
from transformers import TrainerCallback, TrainingArguments

from ..errors import BlurbError, Errors
from .config import PretrainingConfig
from .folder import check_folder, claim_folder, newest_checkpoint, read_record, save_final
from .folder_lock import lock_folder
from .measure import model_losses, unigram_loss
from .model import RowModel
from .rows import Rows
from .schedule import Schedule, plan_phases
from .shards import Corpus, PieceStream, open_corpus
from .start import WEIGHTS, start_model
from .throughput import measure_peak, operations_per_piece
from .trainer import BatchMaker, Progress, Report, RowTrainer, Sessions
from .vocab import Pieces, hash_tokenizer, read_pieces

TOLD = ("settings", "tokenizer", "inputs", "left_out", "listed")
"""Keys of `corpus.json` that `run.json` repeats."""
_STATUS = Path("/proc/self/status")


def pretrain(
    config: PretrainingConfig,
    report: Report,
    *,
    overwrite: bool = False,
    callbacks: Sequence[TrainerCallback] = (),
) -> dict[str, Any]:
    """Train an encoder, from random weights or from a checkpoint, or go on with a killed run.

    A finished run is not run again.

    config (PretrainingConfig): The settings.
    report (Callable[[str], None]): Takes lines about the progress.
    overwrite (bool): Delete a run with other settings that lies in the output folder.
    callbacks (Sequence[TrainerCallback]): Also told about the progress, such as a stop watch.
    RETURNS (dict): The content of `run.json`.
    RAISES (BlurbError): B206 no vocabulary, B207 too little text, B208 the output folder holds a
        run with other settings, B209 several GPUs in one process, B240-B243 nothing to continue,
        B244 a checkpoint cannot be saved, B246 the loss is no number, B247 another process trains
        there, and what `open_corpus` raises.
    """
    pieces = read_pieces(Path(config.vocab.folder))
    arguments = _build_arguments(config)
    corpus = open_corpus(
        Path(config.corpus.folder),
        verify=arguments.local_process_index == 0,
        tokenizer_hash=hash_tokenizer(pieces.tokenizer),
    )
    if arguments.process_index:
        return _run(config, _say_nothing, overwrite, callbacks, pieces, arguments, corpus)
    # One process speaks for all, and keeps others away.
    with lock_folder(Path(config.training.output), "training.output"):
        return _run(config, report, overwrite, callbacks, pieces, arguments, corpus)


def _run(
    config: PretrainingConfig,
    report: Report,
    overwrite: bool,
    callbacks: Sequence[TrainerCallback],
    pieces: Pieces,
    arguments: TrainingArguments,
    corpus: Corpus,
) -> dict[str, Any]:
    output = check_folder(
        config, corpus.digest, n_processes=arguments.world_size, overwrite=overwrite
    )
    folder = output.path
    record = None if output.is_outdated else read_record(folder)
    # Weights that are gone are made again from the last checkpoint.
    if record is not None and (folder / WEIGHTS).is_file():
        report(f"{folder} holds this run, finished: nothing to do")
        return record
    phases = plan_phases(config.objective, config.training)
    rows = [_cut_rows(config, corpus.train, "train", pieces, p.seq_len) for p in phases]
    micro_per_step = arguments.gradient_accumulation_steps * arguments.world_size
    schedule = Schedule(phases, [len(r) for r in rows], micro_per_step, config.training.seed)
    model = start_model(config, pieces)
    held_out = [_cut_rows(config, corpus.held_out, "held_out", pieces, phases[0].seq_len)]
    # A text that is held out may have no row of the second length; then that is not measured.
    held_out += [_rows(config, corpus.held_out, pieces, phase.seq_len) for phase in phases[1:]]
    # Only now, when the new settings are known to be right, is an old run deleted. By one process,
    # and not before all have looked at what lies there.
    _wait_for_all(arguments)
    if arguments.process_index == 0:
        claim_folder(output)
    _wait_for_all(arguments)
    trainer = RowTrainer(
        model,
        arguments,
        BatchMaker(rows, schedule, pieces, config.objective, config.training.seed),
        schedule,
        _build_measure(config, pieces, corpus.train, held_out, model, schedule, arguments.bf16),
        config.objective.adversarial,
        [
            Sessions(report, _describe_session(arguments)),
            Progress(report, schedule, _build_utilisation(config, pieces, arguments, schedule)),
            *callbacks,
        ],
    )
    checkpoint = newest_checkpoint(folder)
    if checkpoint is not None:
        report(f"going on from {checkpoint}")
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except OSError as error:
        # Not of a checkpoint, but of TensorBoard's file.
        if error.errno != errno.ENOSPC:
            raise
        last = newest_checkpoint(folder)
        raise BlurbError(Errors.B244.format(folder=folder, reason=error, last=last)) from error
    if not any("eval_loss" in log for log in _last_logs(trainer)):
        trainer.evaluate()
    record = _describe_run(config, pieces, corpus, rows, schedule, trainer)
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if trainer.is_world_process_zero():
        save_final(model.config, weights, Path(config.vocab.folder), folder, record)
    trainer.accelerator.wait_for_everyone()
    return record


def _wait_for_all(arguments: TrainingArguments) -> None:
    if arguments.world_size > 1:
        torch.distributed.barrier()


def _say_nothing(line: str) -> None:
    pass


def _rows(config: PretrainingConfig, stream: PieceStream, pieces: Pieces, seq_len: int) -> Rows:
    return Rows(stream, pieces, seq_len, next_sentence=config.objective.next_sentence)


def _cut_rows(
    config: PretrainingConfig, stream: PieceStream, split: str, pieces: Pieces, seq_len: int
) -> Rows:
    rows = _rows(config, stream, pieces, seq_len)
    if not len(rows):
        raise BlurbError(
            Errors.B207.format(
                split=split, folder=config.corpus.folder, pieces=len(stream), seq_len=seq_len
            )
        )
    return rows


def wants_bf16(precision: str) -> bool:
    """Decide whether to compute in bfloat16.

    precision (str): "auto", "bf16" or "fp32".
    RETURNS (bool): For "auto", true where the GPU, or without one the CPU, multiplies bfloat16
        faster than float32: of CPUs those with AMX.
    """
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported())


def _build_arguments(config: PretrainingConfig) -> TrainingArguments:
    training = config.training
    has_gpu = torch.cuda.is_available()
    if training.sharding == "fsdp" and not has_gpu:
        raise BlurbError(Errors.B245)
    # The engine reads it where the precision is float32, and writes it where it is bfloat16. Left
    # by an earlier run of this process or by a launcher, it would change the precision in silence.
    os.environ["ACCELERATE_MIXED_PRECISION"] = "no"
    arguments = TrainingArguments(
        output_dir=training.output,
        max_steps=training.max_steps,
        per_device_train_batch_size=training.batch_rows,
        gradient_accumulation_steps=training.accumulate,
        learning_rate=training.learning_rate,
        # Linear up and linear down to zero: arXiv 2007.15779. The paper states
        # neither betas, epsilon, weight decay nor clipping; these are RoBERTa's (arXiv
        # 1907.11692), whose beta2 of 0.98 steadies large batches, and BERT's clipping at 1.
        warmup_steps=round(training.warmup * training.max_steps),
        lr_scheduler_type="linear",
        adam_beta1=0.9,
        adam_beta2=0.98,
        adam_epsilon=1e-6,
        weight_decay=training.weight_decay,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        seed=training.seed,
        bf16=wants_bf16(training.precision),
        use_cpu=not has_gpu,
        # torchrun says how many processes there are; one process must not name a backend.
        ddp_backend="gloo" if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not has_gpu else None,
        **_sharding(training.sharding),
        save_strategy="steps",
        save_steps=training.save_every,
        logging_steps=training.log_every,
        logging_first_step=True,
        logging_nan_inf_filter=False,  # a loss that is not a number must be seen
        eval_strategy="steps",
        eval_steps=training.eval_every,
        report_to=["tensorboard"] if importlib.util.find_spec("tensorboard") else [],
        remove_unused_columns=False,
        label_names=[],
        disable_tqdm=True,
        # On a CPU the same cores compute, and masking takes under 1 % of a step.
        dataloader_num_workers=4 if has_gpu else 0,
        dataloader_pin_memory=has_gpu,
    )
    if arguments.n_gpu > 1:
        # Trainer would split every input along its first axis, which positions do not have.
        raise BlurbError(Errors.B209.format(n_gpus=arguments.n_gpu))
    return arguments


def _sharding(name: str) -> dict[str, Any]:
    if name == "none":
        return {}
    layers = {"transformer_layer_cls_to_wrap": ["RowLayer"]}
    return {"fsdp": "full_shard auto_wrap", "fsdp_config": layers}


def _build_measure(
    config: PretrainingConfig,
    pieces: Pieces,
    train: PieceStream,
    held_out: list[Rows],
    model: RowModel,
    schedule: Schedule,
    bf16: bool,
) -> Callable[[int], dict[str, float]]:
    """Measure after a step: rows of the first length always, of the second one once it has begun.

    So one curve is of equal rows throughout, and positions that the short rows lack are seen too.
    """
    baseline = unigram_loss(train, held_out[0], pieces, config.objective)

    def measure(step: int) -> dict[str, float]:
        losses = model_losses(model, held_out[0], pieces, config.objective, bf16)
        losses["unigram_loss"] = baseline
        if any(schedule.count_pieces_by_phase(step)[1:]) and len(held_out[1]):
            longer = model_losses(model, held_out[1], pieces, config.objective, bf16)
            losses["long_loss"] = longer["loss"]
        return losses

    return measure


def _build_utilisation(
    config: PretrainingConfig, pieces: Pieces, arguments: TrainingArguments, schedule: Schedule
) -> Callable[[int, int, float], float] | None:
    """First step, step behind the last, seconds → share of what the GPUs reach in products."""
    if arguments.device.type != "cuda":
        return None
    dtype = torch.bfloat16 if arguments.bf16 else torch.float32
    peak = measure_peak(arguments.device, dtype) * arguments.world_size
    operations = [
        operations_per_piece(config.model, len(pieces.is_special), p.seq_len, config.objective)
        for p in schedule.phases
    ]
    return partial(_share_of_peak, schedule, operations, peak)


def _share_of_peak(
    schedule: Schedule, operations: list[float], peak: float, first: int, last: int, seconds: float
) -> float:
    """Divide the operations of steps, which differ with the length of rows, by what is possible."""
    before, after = map(schedule.count_pieces_by_phase, (first, last))
    counts = [end - start for start, end in zip(before, after, strict=True)]
    done = sum(n * each for n, each in zip(counts, operations, strict=True))
    return done / (peak * seconds)


def _last_logs(trainer: RowTrainer) -> list[dict[str, float]]:
    history: list[dict[str, float]] = trainer.state.log_history
    return [log for log in history if log["step"] == trainer.state.global_step]


def _describe_run(
    config: PretrainingConfig,
    pieces: Pieces,
    corpus: Corpus,
    rows: list[Rows],
    schedule: Schedule,
    trainer: RowTrainer,
) -> dict[str, Any]:
    history = trainer.state.log_history
    n_pieces = schedule.count_pieces(trainer.state.global_step)
    seconds = history[-1]["seconds"]
    # Those before a resumption too: `seconds` and `pieces_per_second` are of all of them.
    sessions = [{"step": log["step"], **log["session"]} for log in history if "session" in log]
    return {
        "config": _describe_config(config),
        "seed": config.training.seed,
        "precision": ", then ".join(dict.fromkeys(session["precision"] for session in sessions)),
        "vocab": len(pieces.is_special),
        "parameters": sum(weight.numel() for weight in trainer.model.parameters()),
        "corpus": {
            "digest": corpus.digest,
            # Which text, which lists left what out, which vocabulary: as 'corpus' was told, since
            # it is what was read. [text] may say something else by now.
            **{key: corpus.manifest[key] for key in TOLD if key in corpus.manifest},
            "splits": {
                "train": asdict(corpus.train.counts),
                "held_out": asdict(corpus.held_out.counts),
            },
            "rows": [
                {"seq_len": r.seq_len, "rows": len(r), "dropped_pieces": r.dropped} for r in rows
            ],
        },
        "steps": trainer.state.global_step,
        "pieces": n_pieces,
        "epochs": schedule.count_epochs(trainer.state.global_step),
        "losses": [
            {key: log[key] for key in ("step", "loss", "seconds")}
            for log in history
            if "loss" in log
        ],
        "held_out": [
            {
                "step": log["step"],
                **{k.removeprefix("eval_"): v for k, v in log.items() if k.startswith("eval_")},
                "seconds": log["seconds"],
            }
            for log in history
            if "eval_loss" in log
        ],
        "seconds": seconds,
        "pieces_per_second": n_pieces / seconds,
        "peak_memory_bytes": _peak_memory(),  # of the last session
        "sessions": sessions,
    }


def _describe_config(config: PretrainingConfig) -> dict[str, Any]:
    """Return the settings that decide a run, beside the corpus and the vocabulary that it reads."""
    sections = asdict(config)
    folders = {name: {"folder": sections[name]["folder"]} for name in ("vocab", "corpus")}
    deciding = {name: sections[name] for name in ("model", "objective", "training")}
    described: dict[str, Any] = json.loads(json.dumps(folders | deciding))  # lists, as read back
    return described


def _peak_memory() -> int:
    """Largest resident memory of this process, or on a GPU the largest allocation there."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    if _STATUS.is_file():
        # Not ru_maxrss, which Linux hands down to a process from the one that has started it.
        lines = _STATUS.read_text(encoding="utf-8").splitlines()
        # Sandboxes such as gVisor leave the line out.
        for line in lines:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    kilo = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo


def _describe_session(arguments: TrainingArguments) -> dict[str, Any]:
    return {
        "precision": "bf16" if arguments.bf16 else "fp32",
        "versions": {
            "python": platform.python_version(),
            **{m.__name__: m.__version__ for m in (torch, transformers, tokenizers, numpy)},
        },
        "machine": _describe_machine(arguments.world_size),
    }


def _describe_machine(n_processes: int) -> dict[str, Any]:
    has_gpu = torch.cuda.is_available()
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if has_gpu else None,
        "processes": n_processes,
    }
