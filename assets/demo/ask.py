"""Write questions about the demo corpus, made for what a tiny encoder can learn.

usage: ask.py BC5CDR_FOLDER OUTPUT_FOLDER

About each passage one closed question (did groups of patients take part?) and one extractive one
(which drug does it name first?), whose answers follow from the words and annotations of the
passage. They show how questions are trained and asked; they measure no understanding. Each kind
goes to files of its own, `labels/SPLIT.jsonl` and `spans/SPLIT.jsonl`, in the format `questions` of
`convert-own`.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from spacy_blurb.data.datasets.bc5cdr import read_bc5cdr
from spacy_blurb.data.records import Record

GROUPS = re.compile(
    r"\b(random(ly|i[sz]ed)|placebo|trial|cohort|patients|participants|volunteers)\b", re.I
)
CLOSED = "Did groups of patients take part?"
EXTRACTIVE = "Which drug is named first?"


def ask(record: Record) -> dict[str, dict[str, Any]]:
    """Return the questions about a passage by kind."""
    common = {"id": record.id, "text": record.text}
    label = "yes" if GROUPS.search(record.text) else "no"
    found = {"labels": {**common, "question": CLOSED, "label": label}}
    drugs = [mention for mention in record.mentions if mention.label == "Chemical"]
    if drugs:
        answer = {"start": drugs[0].start, "text": record.text[drugs[0].start : drugs[0].end]}
        found["spans"] = {**common, "question": EXTRACTIVE, "answers": [answer]}
    return found


def main(corpus: str, output: str) -> None:
    """Write the files of all splits."""
    for split in ("train", "dev", "test"):
        asked = [ask(record) for record in read_bc5cdr(Path(corpus), split, "original").records]
        for kind in ("labels", "spans"):
            rows = [questions[kind] for questions in asked if kind in questions]
            path = Path(output) / kind / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = [json.dumps(row, ensure_ascii=False) for row in rows]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
