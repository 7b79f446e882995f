"""Write questions about the demo corpus, made for what a tiny encoder can learn.

usage: ask.py BC5CDR_FOLDER OUTPUT_FOLDER

Closed questions are asked of single sentences (are patients or participants mentioned?), as many
with the answer yes as no; extractive ones of whole passages (which drug is named first?). The
answers follow from the words and the annotations. They show how questions are trained and asked;
they measure no understanding. Each kind goes to files of its own, `labels/SPLIT.jsonl` and
`spans/SPLIT.jsonl`, in the format `questions` of `convert-own`.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spacy_blurb.data.datasets.bc5cdr import read_bc5cdr
from spacy_blurb.data.records import Record

PEOPLE = re.compile(
    r"\b(patients|participants|volunteers|people|persons|individuals|subjects|adults|adolescents|"
    r"children|infants|newborns|neonates|girls|boys|women|men|mothers|survivors|recipients|users)\b",
    re.I,
)
CLOSED = "Are groups of people mentioned?"
EXTRACTIVE = "Which drug is named first?"


def ask_closed(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return a question for each sentence that mentions people and for as many that do not."""
    sentences = [s for record in records for s in re.split(r"(?<=\.) ", record.text)]
    found = {
        label: [s for s in dict.fromkeys(sentences) if bool(PEOPLE.search(s)) == (label == "yes")]
        for label in ("yes", "no")
    }
    n = min(map(len, found.values()))
    return [
        {"text": text, "question": CLOSED, "label": label}
        for label, texts in found.items()
        # Spread over the corpus.
        for text in (texts[number * len(texts) // n] for number in range(n))
    ]


def ask_extractive(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return a question for each passage that names a drug."""
    rows = []
    for record in records:
        for mention in [m for m in record.mentions if m.label == "Chemical"][:1]:
            answer = {"start": mention.start, "text": record.text[mention.start : mention.end]}
            rows.append({"text": record.text, "question": EXTRACTIVE, "answers": [answer]})
    return rows


def main(corpus: str, output: str) -> None:
    """Write the files of all splits."""
    for split in ("train", "dev", "test"):
        records = read_bc5cdr(Path(corpus), split, "original").records
        for kind, ask in (("labels", ask_closed), ("spans", ask_extractive)):
            path = Path(output) / kind / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = [json.dumps(row, ensure_ascii=False) for row in ask(records)]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
