"""`spacy blurb calibrate`: probabilities that mean what they say."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .app import command


@command("calibrate")
def calibrate(
    pipeline: Annotated[str, typer.Argument(help="Folder or package name.")],
    dev: Annotated[Path, typer.Argument(help="Gold .spacy file of the dev split.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pipeline.")],
    component: Annotated[str, typer.Option(help="Name of the component.")] = "ner",
    thresholds: Annotated[
        bool, typer.Option("--thresholds", help="Also fit the threshold of each label.")
    ] = False,
) -> None:
    """Fit the temperature of span._.score, or of answers, on a dev split, and save the pipeline.

    Example: python -m spacy blurb calibrate training/ncbi_disease/model-last
    corpus/ncbi_disease/dev.spacy -o training/ncbi_disease/calibrated
    """
    from ..data.docbin import read_docbin
    from ..evaluation.calibrate import TEMPERATURES
    from ..evaluation.calibrate import calibrate as fit
    from ..evaluation.calibrate_answers import calibrate_answers, is_answerer
    from ..evaluation.pipelines import load_pipeline, require_component

    check_output(output)
    nlp = load_pipeline(pipeline)
    require_component(nlp, component, pipeline=pipeline)
    if is_answerer(nlp, component):
        report = calibrate_answers(nlp, read_docbin(dev, nlp.vocab), component=component)
        write(nlp, output, report)
        old, new = (report[key]["calibration_error"] for key in ("before", "after"))
        print(
            f"{component}: temperature {report['temperature']:.3f}, fitted on "
            f"{report['questions']:,} questions; calibration error {old:.4f} → {new:.4f}"
            f"\n→ {output}"
        )
        return
    report = fit(nlp, read_docbin(dev, nlp.vocab), component=component, thresholds=thresholds)
    write(nlp, output, report)
    before, after = report["before"], report["after"]
    print(
        f"{component}: temperature {report['temperature']:.3f}, fitted on "
        f"{report['fitted_on']:,} predicted spans in {report['documents']:,} documents"
    )
    if report["removed_thresholds"]:
        print(f"thresholds removed: {', '.join(report['removed_thresholds'])}; see --thresholds")
    if not TEMPERATURES[0] * 1.01 < report["temperature"] < TEMPERATURES[1] * 0.99:
        print("that is the bound of the search: too few spans, or all right or all wrong")
    for label, threshold in report["thresholds"].items():
        print(f"{label}: threshold {threshold:.3f}")
    print(
        f"calibration error {before['calibration_error']:.4f} → {after['calibration_error']:.4f}, "
        f"entity F1 {100 * before['entity_f1']:.2f} → {100 * after['entity_f1']:.2f}"
    )
    print(f"→ {output}")


def check_output(output: Path) -> None:
    """Refuse what is no folder for a pipeline, before what takes long.

    RAISES (BlurbError): B529 there is something else.
    """
    from ..errors import BlurbError, Errors

    is_free = not output.exists() or (output.is_dir() and not any(output.iterdir()))
    if not is_free and not (output / "config.cfg").is_file():
        raise BlurbError(Errors.B529.format(path=output))


def write(nlp: Any, output: Path, report: dict[str, Any]) -> None:
    """Write the pipeline and, beside it, what was fitted."""
    output.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(output)
    path = output / "calibration.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
