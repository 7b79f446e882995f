"""A dataset's splits to `.spacy` files and a report that says what was counted and lost."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import spacy

from ..annotations import ENTITIES
from ..errors import BlurbError, Errors, MissingFilesError
from ..tokenization.tokenizer import build_tokenizer
from .checks import check_splits
from .counts import COUNTERS
from .datasets import FORMS, READERS
from .docbin import RelationScheme, write_docbin
from .formats import READERS as FORMAT_READERS
from .instances import record_of_row
from .records import AnyRecord, LabelledText, Question, Record, Split, TextPair

SPLITS = ("train", "dev", "test")
DEV_SHARE = 10
"""Every so many-th training document becomes dev where a user gives no dev file."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a conversion is for.

    name (str): Task name; also the name of the label set.
    unit (str): What is counted, a key of `counts.COUNTERS`.
    labels (Sequence[str]): Labels of the task, () for those that occur; of relations the positive
        ones.
    entities_key (str): Span group of entities, "blurb" or "pico".
    label_set (str | None): Annotation scheme of the entities, by default named like the task.
    """

    name: str
    unit: str = "mentions"
    labels: Sequence[str] = ()
    entities_key: str = ENTITIES
    label_set: str | None = None


def convert_task(
    target: Target, raw_dir: Path, out_dir: Path, *, form: str, paper: Mapping[str, int | None]
) -> dict[str, Any]:
    """Convert a public dataset.

    raw_dir (Path): Folder laid out like the public distribution.
    form (str): "original" or "blurb".
    paper (Mapping[str, int | None]): Split → the paper's count, None where it states none.
    RETURNS (dict): The report, also written to `out_dir/report.json`.
    RAISES (BlurbError): B108 no such folder, B110 not a public dataset, B115 unknown form, B111
        and B112 from the checks, B179 a split with nothing of the task in it, and what the
        dataset's reader raises.
    """
    splits, form, missing = read_splits(target.name, raw_dir, form)
    for split in SPLITS:
        records = splits[split].records if split in splits else []
        if paper[split] is not None and not COUNTERS[target.unit](records):
            raise BlurbError(
                Errors.B179.format(path=raw_dir, split=split, count=paper[split], unit=target.unit)
            )
    scheme = None
    if target.unit == "relations":
        rows_only = any(isinstance(r, LabelledText) for s in splits.values() for r in s.records)
        splits = {name: _rows_to_records(split) for name, split in splits.items()}
        scheme = RelationScheme(target.labels, complete=True, only_pairs=rows_only)
    rows = write_splits(splits, out_dir, target, scheme)
    for split, row in rows.items():
        row["paper"] = paper[split]
    report: dict[str, Any] = {"task": target.name, "form": form, "splits": rows}
    return _write_report(report | ({"missing": missing} if missing else {}), out_dir)


def read_splits(
    task: str, raw_dir: Path, form: str
) -> tuple[dict[str, Split[AnyRecord]], str, str]:
    """Read and check all splits of a public dataset.

    A folder that lacks any of the originals is read as the preprocessed copy, where it holds that.

    RETURNS (tuple): The splits by name, without those that the dataset does not have, the form
        that was read, and which original was missing, "" where none was.
    RAISES (BlurbError): As `convert_task`.
    """
    if form not in FORMS:
        raise BlurbError(Errors.B115.format(name=form, known=", ".join(FORMS)))
    if not raw_dir.is_dir():
        raise BlurbError(Errors.B108.format(path=raw_dir, task=task))
    if task not in READERS:
        hint = " Your own files are converted with 'convert-own'."
        raise BlurbError(Errors.B110.format(name=task, hint=hint))
    reason = ""
    try:
        splits = _read_form(task, raw_dir, form)
    except MissingFilesError as missing:
        if form == "blurb":
            raise
        form, reason = "blurb", str(missing)
        try:
            splits = _read_form(task, raw_dir, form)
        except MissingFilesError:
            raise missing from None
    check_splits(splits, source=str(raw_dir), disjoint_ids=form == "original")
    return splits, form, reason


def _read_form(task: str, raw_dir: Path, form: str) -> dict[str, Split[AnyRecord]]:
    splits = {split: READERS[task](raw_dir, split, form) for split in SPLITS}
    return {name: split for name, split in splits.items() if split.records}


def convert_own(
    format_name: str,
    paths: Mapping[str, Path],
    out_dir: Path,
    *,
    label: str,
    none: Sequence[str] = (),
) -> dict[str, Any]:
    """Convert a user's own files.

    paths (Mapping[str, Path]): "train" and, where there are such files, "dev" and "test". Without
        a dev file every tenth training document becomes dev, with all its sentences, or all the
        questions on it.
    label (str): Label of mentions without a type; also the name of the label set.
    none (Sequence[str]): Labels of relations that mean "no relation". All pairs without one are
        negative examples anyway, so that these relations are left out, and counted.
    RETURNS (dict): The report, also written to `out_dir/report.json`; of dev and test it has
        `in_train`, how many of their texts are in train, too. Where dev was taken from the training
        file, `left_out` of the report itself is what was left out of that file.
    RAISES (BlurbError): B115 unknown format, B111 an id twice, B116 a single training document
        and no dev file, B172 an empty label, B176 a label of `none` that no relation has, B181 as
        `write_splits`, and what the reader raises.
    """
    if not label.strip():
        raise BlurbError(Errors.B172.format(label=label))
    label = label.strip()
    if format_name not in FORMAT_READERS:
        known = ", ".join(sorted(FORMAT_READERS))
        raise BlurbError(Errors.B115.format(name=format_name, known=known))
    read = FORMAT_READERS[format_name]
    splits: dict[str, Split[AnyRecord]] = {name: read(path, label) for name, path in paths.items()}
    source = ", ".join(map(str, dict.fromkeys(paths.values())))
    check_splits(splits, source=source, disjoint_ids=False)
    shared = {}
    if "dev" not in splits:
        # Readers count for the whole file.
        shared = {"left_out": splits["train"].left_out} if splits["train"].left_out else {}
        splits["train"], splits["dev"] = _carve_dev(splits["train"])
    records = [record for split in splits.values() for record in split.records]
    # Documents and splits without a relation belong to relation data too.
    with_relations = any(isinstance(record, Record) and record.relations for record in records)
    scheme = RelationScheme() if with_relations else None
    unit = "questions" if any(isinstance(record, Question) for record in records) else "mentions"
    if none:
        splits = _leave_out_relations(splits, none)
    rows = write_splits(splits, out_dir, Target(label, unit=unit), scheme)
    taught = {_text(record) for record in splits["train"].records}
    for name, row in rows.items():
        row["paper"] = None
        if name != "train":
            row["in_train"] = sum(_text(record) in taught for record in splits[name].records)
    return _write_report({"task": "own", "form": format_name, "splits": rows, **shared}, out_dir)


def _leave_out_relations(
    splits: Mapping[str, Split[AnyRecord]], none: Sequence[str]
) -> dict[str, Split[AnyRecord]]:
    """Leave out the relations with some labels."""
    found = Counter(
        relation.label
        for split in splits.values()
        for record in split.records
        if isinstance(record, Record)
        for relation in record.relations
    )
    if unknown := [label for label in none if label not in found]:
        known = ", ".join(sorted(found)) or "none"
        raise BlurbError(Errors.B176.format(label=unknown[0], known=known))
    return {name: _without_relations(split, none) for name, split in splits.items()}


def _without_relations(split: Split[AnyRecord], none: Sequence[str]) -> Split[AnyRecord]:
    left_out = Counter(split.left_out)
    records: list[AnyRecord] = []
    for record in split.records:
        if isinstance(record, Record):
            kept = tuple(r for r in record.relations if r.label not in none)
            if dropped := len(record.relations) - len(kept):
                left_out["relations whose label means none"] += dropped
            record = replace(record, relations=kept)
        records.append(record)
    return Split(records, dict(left_out))


def _carve_dev(train: Split[AnyRecord]) -> tuple[Split[AnyRecord], Split[AnyRecord]]:
    if len(train.records) < 2:
        raise BlurbError(Errors.B116.format(count=len(train.records)))
    documents: dict[tuple[str, str], list[AnyRecord]] = {}
    for record in train.records:
        documents.setdefault(_document(record), []).append(record)
    # Of a single document a part has to do.
    parts = list(documents.values()) if len(documents) > 1 else [[r] for r in train.records]
    # Of few documents the smallest, of equal ones the last.
    moved = parts[DEV_SHARE - 1 :: DEV_SHARE] or [min(reversed(parts), key=len)]
    dev = [record for part in moved for record in part]
    taken = {record.id for record in dev}
    kept = [record for record in train.records if record.id not in taken]
    return Split(kept, {"documents moved to dev": len(moved)}), Split(dev)


def _document(record: AnyRecord) -> tuple[str, str]:
    """Name what must be in one split: a model that has seen a text is not tested on it."""
    if isinstance(record, Question) and record.context:
        return "text", record.context
    if isinstance(record, Record) and record.document:
        return "document", record.document
    return "record", record.id


def _text(record: AnyRecord) -> str:
    if isinstance(record, TextPair):
        return f"{record.first}\n{record.second}"
    if isinstance(record, Question):
        return record.context or record.question
    return record.text


def _rows_to_records(split: Split[AnyRecord]) -> Split[AnyRecord]:
    """Find the mentions in rows that were distributed with dummies for them."""
    found = [record_of_row(r) if isinstance(r, LabelledText) else r for r in split.records]
    return Split(found, split.left_out)


def write_splits(
    splits: Mapping[str, Split[AnyRecord]],
    out_dir: Path,
    target: Target,
    relations: RelationScheme | None = None,
) -> dict[str, dict[str, Any]]:
    """Write one `.spacy` file per split and return the report's rows.

    An earlier conversion stays until this one is whole.

    relations (RelationScheme | None): See `write_docbin`.
    RAISES (BlurbError): B181 a file that no conversion has written would have to go.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    _check_free(out_dir, splits)
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".new-") as folder:
        rows = _write_splits(splits, Path(folder), target, relations)
        # What the earlier one left there must not pass for a part of this one.
        for name in (*(f"{split}.spacy" for split in SPLITS), "report.json"):
            (out_dir / name).unlink(missing_ok=True)
        for path in Path(folder).iterdir():
            path.replace(out_dir / path.name)
    return rows


def _check_free(out_dir: Path, splits: Iterable[str]) -> None:
    """Refuse a folder with a user's own splits, which would pass for a part of this conversion."""
    report = out_dir / "report.json"
    try:
        written = set(json.loads(report.read_text(encoding="utf-8"))["splits"])
    except FileNotFoundError:
        written = set()
    except (OSError, ValueError, KeyError, TypeError):
        raise BlurbError(Errors.B181.format(path=report)) from None
    for split in SPLITS:
        path = out_dir / f"{split}.spacy"
        if split not in written and split not in splits and path.exists():
            raise BlurbError(Errors.B181.format(path=path))


def _write_splits(
    splits: Mapping[str, Split[AnyRecord]],
    out_dir: Path,
    target: Target,
    relations: RelationScheme | None,
) -> dict[str, dict[str, Any]]:
    tokenizer = build_tokenizer(spacy.blank("en"))
    rows = {}
    for name, split in splits.items():
        conversion = write_docbin(
            split.records,
            out_dir / f"{name}.spacy",
            tokenizer,
            label_sets=[target.label_set or target.name],
            labels=target.labels,
            entities_key=target.entities_key,
            relations=relations,
        )
        rows[name] = {
            "documents": conversion.documents,
            "gold": COUNTERS[target.unit](split.records),
            "unit": target.unit,
            **({} if relations is None else {"relations": _count_relations(split, relations)}),
            "lost": conversion.lost,
            "nested": conversion.nested,
            "parted": conversion.parted,
            "left_out": split.left_out,
        }
    return rows


def _count_relations(split: Split[AnyRecord], scheme: RelationScheme) -> int:
    """Count relations, without the pairs that have none."""
    return sum(
        relation.label in scheme.labels or not scheme.complete
        for record in split.records
        if isinstance(record, Record)
        for relation in record.relations
    )


def _write_report(report: dict[str, Any], out_dir: Path) -> dict[str, Any]:
    (out_dir / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report
