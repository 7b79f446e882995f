"""How is an encoder trained? From settings to a Hugging Face folder, resumable at any moment."""

import importlib.util
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy
import tokenizers
import torch
import transformers
from transformers import TrainingArguments

from ..errors import BlurbError, Errors
from .config import PretrainingConfig
from .folder import claim_folder, newest_checkpoint, read_record, save_final
from .measure import model_loss, unigram_loss
from .model import build_model
from .rows import Rows, make_rows
from .trainer import BatchMaker, Progress, Report, RowTrainer, rows_per_step
from .vocab import Pieces, read_pieces


def pretrain(
    config: PretrainingConfig, report: Report, *, overwrite: bool = False
) -> dict[str, Any]:
    """Train an encoder from random weights, or go on where a killed run stopped.

    A finished run is not run again.

    config (PretrainingConfig): The settings.
    report (Callable[[str], None]): Takes lines about the progress.
    overwrite (bool): Delete a run with other settings that lies in the output folder.
    RETURNS (dict): The content of `run.json`.
    RAISES (BlurbError): B205 no text, B206 no vocabulary, B207 too little text, B208 the output
        folder holds a run with other settings, B209 several GPUs in one process.
    """
    pieces = read_pieces(Path(config.vocab.folder))
    folder = claim_folder(config, pieces, overwrite=overwrite)
    if (record := read_record(folder)) is not None:
        report(f"{folder} holds this run, finished: nothing to do")
        return record
    arguments = _build_arguments(config, folder)
    with arguments.main_process_first(desc="rows"):
        rows = make_rows(config, pieces, folder)
    for split, counts in rows.counts.items():
        report(f"{split}: {', '.join(f'{n:,} {name}' for name, n in asdict(counts).items())}")
    model = build_model(config.model, len(pieces.is_special), config.training.seed)
    trainer = RowTrainer(
        model,
        arguments,
        BatchMaker(rows.train, pieces, config.objective, config.training.seed),
        _build_measure(config, pieces, rows, model, arguments.bf16),
        [Progress(report, rows_per_step(arguments) * config.objective.seq_len)],
    )
    checkpoint = newest_checkpoint(folder)
    if checkpoint is not None:
        report(f"going on from {checkpoint}")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if not any("eval_loss" in log for log in _last_logs(trainer)):
        trainer.evaluate()
    record = _describe_run(config, pieces, rows, trainer)
    if trainer.is_world_process_zero():
        save_final(model, Path(config.vocab.folder), folder, record)
    return record


def wants_bf16(precision: str) -> bool:
    """Decide whether to compute in bfloat16.

    precision (str): "auto", "bf16" or "fp32".
    RETURNS (bool): For "auto", true where the GPU, or without one the CPU, multiplies bfloat16 in
        hardware; torch also emulates it, several times slower than float32.
    """
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _build_arguments(config: PretrainingConfig, folder: Path) -> TrainingArguments:
    training = config.training
    has_gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(folder),
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
        save_strategy="steps",
        save_steps=training.save_every,
        save_total_limit=2,  # the older one is there if a kill damages the newer one
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


def _build_measure(
    config: PretrainingConfig, pieces: Pieces, rows: Rows, model: Any, bf16: bool
) -> Callable[[], dict[str, float]]:
    baseline = unigram_loss(rows.train, rows.held_out, pieces, config.objective)

    def measure() -> dict[str, float]:
        loss = model_loss(model, rows.held_out, pieces, config.objective, bf16)
        return {"loss": loss, "unigram_loss": baseline}

    return measure


def _last_logs(trainer: RowTrainer) -> list[dict[str, float]]:
    history: list[dict[str, float]] = trainer.state.log_history
    return [log for log in history if log["step"] == trainer.state.global_step]


def _describe_run(
    config: PretrainingConfig, pieces: Pieces, rows: Rows, trainer: RowTrainer
) -> dict[str, Any]:
    history = trainer.state.log_history
    n_rows = trainer.state.global_step * rows_per_step(trainer.args)
    n_pieces = n_rows * config.objective.seq_len
    seconds = history[-1]["seconds"]
    return {
        "config": json.loads(json.dumps(asdict(config))),  # lists, as read back
        "seed": config.training.seed,
        "precision": "bf16" if trainer.args.bf16 else "fp32",
        "vocab": len(pieces.is_special),
        "parameters": sum(weight.numel() for weight in trainer.model.parameters()),
        "rows": {split: asdict(counts) for split, counts in rows.counts.items()},
        "steps": trainer.state.global_step,
        "pieces": n_pieces,
        "epochs": n_rows / len(rows.train),
        "losses": [
            {key: log[key] for key in ("step", "loss", "seconds")}
            for log in history
            if "loss" in log
        ],
        "held_out": [
            {
                "step": log["step"],
                "loss": log["eval_loss"],
                "unigram_loss": log["eval_unigram_loss"],
                "seconds": log["seconds"],
            }
            for log in history
            if "eval_loss" in log
        ],
        "seconds": seconds,
        "pieces_per_second": n_pieces / seconds,
        "versions": {
            "python": platform.python_version(),
            **{m.__name__: m.__version__ for m in (torch, transformers, tokenizers, numpy)},
        },
        "machine": _describe_machine(trainer.args.world_size),
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
