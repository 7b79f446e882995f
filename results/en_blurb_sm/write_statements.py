"""Short sentences that say or deny that a drug causes a disease, with names from a corpus.

    python results/en_blurb_sm/write_statements.py assets/en_blurb_sm/statements.tsv
        corpus/sm/bc5cdr_cid/train.spacy OUTPUT

The sentences were written for this project: abstracts rarely deny a relation, and what was trained
on them alone does not hear a "not". Names are drawn from the corpus's gold entities, without those
that count_negated.py asks about. OUTPUT has a `train.spacy` and, of every tenth document, a
`dev.spacy`, of relations alone: entities are not to be learned from names in sentences where
nothing else could stand.
"""

import argparse
import random
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import spacy
from count_negated import PAIRS

from spacy_blurb.annotations import gold_entities
from spacy_blurb.data.docbin import RelationScheme, read_docbin, write_docbin
from spacy_blurb.data.records import Mention, Record, Relation
from spacy_blurb.errors import BlurbError
from spacy_blurb.tokenization.tokenizer import build_tokenizer

LABELS = {"a": "Chemical", "b": "Chemical", "x": "Disease", "y": "Disease"}
ROUNDS = 6
"""How often each sentence is used, each time with other names."""

MOST = 2
"""Sentences in a document, at most."""

DEV = 10
"""Every so manieth document is for dev."""

_NAME = re.compile(r"[a-z][a-z-]{3,}( [a-z][a-z-]+){0,2}")
"""Names as they stand within a sentence, without abbreviations and formulas."""

_ADJECTIVE = re.compile(r"(ive|ic|al|ed|ous|ill|ar)$")


class Statement(NamedTuple):
    """A sentence with {a} and {b} for drugs, {x} and {y} for diseases.

    relations (tuple): Drug and disease, for example ("a", "x"), of those that it relates.
    """

    sentence: str
    relations: tuple[tuple[str, str], ...]


def read_statements(path: Path) -> list[Statement]:
    """Read `a-x b-y` (or `-`), a tab, and a sentence per line; `#` begins a comment.

    RAISES (ValueError): A line is not such.
    """
    statements = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        pairs, _, sentence = line.partition("\t")
        relations = tuple((p[0], p[-1]) for p in pairs.split() if p != "-")
        used = set(re.findall(r"{(\w)}", sentence))
        if not pairs or not used or used - LABELS.keys() or not {*sum(relations, ())} <= used:
            raise ValueError(f"{path}, line {number}: not `a-x`, a tab and a sentence with {{a}}")
        statements.append(Statement(sentence, relations))
    return statements


def read_names(path: Path) -> dict[str, list[str]]:
    """Return the names of each label in a corpus, sorted, none that count_negated.py has."""
    asked = re.compile("|".join(name for pair in PAIRS for name in pair))
    names: dict[str, set[str]] = {label: set() for label in LABELS.values()}
    for doc in read_docbin(path, spacy.blank("en").vocab):
        for start, end, label in gold_entities(doc) or ():
            name = doc.text[start:end]
            if label in names and _NAME.fullmatch(name) and not asked.search(name):
                names[label].add(name)
    names["Disease"] = {name for name in names["Disease"] if not _ADJECTIVE.search(name)}
    return {label: sorted(found) for label, found in names.items()}


def add(record: Record, statement: Statement, names: dict[str, str]) -> Record:
    """Return a document with one more sentence, {a} to {y} replaced by names."""
    text = f"{record.text} " if record.text else ""
    begin, mentions, places = len(text), list(record.mentions), {}
    for part in re.split(r"({\w})", statement.sentence):
        slot = part[1:-1] if part.startswith("{") else ""
        name = names.get(slot, part)
        if slot:
            places[slot] = len(mentions)
            mentions.append(Mention(len(text), len(text) + len(name), LABELS[slot]))
        text += name
    text = text[:begin] + text[begin].upper() + text[begin + 1 :]
    found = tuple(Relation(places[h], places[t], "CID") for h, t in statement.relations)
    return Record(record.id, text, tuple(mentions), relations=(*record.relations, *found))


def make_documents(
    statements: Sequence[Statement], names: dict[str, list[str]], draw: random.Random
) -> Iterator[Record]:
    """Yield documents of one to `MOST` sentences, in which each name comes once."""
    waiting = [statement for _ in range(ROUNDS) for statement in statements]
    draw.shuffle(waiting)
    for number in count():
        if not waiting:
            return
        record = Record(f"statement{number}", "")
        drugs = draw.sample(names["Chemical"], 2 * MOST)
        diseases = draw.sample(names["Disease"], 2 * MOST)
        for _ in range(min(draw.randint(1, MOST), len(waiting))):
            given = {"a": drugs.pop(), "b": drugs.pop(), "x": diseases.pop(), "y": diseases.pop()}
            record = add(record, waiting.pop(), given)
        yield record


def main() -> None:
    """Write the documents."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("statements", type=Path, help="sentences, see read_statements")
    parser.add_argument("corpus", type=Path, help="a .spacy file with the names")
    parser.add_argument("output", type=Path, help="a folder")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        statements, names = read_statements(args.statements), read_names(args.corpus)
    except (OSError, ValueError, BlurbError) as error:
        sys.exit(f"✘ {error}")
    few = [label for label, found in names.items() if len(found) < 2 * MOST]
    if few:
        sys.exit(f"✘ {args.corpus}: fewer than {2 * MOST} names of {' and '.join(few)}.")
    records = list(make_documents(statements, names, random.Random(args.seed)))
    tokenizer = build_tokenizer(spacy.blank("en"))
    scheme = RelationScheme(("CID",), only_pairs=True)
    for split, chosen in (
        ("train", [record for i, record in enumerate(records) if i % DEV]),
        ("dev", records[::DEV]),
    ):
        path = args.output / f"{split}.spacy"
        write_docbin(chosen, path, tokenizer, label_sets=[], relations=scheme)
    counts = ", ".join(f"{len(found)} names of {label}" for label, found in names.items())
    print(f"{args.output}: {len(records)} documents of {len(statements)} sentences, {counts}")


if __name__ == "__main__":
    main()
