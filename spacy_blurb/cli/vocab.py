"""`spacy blurb vocab`: learn the vocabulary of an encoder."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("vocab", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def vocab(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="TOML file; see configs/pretrain/.")],
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite/--no-overwrite",
            help="Replace a vocabulary that a finished corpus uses, or a tokenizer of others.",
        ),
    ] = False,
) -> None:
    """Learn a WordPiece vocabulary from text and save it as a tokenizer folder.

    One that was learnt from the same text with the same settings stays as it is. Any setting of
    CONFIG can be changed with --section.key VALUE.

    Example: python -m spacy blurb vocab configs/pretrain/demo.toml --text.files '["a.txt"]'
    """
    from ..pretraining.config import read_config
    from ..pretraining.vocab import train_vocab
    from .overrides import parse_overrides

    settings = read_config(config, parse_overrides(context.args))
    counts = train_vocab(settings, print, overwrite=overwrite)
    folder = settings.vocab.folder
    print(f"✔ {counts.reached:,} pieces from {counts.documents:,} documents in {folder}")
    if counts.reached < counts.asked:
        print(f"  fewer than the {counts.asked:,} asked for: the text has no more")
    elif counts.reached > counts.asked:
        print(f"  more than the {counts.asked:,} asked for: the letters alone need them")
