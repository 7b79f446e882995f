"""Score stored predictions again where intervals were over sentences or rows, by document now.

    python -m spacy blurb convert ddi $BLURB_DATA/ddi2013 corpus/ddi --form original
    python results/rescore_by_document.py corpus/ddi/test.spacy RESULT.json [RESULT.json …]

The gold file has to be converted with documents, in the form that the results were scored in.
Writes each RESULT.json and its units anew: `n`, `texts`, `ci95` and the gold file are those of now,
all else stays as it was, and `scored_again` says when and why. Stops at a result of other gold
data, and where a figure has changed that documents have no part in, before anything of it is
written. What is by document already is passed over.
"""

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import spacy

from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.data.formats.whole_files import write_whole
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.families import get_family
from spacy_blurb.evaluation.results import (
    describe_data,
    hash_gold,
    package_versions,
    write_units,
)
from spacy_blurb.evaluation.scoring import score_rows
from spacy_blurb.evaluation.scoring.rows import read_rows
from spacy_blurb.tasks import get_task

_CHANGES = {"ci95", "n", "texts"}
_WHY = "interval and units by document, before by text"


def rescore(path: Path, task_name: str, gold: Sequence[Any], data: Path) -> str:
    """Score the predictions of a result again and write it; return what has changed, in a line."""
    old = json.loads(path.read_text(encoding="utf-8"))
    if (old["task"], old["gold_sha256"]) != (task_name, hash_gold(gold)):
        raise SystemExit(f"{path}: scored on other gold data than {data}")
    predictions = path.parent / old["predictions"]
    fields, units = score_rows(get_task(task_name), gold, read_rows(predictions), predictions)
    for key in fields.keys() - _CHANGES:
        if fields[key] != old[key]:
            raise SystemExit(f"{path}: {key} was {old[key]} and is {fields[key]}")
    if "texts" not in fields or fields["texts"] == old.get("texts"):
        return f"{path}: nothing to change"
    new: dict[str, Any] = {}
    for key, value in old.items():
        new[key] = fields.get(key, value)
        if key == "n":
            new["texts"] = fields["texts"]
    new.update(describe_data(data))
    new["scored_again"] = {
        "why": _WHY,
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "command": " ".join(["python", *sys.argv]),
        "versions": package_versions(),
        "before": {key: old[key] for key in ("n", "ci95", "data_sha256")},
    }
    write_units(units, path.parent / old["units"])
    write_whole(path, json.dumps(new, indent=2) + "\n")
    ends = ["–".join(f"{100 * bound:.2f}" for bound in r["ci95"]) for r in (old, new)]
    sizes = f"n {old['n']} → {new['n']}, texts {new['texts']}"
    return f"{path}: {100 * new['score']:.2f}, {ends[0]} → {ends[1]}, {sizes}"


def main(data: Path, paths: Sequence[Path]) -> None:
    """Read the gold file once, and score the results on it."""
    task = get_task(json.loads(paths[0].read_text(encoding="utf-8"))["task"])
    docs = read_docbin(data, spacy.blank("en").vocab)
    gold = get_family(task).read_gold(task, docs)
    for path in paths:
        print(rescore(path, task.name, gold, data))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    try:
        main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    except (BlurbError, OSError) as error:
        sys.exit(f"✘ {error}")
