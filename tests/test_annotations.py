"""What a Doc carries, and that it survives every way a Doc travels."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import catalogue
import numpy as np
import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.vocab import Vocab
from srsly import msgpack_decoders, msgpack_encoders

from spacy_blurb.annotations import (
    ENTITIES,
    PICO,
    RECORD,
    FoundRelation,
    best_disjoint,
    doc_answers,
    document_id,
    entity_offsets,
    gold_entities,
    install_extensions,
    label_sets,
    longest_disjoint,
    predicted_entities,
    scored_entities,
    set_abbreviations,
    set_answers,
    set_found_relations,
    set_gold_entities,
    set_questions,
    set_record,
    set_scored_entities,
    set_vector,
    span_score,
    travelling_vector,
)
from spacy_blurb.annotations.msgpack import look_up_plugins_once
from spacy_blurb.annotations.questions import doc_questions

from .components.pipelines import run_python

TEXT = "acute colon cancer and fever"
MENTIONS = [(0, 18, "X"), (6, 18, "X"), (12, 18, "Y"), (23, 28, "Y"), (24, 28, "Y")]


@pytest.fixture
def gold(nlp: Language) -> Doc:
    doc = nlp.make_doc(TEXT)
    assert set_gold_entities(doc, iter(MENTIONS), label_sets=["demo"]) == 1
    set_record(doc, "d1", group="g")
    return doc


def test_gold_keeps_every_mention(gold: Doc) -> None:
    assert gold_entities(gold) == MENTIONS
    assert [(s.start_char, s.end_char, s.label_) for s in gold.spans[ENTITIES]] == MENTIONS[:4]
    assert entity_offsets(gold) == [(0, 18, "X"), (23, 28, "Y")]
    assert document_id(gold) == "d1"


def test_gold_survives_bytes_and_plain_docbin(gold: Doc) -> None:
    from_bytes = Doc(Vocab()).from_bytes(gold.to_bytes())
    data = DocBin(docs=[gold]).to_bytes()
    (from_docbin,) = DocBin().from_bytes(data).get_docs(Vocab())
    for doc in (from_bytes, from_docbin):
        assert gold_entities(doc) == MENTIONS
        assert entity_offsets(doc) == entity_offsets(gold)
        assert doc.spans[ENTITIES].attrs == gold.spans[ENTITIES].attrs
        assert document_id(doc) == "d1"
        assert doc.spans[RECORD].attrs["group"] == "g"


def test_docs_of_other_programs(nlp: Language) -> None:
    doc = nlp.make_doc(TEXT)
    assert gold_entities(doc) is None
    assert document_id(doc) is None
    doc.set_ents([])
    assert gold_entities(doc) == []
    doc.set_ents([Span(doc, 4, 5, label="Y")])
    assert gold_entities(doc) == [(23, 28, "Y")]


def test_scores_belong_to_predicted_spans_only(nlp: Language, gold: Doc) -> None:
    install_extensions()
    install_extensions()
    doc = nlp.make_doc(TEXT)
    spans = [Span(doc, 0, 1, label="X"), Span(doc, 0, 1, label="Y"), Span(doc, 4, 5, label="Y")]
    set_scored_entities(doc, spans, [0.5, 0.25, 0.125])
    assert [span._.score for span in spans] == [0.5, 0.25, 0.125]
    assert Span(doc, 0, 2, label="X")._.score is None
    assert Span(doc, 4, 5, label="X")._.score is None
    assert span_score(gold.ents[0]) is None
    assert nlp.make_doc(TEXT)[0:1]._.score is None
    # Predicted Docs have no gold mentions, whatever the key they share.
    assert gold_entities(doc) is None


def test_scores_survive_merged_tokens_and_edited_groups(nlp: Language) -> None:
    """spaCy does not move the spans of a group when tokens are merged."""
    doc = nlp.make_doc("Interleukin 6 and insulin fall in rats with nephrogenic diabetes")
    spans = [Span(doc, 0, 2, "A"), Span(doc, 3, 4, "A"), Span(doc, 8, 10, "B")]
    set_scored_entities(doc, spans, [0.5, 0.25, 0.125], sets=["x", "x", "y"], label_sets=["x", "y"])
    doc.set_ents(spans)
    with doc.retokenize() as retokenizer:
        for span in spans:
            retokenizer.merge(span)
    assert [(ent.text, span_score(ent)) for ent in doc.ents] == [
        ("Interleukin 6", 0.5),
        ("insulin", 0.25),
        ("nephrogenic diabetes", 0.125),
    ]
    nephrogenic = doc.text.index("nephrogenic")
    expected = (nephrogenic, len(doc.text), "B", 0.125, "y")
    assert predicted_entities(doc, ["y"]) == [expected]


def test_what_rules_behind_the_component_change_is_scored(nlp: Language) -> None:
    doc = nlp.make_doc("aspirin causes fever in rats")
    spans = [Span(doc, 0, 1, "A"), Span(doc, 2, 3, "B"), Span(doc, 2, 5, "B")]
    set_scored_entities(doc, spans, [0.5, 0.75, 0.25], sets=["x"] * 3, label_sets=["x"])
    doc.set_ents(spans[:2])
    found = [(0, 7, "A", 0.5, "x"), (15, 20, "B", 0.75, "x"), (15, 28, "B", 0.25, "x")]
    assert predicted_entities(doc, ["x"]) == found
    # Taken out; and added, in the group and in `doc.ents`.
    doc.set_ents([spans[1], Span(doc, 4, 5, "C")])
    doc.spans[ENTITIES].append(Span(doc, 3, 4, "D"))
    added = [(21, 23, "D", None, None), (24, 28, "C", None, None)]
    assert predicted_entities(doc, ["x"]) == [found[1], *added]
    # Of some of several label sets a rule does not say that it belongs to them.
    # What the rule has corrected is still what the component found of its set.
    attrs = doc.spans[ENTITIES].attrs
    doc.spans[ENTITIES].attrs = {**attrs, "label_sets": ["x", "y"]}
    assert predicted_entities(doc, ["x"]) == found[1:]
    assert predicted_entities(doc, ["x", "y"]) == [found[1], *added]
    # Taken out of the group, or given another label there, and left in `doc.ents`.
    kept = [span for span in doc.spans[ENTITIES] if span != spans[1]]
    doc.spans[ENTITIES] = SpanGroup(doc, name=ENTITIES, spans=kept, attrs=attrs)
    doc.set_ents(spans[:2])
    assert [row[:3] for row in predicted_entities(doc, ["x"])] == [
        (0, 7, "A"), (15, 28, "B"), (21, 23, "D")
    ]  # fmt: skip


def test_a_group_that_somebody_has_changed(nlp: Language) -> None:
    doc = nlp.make_doc("aspirin causes fever in rats")
    set_scored_entities(doc, [Span(doc, 0, 1, "A"), Span(doc, 2, 3, "B")], [0.5, 0.25])
    doc.spans[ENTITIES].append(Span(doc, 4, 5, "C"))
    expected = [(0, 7, "A", 0.5, None), (15, 20, "B", 0.25, None), (24, 28, "C", None, None)]
    assert scored_entities(doc) == expected
    assert [span_score(span) for span in doc.spans[ENTITIES]] == [0.5, 0.25, None]
    doc.spans[ENTITIES][2] = Span(doc, 2, 3, "C")
    assert scored_entities(doc) == [*expected[:2], (15, 20, "C", None, None)]
    doc.spans[ENTITIES][1] = Span(doc, 4, 5, "D")  # as many as were predicted, and not the same
    assert scored_entities(doc) == [
        expected[0],
        (24, 28, "D", None, None),
        (15, 20, "C", None, None),
    ]
    doc.spans[ENTITIES][1], doc.spans[ENTITIES][2] = Span(doc, 2, 3, "B"), Span(doc, 4, 5, "C")
    group = doc.spans[ENTITIES]  # "del group[0]" of spaCy 3.8 corrupts memory
    doc.spans[ENTITIES] = SpanGroup(doc, name=ENTITIES, spans=[group[1]], attrs=group.attrs)
    assert scored_entities(doc) == [expected[1]]
    doc.spans[ENTITIES] = [Span(doc, 4, 5, "C")]
    assert scored_entities(doc) is None


@pytest.mark.parametrize("way", ["from_docs", "to_json"])
def test_what_loses_annotations_leaves_no_broken_ones(nlp: Language, way: str) -> None:
    """spaCy keeps groups without their attrs there."""
    install_extensions()
    doc = nlp.make_doc("aspirin (ASA) causes fever in rats")
    aspirin, fever = Span(doc, 0, 1, "A"), Span(doc, 5, 6, "B")
    set_scored_entities(doc, [aspirin, fever], [0.5, 0.25])
    doc.set_ents([aspirin, fever])
    set_found_relations(doc, [FoundRelation((0, 7, "A"), (21, 26, "B"), "R", 0.5)])
    set_abbreviations(doc, [(doc[2:3], (0, 7))])
    set_vector(doc, np.zeros(2, dtype="f"))
    set_questions(doc, [{"id": "q", "question": "What?", "options": []}])
    row = {"id": "q", "question": "What?", "options": [], "found": True, "kind": "spans"}
    set_answers(doc, "spans", [{**row, "candidates": [["", 0.5, 0, 7]]}])
    assert (len(doc._.relations), len(doc._.abbreviations), len(doc_answers(doc))) == (1, 1, 1)
    back: Any = Doc(nlp.vocab).from_json(doc.to_json())
    lost: Any = Doc.from_docs([doc]) if way == "from_docs" else back
    assert [ent._.score for ent in lost.ents] == [None, None]
    assert (lost._.relations, lost._.abbreviations, doc_answers(lost)) == ([], [], [])
    assert lost.ents[0]._.long_form is None
    assert doc_questions(lost) == []
    assert travelling_vector(lost) is None
    set_answers(lost, "spans", [{**row, "candidates": [["", 0.5, 0, 7]]}])
    assert [answer.text for answer in doc_answers(lost)] == ["aspirin"]


@pytest.mark.parametrize(
    ("spans", "chosen"),
    [
        ([(0, 2), (1, 5), (5, 6)], [(1, 5), (5, 6)]),
        ([(2, 4), (0, 3), (3, 6)], [(0, 3), (3, 6)]),
        ([(1, 3), (0, 2)], [(0, 2)]),
        ([(0, 1), (0, 1)], [(0, 1)]),
        ([], []),
    ],
)
def test_longest_disjoint_by_hand(spans: list, chosen: list) -> None:
    doc = Doc(Vocab(), words=list("abcdef"))
    found = longest_disjoint(Span(doc, start, end) for start, end in spans)
    assert [(span.start, span.end) for span in found] == chosen


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4)), max_size=8))
def test_longest_disjoint_properties(pairs: list) -> None:
    doc = Doc(Vocab(), words=list("abcdefghijkl"))
    spans = [Span(doc, start, start + length) for start, length in pairs]
    found = longest_disjoint(spans)
    assert all(before.end <= behind.start for before, behind in pairwise(found))
    for span in spans:
        # What is left out overlaps something at least as long.
        rivals = [o for o in found if o.start < span.end and span.start < o.end]
        assert any(len(other) >= len(span) for other in rivals)


def test_tokens_that_a_mention_covers_in_part_are_left_open(nlp: Language) -> None:
    doc = nlp("foobar kinase binds aspirin")
    mentions = [(3, 13, "Gene"), (20, 27, "Chemical")]
    assert set_gold_entities(doc, mentions, label_sets=["x"]) == 1
    assert [token.ent_iob_ for token in doc] == ["", "", "O", "B"]


def test_pico_elements_are_no_entities(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert set_gold_entities(doc, MENTIONS, label_sets=["ebm_pico"], key=PICO) == 1
    assert gold_entities(doc, PICO) == MENTIONS
    assert gold_entities(doc) is None
    assert not doc.has_annotation("ENT_IOB")
    set_gold_entities(doc, MENTIONS[:1], label_sets=["demo"])
    assert gold_entities(doc) == MENTIONS[:1]
    assert (label_sets(doc), label_sets(doc, PICO)) == (["demo", "ebm_pico"], ["ebm_pico"])


def test_best_disjoint_by_hand() -> None:
    doc = Doc(Vocab(), words=list("abcdef"))

    def choose(*rows: tuple[int, int, float]) -> list[tuple[int, int]]:
        spans = [Span(doc, start, end) for start, end, _ in rows]
        return [(s.start, s.end) for s in best_disjoint(spans, [score for *_, score in rows])]

    assert choose((0, 5, 0.4), (1, 2, 0.5), (3, 6, 0.6)) == [(1, 2), (3, 6)]
    assert choose((1, 2, 0.5), (0, 3, 0.5), (2, 4, 0.5)) == [(0, 3)]
    assert choose((2, 4, 0.5), (1, 3, 0.5)) == [(1, 3)]
    assert choose() == []


def test_a_program_that_loads_no_pipeline_reads_them(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    doc = nlp("aspirin causes fever")
    spans = [Span(doc, 0, 1, "Chemical"), Span(doc, 2, 3, "Disease")]
    set_scored_entities(doc, spans, [0.5, 0.25])
    doc.ents = spans
    set_found_relations(doc, [FoundRelation((0, 7, "Chemical"), (15, 20, "Disease"), "CID", 0.75)])
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    code = (
        "import spacy_blurb.annotations, spacy, sys;"
        "spacy_blurb.annotations.install_extensions();"
        "(doc,) = spacy.tokens.DocBin().from_disk(sys.argv[1]).get_docs(spacy.blank('en').vocab);"
        "(r,) = doc._.relations;"
        "print(r.head, r.label, r.tail, doc.ents[0]._.score, doc._.answers, doc._.abbreviations)"
    )
    printed = run_python(code, str(tmp_path / "a.spacy"))
    assert printed == "aspirin CID fever 0.5 [] []"


@pytest.mark.parametrize("factory", ["blurb_ner", "blurb_rel", "blurb_textcat"])
def test_pipelines_without_the_component_say_so(factory: str) -> None:
    """Not spaCy's E046, for which the attribute is not known at all."""
    code = (
        "import sys, spacy;"
        "nlp = spacy.blank('en'); nlp.add_pipe(sys.argv[1]);"
        "doc = nlp.make_doc('aspirin');"
        "calls = [lambda: doc._.ask('what?'), lambda: doc._.blurb_similarity(doc)]\n"
        "for call in calls:\n"
        "    try:\n"
        "        call()\n"
        "    except ValueError as error:\n"
        "        print(str(error).split()[:2], end=' ')"
    )
    assert run_python(code, factory).split() == ["['[B488]',", "'No']", "['[B454]',", "'No']"]


@pytest.mark.parametrize(
    ("owner", "name"),
    [("Span", "score"), ("Doc", "relations"), ("Span", "relations"), ("Doc", "answers")],
)
def test_attributes_of_another_program_are_taken_and_said(owner: str, name: str) -> None:
    """As gliner-spacy makes `span._.score` once it is imported, with 0 for every span."""
    code = (
        "import sys, warnings, spacy_blurb.annotations as a, spacy.tokens as t;"
        "owner = getattr(t, sys.argv[1]);"
        "owner.set_extension(sys.argv[2], default=0);"
        "log = warnings.catch_warnings(record=True).__enter__();"
        "warnings.simplefilter('always');"
        "a.install_extensions(); a.install_extensions();"
        "print(len(log), str(log[0].message).split(' was')[0], owner.get_extension(sys.argv[2])[0])"
    )
    assert run_python(code, owner, name) == f"1 [B804] {owner.lower()}._.{name} None"


def test_srslys_plugins_are_looked_up_once() -> None:
    """And are all there: numpy's arrays are stored by one."""
    assert not msgpack_encoders.entry_points
    assert not msgpack_decoders.entry_points
    array = np.arange(3, dtype="f")
    (again,) = srsly.msgpack_loads(srsly.msgpack_dumps([array]))
    np.testing.assert_array_equal(again, array)


def test_a_plugin_of_another_package_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(obj: object, chain: object = None) -> object:
        return obj

    for registry in (msgpack_encoders, msgpack_decoders):
        monkeypatch.setattr(registry, "entry_points", True)
        monkeypatch.setattr(registry, "get_entry_points", lambda: {"another.v1": encode})
    monkeypatch.setattr(catalogue, "REGISTRY", catalogue.REGISTRY.copy())
    look_up_plugins_once()
    assert msgpack_encoders.get_all()["another.v1"] is encode
    assert set(msgpack_encoders.get_all()) >= {"numpy"}
