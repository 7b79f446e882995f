"""Records to Docs and files, and back without loss."""

import zlib
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_blurb.annotations import (
    document_id,
    given_candidates,
    gold_entities,
    gold_relations,
    has_relations,
)
from spacy_blurb.data.docbin import (
    Conversion,
    RelationScheme,
    read_docbin,
    to_doc,
    write_docbin,
)
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.data.records import Mention, Record, Relation
from spacy_blurb.errors import BlurbError


def test_running_text_is_tokenised(nlp: Language) -> None:
    doc = to_doc(Record("1", "Aspirin, then."), nlp.tokenizer)
    assert [token.text for token in doc] == ["Aspirin", ",", "then", "."]
    assert not doc.has_unknown_spaces


def test_words_of_the_source_stay_the_tokens(nlp: Language) -> None:
    record = Record("1", "5-HT (x)", words=((0, 4), (5, 8)))
    doc = to_doc(record, nlp.tokenizer)
    assert [token.text for token in doc] == ["5-HT", "(x)"]
    assert doc.has_unknown_spaces
    assert doc.text[: len(record.text)] == record.text


def test_written_docs_come_back_with_every_mention(nlp: Language, tmp_path: Path) -> None:
    records = [
        # "cancer-free" is three tokens; "ance" fits no token; two mentions overlap.
        Record(
            "a",
            "colon cancer-free",
            (Mention(0, 12, "X"), Mention(6, 12, "Y"), Mention(7, 11, "X")),
        ),
        Record("b", "β blocker .", (Mention(0, 9, "X"),), ((0, 1), (2, 9), (10, 11))),
        Record("c", "nothing"),
        Record("d", ""),
    ]
    path = tmp_path / "deep" / "a.spacy"
    written = write_docbin(records, path, nlp.tokenizer, label_sets=["demo"])
    assert written == Conversion(documents=4, lost=1, nested=1)
    docs = read_docbin(path, nlp.vocab)
    assert [document_id(doc) for doc in docs] == ["a", "b", "c", "d"]
    assert [gold_entities(doc) for doc in docs] == [
        [(0, 12, "X"), (6, 12, "Y"), (7, 11, "X")],
        [(0, 9, "X")],
        [],
        [],
    ]
    assert [[(s.text, s.label_) for s in doc.spans["blurb"]] for doc in docs[:2]] == [
        [("colon cancer", "X"), ("cancer", "Y")],
        [("β blocker", "X")],
    ]
    assert [[ent.text for ent in doc.ents] for doc in docs] == [
        ["colon cancer"],
        ["β blocker"],
        [],
        [],
    ]
    assert [doc.has_unknown_spaces for doc in docs[:3]] == [False, True, False]
    assert docs[0].spans["blurb"].attrs["label_sets"] == ["demo"]


@pytest.mark.parametrize("span", [(0, 8), (3, 3), (-1, 2), (5, 2)])
def test_a_mention_outside_its_text_is_an_error(nlp: Language, span: tuple[int, int]) -> None:
    record = Record("7", "Aspirin", (Mention(*span, "X"),))
    with pytest.raises(BlurbError, match=f"B114.*'7': mention {span[0]}-{span[1]} .* 7 characters"):
        to_doc(record, nlp.tokenizer)


def test_what_is_not_a_docbin(nlp: Language, tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match="B100"):
        read_docbin(tmp_path / "no.spacy", nlp.vocab)
    path = tmp_path / "a.spacy"
    for content in (b"", b"word\tO\n", zlib.compress(b"abc"), DocBin().to_bytes()[:-3]):
        path.write_bytes(content)
        with pytest.raises(BlurbError, match=r"B113.*a\.spacy is not a DocBin file"):
            read_docbin(path, nlp.vocab)
    DocBin().to_disk(path)
    with pytest.raises(BlurbError, match="B107"):
        read_docbin(path, nlp.vocab)


def test_mentions_that_a_tagger_cannot_learn_are_counted(nlp: Language, tmp_path: Path) -> None:
    """Of overlapping ones the longest is learned; a repeated one is no other mention."""
    mentions = (
        *(Mention(0, 12, "X"), Mention(0, 12, "X"), Mention(0, 12, "Y"), Mention(0, 5, "X")),
        *(Mention(6, 16, "X"), Mention(13, 16, "X")),
    )
    records = [Record("a", "colon cancer now", mentions, relations=(Relation(0, 5, "R"),))]

    def nested(**options: Any) -> int:
        path = tmp_path / "a.spacy"
        return write_docbin(records, path, nlp.tokenizer, label_sets=["x"], **options).nested

    assert nested() == nested(relations=RelationScheme()) == 3
    # Each label of PICO is learned apart, and rows about one pair teach nothing of entities.
    assert nested(entities_key="pico") == 0
    assert nested(relations=RelationScheme(only_pairs=True)) == 0


def test_tokens_are_parted_where_mentions_are_given(nlp: Language, tmp_path: Path) -> None:
    """The candidates of a relation are given, also in the dataset's records without a pair."""
    mentions = (Mention(1, 8, "Drug"), Mention(9, 13, "Drug"))
    pair = Record("1", "naspirin acid. No.", mentions, relations=(Relation(0, 1, "false"),))
    alone = Record("2", "naspirin acid", mentions[:1])
    path = tmp_path / "a.spacy"
    scheme = RelationScheme()
    written = write_docbin([pair, alone], path, nlp.tokenizer, label_sets=["ddi"], relations=scheme)
    assert written == Conversion(documents=2, lost=0, parted=2)
    first, second = read_docbin(path, nlp.vocab)
    assert [token.text for token in first] == ["n", "aspirin", "acid", ".", "No", "."]
    assert (first.text, second.text) == (pair.text, alone.text)
    assert [ent.text for ent in first.ents] == ["aspirin", "acid"]
    assert has_relations(first)
    assert has_relations(second)
    for reference in (first, second):
        predicted = make_predicted(nlp, reference)
        assert [t.text_with_ws for t in predicted] == [t.text_with_ws for t in reference]
        assert not predicted.ents
    # Without relations the mentions are to be found, and tokens stay what they are.
    written = write_docbin([alone], path, nlp.tokenizer, label_sets=["ner"])
    assert written == Conversion(documents=1, lost=1, parted=0)
    (doc,) = read_docbin(path, nlp.vocab)
    assert not has_relations(doc)
    assert len(make_predicted(nlp, doc)) == 2


def test_all_pairs_of_a_dataset_or_its_relations(nlp: Language, tmp_path: Path) -> None:
    mentions = (Mention(0, 1, "X"), Mention(2, 3, "Y"), Mention(4, 5, "Y"))
    relations = (Relation(0, 1, "A", "i"), Relation(2, 0, "false", "j"))
    path = tmp_path / "a.spacy"
    found, given = [], []
    for scheme in (RelationScheme(["A", "B"], complete=True), RelationScheme()):
        record = Record("1", "a b c", mentions, relations=relations)
        write_docbin([record], path, nlp.tokenizer, label_sets=[], relations=scheme)
        (doc,) = read_docbin(path, nlp.vocab)
        gold, candidates = gold_relations(doc), given_candidates(make_predicted(nlp, doc))
        assert gold is not None
        assert candidates is not None
        assert gold.mentions == candidates.mentions == [(0, 1, "X"), (2, 3, "Y"), (4, 5, "Y")]
        found.append(gold.rows)
        given.append(candidates.pairs)
    # Where all pairs are given, other labels mean none; otherwise every label is a relation.
    assert found == [[(0, 1, "A"), (2, 0, "")], [(0, 1, "A"), (2, 0, "false")]]
    assert given == [[(0, 1), (2, 0)], None]


def test_sentences_and_concepts_are_given_and_labels_are_not(nlp: Language, tmp_path: Path) -> None:
    mentions = (Mention(0, 1, "C"), Mention(2, 3, "D"))
    record = Record(
        *("1", "a b c d", mentions),
        relations=(Relation(0, 1, "CID", "1.c.d", ("c", "d")),),
        sentences=(0, 4),
        concepts=(("c",), ("d", "e")),
    )
    path = tmp_path / "a.spacy"
    scheme = RelationScheme(["CID"], complete=True)
    write_docbin([record], path, nlp.tokenizer, label_sets=[], relations=scheme)
    (doc,) = read_docbin(path, nlp.vocab)
    predicted = make_predicted(nlp, doc)
    assert [sent.text for sent in predicted.sents] == ["a b", "c d"]
    given = given_candidates(predicted)
    assert given is not None
    assert (given.concepts, given.concept_pairs) == ([["c"], ["d", "e"]], [("c", "d")])
    assert "CID" not in str(predicted.spans["candidates"].attrs)
    assert list(predicted.spans) == ["candidates"]
