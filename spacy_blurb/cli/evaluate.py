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
        typer.Argument(help="See 'tasks'; your own data: 'ner', 'rel', 'textcat', 'sts' or 'qa'."),
    ],
    data: Annotated[Path, typer.Argument(help="Gold .spacy file from 'convert'.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Result file (JSON).")],
    model: Annotated[
        str | None, typer.Option(help="Model name in the result; default: the pipeline's.")
    ] = None,
    end_to_end: Annotated[
        bool, typer.Option("--end-to-end", help="Relations between predicted entities.")
    ] = False,
    gpu_id: Annotated[
        int, typer.Option("--gpu-id", "-g", help="GPU to compute on, -1 for the CPU.")
    ] = -1,
) -> None:
    """Predict a .spacy file and score it; writes the result and a predictions file.

    Example: python -m spacy blurb evaluate en_blurb_ncbi_disease ncbi_disease test.spacy -o r.json
    """
    from ..data.docbin import read_docbin
    from ..evaluation.families import get_family
    from ..evaluation.pipelines import choose_processor, load_pipeline, require_component
    from ..evaluation.results import evaluate_pipeline
    from ..tasks import get_task

    spec = get_task(task)
    if end_to_end and spec.type != "rel":
        raise typer.BadParameter("--end-to-end is for relations")
    get_family(spec)
    choose_processor(gpu_id)
    nlp = load_pipeline(pipeline)
    require_component(nlp, spec.component, pipeline=pipeline)
    references = read_docbin(data, nlp.vocab)
    result = evaluate_pipeline(
        spec,
        nlp,
        references,
        output,
        data=data,
        model=model,
        end_to_end=end_to_end,
        folder=nlp.path,
    )
    print(f"{summarise(result)}\n→ {output}")


def summarise(result: dict[str, Any]) -> str:
    """Return a result in one line, and more where entities of other types were found."""
    low, high = (100 * bound for bound in result["ci95"])
    line = f"{result['task']}: {result['metric']} {100 * result['score']:.2f}"
    line += f" (95 % {low:.2f}–{high:.2f})"
    if "baseline" in result or "strict" in result:
        return f"{line}, {_describe_answers(result)}"
    if "precision" in result:
        line += f", precision {100 * result['precision']:.2f}, recall {100 * result['recall']:.2f}"
    elif "per_label" in result:
        rows = result["per_label"].items()
        line += "".join(f", {label} {100 * row['f1']:.2f}" for label, row in rows)
    if result["metric"] == "micro_f1" and "entities" in result:
        return f"{line}; {_describe_relations(result)}"
    unit = " words" if result["metric"] == "macro_word_f1" else ""
    items = f"{result['n']:,} {'pairs' if result['metric'] == 'pearson' else 'documents'}"
    if "gold" in result:
        counts = f"{result['gold']:,}{unit} gold, {result['predicted']:,}{unit} predicted"
        line += f"; {counts} in {items}"
    else:
        line += f"; {items}"
    if "texts" in result:
        line += f", {result['texts']:,} texts"
    if result.get("other_types"):
        line += f"\n{result['other_types']:,} entities of other types are not part of the task"
    if result["metric"] == "entity_f1" and (alone := _without_gold(result)):
        line += f"\nthe gold data has no {', '.join(alone)}: all that was predicted of it is wrong"
    return line


def _without_gold(result: dict[str, Any]) -> list[str]:
    """Return the types that were predicted and are in no gold document: named otherwise there?"""
    return [label for label, row in result["per_label"].items() if not row["gold"]]


def _describe_answers(result: dict[str, Any]) -> str:
    if "baseline" in result:
        questions = f"in {result['n']:,} questions"
        return f"always the most frequent answer {100 * result['baseline']:.2f}; {questions}"
    rates = f"strict {100 * result['strict']:.2f}, lenient {100 * result['lenient']:.2f}"
    counts = f"{result['n']:,} questions, {result['answerable']:,} with an answer in a text"
    return f"{rates}, F1 {100 * result['f1']:.2f}; {counts}"


def _describe_relations(result: dict[str, Any]) -> str:
    recall = result.get("candidate_recall")  # a prediction file does not tell
    covered = "" if recall is None else f" ({100 * recall:.2f} % of them candidates)"
    counts = f"{result['gold']:,} gold{covered}, {result['predicted']:,} predicted relations"
    texts = f", {result['texts']:,} texts" if "texts" in result else ""
    return f"{counts} between {result['entities']} entities in {result['n']:,} documents{texts}"
