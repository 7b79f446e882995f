"""Corpora that each annotate one thing, for one pipeline to learn from all of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy

from spacy_blurb.data.docbin import RelationScheme, write_docbin
from spacy_blurb.data.records import (
    AnyRecord,
    LabelledText,
    Mention,
    Question,
    Record,
    Relation,
    TextPair,
)

Corpus = tuple[str, list[AnyRecord], dict[str, Any]]
"""Task, records, and what `write_docbin` is told."""


def tag(text: str, *mentions: tuple[str, str]) -> tuple[Mention, ...]:
    """Each mention is the first occurrence of its words in the text."""
    places = [(text.index(words), words, label) for words, label in mentions]
    return tuple(Mention(at, at + len(words), label) for at, words, label in places)


def record(text: str, *mentions: tuple[str, str], relations: tuple[Any, ...] = ()) -> Record:
    return Record(text, text, tag(text, *mentions), relations=relations, sentences=(0,))


CORPORA: dict[str, Corpus] = {
    "chemicals": (
        "bc5_chem",
        [
            record("aspirin causes fever", ("aspirin", "Chemical")),
            record("naloxone in rats", ("naloxone", "Chemical")),
            record("hypertension in rats"),
        ],
        {"label_sets": ["bc5_chem"]},
    ),
    "diseases": (
        "ncbi_disease",
        [
            record("fever in rats", ("fever", "Disease")),
            record("aspirin reduces hypertension", ("hypertension", "Disease")),
            record("naloxone in rats"),
        ],
        {"label_sets": ["ncbi_disease"]},
    ),
    "pico": (
        "ebm_pico",
        [
            record("aspirin in rats", ("aspirin", "Intervention"), ("rats", "Participants")),
            record("fever in rats", ("fever", "Outcome"), ("rats", "Participants")),
        ],
        {"label_sets": ["ebm_pico"], "entities_key": "pico"},
    ),
    "relations": (
        "gad",
        [
            record(
                "naloxone causes fever in rats",
                *(("naloxone", "Chemical"), ("fever", "Disease")),
                relations=(Relation(0, 1, "1", "a"),),
            ),
            record(
                "aspirin in rats, hypertension",
                *(("aspirin", "Chemical"), ("hypertension", "Disease")),
                relations=(Relation(0, 1, "0", "b"),),
            ),
        ],
        {
            "label_sets": ["gad"],
            "relations": RelationScheme(["1"], complete=True, only_pairs=True),
        },
    ),
    "labels": (
        "hoc",
        [
            LabelledText("a", "fever in rats, fever in rats", ("x",)),
            LabelledText("b", "aspirin reduces rats", ("y",)),
            LabelledText("c", "rats", ()),
        ],
        {"label_sets": [], "labels": ["x", "y"]},
    ),
    "pairs": (
        "biosses",
        [
            TextPair("a", "aspirin", "aspirin", 4.0),
            TextPair("b", "fever", "rats in rats", 0.0),
            TextPair("c", "naloxone", "aspirin", 2.0),
        ],
        {"label_sets": []},
    ),
    "questions": (
        "pubmedqa",
        [
            Question("a", "causes fever?", "aspirin causes fever in rats", "yes"),
            Question("b", "reduces?", "naloxone in rats", "no"),
        ],
        {"label_sets": []},
    ),
}
COMPONENT = {
    **dict.fromkeys(("chemicals", "diseases", "pico"), "ner"),
    **{"relations": "rel", "labels": "textcat", "pairs": "sts", "questions": "qa"},
}
"""Which component learns from which corpus."""


def write_corpora(folder: Path, names: Sequence[str] = tuple(CORPORA)) -> dict[str, Path]:
    """Write corpora as `convert` does; all splits hold the same records."""
    tokenizer = spacy.blank("en").tokenizer
    folders = {}
    for name in names:
        task, records, settings = CORPORA[name]
        for split in ("train", "dev", "test"):
            write_docbin(records, folder / name / f"{split}.spacy", tokenizer, **settings)
        train = {"documents": len(records), "gold": len(records)}
        report = {"task": task, "form": "original", "splits": {"train": train}}
        (folder / name / "report.json").write_text(json.dumps(report), encoding="utf-8")
        folders[name] = folder / name
    return folders
