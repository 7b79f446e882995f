"""Relations in prediction files: how they are counted, mistakes, and the component's own scorer."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from spacy_blurb.annotations import (
    FoundRelation,
    set_found_relations,
    set_gold_entities,
    set_gold_relations,
    set_record,
)
from spacy_blurb.components import relation_scorer
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.relations import read_gold_relations
from spacy_blurb.evaluation.scoring import check_labels, score_rows
from spacy_blurb.evaluation.scoring.relations import GoldRelationSet
from spacy_blurb.tasks import get_task

FILE = Path("p.jsonl")
A, B, C = (0, 1, "X"), (2, 3, "X"), (4, 5, "Y")
IDS = {A: ["c1"], B: ["c1", "c2"], C: ["c3"]}


def gold(*relations: tuple[Any, Any, str], concepts: Any = None) -> GoldRelationSet:
    return GoldRelationSet("1", relations, concepts, "a b c d")


def row(*relations: tuple[Any, Any, str], **more: Any) -> dict[str, Any]:
    keys = ("head", "tail", "label")
    found = [dict(zip(keys, (list(h), list(t), x), strict=True)) for h, t, x in relations]
    return {"id": "1", "relations": found, **more}


def score(item: GoldRelationSet, found: dict[str, Any], task: str = "rel") -> dict[str, Any]:
    fields, units = score_rows(get_task(task), [item], [found], FILE)
    assert units.score() == fields["score"]
    return fields


def counts(*arguments: Any) -> tuple[int, int, int]:
    fields = score(*arguments)
    return fields["correct"], fields["predicted"], fields["gold"]


def test_direction_is_the_tasks_unless_the_file_says_it() -> None:
    there, back = (A, C, "DDI-int"), (C, A, "DDI-int")
    assert counts(gold(there), row(back), "ddi") == (1, 1, 1)
    assert counts(gold(there), row(back), "rel") == (0, 1, 1)
    assert counts(gold(there), row(back, directed=False), "rel") == (1, 1, 1)
    assert counts(gold(there), row(back, directed=True), "ddi") == (0, 1, 1)


def test_a_relation_counts_once_between_predicted_entities() -> None:
    twice = (A, C, "r"), (A, C, "r")
    assert counts(gold(*twice), row(twice[0])) == (1, 1, 2)
    assert counts(gold(*twice), row(twice[0], entities="predicted")) == (1, 1, 1)


def test_without_direction_mirror_images_are_one_relation() -> None:
    there, back = (A, C, "DDI-int"), (C, A, "DDI-int")
    assert counts(gold(there), row(there, back, entities="predicted"), "ddi") == (1, 1, 1)
    assert counts(gold(there, back), row(there, entities="predicted"), "ddi") == (1, 1, 1)


def test_own_data_count_each_relation_once() -> None:
    """Nobody is given the pairs there, so that each is judged once."""
    there, back = (A, C, "r"), (C, A, "r")
    reference, predicted = make_docs([there, there, back], [there], concepts=False)
    (item,) = read_gold_relations(get_task("rel"), [reference])
    assert counts(item, row(there)) == (1, 1, 2)
    assert counts(item, row(there, directed=False)) == (1, 1, 1)
    assert counts(item, row(there, there, back)) == (2, 2, 2)
    scores = relation_scorer.score_relations([Example(predicted, reference)], directed=False)
    assert scores["rel_micro_f"] == 1.0


def test_labels_of_the_task_are_listed_without_relations_too() -> None:
    fields = score(gold((A, C, "CPR:3")), row(), "chemprot")
    assert list(fields["per_label"]) == ["CPR:3", "CPR:4", "CPR:5", "CPR:6", "CPR:9"]
    assert fields["per_label"]["CPR:3"]["gold"] == 1
    assert fields["score"] == 0.0


def test_concepts_may_be_named_without_mentions() -> None:
    item = gold(("c1", "c3", "r"), concepts=tuple(IDS.items()))
    named = {"label": "r", "concepts": ["c1", "c3"]}
    assert counts(item, {"id": "1", "relations": [named]}) == (1, 1, 1)
    # Of a program that writes a line for each pair of their mentions.
    assert counts(item, {"id": "1", "relations": [named, named]}) == (1, 1, 1)
    # B names two concepts, so it says two relations.
    assert counts(item, row((B, C, "r"))) == (1, 2, 1)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"id": "1"}, "B630.*relations is None"),
        ({"id": "1", "relations": ["x"]}, "B630.*'x', expected objects"),
        ({"id": "1", "relations": [{"label": "r", "tail": [0, 1, "X"]}]}, "B630.*head is None"),
        ({"id": "1", "relations": [{"head": list(A), "tail": list(C)}]}, "B630.*label"),
        (row(((0, 1, 1), C, "r")), "B630.*head"),
        (row((A, (4, 99, "Y"), "r")), "B631.*4-99"),
        (row(entities="some"), "B630.*entities is 'some', expected 'gold' or 'predicted'"),
        (row(directed=1), "B630.*directed"),
    ],
)
def test_mistakes(found: dict[str, Any], code: str) -> None:
    with pytest.raises(BlurbError, match=code):
        score(gold((A, C, "r")), found)


def test_labels_that_the_task_does_not_have() -> None:
    """Negative pairs need no line; "false" would be a wrong relation."""
    check_labels(get_task("chemprot"), [row((A, C, "CPR:3"))], FILE)
    check_labels(get_task("rel"), [row((A, C, "anything"))], FILE)
    for label in ("false", "CPR:10", "cpr:3"):
        with pytest.raises(BlurbError, match=rf"B632.*'1': '{label}'.*CPR:3, CPR:4"):
            check_labels(get_task("chemprot"), [row((A, C, "CPR:3"), (A, C, label))], FILE)


def test_lines_that_differ_in_what_decides_the_count() -> None:
    items = [gold(), GoldRelationSet("2", (), None, "a b c d")]
    rows = [row(entities="predicted"), {**row(), "id": "2"}]
    with pytest.raises(BlurbError, match=r"B642.*differ in 'entities'"):
        score_rows(get_task("rel"), items, rows, FILE)


# The twin: the scorer that training shows ---------------------------------------------------------

NLP = spacy.blank("en")
MENTIONS = st.sampled_from([A, B, C])
FOUND = st.lists(st.tuples(MENTIONS, MENTIONS, st.sampled_from("rs")), max_size=5)


def make_docs(golds: list[Any], found: list[Any], *, concepts: bool) -> tuple[Doc, Doc]:
    reference, predicted = NLP.make_doc("a b c d"), NLP.make_doc("a b c d")
    places = [A, B, C]
    set_gold_entities(reference, places, label_sets=[])
    rows = [(places.index(h), places.index(t), x, "") for h, t, x in golds]
    more: dict[str, Any] = {}
    if concepts:
        pairs = [(IDS[h][0], IDS[t][-1]) for h, t, _ in golds]
        more = {"concepts": [IDS[m] for m in places], "concept_pairs": pairs}
    set_gold_relations(reference, rows, none=["none"], **more)
    set_record(reference, "1")
    set_found_relations(predicted, [FoundRelation(h, t, x, 0.5) for h, t, x in found])
    return reference, predicted


@given(FOUND, FOUND, st.booleans(), st.booleans(), st.booleans())
def test_a_file_scores_as_the_component(
    golds: list[Any], found: list[Any], directed: bool, given_ents: bool, concepts: bool
) -> None:
    reference, predicted = make_docs(golds, found, concepts=concepts)
    scores = relation_scorer.score_relations(
        [Example(predicted, reference)], directed=directed, use_gold_ents=given_ents
    )
    (item,) = read_gold_relations(get_task("rel"), [reference])
    entities = "gold" if given_ents else "predicted"
    fields = score(item, row(*found, directed=directed, entities=entities))
    names = {"rel_micro_p": "precision", "rel_micro_r": "recall", "rel_micro_f": "score"}
    assert {key: scores[key] for key in names} == {k: fields[name] for k, name in names.items()}
    assert {label: value["f"] for label, value in scores["rel_f_per_type"].items()} == {
        label: value["f1"] for label, value in fields["per_label"].items()
    }
