"""Gold Docs and a pipeline to predictions: ids, offsets, labels."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_blurb.annotations import PICO
from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.predict import EntityPrediction, predict_entities

from ..components.steps import light_pipeline, overfit, to_examples, to_record


@pytest.fixture(scope="module")
def rules(rule_pipeline: Path) -> Language:
    return spacy.load(rule_pipeline)


def test_gold_and_predictions_by_hand(rules: Language, scored_by_hand: Path) -> None:
    assert predict_entities(rules, read_docbin(scored_by_hand, rules.vocab)) == [
        EntityPrediction(
            "d1",
            gold=[(0, 7, "Chemical"), (15, 20, "Disease")],
            predicted=[(0, 7, "Chemical"), (15, 20, "Disease")],
            scores=[None, None],
        ),
        EntityPrediction(
            "d2",
            gold=[(0, 8, "Chemical"), (10, 22, "Disease")],
            predicted=[(0, 8, "Chemical"), (24, 29, "Disease")],
            scores=[None, None],
        ),
        EntityPrediction(
            "d3", gold=[(0, 17, "Disease"), (10, 17, "Disease")], predicted=[], scores=[]
        ),
    ]


def test_words_of_the_source_stay_tokens_and_gold_is_not_seen(
    rules: Language, tmp_path: Path
) -> None:
    """The pipeline's own tokeniser would divide "fever/aspirin" and find both."""
    record = Record("1", "fever/aspirin rats", (Mention(14, 18, "X"),), ((0, 13), (14, 18)))
    write_docbin([record], tmp_path / "a.spacy", rules.tokenizer, label_sets=[])
    (found,) = predict_entities(rules, read_docbin(tmp_path / "a.spacy", rules.vocab))
    assert (found.gold, found.predicted) == ([(14, 18, "X")], [])
    assert len(rules("fever / aspirin").ents) == 2


def test_docs_of_other_programs_have_positions_as_ids(rules: Language) -> None:
    docs = [rules.make_doc("fever"), rules.make_doc("rats")]
    docs[0].set_ents([])
    with pytest.raises(BlurbError, match=r"B500.*Document 1 is not annotated"):
        predict_entities(rules, docs)
    docs[1].set_ents([])
    found = predict_entities(rules, docs)
    assert [(p.id, p.gold, p.predicted) for p in found] == [
        ("0", [], [(0, 5, "Disease")]),
        ("1", [], []),
    ]


def test_a_prediction_file_holds_no_text() -> None:
    prediction = EntityPrediction("7", gold=[(9, 12, "Y")], predicted=[(0, 3, "X")], scores=[0.5])
    assert prediction.to_json() == {
        "id": "7",
        "entities": [{"start": 0, "end": 3, "label": "X", "score": 0.5}],
    }


def test_probabilities_of_our_component_are_taken_over(trained_folder: Path, corpus: Path) -> None:
    nlp = spacy.load(trained_folder)
    docs = read_docbin(corpus / "test.spacy", nlp.vocab)
    for prediction in predict_entities(nlp, docs):
        assert prediction.predicted == prediction.gold
        assert all(0.5 < score <= 1 for score in prediction.scores)


def test_types_that_the_task_has_not_are_not_taken_over(
    rules: Language, scored_by_hand: Path
) -> None:
    references = read_docbin(scored_by_hand, rules.vocab)
    found = predict_entities(rules, references, labels=["Chemical"])
    assert [p.predicted for p in found] == [[(0, 7, "Chemical")], [(0, 8, "Chemical")], []]
    assert [p.other_types for p in found] == [1, 1, 0]


def test_pico_is_read_from_its_group(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("span_ruler", config={"spans_key": PICO})
    ruler.add_patterns([{"pattern": "old rats", "label": "P"}, {"pattern": "rats", "label": "X"}])
    record = Record("1", "old rats", (Mention(4, 8, "P"), Mention(4, 8, "O")), ((0, 3), (4, 8)))
    path = tmp_path / "a.spacy"
    write_docbin([record], path, nlp.tokenizer, label_sets=["ebm_pico"], entities_key=PICO)
    docs = read_docbin(path, nlp.vocab)
    (found,) = predict_entities(nlp, docs, labels=["P", "O"], key=PICO)
    assert found.gold == [(4, 8, "P"), (4, 8, "O")]
    assert (found.predicted, found.other_types) == ([(0, 8, "P")], 1)
    assert found.words == [(0, 3), (4, 8)]
    with pytest.raises(BlurbError, match="B500"):
        predict_entities(nlp, docs)


def test_of_several_label_sets_the_docs_own_is_taken(tmp_path: Path) -> None:
    nlp = light_pipeline()
    examples = to_examples(nlp, [to_record("fever in rats", ("fever", "Dis"))], ["dis"])
    examples += to_examples(nlp, [to_record("fever in rats", ("rats", "Dis"))], ["other"])
    overfit(nlp, examples)
    assert [ent.text for ent in nlp("fever in rats").ents] == ["fever", "rats"]
    found = predict_entities(nlp, [example.reference for example in examples])
    assert [p.predicted for p in found] == [[(0, 5, "Dis")], [(9, 13, "Dis")]]
    assert [p.other_types for p in found] == [0, 0]
