"""Gold Docs and a pipeline to gold items and rows of a prediction file."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_blurb.annotations import PICO
from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.predict import predict_entities, read_gold_entities
from spacy_blurb.evaluation.scoring.entities import GoldEntities
from spacy_blurb.tasks import get_task

from ..components.steps import light_pipeline, overfit, to_examples, to_record

NER, PICO_TASK = get_task("ner"), get_task("ebm_pico")


@pytest.fixture(scope="module")
def rules(rule_pipeline: Path) -> Language:
    return spacy.load(rule_pipeline)


def spans(row: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(e["start"], e["end"], e["label"]) for e in row["entities"]]


def test_gold_and_predictions_by_hand(rules: Language, scored_by_hand: Path) -> None:
    docs = read_docbin(scored_by_hand, rules.vocab)
    assert read_gold_entities(NER, docs) == [
        GoldEntities("d1", [(0, 7, "Chemical"), (15, 20, "Disease")], 20),
        GoldEntities("d2", [(0, 8, "Chemical"), (10, 22, "Disease")], 29),
        GoldEntities("d3", [(0, 17, "Disease"), (10, 17, "Disease")], 17),
    ]
    rows, remarks = predict_entities(NER, rules, docs)
    assert remarks == {}
    assert [(row["id"], spans(row)) for row in rows] == [
        ("d1", [(0, 7, "Chemical"), (15, 20, "Disease")]),
        ("d2", [(0, 8, "Chemical"), (24, 29, "Disease")]),
        ("d3", []),
    ]
    # Ids, offsets, labels and probabilities, no text.
    keys = {key for row in rows for entity in row["entities"] for key in entity}
    assert keys == {"start", "end", "label", "score"}
    assert {entity["score"] for row in rows for entity in row["entities"]} == {None}


def test_words_of_the_source_stay_tokens_and_gold_is_not_seen(
    rules: Language, tmp_path: Path
) -> None:
    """The pipeline's own tokeniser would divide "fever/aspirin" and find both."""
    record = Record("1", "fever/aspirin rats", (Mention(14, 18, "X"),), ((0, 13), (14, 18)))
    write_docbin([record], tmp_path / "a.spacy", rules.tokenizer, label_sets=[])
    docs = read_docbin(tmp_path / "a.spacy", rules.vocab)
    assert read_gold_entities(NER, docs)[0].mentions == [(14, 18, "X")]
    assert predict_entities(NER, rules, docs)[0] == [{"id": "1", "entities": []}]
    assert len(rules("fever / aspirin").ents) == 2


def test_docs_of_other_programs_have_positions_as_ids(rules: Language) -> None:
    docs = [rules.make_doc("fever"), rules.make_doc("rats")]
    docs[0].set_ents([])
    with pytest.raises(BlurbError, match=r"B500.*Document 1 is not annotated"):
        read_gold_entities(NER, docs)
    docs[1].set_ents([])
    assert [(item.id, item.mentions) for item in read_gold_entities(NER, docs)] == [
        ("0", []),
        ("1", []),
    ]
    rows, _ = predict_entities(NER, rules, docs)
    assert [(row["id"], spans(row)) for row in rows] == [("0", [(0, 5, "Disease")]), ("1", [])]


def test_probabilities_of_our_component_are_taken_over(trained_folder: Path, corpus: Path) -> None:
    nlp = spacy.load(trained_folder)
    docs = read_docbin(corpus / "test.spacy", nlp.vocab)
    gold = read_gold_entities(NER, docs)
    for item, row in zip(gold, predict_entities(NER, nlp, docs)[0], strict=True):
        assert spans(row) == list(item.mentions)
        assert all(0.5 < entity["score"] <= 1 for entity in row["entities"])


def test_pico_is_read_from_its_group(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("span_ruler", config={"spans_key": PICO})
    ruler.add_patterns([{"pattern": "old rats", "label": "P"}, {"pattern": "rats", "label": "X"}])
    record = Record("1", "old rats", (Mention(4, 8, "P"), Mention(4, 8, "O")), ((0, 3), (4, 8)))
    path = tmp_path / "a.spacy"
    write_docbin([record], path, nlp.tokenizer, label_sets=["ebm_pico"], entities_key=PICO)
    docs = read_docbin(path, nlp.vocab)
    (gold,) = read_gold_entities(PICO_TASK, docs)
    assert (gold.mentions, gold.words) == ([(4, 8, "P"), (4, 8, "O")], [(0, 3), (4, 8)])
    ((row,), _) = predict_entities(PICO_TASK, nlp, docs)
    assert spans(row) == [(0, 8, "P"), (4, 8, "X")]
    with pytest.raises(BlurbError, match="B500"):
        read_gold_entities(NER, docs)


def test_of_several_label_sets_the_docs_own_is_taken(tmp_path: Path) -> None:
    nlp = light_pipeline()
    examples = to_examples(nlp, [to_record("fever in rats", ("fever", "Dis"))], ["dis"])
    examples += to_examples(nlp, [to_record("fever in rats", ("rats", "Dis"))], ["other"])
    overfit(nlp, examples)
    assert [ent.text for ent in nlp("fever in rats").ents] == ["fever", "rats"]
    rows, _ = predict_entities(NER, nlp, [example.reference for example in examples])
    assert [spans(row) for row in rows] == [[(0, 5, "Dis")], [(9, 13, "Dis")]]
