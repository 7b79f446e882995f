"""The text of one candidate pair."""

import pytest

from spacy_blurb.data.instances import dummify, instance_rows, pair_context, record_of_row
from spacy_blurb.data.records import LabelledText, Mention, Record, Relation
from spacy_blurb.errors import BlurbError

TEXT = "Aspirin inhibits COX-2. It helps."
ASPIRIN, COX = Mention(0, 7, "Chemical"), Mention(17, 22, "Gene")
SENTENCE = (0, 23)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (ASPIRIN, COX, "@CHEMICAL$ inhibits @GENE$."),
        (COX, ASPIRIN, "@CHEMICAL$ inhibits @GENE$."),
        # One inside the other, crossing, equal: the joint span is one dummy.
        (Mention(0, 22, "Gene"), ASPIRIN, "@CHEM-GENE$."),
        (Mention(0, 16, "Gene"), Mention(8, 22, "Chemical"), "@CHEM-GENE$."),
        (ASPIRIN, Mention(0, 7, "Gene"), "@CHEM-GENE$ inhibits COX-2."),
        (Mention(0, 16, "Drug"), Mention(8, 22, "Drug"), "@DRUG-DRUG$."),
        # Side by side is not overlapping.
        (ASPIRIN, Mention(7, 16, "Gene"), "@CHEMICAL$@GENE$ COX-2."),
        (Mention(0, 3, "Drug"), Mention(22, 23, "Drug"), "@DRUG$irin inhibits COX-2@DRUG$"),
    ],
)
def test_two_mentions_become_dummies(first: Mention, second: Mention, expected: str) -> None:
    assert dummify(TEXT, SENTENCE, first, second) == expected
    assert dummify(TEXT, SENTENCE, second, first) == expected


def test_text_outside_the_context_is_left_out() -> None:
    text = "We know. β-Blockers ↑ β1 now. End"
    context = (9, 29)
    assert text[slice(*context)] == "β-Blockers ↑ β1 now."
    pair = Mention(9, 19, "Chemical"), Mention(22, 24, "Gene")
    assert dummify(text, context, *pair) == "@CHEMICAL$ ↑ @GENE$ now."


@pytest.mark.parametrize(
    ("sentences", "second", "expected"),
    [
        (None, COX, (0, 33)),
        ((0, 24), COX, (0, 23)),
        ((0,), COX, (0, 33)),
        # A pair across sentences is read with both, and all between.
        ((0, 24), Mention(24, 26, "Gene"), (0, 33)),
        ((0, 8, 24), COX, (0, 23)),
    ],
)
def test_the_context_is_the_sentences_of_the_pair(
    sentences: tuple[int, ...] | None, second: Mention, expected: tuple[int, int]
) -> None:
    record = Record("1", TEXT, (ASPIRIN, second), sentences=sentences)
    assert pair_context(record, ASPIRIN, second) == expected
    assert pair_context(record, second, ASPIRIN) == expected


def test_rows_keep_trailing_blanks_of_a_text_without_sentences() -> None:
    relations = (Relation(1, 0, "CPR:4", "1.T2.T1"), Relation(0, 1, "false", "b"))
    record = Record("1", "Aspirin inhibits COX-2  ", (ASPIRIN, COX), relations=relations)
    text = "@CHEMICAL$ inhibits @GENE$  "
    assert list(instance_rows(record)) == [
        LabelledText("1.T2.T1", text, ("CPR:4",), "1"),
        LabelledText("b", text, ("false",), "1"),
    ]


@pytest.mark.parametrize(
    ("text", "head", "tail"),
    [
        ("the @GENE$ of @DISEASE$  ", Mention(4, 10, "Gene"), Mention(14, 23, "Disease")),
        ("@DISEASE$ and @GENE$", Mention(14, 20, "Gene"), Mention(0, 9, "Disease")),
        ("@GENE$ by @CHEMICAL$.", Mention(10, 20, "Chemical"), Mention(0, 6, "Gene")),
        ("@DRUG$ with @DRUG$", Mention(0, 6, "Drug"), Mention(12, 18, "Drug")),
        ("a @CHEM-GENE$ b", Mention(2, 13, "Chemical"), Mention(2, 13, "Gene")),
        ("a @DRUG-DRUG$", Mention(2, 13, "Drug"), Mention(2, 13, "Drug")),
    ],
)
@pytest.mark.parametrize("group", ["", "document"])
def test_rows_become_records_and_rows_again(
    text: str, head: Mention, tail: Mention, group: str
) -> None:
    row = LabelledText("r1", text, ("CPR:4",), group)
    record = record_of_row(row)
    (relation,) = record.relations
    assert (relation.label, relation.id, record.sentences) == ("CPR:4", "r1", (0,))
    assert record.document == group
    assert (record.mentions[relation.head], record.mentions[relation.tail]) == (head, tail)
    assert list(instance_rows(record)) == [row]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no dummy", "none"),
        ("@GENE$", "@GENE$"),
        ("@GENE$ @GENE$ @GENE$", "@GENE$, @GENE$, @GENE$"),
        ("@CHEM-GENE$ @GENE$", "@CHEM-GENE$, @GENE$"),
    ],
)
def test_rows_without_two_mentions(text: str, found: str) -> None:
    with pytest.raises(BlurbError, match=r"B118.*'r1'") as error:
        record_of_row(LabelledText("r1", text, ("1",)))
    assert f": {found}. It" in str(error.value)
