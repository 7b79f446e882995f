"""How good is `doc.ents`, which has one entity where label sets find several?

    python results/en_blurb_sm/score_doc_ents.py PIPELINE TASK=GOLD.spacy [TASK=GOLD.spacy …]
        --json SCORES.json

`spacy blurb evaluate` scores the label set that the gold data are annotated for, with all its
entities. `doc.ents` holds the most probable ones of all label sets that do not overlap: a chemical
that another set takes for a gene with more certainty is none there. Here it is scored by itself,
its entities of other labels than the gold data's left out.
"""

import argparse
import json
import sys
from pathlib import Path

import spacy

from spacy_blurb.annotations import entity_offsets, gold_entities
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.results import describe_pipeline, describe_run
from spacy_blurb.metrics.entities import EntityScores, count_matches, entity_scores
from spacy_blurb.tasks import get_task


def score(nlp: spacy.Language, task: str, gold: Path) -> EntityScores:
    """Score the entities of the task's labels over all Docs of a file."""
    labels = set(get_task(task).labels)
    references = read_docbin(gold, nlp.vocab)
    docs = nlp.pipe(make_predicted(nlp, reference) for reference in references)
    counts = []
    for reference, doc in zip(references, docs, strict=True):
        found = [entity for entity in entity_offsets(doc) if entity[2] in labels]
        counts.append(count_matches(gold_entities(reference) or [], found))
    return entity_scores(counts)


def main() -> None:
    """Score, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pipeline")
    parser.add_argument("data", nargs="+", metavar="TASK=GOLD")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    nlp = spacy.load(arguments.pipeline)
    tasks = {}
    for item in arguments.data:
        task, _, path = item.partition("=")
        found = score(nlp, task, Path(path))
        tasks[task] = {
            "file": "/".join(Path(path).parts[-2:]),
            "precision": found.precision,
            "recall": found.recall,
            "f1": found.f1,
        }
        print(f"{task}: {100 * found.f1:.2f}, {100 * found.precision:.2f} {100 * found.recall:.2f}")
    command = " ".join(["python", *sys.argv])
    made = {**describe_run(), **describe_pipeline(nlp), "command": command}
    content = {"tasks": tasks, **made}
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (BlurbError, OSError) as error:
        sys.exit(f"✘ {error}")
