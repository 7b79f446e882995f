"""Corpora of what a pipeline has found in texts, from which a smaller one learns first.

    python results/silver/make_corpora.py ANNOTATED.spacy OUTPUT

ANNOTATED is what `spacy blurb annotate` has written. Its documents go to the pipeline's label sets
in turn, each with the entities of that set alone, as if a corpus were annotated so:
OUTPUT/SET/train.spacy, and every 50th to dev.spacy, on which nothing is to be selected: it tells
how well the teacher is imitated.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin

from spacy_blurb.annotations import (
    ENTITIES,
    document_id,
    predicted_entities,
    set_gold_entities,
    set_record,
)
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.errors import BlurbError

DEV = 50


def as_gold(doc: Doc, label_set: str) -> Doc:
    """Return a copy of a Doc whose predicted entities of a label set are gold."""
    copy = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    found = [entity[:3] for entity in predicted_entities(doc, [label_set])]
    set_gold_entities(copy, found, label_sets=[label_set])
    set_record(copy, document_id(doc) or "")
    return copy


def write_corpora(annotated: Path, output: Path) -> dict[str, int]:
    """Write a corpus per label set; RETURNS the documents of each."""
    corpora: dict[str, list[Doc]] = defaultdict(list)
    for number, doc in enumerate(read_docbin(annotated, spacy.blank("en").vocab)):
        group = doc.spans.get(ENTITIES)
        names = sorted(group.attrs.get("label_sets") or ()) if group is not None else []
        if not names:
            raise ValueError(f"{annotated}, document {number}: no label sets were predicted")
        name = names[number % len(names)]
        corpora[name].append(as_gold(doc, name))
    for name, docs in corpora.items():
        (output / name).mkdir(parents=True, exist_ok=True)
        for split, chosen in (
            ("train", [doc for i, doc in enumerate(docs) if i % DEV]),
            ("dev", docs[::DEV]),
        ):
            DocBin(docs=chosen, store_user_data=True).to_disk(output / name / f"{split}.spacy")
    return {name: len(docs) for name, docs in corpora.items()}


def main() -> None:
    """Write the corpora."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("annotated", type=Path, help="a .spacy file")
    parser.add_argument("output", type=Path, help="a folder")
    args = parser.parse_args()
    try:
        counts = write_corpora(args.annotated, args.output)
    except (ValueError, BlurbError) as error:
        parser.error(str(error))
    for name, count in counts.items():
        print(f"{args.output / name}: {count:,} documents")


if __name__ == "__main__":
    main()
