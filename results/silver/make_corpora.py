"""Corpora of what pipelines have found in texts, from which another one learns first.

    python results/silver/make_corpora.py ANNOTATED.spacy… OUTPUT [--entities-by 3]
        [--relations-of SET --relations-by 2]

Each ANNOTATED is what `spacy blurb annotate` has written with one pipeline, all of the same texts:
an entity is one that `--entities-by` of them have found, to the character (without it more than
half of them). The documents go to the label sets in turn, each with the entities of that set alone,
as if a corpus were annotated so: OUTPUT/SET/train.spacy, and every 50th to dev.spacy, on which
nothing is to be selected: it tells how well the teachers are imitated.

With `--relations-of` the documents of that set have relations too, as BC5CDR has them: between
concepts, here texts in small letters, of an abbreviation its long form. Two are related where
`--relations-by` pipelines relate mentions of them.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin

from spacy_blurb.annotations import (
    ENTITIES,
    abbreviation_offsets,
    document_id,
    found_relations,
    predicted_entities,
    set_gold_entities,
    set_gold_relations,
    set_record,
)
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.errors import BlurbError

DEV = 50
Mention = tuple[int, int, str]
RelationKind = tuple[str, str, str]
"""Label of the head, of the tail, and of the relation."""


def read_annotated(paths: Sequence[Path]) -> list[tuple[Doc, ...]]:
    """Read the same texts as each pipeline has annotated them."""
    vocab = spacy.blank("en").vocab
    files = [list(read_docbin(path, vocab)) for path in paths]
    for path, docs in zip(paths, files, strict=True):
        for number, doc in enumerate(docs):
            group = doc.spans.get(ENTITIES)
            if group is None or not group.attrs.get("label_sets"):
                raise ValueError(f"{path}, document {number}: no label sets were predicted")
            # What does not know a set would vote for it with all that it has found.
            if sorted(group.attrs["label_sets"]) != _sets(files[0][0]):
                raise ValueError(f"{path} has other label sets than {paths[0]}")
        if [doc.text for doc in docs] != [doc.text for doc in files[0]]:
            raise ValueError(f"{path} has other texts than {paths[0]}; annotate the same ones")
    return list(zip(*files, strict=True))


def _sets(doc: Doc) -> list[str]:
    return sorted(doc.spans[ENTITIES].attrs["label_sets"])


def vote_entities(docs: Sequence[Doc], label_set: str, n_needed: int) -> list[Mention]:
    """Choose the entities of a label set that so many pipelines have found."""
    votes = Counter(
        mention
        for doc in docs
        for mention in {entity[:3] for entity in predicted_entities(doc, [label_set])}
    )
    return sorted(mention for mention, n in votes.items() if n >= n_needed)


def vote_relations(docs: Sequence[Doc], n_needed: int) -> set[tuple[str, str, str]]:
    """Choose concept of the head, of the tail and label that so many pipelines relate."""
    votes: Counter[tuple[str, str, str]] = Counter()
    for doc in docs:
        long_forms = dict(abbreviation_offsets(doc))
        votes.update(
            {
                (concept(doc, r.head, long_forms), concept(doc, r.tail, long_forms), r.label)
                for r in found_relations(doc) or ()
            }
        )
    return {row for row, n in votes.items() if n >= n_needed}


def concept(doc: Doc, mention: Mention, long_forms: dict[tuple[int, int], tuple[int, int]]) -> str:
    """Name what a mention is of: its text, or that of the long form."""
    start, end = long_forms.get(mention[:2], mention[:2])
    return doc.text[start:end].lower()


def relation_kinds(rows: Sequence[tuple[Doc, ...]]) -> set[RelationKind]:
    """Collect what is related at all."""
    return {
        (relation.head[2], relation.tail[2], relation.label)
        for docs in rows
        for doc in docs
        for relation in found_relations(doc) or ()
    }


def as_gold(doc: Doc, found: Sequence[Mention], label_set: str) -> Doc:
    """Return a copy of a Doc with these entities as gold ones."""
    copy = Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])
    set_gold_entities(copy, found, label_sets=[label_set])
    set_record(copy, document_id(doc) or "")
    return copy


def add_relations(
    gold: Doc,
    found: Sequence[Mention],
    docs: Sequence[Doc],
    kinds: set[RelationKind],
    n_needed: int,
) -> int:
    """Add gold relations between the concepts of entities; RETURNS how many hold."""
    long_forms = dict(abbreviation_offsets(docs[0]))
    concepts = [concept(gold, mention, long_forms) for mention in found]
    first = {
        (name, found[i][2]): i for i, name in reversed(list(enumerate(concepts)))
    }  # where a concept stands first
    related = vote_relations(docs, n_needed)
    rows, pairs = [], []
    for ((head, head_type), i), ((tail, tail_type), j) in product(first.items(), repeat=2):
        labels = [y for h, t, y in sorted(kinds) if (h, t) == (head_type, tail_type)]
        if not labels:
            continue
        held = [y for y in labels if (head, tail, y) in related]
        rows.append((i, j, held[0] if held else "false", f"{document_id(gold)}.{head}.{tail}"))
        pairs.append((head, tail))
    set_gold_relations(
        gold,
        rows,
        none=["false"],
        complete=True,
        concepts=[[name] for name in concepts],
        concept_pairs=pairs,
    )
    return sum(row[2] != "false" for row in rows)


def write_corpora(
    annotated: Sequence[Path],
    output: Path,
    *,
    entities_by: int,
    relations_of: str | None,
    relations_by: int,
) -> dict[str, tuple[int, int, int]]:
    """Write a corpus per label set; RETURNS documents, entities and relations of each."""
    rows = read_annotated(annotated)
    kinds = relation_kinds(rows) if relations_of else set()
    corpora: dict[str, list[Doc]] = defaultdict(list)
    counts: Counter[tuple[str, str]] = Counter()
    for number, docs in enumerate(rows):
        names = _sets(docs[0])
        name = names[number % len(names)]
        found = vote_entities(docs, name, entities_by)
        gold = as_gold(docs[0], found, name)
        counts[name, "entities"] += len(found)
        if name == relations_of:
            counts[name, "relations"] += add_relations(gold, found, docs, kinds, relations_by)
        corpora[name].append(gold)
    if relations_of and relations_of not in corpora:
        raise ValueError(f"--relations-of {relations_of}: the label sets are {', '.join(corpora)}")
    for name, golds in corpora.items():
        (output / name).mkdir(parents=True, exist_ok=True)
        for split, chosen in (
            ("train", [doc for i, doc in enumerate(golds) if i % DEV]),
            ("dev", golds[::DEV]),
        ):
            DocBin(docs=chosen, store_user_data=True).to_disk(output / name / f"{split}.spacy")
    return {
        name: (len(golds), counts[name, "entities"], counts[name, "relations"])
        for name, golds in corpora.items()
    }


def main() -> None:
    """Write the corpora."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("annotated", type=Path, nargs="+", help=".spacy files")
    parser.add_argument("output", type=Path, help="a folder")
    parser.add_argument("--entities-by", type=int, help="pipelines that have found an entity")
    parser.add_argument("--relations-of", help="the label set whose documents have relations too")
    parser.add_argument("--relations-by", type=int, help="pipelines that relate two concepts")
    args = parser.parse_args()
    if args.relations_by and not args.relations_of:
        parser.error("--relations-by needs --relations-of")
    majority = len(args.annotated) // 2 + 1
    try:
        counts = write_corpora(
            args.annotated,
            args.output,
            entities_by=args.entities_by or majority,
            relations_of=args.relations_of,
            relations_by=args.relations_by or majority,
        )
    except (ValueError, BlurbError) as error:
        parser.error(str(error))
    for name, (n_docs, n_entities, n_relations) in counts.items():
        print(
            f"{args.output / name}: {n_docs:,} documents, {n_entities:,} entities, "
            f"{n_relations:,} relations"
        )


if __name__ == "__main__":
    main()
