"""Are relations found that a sentence denies, or says the opposite of?

    python results/en_blurb_sm/count_negated.py PIPELINE --json COUNTS.json

Each sentence below is filled with each pair of a drug and a disease; counted are those in which the
pipeline relates the two. Sentences and pairs were written for this purpose. In "stated" groups the
relation holds, in "denied" ones it does not. Those in other words say it as no sentence of
assets/en_blurb_sm/statements.tsv does, from which `en_blurb_sm` learns; no drug or disease is in
what it learns from there.
"""

import argparse
import json
import sys
from pathlib import Path

import spacy

from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.results import describe_pipeline, describe_run

PAIRS = (
    ("aspirin", "bleeding"),
    ("penicillin", "seizures"),
    ("haloperidol", "parkinsonism"),
    ("cisplatin", "nephrotoxicity"),
    ("lithium", "tremor"),
)
GROUPS = {
    "stated": (
        "{drug} caused {disease}.",
        "{disease} was induced by {drug}.",
        "{drug} is associated with {disease}.",
        "A patient developed {disease} after {drug}.",
    ),
    "denied": (
        "{drug} did not cause {disease}.",
        "{drug} does not induce {disease}.",
        "{drug} is not associated with {disease}.",
        "There was no evidence that {drug} causes {disease}.",
        "{drug} prevented {disease}.",
        "{drug} reduced the risk of {disease}.",
        "{drug} was used to treat {disease}.",
    ),
    "stated in other words": (
        "{drug} brought about {disease}.",
        "{disease} was a frequent complication of therapy with {drug}.",
        "{drug}-induced {disease} was diagnosed in three women.",
        "{disease} disappeared when {drug} was withdrawn.",
        "When {drug} was reintroduced, {disease} came back.",
        "{drug} made {disease} much more likely.",
    ),
    "denied in other words": (
        "{disease} was absent in all volunteers on {drug}.",
        "{drug} lacks the potential to bring about {disease}.",
        "Nobody who swallowed {drug} suffered from {disease}.",
        "A causal role of {drug} in {disease} was ruled out.",
        "{drug} alleviated {disease}.",
        "{disease} resolved once {drug} was begun.",
        "Rates of {disease} were equal under {drug} and under dummy pills.",
        "{drug} kept {disease} from arising.",
    ),
}
"""Sentences by what they say."""


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
    for group, sentences in GROUPS.items():
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
    try:
        main()
    except (BlurbError, OSError) as error:
        sys.exit(f"✘ {error}")
