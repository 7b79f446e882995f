"""`spacy blurb corpus`: filter, divide and tokenise the text of an encoder."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("corpus", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def corpus(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="TOML file; see configs/pretrain/.")],
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite/--no-overwrite", help="Replace a corpus that was made with other settings."
        ),
    ] = False,
) -> None:
    """Turn text, JSONL, PubMed XML or MEDLINE text into tokenised shards for pretraining.

    Needs the vocabulary: run 'vocab' first. Repeated documents, those on the lists of
    'text.exclude_ids' and 'text.exclude_titles' and those with fewer words than 'text.min_words'
    are left out and counted. A build that was stopped goes on where it was. Any setting of CONFIG
    can be changed with --section.key VALUE.

    Example: python -m spacy blurb corpus configs/pretrain/demo.toml --corpus.n_processes 2
    """
    from ..pretraining.config import read_config
    from ..pretraining.corpus import build_corpus
    from ..pretraining.report import describe_corpus
    from .overrides import parse_overrides

    settings = read_config(config, parse_overrides(context.args))
    manifest = build_corpus(settings, print, overwrite=overwrite)
    for line in describe_corpus(manifest):
        print(line)
    print(f"✔ {settings.corpus.folder}")
