"""What the corpora of a joint training teach, and what of it goes against another one of them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..annotations import ENTITIES, PICO, annotated_for, gold_entities, is_annotated, label_sets
from ..data.docbin import read_docbin
from ..errors import BlurbError, Errors

LabelSets = dict[tuple[str, str], set[str]]
"""Span group and label set → labels that occur."""

_MIN_TOKENS = 8
"""Shorter texts, such as headings, are the same in many documents."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a converted corpus can teach.

    task (str): As its report says; "own" for a user's data, which need no report.
    groups (Counter): What Docs are annotated for → how many.
    tokens (Counter): … → tokens in them.
    idle (int): Docs that are annotated for nothing, which are in neither.
    gives_words (bool): Whether Docs have the words of their source, without its spacing.
    labels (LabelSets): Of entities and PICO elements.
    texts (set[str]): Of the training Docs, but short ones.
    """

    path: Path
    task: str
    groups: Counter[tuple[str, ...]]
    tokens: Counter[tuple[str, ...]]
    idle: int
    gives_words: bool
    labels: LabelSets
    texts: set[str]

    @property
    def kinds(self) -> set[str]:
        """What the names of its groups begin with; see `annotated_for`."""
        return {name.partition(":")[0] for names in self.groups for name in names}


def read_corpus(folder: Path) -> Corpus:
    """Read the training Docs of a corpus.

    RAISES (BlurbError): B101 its report is damaged.
    """
    path = folder / "report.json"
    task = "own"
    if path.is_file():
        try:
            task = json.loads(path.read_text(encoding="utf-8"))["task"]
        except (ValueError, KeyError, TypeError) as error:
            raise BlurbError(Errors.B101.format(path=path, reason=error)) from error
    groups, tokens = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    labels: LabelSets = {}
    gives_words, idle = False, 0
    texts = set()
    for doc in read_docbin(folder / "train.spacy", Vocab()):
        gives_words |= doc.has_unknown_spaces
        names = annotated_for(doc)
        if not names and not is_annotated(doc):
            idle += 1
            continue
        groups[names] += 1
        tokens[names] += len(doc)
        _add_labels(doc, labels)
        if len(doc) >= _MIN_TOKENS:
            texts.add(doc.text)
    return Corpus(folder, task, groups, tokens, idle, gives_words, labels, texts)


def compare_corpora(folders: Sequence[Path]) -> list[str]:
    """Compare the label sets of corpora that one component learns entities from.

    RETURNS, RAISES: See `compare_label_sets`.
    """
    corpora: dict[Path, LabelSets] = {folder: {} for folder in folders}
    if len(corpora) < 2:
        return []
    for folder, labels in corpora.items():
        for doc in read_docbin(folder / "train.spacy", Vocab()):
            _add_labels(doc, labels)
    return compare_label_sets(corpora)


def _add_labels(doc: Doc, labels: LabelSets) -> None:
    for key in (ENTITIES, PICO):
        for name in label_sets(doc, key):
            found = labels.setdefault((key, name), set())
            found.update(label for _, _, label in gold_entities(doc, key) or ())


def compare_label_sets(corpora: Mapping[Path, LabelSets]) -> list[str]:
    """Compare label sets of one name, each of which says that a Doc has all of its entities.

    RETURNS (list[str]): A remark on each pair of corpora whose labels differ.
    RAISES (BlurbError): B735 two have no label in common: each would teach that the other's
        entities are none.
    """
    remarks = []
    for (first, sets), (second, others) in combinations(corpora.items(), 2):
        for key, name in sorted(sets.keys() & others.keys()):
            one, two = sets[key, name], others[key, name]
            if one and two and not one & two:
                raise BlurbError(
                    Errors.B735.format(
                        first=first,
                        second=second,
                        name=name,
                        labels=", ".join(sorted(one)),
                        others=", ".join(sorted(two)),
                    )
                )
            remarks += [
                f"{path} has the label set {name!r} too, but no {', '.join(sorted(missing))}: "
                "these are taught to be absent there"
                for path, missing in ((first, two - one), (second, one - two))
                if missing
            ]
    return remarks


def remark_on(corpora: Sequence[Corpus]) -> Iterator[str]:
    """Yield what a user should know of corpora that are learned together.

    RAISES (BlurbError): B735, see `compare_label_sets`.
    """
    for corpus in corpora:
        if corpus.idle:
            yield f"{corpus.path}: {corpus.idle:,} Docs without annotations are left out"
    yield from compare_label_sets({corpus.path: corpus.labels for corpus in corpora})
    for split in ("dev", "test"):
        texts = {corpus.path: _read_texts(corpus.path / f"{split}.spacy") for corpus in corpora}
        for one, other in permutations(corpora, 2):
            if shared := sum(text in other.texts for text in texts[one.path]):
                yield (
                    f"{one.path}: {shared:,} {split} texts are training texts of {other.path}, "
                    "so that scores on them may flatter"
                )


def _read_texts(path: Path) -> list[str]:
    if not path.is_file():
        return []
    docs = read_docbin(path, Vocab())
    return [doc.text for doc in docs if len(doc) >= _MIN_TOKENS]
