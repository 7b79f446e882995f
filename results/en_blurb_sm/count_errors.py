"""What a pipeline gets wrong in entities: counted by kind, for each prediction file.

    python results/en_blurb_sm/count_errors.py GOLD.spacy PREDICTIONS.jsonl [GOLD PREDICTIONS …]
        --json COUNTS.json [--show 20]

PREDICTIONS is what `spacy blurb evaluate` wrote beside a result of GOLD. A predicted entity is
`right`, or a gold one of its label overlaps: it is `short` (inside of it), `long` (around it)
or `crossing`; or one of another label does: `type`; or none: `spurious`. A gold one that nothing
overlaps is `missed`. --show prints examples of each kind to the terminal; they are corpus text and
are not stored.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_blurb.annotations import CharSpan, document_id, gold_entities
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.errors import BlurbError


def kinds(gold: set[CharSpan], found: set[CharSpan]) -> Iterator[tuple[str, CharSpan]]:
    """Yield a kind for every entity found, and "missed" for gold ones that nothing overlaps."""
    for span in sorted(found):
        over = [other for other in gold if _overlap(span, other)]
        same = [other for other in over if other[2] == span[2]]
        if span in gold:
            yield "right", span
        elif same:
            yield _boundary(span, same), span
        else:
            yield ("type" if over else "spurious"), span
    for span in sorted(gold):
        if not any(_overlap(span, other) for other in found):
            yield "missed", span


def _overlap(one: CharSpan, other: CharSpan) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _boundary(span: CharSpan, gold: list[CharSpan]) -> str:
    if any(other[0] <= span[0] and span[1] <= other[1] for other in gold):
        return "short"
    if any(span[0] <= other[0] and other[1] <= span[1] for other in gold):
        return "long"
    return "crossing"


def count(docs: Iterable[Doc], predictions: Path, show: int) -> dict[str, dict[str, int]]:
    """Return label → kind → how many, and print examples."""
    rows = map(json.loads, predictions.read_text(encoding="utf-8").splitlines())
    found = {
        row["id"]: {(e["start"], e["end"], e["label"]) for e in row["entities"]} for row in rows
    }
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    shown: Counter[str] = Counter()
    for doc in docs:
        gold = set(gold_entities(doc) or ())
        for kind, (start, end, label) in kinds(gold, found[document_id(doc)]):
            counts[label][kind] += 1
            shown[kind] += kind != "right"
            if 0 < shown[kind] <= show:
                before, behind = doc.text[max(0, start - 40) : start], doc.text[end : end + 30]
                print(f"{kind:9} {label:9} …{before}[{doc.text[start:end]}]{behind}…")
    return {label: dict(sorted(counter.items())) for label, counter in sorted(counts.items())}


def main() -> None:
    """Count, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="GOLD PREDICTIONS")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    if len(given.files) % 2:
        parser.error("Each GOLD needs its PREDICTIONS.")
    result = {}
    for gold, predictions in zip(given.files[::2], given.files[1::2], strict=True):
        result[f"{gold.parent.name} {gold.stem}, {predictions.parent.name}/{predictions.name}"] = (
            count(read_docbin(gold, Vocab()), predictions, given.show)
        )
    given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    try:
        main()
    except (BlurbError, OSError) as error:
        sys.exit(f"✘ {error}")
