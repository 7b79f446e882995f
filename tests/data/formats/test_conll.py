"""CoNLL files to records: every tag scheme, every odd file ending, every mistake."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_blurb.data.formats.conll import read_conll
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.errors import BlurbError


def read(tmp_path: Path, content: str | bytes) -> list[Record]:
    path = tmp_path / "a.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_conll(path, untyped="Entity"))


def rows(tags: str) -> str:
    """One word "abc" per tag, so that word n begins at 4 * n and ends at 4 * n + 3."""
    return "".join(f"abc\t{tag}\n" for tag in tags.split())


def test_a_sentence_becomes_a_record(tmp_path: Path) -> None:
    content = "APC2\tO\ncolon\tB-Disease\ncancer\tI-Disease\n\n.\tO\n\n"
    assert read(tmp_path, content) == [
        Record("1", "APC2 colon cancer", (Mention(5, 17, "Disease"),), ((0, 4), (5, 10), (11, 17))),
        Record("2", ".", (), ((0, 1),)),
    ]


@pytest.mark.parametrize(
    ("tags", "mentions"),
    [
        ("B-X B-X O", [(0, 3, "X"), (4, 7, "X")]),
        ("O B-X I-X", [(4, 11, "X")]),
        ("O I-X I-X O", [(4, 11, "X")]),
        ("I-X I-X B-X O", [(0, 7, "X"), (8, 11, "X")]),
        ("B-X I-Y I-Y", [(0, 3, "X"), (4, 11, "Y")]),
        ("B I O B", [(0, 7, "Entity"), (12, 15, "Entity")]),
        ("B-X I-X E-X S-Y O", [(0, 11, "X"), (12, 15, "Y")]),
        ("B-X I-X L-X U-X U-X", [(0, 11, "X"), (12, 15, "X"), (16, 19, "X")]),
        ("B-X M-X E-X", [(0, 11, "X")]),
        ("S-X I-X E-X", [(0, 3, "X"), (4, 11, "X")]),
        ("B-X E-X I-X", [(0, 7, "X"), (8, 11, "X")]),
        ("B-X-Y I-X-Y", [(0, 7, "X-Y")]),
        ("O O", []),
    ],
)
def test_tag_schemes(tmp_path: Path, tags: str, mentions: list[tuple[int, int, str]]) -> None:
    (record,) = read(tmp_path, rows(tags))
    assert record.mentions == tuple(Mention(*mention) for mention in mentions)


def test_mentions_do_not_cross_sentences(tmp_path: Path) -> None:
    first, second = read(tmp_path, rows("O B-X") + "\n" + rows("I-X O"))
    assert first.mentions == (Mention(4, 7, "X"),)
    assert second.mentions == (Mention(0, 3, "X"),)


@pytest.mark.parametrize(
    "content",
    [
        "a\tO\nb\tB-X",
        "a\tO\r\nb\tB-X\r\n\r\n",
        "\ufeffa\tO\nb\tB-X\n",
        "\n\n \t\na\tO\nb\tB-X\n\n\n",
        "a O\nb B-X\n",
        "a\tNN\tO\nb\tNN\tB-X\n",
        "a\tO \nb\tB-X \n",
        "a  O \n b B-X\n",
    ],
    ids=[
        "no last line feed",
        "CRLF",
        "byte order mark",
        "blank lines",
        "blanks",
        "columns",
        "a blank behind the tag",
        "blanks around",
    ],
)
def test_the_same_record_from_every_spelling(tmp_path: Path, content: str) -> None:
    expected = Record("1", "a b", (Mention(2, 3, "X"),), ((0, 1), (2, 3)))
    assert read(tmp_path, content) == [expected]


def test_docstart_names_the_sentences_behind_it(tmp_path: Path) -> None:
    sentence = rows("O")
    content = f"-DOCSTART- (7)\n\n{sentence}\n{sentence}-DOCSTART-\tO\n\n{sentence}"
    records = read(tmp_path, content)
    assert [record.id for record in records] == ["7-1", "7-2", "3"]
    assert [record.document for record in records] == ["1", "1", "2"]


@pytest.mark.parametrize("columns", ["", "\tO", "\t-X-\t-X-\tO", " -X- O O", " -X- _ O", " -X- O"])
def test_columns_of_a_docstart_are_no_name(tmp_path: Path, columns: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f"-DOCSTART-{columns}\n\nfever\tB\n", encoding="utf-8")
    (record,) = read_conll(path, untyped="Disease")
    assert record.id == "1"


def test_offsets_count_characters_not_bytes(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "naïve\tO\n𝛽-blockers\tB-X\n中毒\tI-X\n")
    assert record.mentions == (Mention(6, 19, "X"),)
    assert record.text[6:19] == "𝛽-blockers 中毒"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tO\nb\tO\tO\n", r"B103.*a\.tsv, line 2: expected 2 columns .* found 3: 'b\\tO\\tO'"),
        ("a\tx\tO\n\nb\tO\n", r"B103.*line 3: expected 3 columns .* found 2"),
        ("alone\n", r"B103.*line 1: expected 2 columns .* found 1"),
        ("a\tO\nb\tX-Disease\n", "B104.*line 2: 'X-Disease' is not a tag"),
        ("a\tB-\n", "B104.*line 1: 'B-' is not a tag"),
        ("a\tO-X\n", "B104.*'O-X'"),
        ("a\t\n", "B104.*line 1: ''"),
        ("", r"B107.*a\.tsv holds no documents"),
        ("\n-DOCSTART-\tO\n\n", "B107"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, content)


def test_records_before_a_mistake_are_not_lost_silently(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B102.*byte 7"):
        read(tmp_path, b"a\tO\n\nb\t\xe9\n")


WORDS = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=4)
# A sentence is a list of pieces: a word outside, or an entity of words.
PIECES = st.tuples(st.sampled_from(["", "X", "Y"]), st.lists(WORDS, min_size=1, max_size=3))
SENTENCES = st.lists(st.lists(PIECES, min_size=1, max_size=5), min_size=1, max_size=3)


def write_sentence(pieces: list[tuple[str, list[str]]], scheme: str) -> tuple[str, Record]:
    lines, mentions, words, text = [], [], [], ""
    for label, piece in pieces:
        start = len(text)
        for position, word in enumerate(piece):
            words.append((len(text), len(text) + len(word)))
            text += f"{word} "
            last = position == len(piece) - 1
            if not label:
                tag = "O"
            elif scheme == "IOB2":
                tag = f"{'I' if position else 'B'}-{label}"
            else:
                begin, inside, end, single = scheme
                prefixes = (single if last else begin) if position == 0 else end if last else inside
                tag = f"{prefixes}-{label}"
            lines.append(f"{word}\t{tag}\n")
        if label:
            mentions.append(Mention(start, len(text) - 1, label))
    return "".join(lines), Record("", text[:-1], tuple(mentions), tuple(words))


@given(SENTENCES, st.sampled_from(["IOB2", "BIES", "BILU"]))
def test_round_trip(sentences: list, scheme: str) -> None:
    written = [write_sentence(pieces, scheme) for pieces in sentences]
    with tempfile.TemporaryDirectory() as folder:
        found = read(Path(folder), "\n".join(text for text, _ in written))
    assert [(r.text, r.mentions, r.words) for r in found] == [
        (r.text, r.mentions, r.words) for _, r in written
    ]
    assert [r.id for r in found] == [str(n + 1) for n in range(len(sentences))]


def test_empty_word_is_named(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B117.*a\.tsv, line 2: the first column is empty"):
        read(tmp_path, "a\tO\n\tB\n")


def test_a_no_break_space_is_no_separator(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "10\u00a0mg B-X\nnow O\n")
    assert record.text == "10\u00a0mg now"
    assert record.mentions == (Mention(0, 5, "X"),)


def test_a_blank_behind_a_tag_does_not_divide_a_mention(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "a\tB-X \nb\tI-X\nc\tO\n")
    assert record.mentions == (Mention(0, 3, "X"),)
    with pytest.raises(BlurbError, match="B104"):
        read(tmp_path, "a\tB- \n")
