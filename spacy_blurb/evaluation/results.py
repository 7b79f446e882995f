"""What a result file says: the score, the counts behind it, and what made it.

There is one way to a score: predictions go to a file, and the file is scored, whoever wrote it.
"""

import hashlib
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..data.formats.file_hash import hash_file
from ..data.formats.whole_files import write_whole
from ..errors import BlurbError, Errors
from ..metrics.resampling import Units
from ..runtime.processor import name_processor
from ..tasks import Task
from .export_config import RUNTIME
from .families import END_TO_END, get_family
from .pipeline_identity import hash_pipeline, pipeline_encoder
from .scoring import check_labels, score_rows
from .scoring.rows import Row, read_rows, write_rows

_PACKAGES = (
    "spacy-blurb",
    "spacy",
    "thinc",
    "spacy-transformers",
    "transformers",
    "torch",
    "numpy",
)


def evaluate_pipeline(
    task: Task,
    nlp: Language,
    references: Sequence[Doc],
    output: Path,
    *,
    data: Path,
    model: str | None = None,
    end_to_end: bool = False,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Predict gold Docs, write the predictions beside `output`, score that file, write the result.

    data (Path): The gold file, named by its SHA-256 in the result.
    model (str | None): Model name in the result, by default the pipeline's.
    end_to_end (bool): Of relations, whether the entities are predicted too.
    folder (Path | None): Where the pipeline was loaded from, unchanged; named by its content in
        the result, so that `package` can tell whether this is the pipeline.
    RETURNS (dict[str, Any]): The result; `score` and `ci95` are 0-1 (Pearson: -1 to 1), `n` counts
        what is resampled: documents, pairs, questions; `texts` the parts of documents.
    RAISES (BlurbError): B510 tasks of this type cannot be scored, B648 the output would replace the
        data, B649 two gold Docs with one id, and what its `Family` raises.
    """
    predictions = _beside(output, "predictions.jsonl")
    spare_inputs([data], [output, predictions, _beside(output, "units.json")])
    family = END_TO_END if end_to_end else get_family(task)
    # What cannot be scored need not be predicted.
    check_ids(family.read_gold(task, references), data)
    rows, remarks = family.predict(task, nlp, references)
    write_rows(rows, predictions)
    remarks = {**remarks, **describe_pipeline(nlp, model)}
    if folder is not None:
        remarks["pipeline_sha256"] = hash_pipeline(folder)
    found = read_rows(predictions)
    return _score(task, references, found, predictions, output, data=data, remarks=remarks)


def score_file(
    task: Task,
    references: Sequence[Doc],
    predictions: Path,
    output: Path,
    *,
    data: Path,
    remarks: dict[str, Any],
) -> dict[str, Any]:
    """Score a prediction file and write the result.

    predictions (Path): See docs/protocol.md; in the folder of `output` it is named without folder.
    data (Path): The gold file.
    remarks (dict[str, Any]): What else the result says, `model` and `seed` at least.
    RAISES (BlurbError): B510 tasks of this type cannot be scored, B100 and B628 to B632 about the
        prediction file, B648 the output would replace what is read, B649 two gold Docs with one id,
        and what reading the gold items raises.
    """
    spare_inputs([data, predictions], [output, _beside(output, "units.json")])
    rows = read_rows(predictions)
    check_labels(task, rows, predictions)
    return _score(task, references, rows, predictions, output, data=data, remarks=remarks)


def _score(
    task: Task,
    references: Sequence[Doc],
    rows: Sequence[Row],
    predictions: Path,
    output: Path,
    *,
    data: Path,
    remarks: dict[str, Any],
) -> dict[str, Any]:
    gold = get_family(task).read_gold(task, references)
    check_ids(gold, data)
    fields, units = score_rows(task, gold, rows, predictions)
    result = {
        **fields,
        **describe_data(data),
        "gold_sha256": hash_gold(gold),
        **describe_run(),
        **remarks,
    }
    write_units(units, _beside(output, "units.json"))
    here = predictions.resolve().parent == output.resolve().parent
    result["predictions"] = (
        predictions.name
        if here
        else os.path.relpath(predictions.resolve(), output.resolve().parent)
    )
    result["units"] = _beside(output, "units.json").name
    # Last, as it speaks of the others.
    write_whole(output, json.dumps(result, indent=2) + "\n")
    return result


def spare_inputs(inputs: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Refuse to write over what is read."""
    read = {path.resolve() for path in inputs}
    for path in outputs:
        if path.resolve() in read:
            raise BlurbError(Errors.B648.format(path=path))


def check_ids(gold: Sequence[Any], data: Path) -> None:
    """Refuse gold items that share an id: predictions are found by it.

    gold (Sequence): Items with an `id`.
    data (Path): The gold file.
    RAISES (BlurbError): B649 two have one; one without an id is called by its place.
    """
    counts = Counter(item.id for item in gold)
    if repeated := [name for name, count in counts.items() if count > 1]:
        raise BlurbError(Errors.B649.format(path=data, n=len(repeated), example=repeated[0]))


def _beside(output: Path, ending: str) -> Path:
    return output.with_name(f"{output.stem}.{ending}")


def hash_gold(gold: Sequence[Any]) -> str:
    """Name gold items by their content, so that equal data in different files have one name.

    What items are not compared by is no part of it: by which document a text is resampled changes
    nothing of what is to be found in it.
    """
    names = [field.name for field in fields(gold[0]) if field.compare] if gold else []
    rows = [{name: row[name] for name in names} for row in map(asdict, gold)]
    items = [
        {
            key: sorted(value) if isinstance(value, frozenset) else value
            for key, value in row.items()
        }
        for row in rows
    ]
    return hashlib.sha256(json.dumps(items, sort_keys=True).encode("utf-8")).hexdigest()


def write_units(units: Units, path: Path) -> None:
    """Write what each unit contributes: intervals and comparisons need no gold data then."""
    # Digits that matter and not decimals: similarities may be of any scale.
    table = [[float(f"{value:.9g}") for value in row] for row in units.table]
    whole = [[int(v) if v == int(v) else v for v in row] for row in table]
    content = {"kind": units.kind, "ids": list(units.ids), "table": whole}
    write_whole(path, json.dumps(content, separators=(",", ":")) + "\n")


_COLUMNS = {"f1": 3, "macro_f1": 3, "mean": 1, "pearson": 2}
"""Kind → columns of the table of `Units`; of "macro_f1" for each label."""


def read_units(path: Path) -> Units:
    """Read what `write_units` wrote.

    RAISES (BlurbError): B633 it cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        table, ids = np.array(content["table"], dtype=np.float64), tuple(content["ids"])
        if (
            table.ndim != 2
            or len(table) != len(ids)
            or not len(ids)
            or not np.isfinite(table).all()
        ):
            raise ValueError("not a row of numbers for each id")
        kind, columns = content["kind"], table.shape[1]
        if kind not in _COLUMNS:
            raise ValueError(f"{kind!r} is no kind of score")
        if columns % 3 if kind == "macro_f1" else columns != _COLUMNS[kind]:
            raise ValueError(f"{columns} columns are none of {kind!r}")
        return Units(kind, ids, table)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BlurbError(Errors.B633.format(path=path, reason=error)) from error


def describe_data(data: Path) -> dict[str, Any]:
    """Name the gold file by its content."""
    return {"data_sha256": hash_file(data)}


def describe_pipeline(nlp: Language, model: str | None = None) -> dict[str, Any]:
    """Say which pipeline, seed and encoder gave a result."""
    encoder = pipeline_encoder(nlp)
    return {
        "model": model or f"{nlp.meta['lang']}_{nlp.meta['name']}-{nlp.meta['version']}",
        "seed": nlp.config.interpolate()["training"].get("seed"),
        **({} if encoder is None else {"encoder": encoder}),
        **_describe_backend(nlp),
    }


def _describe_backend(nlp: Language) -> dict[str, Any]:
    """Say by what an exported pipeline computes: torch, if it is installed, has no part in it."""
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory == RUNTIME:
            backend: str = nlp.get_pipe_config(name)["backend"]
            package = "onnxruntime" if backend.startswith("onnx") else "openvino"
            packages = ("spacy-blurb", "spacy", "thinc", "tokenizers", package, "numpy")
            return {"backend": backend, "versions": package_versions(packages)}
    return {}


def describe_run() -> dict[str, Any]:
    """Say which versions, machine and command gave a result."""
    return {
        "versions": package_versions(),
        "machine": f"{name_processor()}, {platform.system()}, Python {platform.python_version()}",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "command": " ".join([_program(), *sys.argv[1:]]),
    }


def _program() -> str:
    """Name the program that `sys.argv` was given to: `spacy blurb …` or our own script."""
    return "python -m spacy" if sys.argv[1:2] == ["blurb"] else "spacy-blurb"


def package_versions(packages: Sequence[str] = _PACKAGES) -> dict[str, str]:
    """Return the installed versions of the packages that results depend on."""
    versions = {}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
