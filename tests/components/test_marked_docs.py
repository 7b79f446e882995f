"""The Doc of a candidate: BLURB's text, markers, and where the entities are in it."""

from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_blurb.annotations import given_candidates
from spacy_blurb.components.candidates import NearPairs
from spacy_blurb.components.doc_pairs import DocPairs, find_pairs
from spacy_blurb.components.marked_docs import MarkedDoc, Marker, Marking
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.docbin import RelationScheme, read_docbin, write_docbin
from spacy_blurb.data.instances import instance_rows, record_of_row
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.data.records import LabelledText, Mention, Record, Relation

from .relation_docs import set_sentences

TEXT = "We know.  Beta-aspirin (x) inhibits COX-2.  It helps."
ASPIRIN, COX = (15, 22, "Chemical"), (36, 41, "Gene")


def make_pairs(nlp: Language, text: str, *mentions: tuple[int, int, str]) -> DocPairs:
    doc = nlp.make_doc(text)
    set_sentences(doc)
    spans = [doc.char_span(*mention) for mention in mentions]
    table = np.array([(span.start, span.end) for span in spans if span is not None])
    return DocPairs(doc, list(mentions), table, np.array([(0, 1), (1, 0)]), np.arange(2), 2)


def mark(pairs: DocPairs, marking: Marking, row: int = 0) -> MarkedDoc:
    return Marker(pairs, marking).mark(row)


def parts(marked: MarkedDoc) -> list[str]:
    doc = marked.doc
    ends = [doc[slice(*marked.head)].text, doc[slice(*marked.tail)].text]
    return [*ends, doc[marked.head_start].text, doc[marked.tail_start].text]


@pytest.mark.parametrize(
    ("marking", "text", "expected"),
    [
        (
            "dummies",
            "Beta-@CHEMICAL$ (x) inhibits @GENE$.",
            ["@CHEMICAL$", "@GENE$", "@", "@"],
        ),
        (
            "typed_markers",
            "Beta-@ * chemical * aspirin @ (x) inhibits # ^ gene ^ COX-2 #.",
            ["aspirin", "COX-2", "@", "#"],
        ),
        ("none", "Beta-aspirin (x) inhibits COX-2.", ["aspirin", "COX-2", "aspirin", "COX-2"]),
    ],
)
def test_texts(nlp: Language, marking: Marking, text: str, expected: list[str]) -> None:
    marked = mark(make_pairs(nlp, TEXT, ASPIRIN, COX), marking)
    assert marked.doc.text.strip() == text
    assert [part.split("-")[0] for part in parts(marked)] == [e.split("-")[0] for e in expected]


def test_head_and_tail_keep_their_roles(nlp: Language) -> None:
    pairs = make_pairs(nlp, TEXT, ASPIRIN, COX)
    assert mark(pairs, "dummies").doc.text == mark(pairs, "dummies", 1).doc.text
    assert parts(mark(pairs, "dummies", 1))[:2] == ["@GENE$", "@CHEMICAL$"]
    assert "# ^ chemical ^ aspirin #" in mark(pairs, "typed_markers", 1).doc.text


@pytest.mark.parametrize(
    ("second", "dummy", "markers"),
    [
        # Inside, equal, beside.
        ((0, 7, "Gene"), "@CHEM-GENE$ acts", "@ * chemical * # ^ gene ^ aspirin # acid @ acts"),
        ((0, 12, "Gene"), "@CHEM-GENE$ acts", "@ * chemical * # ^ gene ^ aspirin acid # @ acts"),
        ((8, 17, "Gene"), "@CHEM-GENE$", "@ * chemical * aspirin # ^ gene ^ acid @ acts #"),
        ((13, 17, "Gene"), "@CHEMICAL$ @GENE$", "@ * chemical * aspirin acid @ # ^ gene ^ acts #"),
    ],
)
def test_overlapping_entities(
    nlp: Language, second: tuple[int, int, str], dummy: str, markers: str
) -> None:
    pairs = make_pairs(nlp, "aspirin acid acts", (0, 12, "Chemical"), second)
    assert mark(pairs, "dummies").doc.text == dummy
    marked = mark(pairs, "typed_markers")
    assert marked.doc.text == markers
    inside = marked.doc[slice(*marked.tail)].text
    kept = [word for word in inside.split() if word in ("aspirin", "acid", "acts")]
    assert " ".join(kept) == pairs.doc.text[second[0] : second[1]]


@pytest.mark.parametrize("marking", ["dummies", "typed_markers", "none"])
def test_an_entity_that_ends_in_white_space_at_the_end(nlp: Language, marking: Marking) -> None:
    pairs = make_pairs(nlp, "aspirin causes fever\n\n", (0, 7, "Chemical"), (15, 22, "Disease"))
    assert pairs.spans.tolist() == [[0, 1], [2, 4]]
    marked = mark(pairs, marking)
    assert parts(marked)[1].strip() == ("@DISEASE$" if marking == "dummies" else "fever")


def test_pairs_across_sentences_have_all_between(nlp: Language) -> None:
    text = "aa bb . cc . dd ee . ff"
    pairs = make_pairs(nlp, text, (3, 5, "X"), (16, 18, "Y"))
    assert mark(pairs, "dummies").doc.text == "aa @X$ . cc . dd @Y$ ."
    pairs = make_pairs(nlp, text, (3, 5, "X"), (8, 10, "Y"))
    assert mark(pairs, "dummies").doc.text == "aa @X$ . @Y$ ."


def test_a_doc_without_sentences_is_read_whole(nlp: Language) -> None:
    doc = nlp.make_doc("aa bb . cc . dd  ")
    spans = np.array([(0, 1), (3, 4)])
    pairs = DocPairs(doc, [(0, 2, "X"), (8, 10, "Y")], spans, np.array([(0, 1)]), np.arange(1), 1)
    assert mark(pairs, "dummies").doc.text == "@X$ bb . @Y$ . dd"


def texts_of(nlp: Language, records: list[Record], path: Path) -> list[str]:
    """What the component reads of all given pairs."""
    scheme = RelationScheme(complete=True)
    write_docbin(records, path, nlp.tokenizer, label_sets=[], relations=scheme)
    found = []
    for reference in read_docbin(path, nlp.vocab):
        doc: Doc = make_predicted(nlp, reference)
        pairs = find_pairs(
            doc, NearPairs(), given=given_candidates(doc), types={}, directed=True,
            max_mention_pairs=None, name="rel",
        )  # fmt: skip
        marker = Marker(pairs, "dummies")
        found += [marker.mark(row).doc.text for row in range(len(pairs.pairs))]
    return found


def test_dummies_are_those_of_the_data_room(nlp: Language, tmp_path: Path) -> None:
    mentions = (Mention(0, 7, "Chemical"), Mention(0, 12, "Gene"), Mention(21, 26, "Gene"))
    relations = tuple(Relation(0, tail, "false", str(tail)) for tail in (1, 2))
    text = "Aspirin acid inhibits COX-2. End "
    record = Record("1", text.replace(" in", "  in"), mentions, relations=relations)
    record = Record("1", text, (*mentions[:2], Mention(22, 27, "Gene")), None, relations, (0, 29))
    assert texts_of(nlp, [record], tmp_path / "a.spacy") == [
        row.text for row in instance_rows(record)
    ]
    row = LabelledText("r", "the @GENE$ of @DISEASE$  ", ("1",))
    assert texts_of(nlp, [record_of_row(row)], tmp_path / "b.spacy") == [row.text.rstrip()]


@pytest.mark.parametrize(("task", "folder"), [("chemprot", "chemprot"), ("ddi", "ddi2013")])
def test_real_dummies_are_those_of_blurb(
    real_data: Path, nlp: Language, tmp_path: Path, task: str, folder: str
) -> None:
    split = READERS[task](real_data / folder, "dev", "original")
    records = [r for r in split.records if isinstance(r, Record)][:60]
    expected = [row.text.rstrip() for record in records for row in instance_rows(record)]
    assert len(expected) > 100
    assert texts_of(nlp, records, tmp_path / "a.spacy") == expected
