"""Weights of a training config's scores: what the corpora do not annotate has none."""

from collections.abc import Sequence, Set
from pathlib import Path

from confection import Config
from spacy.vocab import Vocab

from ..annotations import ENTITIES, PICO, annotated_for
from ..data.docbin import read_docbin

TAUGHT = {
    ENTITIES: ("ner", "ents_f"),
    PICO: ("ner", "pico_f"),
    "relations": ("rel", "rel_micro_f"),
    "labels": ("textcat", "cats_micro_f"),
    "pairs": ("sts", "sts_pearson"),
    "questions": ("qa", "qa_score"),
}
"""What Docs are annotated for, without what stands behind the colon → component and its score."""


def weigh_annotated(config: Config, corpora: Sequence[Path]) -> None:
    """Take the weights of scores that no training Doc of the corpora is annotated for.

    spaCy counts a score that is missing as 0, and would divide the others by the sum of all. A
    template with scores of one thing only, and one of which nothing is annotated, stay as they are.

    config (Config): Changed in place.
    """
    weights = config["training"]["score_weights"]
    meant = {kind for kind, (_, score) in TAUGHT.items() if weights.get(score)}
    if len(meant) < 2:
        return  # without reading the Docs
    docs = [doc for corpus in corpora for doc in read_docbin(corpus / "train.spacy", Vocab())]
    found = {name.partition(":")[0] for doc in docs for name in annotated_for(doc)}
    if meant & found:
        drop_weights(config, found)


def drop_weights(config: Config, annotated: Set[str]) -> None:
    """Set the weights of all other scores to None, with which spaCy does not show them.

    What no component of the pipeline has is taken out: it would be 0.0 in the pipeline's meta.json.

    config (Config): Changed in place.
    annotated (set[str]): Keys of `TAUGHT`.
    """
    weights, pipeline = config["training"]["score_weights"], config["nlp"]["pipeline"]
    for component, score in (TAUGHT[kind] for kind in TAUGHT.keys() - annotated):
        family = score.partition("_")[0]
        for key in [key for key in weights if key.partition("_")[0] == family]:
            weights[key] = None
            if component not in pipeline:
                del weights[key]
