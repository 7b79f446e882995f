"""BioASQ's factoid test sets as their own training data, since the training files are not public.

    python results/questions/factoid_folds.py BIOASQ_FOLDER OUTPUT

For each year of 4b, 5b and 6b OUTPUT/YEARb gets the questions of that year as test.spacy and those
of the two other years, without any that is in both, as train.spacy and dev.spacy (a tenth).
BioBERT trains on the years' own, larger training files, so figures are not comparable with its
table.
"""

import argparse
import json
import sys
from pathlib import Path

from spacy_blurb.data.convert import Target, write_splits
from spacy_blurb.data.datasets.bioasq_factoid import YEARS, read_bioasq_factoid
from spacy_blurb.data.formats.compressed import find_file
from spacy_blurb.data.formats.squad import read_squad
from spacy_blurb.data.records import AnyRecord, Question, Split
from spacy_blurb.errors import BlurbError

DEV_SHARE = 10


def read_years(folder: Path) -> dict[int, list[Question]]:
    """Return the test questions of each year, with their answers."""
    records = {r.id: r for r in read_bioasq_factoid(folder, "test", "original").records}
    years: dict[int, list[Question]] = {}
    for year in YEARS:
        for batch in range(1, 6):
            name = f"BioASQ-test-factoid-{year}b-{batch}.json"
            path = find_file(folder, f"factoid_squad/{name}") or find_file(folder, name)
            if path is None:
                sys.exit(f"{folder} has no {name}.")
            years.setdefault(year, []).extend(records[q.id] for q in read_squad(path))
    return years


def main() -> None:
    """Write the three folds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="of BioASQ's files")
    parser.add_argument("output", type=Path, help="a folder")
    args = parser.parse_args()
    years = read_years(args.folder)
    for year, test in years.items():
        held_out = {question.group for question in test}
        rest = [q for other in YEARS if other != year for q in years[other]]
        rest = [question for question in rest if question.group not in held_out]
        groups = list(dict.fromkeys(question.group for question in rest))
        of_dev = set(groups[DEV_SHARE - 1 :: DEV_SHARE])
        splits: dict[str, Split[AnyRecord]] = {
            "train": Split([question for question in rest if question.group not in of_dev]),
            "dev": Split([question for question in rest if question.group in of_dev]),
            "test": Split(test),
        }
        path = args.output / f"{year}b"
        path.mkdir(parents=True, exist_ok=True)
        rows = write_splits(splits, path, Target("bioasq_factoid", unit="questions"))
        report = {"task": "bioasq_factoid", "form": f"fold {year}b", "splits": rows}
        (path / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(f"{year}b:", {name: row["gold"] for name, row in rows.items()}, "questions")


if __name__ == "__main__":
    try:
        main()
    except (BlurbError, OSError) as error:
        sys.exit(f"✘ {error}")
