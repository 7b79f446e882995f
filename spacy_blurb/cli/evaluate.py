"""`spacy blurb evaluate`: predict and score by the paper's metric."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .app import command


@command("evaluate")
def evaluate(
    pipeline: Annotated[str, typer.Argument(help="Folder or package name.")],
    task: Annotated[
        str,
        typer.Argument(help="See 'tasks'; your own data: 'ner', 'textcat' or 'sts'."),
    ],
    data: Annotated[Path, typer.Argument(help="Gold .spacy file from 'convert'.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Result file (JSON).")],
    model: Annotated[
        str | None, typer.Option(help="Model name in the result; default: the pipeline's.")
    ] = None,
) -> None:
    """Predict a .spacy file and score it; writes the result and a predictions file.

    Example: python -m spacy blurb evaluate en_blurb_ncbi_disease ncbi_disease test.spacy -o r.json
    """
    from ..data.docbin import read_docbin
    from ..evaluation.families import get_family
    from ..evaluation.pipelines import load_pipeline, require_component
    from ..evaluation.results import evaluate_pipeline
    from ..tasks import get_task

    spec = get_task(task)
    get_family(spec)
    nlp = load_pipeline(pipeline)
    require_component(nlp, spec.component, pipeline=pipeline)
    references = read_docbin(data, nlp.vocab)
    result = evaluate_pipeline(spec, nlp, references, output, data=data, model=model)
    print(f"{summarise(result)}\n→ {output}")


def summarise(result: dict[str, Any]) -> str:
    """Return a result in one line, two where entities of other types were found."""
    low, high = (100 * bound for bound in result["ci95"])
    line = f"{result['task']}: {result['metric']} {100 * result['score']:.2f}"
    line += f" (95 % {low:.2f}–{high:.2f})"
    if "precision" in result:
        line += f", precision {100 * result['precision']:.2f}, recall {100 * result['recall']:.2f}"
    elif "per_label" in result:
        rows = result["per_label"].items()
        line += "".join(f", {label} {100 * row['f1']:.2f}" for label, row in rows)
    unit = " words" if result["metric"] == "macro_word_f1" else ""
    items = f"{result['n']:,} {_UNITS.get(result['metric'], 'documents')}"
    if "gold" in result:
        counts = f"{result['gold']:,}{unit} gold, {result['predicted']:,}{unit} predicted"
        line += f"; {counts} in {items}"
    else:
        line += f"; {items}"
    if "texts" in result:
        line += f", {result['texts']:,} texts"
    if result.get("other_types"):
        line += f"\n{result['other_types']:,} entities of other types are not part of the task"
    return line


_UNITS = {"pearson": "pairs", "accuracy": "questions", "mrr": "questions"}
