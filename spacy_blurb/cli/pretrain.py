"""`spacy blurb pretrain`: train an encoder, from scratch or continued."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("pretrain", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def pretrain(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="TOML file; see configs/pretrain/.")],
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite/--no-overwrite", help="Delete a run with other settings, start again."
        ),
    ] = False,
) -> None:
    """Train an encoder, and save it as a Hugging Face folder.

    Begins with random weights, or with those of 'training.start_from'. Needs the vocabulary and
    the corpus: run 'vocab' and 'corpus' first. A run that was stopped goes on from its newest
    checkpoint; a finished one is left as it is. Any setting of CONFIG can be changed with
    --section.key VALUE. Several GPUs: start it with torchrun.

    Example: python -m spacy blurb pretrain configs/pretrain/demo.toml --training.max_steps 100
    """
    from ..pretraining.config import read_config
    from ..pretraining.train import pretrain as train_encoder
    from .overrides import parse_overrides

    settings = read_config(config, parse_overrides(context.args))
    record = train_encoder(settings, print, overwrite=overwrite)
    held_out = record["held_out"][-1]
    print(
        f"✔ {settings.training.output}: {record['steps']:,} steps, held-out loss "
        f"{held_out['loss']:.3f} (piece frequencies alone: {held_out['unigram_loss']:.3f})"
    )
