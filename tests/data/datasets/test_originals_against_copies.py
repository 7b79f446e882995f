"""NCBI-disease and BC5CDR: the PubTator originals hold the mentions of the CoNLL copies."""

from collections import Counter
from pathlib import Path

import pytest

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.records import Record, Split


def mention_strings(split: Split[Record]) -> Counter[str]:
    """Mentions without white space and case: the copies are tokenised in their own way.

    Their documents stand in another order, so this is a count and not a sequence.
    """
    return Counter(
        "".join(record.text[m.start : m.end].split()).lower()
        for record in split.records
        for m in record.mentions
    )


# String in the original → in the copy, how often. In BC5CDR the copy's tokens glue a subscript or
# charge to its word ("5-HT|6", "Ca|2+"), and a mention with a stop inside is divided because a
# sentence of the copy ends there. NCBI-disease has no difference: the two mentions that stop a
# letter before the end of their word are corrected by the reader as in the copy.
DIFFERENCES = {
    ("bc5cdr", "dev"): (
        {"5-ht": 5, "da": 2, "cl": 2, "5-hydroxytryptamine": 1, "st.anthony'sfire": 2},
        {"5-ht6": 5, "da1": 1, "da2": 1, "2cl": 2, "5-hydroxytryptamine1a": 1}
        | {"st.": 2, "anthony'sfire": 2},
    ),
    ("bc5cdr", "test"): (
        {"ca": 4, "gamma-aminobutyricacid": 1},
        {"ca2": 4, "gamma-aminobutyricacida": 1},
    ),
}


@pytest.mark.parametrize("task", ["ncbi_disease", "bc5cdr"])
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_real_original_and_copy_hold_the_same_mentions(
    real_data: Path, task: str, split: str
) -> None:
    original = mention_strings(READERS[task](real_data / task, split, "original"))
    copy = mention_strings(READERS[task](real_data / task, split, "blurb"))
    only_original, only_copy = DIFFERENCES.get((task, split), ({}, {}))
    assert original - copy == Counter(only_original)
    assert copy - original == Counter(only_copy)


@pytest.mark.parametrize(
    ("task", "folder", "label"),
    [("bc5_chem", "bc5cdr_chem", "Chemical"), ("bc5_disease", "bc5cdr_disease", "Disease")],
)
def test_real_copies_of_one_type_are_the_copy_of_both(
    real_data: Path, task: str, folder: str, label: str
) -> None:
    one = READERS[task](real_data / folder, "dev", "blurb").records
    both = READERS["bc5cdr"](real_data / "bc5cdr", "dev", "blurb").records
    assert [record.text for record in one] == [record.text for record in both]
    expected = [tuple(m for m in record.mentions if m.label == label) for record in both]
    assert [record.mentions for record in one] == expected


def test_ncbi_disease_mention_that_stops_inside_a_word(tmp_path: Path) -> None:
    content = (
        "1|t|A dominant disorder\n1|a|of Ca2+.\n"
        "1\t2\t18\tdominant disorde\tModifier\tD1\n1\t23\t25\tCa\tModifier\tD2\n"
    )
    (tmp_path / "NCBItrainset_corpus.txt").write_text(content, encoding="utf-8")
    split = READERS["ncbi_disease"](tmp_path, "train", "original")
    text = split.records[0].text
    assert [text[m.start : m.end] for m in split.records[0].mentions] == [
        "dominant disorder",
        "Ca",
    ]
    assert split.left_out == {"mentions that ended inside a word, extended to its end": 1}
