"""Are relations found that a sentence denies, or says the opposite of?

    python results/en_blurb_sm/count_negated.py PIPELINE --json COUNTS.json

Each sentence below is filled with each pair of a drug and a disease; counted are those in which the
pipeline relates the two. Sentences and pairs were written for this purpose. Of the first group the
relation holds, of the second it does not.
"""

import argparse
import json
import sys
from pathlib import Path

import spacy

from spacy_blurb.evaluation.results import describe_pipeline, describe_run

PAIRS = (
    ("aspirin", "bleeding"),
    ("penicillin", "seizures"),
    ("haloperidol", "parkinsonism"),
    ("cisplatin", "nephrotoxicity"),
    ("lithium", "tremor"),
)
STATED = (
    "{drug} caused {disease}.",
    "{disease} was induced by {drug}.",
    "{drug} is associated with {disease}.",
    "A patient developed {disease} after {drug}.",
)
DENIED = (
    "{drug} did not cause {disease}.",
    "{drug} does not induce {disease}.",
    "{drug} is not associated with {disease}.",
    "There was no evidence that {drug} causes {disease}.",
    "{drug} prevented {disease}.",
    "{drug} reduced the risk of {disease}.",
    "{drug} was used to treat {disease}.",
)


def related(nlp: spacy.Language, sentence: str) -> list[str]:
    """Return the pairs that the pipeline relates in a sentence, as "drug – disease"."""
    found = []
    for drug, disease in PAIRS:
        text = sentence.format(drug=drug, disease=disease)
        doc = nlp(text[0].upper() + text[1:])
        ends = {(r.head.text.lower(), r.tail.text.lower()) for r in doc._.relations}
        found += [f"{drug} – {disease}"] if (drug, disease) in ends else []
    return found


def main() -> None:
    """Count, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pipeline")
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    nlp = spacy.load(given.pipeline)
    content: dict[str, object] = {"pairs": len(PAIRS)}
    for group, sentences in (("stated", STATED), ("denied", DENIED)):
        found = {sentence: related(nlp, sentence) for sentence in sentences}
        content[group] = found
        n = sum(map(len, found.values()))
        print(f"{group}: related {n} of {len(sentences) * len(PAIRS)}")
        for sentence, pairs in found.items():
            print(f"  {len(pairs)} of {len(PAIRS)}  {sentence}")
    command = " ".join(["python", *sys.argv])
    content.update({**describe_run(), **describe_pipeline(nlp), "command": command})
    given.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
