"""`spacy evaluate` reads with spaCy's own Corpus and scores with our scorers: the same figures."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Corpus, Example

from spacy_blurb.annotations import PICO
from spacy_blurb.components.ner_scorer import score_entities
from spacy_blurb.components.textcat_scorer import score_labels
from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.evaluation.results import evaluate_pipeline
from spacy_blurb.tasks import get_task

from .test_texts import make_nlp, write_labels


def by_spacy(nlp: Language, path: Path) -> list[Example]:
    examples = list(Corpus(path)(nlp))
    return [Example(nlp(example.predicted), example.reference) for example in examples]


def by_us(task: str, nlp: Language, path: Path) -> dict[str, Any]:
    docs = read_docbin(path, nlp.vocab)
    return evaluate_pipeline(get_task(task), nlp, docs, path.with_name("r.json"), data=path)


def test_entities(rule_pipeline: Path, scored_by_hand: Path, tmp_path: Path) -> None:
    nlp = spacy.load(rule_pipeline)
    path = tmp_path / "gold.spacy"
    path.write_bytes(scored_by_hand.read_bytes())
    scores = score_entities(by_spacy(nlp, path))
    assert scores["ents_f"] == by_us("bc5cdr", nlp, path)["score"] == 0.6


def test_pico(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("span_ruler", name="ner", config={"spans_key": PICO})
    patterns = {"old rats": "Participants", "aspirin": "Intervention", "fever": "Outcome"}
    ruler.add_patterns([{"pattern": p, "label": label} for p, label in patterns.items()])
    words = ((0, 3), (4, 8), (9, 16), (17, 22))
    mentions = (
        Mention(4, 16, "Participants"),
        Mention(9, 16, "Intervention"),
        Mention(17, 22, "Outcome"),
    )
    record = Record("1", "old rats aspirin fever", mentions, words)
    path = tmp_path / "gold.spacy"
    write_docbin([record], path, nlp.tokenizer, label_sets=["ebm_pico"], entities_key=PICO)
    scores = score_entities(by_spacy(nlp, path))
    assert scores["pico_f"] == by_us("ebm_pico", nlp, path)["score"]
    assert scores["pico_f"] == pytest.approx((0.5 + 1 + 1) / 3)


def test_labels(tmp_path: Path) -> None:
    """Parts of a document are united on both ways."""
    nlp, path = make_nlp("labels_by_words", "textcat"), write_labels(tmp_path / "gold.spacy")
    scores = score_labels(by_spacy(nlp, path), threshold=0.5)
    assert scores["cats_micro_f"] == by_us("textcat", nlp, path)["score"] == 0.75
