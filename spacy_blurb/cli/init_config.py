"""`spacy blurb init-config`: a training config with what the task decides filled in."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("init-config")
def init_config(
    task: Annotated[
        str,
        typer.Argument(help="See 'tasks'; your own data: 'ner', 'rel', 'textcat', 'sts' or 'qa'."),
    ],
    output: Annotated[Path, typer.Argument(help="Config file to write.")],
    corpus: Annotated[
        list[Path],
        typer.Option(help="Folder with train.spacy and dev.spacy; give several to learn from all."),
    ],
    encoder: Annotated[
        str, typer.Option(help="Hugging Face folder or hub name, or a trained pipeline.")
    ],
    base: Annotated[
        Path | None, typer.Option(help="Template; default: that of the task's component.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak; default: the task's.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Default: the task's.")] = None,
    batch_docs: Annotated[
        int | None, typer.Option(min=1, help="Of relations: pairs. Default: the task's.")
    ] = None,
    seed: Annotated[int, typer.Option()] = 0,
    keep_head: Annotated[
        bool,
        typer.Option("--keep-head", help="Go on with the head of the pipeline ENCODER as well."),
    ] = False,
) -> None:
    """Write a config for 'spacy train': steps, warm-up and evaluations follow from the epochs.

    The template is configs/COMPONENT.cfg in the current folder, with the component of the task.

    Example: python -m spacy blurb init-config ncbi_disease train.cfg --corpus corpus/ncbi_disease
    --encoder encoders/small
    """
    from ..evaluation.training_config import Settings, fill_config, template
    from ..tasks import get_task

    spec = get_task(task)
    training = spec.training
    settings = Settings(
        learning_rate=training.learning_rate if learning_rate is None else learning_rate,
        epochs=training.epochs if epochs is None else epochs,
        batch_docs=training.batch_docs if batch_docs is None else batch_docs,
        seed=seed,
    )
    config = fill_config(
        base or template(spec), corpus, encoder, settings, task=spec, keep_head=keep_head
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    config.to_disk(output)
    steps = config["training"]["max_steps"]
    print(f"{task}: {settings.epochs} epochs = {steps:,} steps → {output}")
