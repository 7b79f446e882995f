"""`spacy blurb init-config`: a training config with what the task decides filled in."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .app import command


@command("init-config")
def init_config(
    task: Annotated[
        str,
        typer.Argument(
            help="See 'tasks'; your own data: 'ner', 'rel', 'textcat', 'sts' or 'qa'; 'joint' for "
            "one pipeline that learns all that the corpora are annotated for."
        ),
    ],
    output: Annotated[Path, typer.Argument(help="Config file to write.")],
    corpus: Annotated[
        list[Path],
        typer.Option(
            help="Folder that convert or convert-own wrote; for 'joint' any with train.spacy and "
            "dev.spacy. Give several to learn from all."
        ),
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
    seed: Annotated[int, typer.Option(help="Of weights, order and dropout.")] = 0,
    keep_head: Annotated[
        bool,
        typer.Option(
            "--keep-head/--new-head", help="Go on with the head of the pipeline ENCODER as well."
        ),
    ] = False,
    add_head: Annotated[
        bool,
        typer.Option("--add-head", help="Add the component to the pipeline ENCODER, frozen."),
    ] = False,
) -> None:
    """Write a config for 'spacy train': steps, warm-up and evaluations follow from the epochs.

    The template is configs/COMPONENT.cfg in the current folder, with the component of the task, or
    configs/joint.cfg.

    Example: python -m spacy blurb init-config ncbi_disease train.cfg --corpus corpus/ncbi_disease
    --encoder encoders/small
    """
    from ..evaluation.added_head import add_to_pipeline
    from ..evaluation.joint_config import JOINT, JOINT_TRAINING, fill_joint_config
    from ..evaluation.joint_corpora import compare_corpora
    from ..evaluation.training_config import (
        Settings,
        fill_config,
        find_template,
        remark_on_encoder,
        resolve_encoder,
        template,
    )
    from ..tasks import get_task

    encoder = resolve_encoder(encoder)
    if task == JOINT and (keep_head or add_head):
        raise typer.BadParameter("--keep-head and --add-head are for one task")
    if keep_head and add_head:
        raise typer.BadParameter("--keep-head trains what --add-head freezes")
    training = JOINT_TRAINING if task == JOINT else get_task(task).training
    settings = Settings(
        learning_rate=training.learning_rate if learning_rate is None else learning_rate,
        epochs=training.epochs if epochs is None else epochs,
        batch_docs=training.batch_docs if batch_docs is None else batch_docs,
        seed=seed,
    )
    if task == JOINT:
        path = base or find_template(JOINT, JOINT)
        config, taught, remarks = fill_joint_config(path, corpus, encoder, settings)
        for component, corpora in taught.items():
            print(f"  {component} learns from {', '.join(corpora)}")
    else:
        spec = get_task(task)
        path = base or template(spec)
        config = fill_config(path, corpus, encoder, settings, task=spec, keep_head=keep_head)
        remarks = compare_corpora(corpus) if spec.component == "ner" else []
        if add_head:
            add_to_pipeline(config, encoder, spec.component)
    for remark in [*remarks, *remark_on_encoder(encoder)]:
        print(f"  {remark}")
    output.parent.mkdir(parents=True, exist_ok=True)
    config.to_disk(output)
    _summarise(task, settings.epochs, config["training"], output)


def _summarise(task: str, epochs: int, training: dict[str, Any], output: Path) -> None:
    print(f"{task}: {epochs} epochs = {training['max_steps']:,} steps → {output}")
