"""Which pairs are judged."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_blurb.annotations import ENTITIES, Given, set_scored_entities
from spacy_blurb.components.candidates import make_candidates_v1, may_hold
from spacy_blurb.components.doc_pairs import DocPairs, find_pairs
from spacy_blurb.components.gold_pairs import target_labels
from spacy_blurb.errors import BlurbError

from .relation_docs import ents, set_sentences, to_examples

VOCAB = Vocab()
TYPES = {"CID": [["Chemical", "Disease"]]}


def collect(doc: Doc, given: Given | None = None, **settings: Any) -> DocPairs:
    names = ("same_sentence", "max_tokens")
    finder = make_candidates_v1(**{k: settings.pop(k) for k in names if k in settings})
    options: dict[str, Any] = {"types": {}, "directed": True, "max_mention_pairs": None}
    return find_pairs(doc, finder, given=given, name="rel", **{**options, **settings})


def words(pairs: DocPairs) -> list[tuple[str, str]]:
    text = pairs.doc.text
    return [(text[h[0] : h[1]], text[t[0] : t[1]]) for h, t in pairs.ends()]


@pytest.fixture
def doc(nlp: Language) -> Doc:
    text = "aspirin causes fever . naloxone helps"
    chemicals = [("aspirin", "Chemical"), ("naloxone", "Chemical")]
    return ents(nlp.make_doc(text), *chemicals, ("fever", "Disease"))


def test_pairs_of_one_sentence_in_both_directions_and_never_with_itself(doc: Doc) -> None:
    assert words(collect(doc)) == [("aspirin", "fever"), ("fever", "aspirin")]


def test_a_label_without_types_may_hold_between_any(doc: Doc) -> None:
    some = {"A": [["Chemical", "Disease"]]}
    assert len(collect(doc, types={**some, "B": []}).pairs) == len(collect(doc, types={}).pairs)
    assert len(collect(doc, types=some).pairs) < len(collect(doc, types={}).pairs)


def test_predicted_pairs_do_not_learn_the_rows_of_given_ones(nlp: Language) -> None:
    """Even where there are as many of them."""
    gold = [("aspirin", "Chemical"), ("fever", "Disease")], [(0, 1, "Treats")]
    (example,) = to_examples(nlp, [("aspirin causes fever in rats", *gold)], complete=True)
    predicted = example.predicted
    set_sentences(predicted)
    for other, expected in (("rats", [[0.0]]), ("fever", [[1.0]])):
        words = [token.text for token in predicted]
        spans = [Span(predicted, i, i + 1, label) for i, label in
                 ((0, "Chemical"), (words.index(other), "Disease"))]  # fmt: skip
        predicted.spans[ENTITIES] = SpanGroup(predicted, name=ENTITIES, spans=spans)
        pairs = collect(predicted, types=TYPES)
        found = target_labels(pairs, example.reference, ["Treats"], directed=True)
        assert found.tolist() == expected


def test_a_name_with_two_labels_is_not_related_to_itself(nlp: Language) -> None:
    doc = nlp.make_doc("levodopa causes dyskinesia")
    set_sentences(doc)
    levodopa, dyskinesia = (0, 1), (2, 3)
    spans = [
        Span(doc, *levodopa, label="Chemical"),
        Span(doc, *levodopa, label="Disease"),
        Span(doc, *dyskinesia, label="Disease"),
    ]
    doc.spans[ENTITIES] = SpanGroup(doc, name=ENTITIES, spans=spans)
    assert words(collect(doc, types=TYPES)) == [("levodopa", "dyskinesia")]


def test_a_name_with_two_labels_is_taken_under_the_more_probable_one(nlp: Language) -> None:
    doc = nlp.make_doc("haloperidol and levodopa")
    set_sentences(doc)
    spans = [
        Span(doc, 0, 1, label="Chemical"),
        Span(doc, 2, 3, label="Chemical"),
        Span(doc, 2, 3, label="Disease"),
    ]
    for scores, expected in (
        ([0.9, 0.9, 0.4], []),
        ([0.9, 0.4, 0.9], [("haloperidol", "levodopa")]),
    ):
        set_scored_entities(doc, spans, scores)
        assert words(collect(doc, types=TYPES)) == expected


def test_types_of_heads_and_tails(doc: Doc) -> None:
    assert words(collect(doc, types=TYPES)) == [("aspirin", "fever")]
    assert words(collect(doc, types=TYPES, same_sentence=False)) == [
        ("aspirin", "fever"),
        ("naloxone", "fever"),
    ]


def test_mirrored_pairs_are_one_without_direction(doc: Doc) -> None:
    found = collect(doc, directed=False, same_sentence=False)
    assert words(found) == [("aspirin", "fever"), ("aspirin", "naloxone"), ("fever", "naloxone")]
    # Types name the chemical as the head, but in the text the disease comes first.
    found = collect(doc, directed=False, same_sentence=False, types=TYPES)
    assert words(found) == [("aspirin", "fever"), ("fever", "naloxone")]
    assert may_hold(TYPES, "CID", "Disease", "Chemical", directed=False)
    assert not may_hold(TYPES, "CID", "Disease", "Chemical", directed=True)
    assert may_hold(TYPES, "other", "Disease", "Chemical", directed=True)


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (1, 4), (3, 6), (None, 6)])
def test_distance_counts_the_tokens_between(doc: Doc, limit: int | None, expected: int) -> None:
    assert len(collect(doc, same_sentence=False, max_tokens=limit).pairs) == expected


def test_a_negative_distance() -> None:
    with pytest.raises(BlurbError, match=r"B472.*-1"):
        make_candidates_v1(max_tokens=-1)


def test_no_sentences_is_said(nlp: Language) -> None:
    doc = nlp.make_doc("aspirin causes fever")
    doc.ents = [Span(doc, 0, 1, label="X"), Span(doc, 2, 3, label="X")]
    with pytest.raises(BlurbError, match=r"B464.*'aspirin causes fever'.*blurb_sentencizer"):
        collect(doc)
    assert len(collect(doc, same_sentence=False).pairs) == 2
    # Nothing to divide.
    doc.ents = doc.ents[:1]
    assert len(collect(doc).pairs) == 0


def test_nested_entities_are_related_and_equal_ones_of_two_sets_are_one(nlp: Language) -> None:
    doc = nlp.make_doc("renal cell carcinoma drug")
    set_sentences(doc)
    spans = [(0, 3, "D"), (0, 2, "D"), (0, 3, "D"), (0, 3, "E"), (1, 3, "D")]
    group = [Span(doc, start, end, label=label) for start, end, label in spans]
    doc.spans[ENTITIES] = SpanGroup(doc, name=ENTITIES, spans=group)
    found = collect(doc, max_tokens=0)
    assert len(found.mentions) == 4
    # Every one with every other one, crossing and nested ones too, but not the two equal spans.
    assert len(found.pairs) == 4 * 3 - 2


def test_rules_behind_the_component_add_and_replace_entities(nlp: Language) -> None:
    """They write `doc.ents` alone: what is there is sure."""
    doc = nlp.make_doc("aspirin causes fever in rats")
    spans = [Span(doc, 0, 1, "Chemical"), Span(doc, 2, 3, "Disease")]
    set_scored_entities(doc, spans, [0.9, 0.99])
    doc.ents = [spans[0], Span(doc, 2, 3, "Toxicity"), Span(doc, 4, 5, "Species")]
    set_sentences(doc)
    labels = [label for _, _, label in collect(doc).mentions]
    assert labels == ["Chemical", "Toxicity", "Species"]
    # A correction of the borders leaves nothing of what it corrects.
    doc.ents = [Span(doc, 0, 2, "Chemical"), Span(doc, 2, 3, "Disease")]
    found = [doc.text[start:end] for start, end, _ in collect(doc).mentions]
    assert found == ["aspirin causes", "fever"]


def test_mentions_not_on_tokens_are_no_candidates(doc: Doc) -> None:
    mentions = [(0, 7, "Chemical"), (1, 7, "Chemical"), (15, 20, "Disease")]
    found = collect(doc, Given(mentions, [(1, 2), (0, 2)]))
    assert words(found) == [("aspirin", "fever")]
    assert (found.groups.tolist(), found.n_groups) == ([1], 2)
    assert words(collect(doc, Given(mentions, None), types=TYPES)) == [("aspirin", "fever")]


def test_given_pairs_are_taken_as_they_are(doc: Doc) -> None:
    mentions = [(0, 7, "Chemical"), (15, 20, "Disease"), (23, 31, "Chemical")]
    rows = [(2, 1), (0, 1), (0, 1)]
    assert collect(doc, Given(mentions, rows)).pairs.tolist() == [[2, 1], [0, 1], [0, 1]]
    assert collect(doc, Given(mentions, rows), directed=False).pairs.tolist()[0] == [1, 2]


def test_concepts_have_all_pairs_of_their_mentions_nearest_first(nlp: Language) -> None:
    doc = ents(nlp.make_doc("lead pain . lead or iron pain . pain"))
    places = [(0, 4), (5, 9), (12, 16), (20, 24), (25, 29), (32, 36)]
    labels = ["C", "D", "C", "C", "D", "D"]
    mentions = [(*place, label) for place, label in zip(places, labels, strict=True)]
    concepts = [["c1"], ["d1"], ["c1"], ["c2"], ["d1", "d2"], ["d1"]]
    pairs = [("c1", "d1"), ("c1", "d2"), ("c2", "d1")]
    given = Given(mentions, [(0, 1), (0, 4), (3, 1)], concepts, pairs)
    found = collect(doc, given)
    assert found.groups.tolist() == [0] * 6 + [1] * 2 + [2] * 3
    assert found.pairs[:1].tolist() == [[0, 1]]
    assert found.pairs[6:8].tolist() == [[2, 4], [0, 4]]
    nearest = collect(doc, given, max_mention_pairs=1)
    assert nearest.pairs.tolist() == [[0, 1], [2, 4], [3, 4]]
    assert (nearest.concepts, nearest.n_groups) == (pairs, 3)


@pytest.mark.parametrize("result", [[0, 1], [[0, 1, 2]], [[0, 9]], [[-1, 0]], [[0.5, 1.0]], "x"])
def test_a_function_of_candidates_that_errs(doc: Doc, result: Any) -> None:
    with pytest.raises(BlurbError, match=r"B467.*'rel'.*for 3 entities"):
        find_pairs(
            doc, lambda *_: np.asarray(result), given=None, types={}, directed=True,
            max_mention_pairs=None, name="rel",
        )  # fmt: skip


@pytest.mark.parametrize("nothing", [[], np.array([]), np.zeros((0, 2), dtype="int64")])
def test_a_function_may_find_nothing(doc: Doc, nothing: Any) -> None:
    found = find_pairs(
        doc, lambda *_: nothing, given=None, types={}, directed=True,
        max_mention_pairs=None, name="rel",
    )  # fmt: skip
    assert (found.pairs.shape, found.n_groups) == ((0, 2), 0)


def test_self_pairs_of_a_function_are_left_out(doc: Doc) -> None:
    found = find_pairs(
        doc, lambda *_: np.array([[0, 0], [0, 1]]), given=None, types={}, directed=True,
        max_mention_pairs=None, name="rel",
    )  # fmt: skip
    assert found.pairs.tolist() == [[0, 1]]


@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(1, 3), st.sampled_from("AB")), max_size=9),
    st.sampled_from([{}, {"x": [["A", "B"]]}, {"x": [["A", "A"], ["B", "A"]]}]),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
)
def test_pairs_equal_a_loop(
    entities: list[tuple[int, int, str]], types: dict, limit: int | None, same: bool
) -> None:
    doc = Doc(VOCAB, words=["a", "b", "c", "."] * 4)
    set_sentences(doc)
    spans = [Span(doc, start, start + size, label=label) for start, size, label in entities]
    doc.spans[ENTITIES] = SpanGroup(doc, name=ENTITIES, spans=spans)
    kept = sorted({(s.start, s.end, s.label_) for s in spans})
    expected = [
        (head, tail)
        for head, tail in itertools.permutations(kept, 2)
        if head[:2] != tail[:2]
        and (not types or [head[2], tail[2]] in types["x"])
        and (not same or doc[head[0]].sent == doc[tail[0]].sent)
        and (limit is None or max(head[0], tail[0]) - min(head[1], tail[1]) <= limit)
    ]
    found = collect(doc, types=types, max_tokens=limit, same_sentence=same)
    rows = found.spans.tolist()
    pairs = [tuple((*rows[i], found.mentions[i][2]) for i in pair) for pair in found.pairs.tolist()]
    assert pairs == expected
