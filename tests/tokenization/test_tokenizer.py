"""The tokenizer keeps the text, reaches what corpora annotate, and travels with a pipeline."""

import pickle
from itertools import pairwise
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.formats.compressed import read_lines
from spacy_blurb.tokenization.tokenizer import BOUNDARY, split_at

CONFIG = {"nlp": {"tokenizer": {"@tokenizers": "spacy_blurb.BiomedTokenizer.v1"}}}
NLP = spacy.blank("en", config=CONFIG)


def words(text: str) -> list[str]:
    return [token.text for token in NLP.make_doc(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IL-2/IL-6", "IL - 2 / IL - 6"),
        ("10mg/kg", "10 mg / kg"),
        ("beta-catenin", "beta - catenin"),
        ("p<0.05, n=12.", "p < 0.05 , n = 12 ."),
        ("1.5.2 v2. 3", "1.5.2 v 2 . 3"),
        ("Ca2+ 5-HT(2A)", "Ca 2 + 5 - HT ( 2 A )"),
        ("pNF-κB βERKO IFN-γlevel", "p NF - κ B β ER KO IFN - γ level"),
        ("HDACi PKCalpha DNA", "HDAC i PKC alpha DNA"),
        ("KITD816V CYP2D6 XBPKD KDEL", "KIT D 816 V CYP 2 D 6 XBP KD KDEL"),
        ("Naloxone McDonald", "Naloxone Mc Donald"),
        ("under_score", "under _ score"),
        ("it's", "it ' s"),
    ],
)
def test_words_are_parted_where_the_kind_of_character_changes(text: str, expected: str) -> None:
    assert words(text) == expected.split()


def test_marks_stay_with_their_character() -> None:
    assert words("cafe\u0301s") == ["cafe\u0301s"]
    assert words("a\U0001f468\u200d\U0001f469b") == ["a", "\U0001f468\u200d\U0001f469", "b"]


def test_what_nobody_sees_parts_no_word() -> None:
    """Soft hyphens and places for line breaks, from PDF and HTML; encoders pass over them too."""
    for letter in "\u00ad\u200b\u200c\u2060\ufeff":
        assert words(f"Cipro{letter}floxacin") == [f"Cipro{letter}floxacin"]
        assert words(f"IL{letter}-{letter}2.") == [f"IL{letter}", f"-{letter}", "2", "."]
    assert words("a \u200b b") == ["a", "\u200b", "b"]


_BLANKS = [" ", "  ", "\t", "\r\n", "\n\n", "\u00a0", "\u2028", "\x00", "\x1c"]
_MARKS = ["\u200b", "\u200d", "\u0301", "\ufe0f", "\U0001f468\u200d\U0001f469"]
SPECIAL = st.sampled_from([*_BLANKS, *_MARKS, "IL-2", "µg", "β", "A", "a", "1", ".", "²"])


@given(st.lists(st.one_of(SPECIAL, st.text(max_size=5)), max_size=20).map("".join))
def test_any_text_comes_back_exactly(text: str) -> None:
    doc = NLP.make_doc(text)
    assert doc.text == text
    assert all(len(token) for token in doc)


@given(st.text(max_size=40))
def test_a_boundary_depends_on_its_word_alone(text: str) -> None:
    """The first call, the cache and a second implementation agree."""
    expected = []
    for chunk in text.split():
        cuts = [0, *(m.start() for m in BOUNDARY.finditer(chunk) if m.start()), len(chunk)]
        expected += [chunk[a:b] for a, b in pairwise(dict.fromkeys(cuts))]
    for _ in range(2):
        assert [word for word in words(text) if not word.isspace()] == expected


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 29), st.integers(1, 30))))
def test_split_at_reaches_every_span(text: str, pairs: list[tuple[int, int]]) -> None:
    spans = [(a, b) for a, b in pairs if a < b <= len(text)]
    doc = split_at(NLP.make_doc(text), spans)
    assert doc.text == text
    for start, end in spans:
        span = doc.char_span(start, end)
        assert span is not None
        assert span.text == text[start:end]


def test_split_at_reads_the_text_once() -> None:
    """`doc.text` joins all tokens: read for each of them it made long texts quadratic."""

    class Counting(Doc):
        n_read = 0

        @property
        def text(self) -> str:
            Counting.n_read += 1
            return super().text

    counts = []
    for n_words in (3, 30):
        Counting.n_read = 0
        doc = split_at(Counting(NLP.vocab, words=["aspirin"] * n_words), [(0, 2)])
        assert len(doc) == n_words + 1
        counts.append(Counting.n_read)
    assert counts[0] == counts[1]


def test_split_at_leaves_a_doc_alone_that_fits() -> None:
    doc = NLP.make_doc("of aspirin and")
    assert split_at(doc, [(3, 10)]) is doc
    # An annotation that is one character off, blank included.
    assert [t.text for t in split_at(doc, [(4, 11)])] == ["of", "a", "spirin", " ", "and"]


def test_it_serialises_and_pickles(tmp_path: Path) -> None:
    text = "KITD816V and HDACi (10mg/kg)."
    expected = words(text)
    loaded = spacy.blank("en").from_bytes(NLP.to_bytes())
    NLP.to_disk(tmp_path)
    for nlp in (loaded, spacy.load(tmp_path), pickle.loads(pickle.dumps(NLP))):
        assert [token.text for token in nlp.make_doc(text)] == expected
    assert "BiomedTokenizer.v1" in (tmp_path / "config.cfg").read_text(encoding="utf-8")
    docs = list(NLP.pipe([text] * 3, n_process=2))
    assert [[token.text for token in doc] for doc in docs] == [expected] * 3


# The real corpora ------------------------------------------------------------------------------


def unreachable(nlp: Language, text: str, spans: list[tuple[int, int]]) -> list[str]:
    doc = nlp.make_doc(text)
    return [text[start:end] for start, end in spans if doc.char_span(start, end) is None]


@pytest.mark.parametrize("task", ["ncbi_disease", "bc5cdr"])
def test_real_mentions_are_all_reached(real_data: Path, task: str) -> None:
    english = spacy.blank("en")
    lost, lost_by_english = [], 0
    for split in ("train", "dev", "test"):
        for record in READERS[task](real_data / task, split, "original").records:
            spans = [(m.start, m.end) for m in record.mentions]
            lost += unreachable(NLP, record.text, spans)
            lost_by_english += len(unreachable(english, record.text, spans))
    assert lost == []
    assert lost_by_english == {"ncbi_disease": 8, "bc5cdr": 391}[task]


def test_real_chemprot_test_mentions_that_no_rule_reaches(real_data: Path) -> None:
    """What is left are slips of a letter and parts of words without a mark."""
    folder = real_data / "chemprot" / "biocreative"
    texts = {}
    for _, line in read_lines(folder / "chemprot_test_abstracts_gs.tsv.xz"):
        doc_id, title, abstract = line.split("\t")
        texts[doc_id] = f"{title}\t{abstract}"
    spans: dict[str, list[tuple[int, int]]] = {}
    for _, line in read_lines(folder / "chemprot_test_entities_gs.tsv.xz"):
        doc_id, _, _, start, end, _ = line.split("\t")
        spans.setdefault(doc_id, []).append((int(start), int(end)))
    lost = [w for doc_id, text in texts.items() for w in unreachable(NLP, text, spans[doc_id])]
    assert (sum(map(len, spans.values())), len(lost)) == (20828, 5)
