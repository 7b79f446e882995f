"""`spacy blurb zero-shot`: multiple-choice questions by an encoder without training."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import BlurbError, Errors
from .app import command


@command("zero-shot")
def zero_shot(
    task: Annotated[str, typer.Argument(help="medconceptsqa, medqa, or qa for your own.")],
    encoder: Annotated[str, typer.Argument(help="Hugging Face folder or hub name.")],
    data: Annotated[Path, typer.Argument(help="Gold .spacy file from 'convert'.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Result file (JSON).")],
    method: Annotated[
        str, typer.Option(help="'pll': likelihood of the options; 'embedding': similarity.")
    ] = "pll",
    shots: Annotated[
        Path | None, typer.Option(help="A .spacy file with solved questions to read first.")
    ] = None,
    n_shots: Annotated[int, typer.Option(min=1, help="How many of them.")] = 4,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions to take.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Name in the result; by default encoder, method and shots."),
    ] = None,
) -> None:
    """Score options by our own protocol, which no published figure follows (docs/protocol.md).

    Example: python -m spacy blurb zero-shot medconceptsqa encoders/base
    corpus/medconceptsqa/test.spacy -o zero.json --shots corpus/medconceptsqa/dev.spacy
    """
    from spacy.vocab import Vocab

    from ..data.docbin import read_docbin
    from ..evaluation.results import spare_inputs
    from ..evaluation.zero_shot import evaluate_zero_shot, write_zero_shot
    from ..tasks import get_task

    given = [data, *([] if shots is None else [shots])]
    spare_inputs(given, [output])
    if method not in ("pll", "embedding"):
        raise BlurbError(Errors.B549.format(method=method))
    vocab = Vocab()
    solved = read_docbin(shots, vocab)[:n_shots] if shots is not None else []
    result, predictions, units = evaluate_zero_shot(
        get_task(task),
        encoder,
        read_docbin(data, vocab),
        data=data,
        method=method,  # type: ignore[arg-type]
        shots=solved,
        limit=limit,
        model=model,
    )
    write_zero_shot(result, predictions, units, output)
    low, high = (100 * bound for bound in result["ci95"])
    print(
        f"{task}: {result['metric']} {100 * result['score']:.2f} (95 % {low:.2f}–{high:.2f}), "
        f"{method}, {result['shots']} shots, own protocol; always the most frequent answer "
        f"{100 * result['baseline']:.2f}; {result['n']:,} of {result['questions_in_file']:,}"
        " questions"
        f"\n→ {output}"
    )
