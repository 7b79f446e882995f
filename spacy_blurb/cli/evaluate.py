"""`spacy blurb evaluate`: predict and score by the paper's metric."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BlurbError, Errors
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
) -> None:
    """Predict a .spacy file and score it; writes the result and a predictions file.

    Example: python -m spacy blurb evaluate en_blurb_ncbi_disease ncbi_disease test.spacy -o r.json
    """
    from ..annotations import ENTITIES, PICO, label_sets
    from ..data.docbin import read_docbin
    from ..evaluation.answers import evaluate_answers
    from ..evaluation.pipelines import load_pipeline, require_component
    from ..evaluation.predict import predict_entities
    from ..evaluation.relations import evaluate_relations
    from ..evaluation.results import METRICS, entity_result, write_result
    from ..evaluation.texts import evaluate_labels, evaluate_pairs
    from ..tasks import get_task

    spec = get_task(task)
    if end_to_end and spec.type != "rel":
        raise typer.BadParameter("--end-to-end is for relations")
    by_type: dict[str, Any] = {
        "textcat": evaluate_labels,
        "sts": evaluate_pairs,
        "qa": evaluate_answers,
        "rel": partial(evaluate_relations, end_to_end=end_to_end),
    }
    evaluate_texts = by_type.get(spec.type)
    if evaluate_texts is None and spec.metric not in METRICS:
        known = ", ".join(METRICS)
        raise BlurbError(Errors.B510.format(task=task, metric=spec.metric, known=known))
    nlp = load_pipeline(pipeline)
    require_component(nlp, spec.component, pipeline=pipeline)
    references = read_docbin(data, nlp.vocab)
    if evaluate_texts is not None:
        result, texts = evaluate_texts(spec, nlp, references, data=data, model=model)
        write_result(result, texts, output)
        print(f"{_summarise(result)}\n→ {output}")
        return
    found = sorted({name for doc in references for name in label_sets(doc)})
    if found and task != "ner" and task not in found:
        raise BlurbError(Errors.B511.format(path=data, found=", ".join(found), task=task))
    key = PICO if spec.type == "pico" else ENTITIES
    predictions = predict_entities(nlp, references, labels=spec.labels, key=key)
    result = entity_result(spec, nlp, predictions, data=data, model=model)
    write_result(result, predictions, output)
    low, high = (100 * bound for bound in result["ci95"])
    print(
        f"{spec.name}: {spec.metric} {100 * result['score']:.2f} (95 % {low:.2f}–{high:.2f}), "
        f"{_describe(result)} in {result['n']:,} documents"
    )
    if result["other_types"]:
        print(f"{result['other_types']:,} entities of other types are not part of the task")
    print(f"→ {output}")


def _describe(result: dict[str, Any]) -> str:
    if "precision" in result:
        unit = ""
        rates = f"precision {100 * result['precision']:.2f}, recall {100 * result['recall']:.2f}"
    else:
        unit = " words"
        labels = result["per_label"].items()
        rates = ", ".join(f"{label} {100 * row['f1']:.2f}" for label, row in labels)
    return f"{rates}; {result['gold']:,}{unit} gold, {result['predicted']:,}{unit} predicted"


def _summarise(result: dict[str, Any]) -> str:
    low, high = (100 * bound for bound in result["ci95"])
    score = f"{result['task']}: {result['metric']} {100 * result['score']:.2f}"
    line = f"{score} (95 % {low:.2f}–{high:.2f})"
    if "baseline" in result:
        questions = f"in {result['n']:,} questions"
        return (
            f"{line}, always the most frequent answer {100 * result['baseline']:.2f}; {questions}"
        )
    if "strict" in result:
        rates = f"strict {100 * result['strict']:.2f}, lenient {100 * result['lenient']:.2f}"
        counts = f"{result['n']:,} questions, {result['answerable']:,} with an answer in a text"
        return f"{line}, {rates}, F1 {100 * result['f1']:.2f}; {counts}"
    if "gold" not in result:
        return f"{line}; {result['n']:,} pairs"
    rates = f"precision {100 * result['precision']:.2f}, recall {100 * result['recall']:.2f}"
    if "candidate_recall" in result:
        return f"{line}, {rates}; {_describe_relations(result)}"
    counts = f"{result['gold']:,} gold, {result['predicted']:,} predicted labels"
    return f"{line}, {rates}; {counts} in {result['n']:,} documents, {result['texts']:,} texts"


def _describe_relations(result: dict[str, Any]) -> str:
    recall = result["candidate_recall"]
    covered = "" if recall is None else f" ({100 * recall:.2f} % of them candidates)"
    counts = f"{result['gold']:,} gold{covered}, {result['predicted']:,} predicted relations"
    return f"{counts} between {result['entities']} entities in {result['n']:,} documents"
