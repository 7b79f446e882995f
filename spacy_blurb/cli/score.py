"""`spacy blurb score`: score predictions that any program made."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("score")
def score(
    predictions: Annotated[Path, typer.Argument(help="JSONL, see docs/protocol.md.")],
    task: Annotated[
        str,
        typer.Argument(help="See 'tasks'; your own data: 'ner', 'rel', 'textcat', 'sts' or 'qa'."),
    ],
    gold: Annotated[Path, typer.Argument(help="Gold .spacy file from 'convert'.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Result file (JSON).")],
    model: Annotated[
        str | None, typer.Option(help="Model name in the result; default: the file's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed in the result.")] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Another result file or folder of one task: tell the paired difference."),
    ] = None,
) -> None:
    """Score a prediction file of any program by the paper's metric.

    Example: python -m spacy blurb score bert.jsonl ncbi_disease corpus/ncbi_disease/test.spacy
    -o results/ncbi_disease/bert-s0.json --model bert --seed 0
    """
    import spacy

    from ..data.docbin import read_docbin
    from ..evaluation.families import get_family
    from ..evaluation.results import score_file
    from ..tasks import get_task
    from .evaluate import summarise

    spec = get_task(task)
    get_family(spec)
    references = read_docbin(gold, spacy.blank("en").vocab)
    remarks = {"model": model or predictions.name.partition(".")[0], "seed": seed}
    result = score_file(spec, references, predictions, output, data=gold, remarks=remarks)
    print(f"{summarise(result)}\n→ {output}")
    if against is not None:
        from ..evaluation.significance import compare_results

        for line in compare_results(output, against):
            print(line)
