"""Abbreviations: the paper's algorithm by hand, how they travel, and hostile texts."""

import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_blurb.annotations import install_abbreviations
from spacy_blurb.components.long_forms import find_definitions, is_short_form
from spacy_blurb.errors import BlurbError


def definitions(text: str, *sentences: int) -> list[tuple[str, str]]:
    return [
        (text[slice(*d.short)], text[slice(*d.long)]) for d in find_definitions(text, sentences)
    ]


def test_a_bad_doc_does_not_end_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_abbreviations")
    failed: list[str] = []
    nlp.set_error_handler(lambda name, pipe, docs, error: failed.extend(d.text for d in docs))

    def find(text: str, starts: list[int]) -> Iterator[Any]:
        if text == "bad":
            raise ValueError(text)
        return find_definitions(text, starts)

    monkeypatch.setattr("spacy_blurb.components.abbreviations.find_definitions", find)
    assert [doc.text for doc in nlp.pipe(["good", "bad", "fine"])] == ["good", "fine"]
    assert failed == ["bad"]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        # The two of the paper's text, and each step of its figure 1.
        (
            "the heat shock transcription factor (HSF) binds",
            "HSF",
            "heat shock transcription factor",
        ),
        ("Gcn5-related N-acetyltransferase (GNAT)", "GNAT", "Gcn5-related N-acetyltransferase"),
        (
            "we studied tumor necrosis factor alpha (TNF-alpha)",
            "TNF-alpha",
            "tumor necrosis factor alpha",
        ),
        ("adenosine 5'-triphosphate (ATP)", "ATP", "adenosine 5'-triphosphate"),
        # Letters need not begin words, but the first one does.
        ("deoxyribonucleic acid (DNA)", "DNA", "deoxyribonucleic acid"),
        (
            "in the brain-derived neurotrophic factor (BDNF)",
            "BDNF",
            "brain-derived neurotrophic factor",
        ),
        # From right to left: the shortest one.
        ("chronic renal and chronic renal failure (CRF)", "CRF", "chronic renal failure"),
        # The other way round.
        (
            "by ELISA (enzyme-linked immunosorbent assay) and",
            "ELISA",
            "enzyme-linked immunosorbent assay",
        ),
        ("with HSF (the heat shock factor)", "HSF", "heat shock factor"),
        # Brackets and quotes in front that are not closed within.
        ("a protein (heat shock factor (HSF)) in rats", "HSF", "heat shock factor"),
        (
            'called "heat shock factor" ("HSF") and heat shock "factor" (HSF)',
            "HSF",
            'heat shock "factor"',
        ),
        ("(anti-)heat shock factor (AHSF)", "AHSF", "(anti-)heat shock factor"),
        ("given intraperitoneally (i.p.)", "i.p.", "intraperitoneally"),
        # Remarks, digits, blanks, and lines.
        ("heat shock factor 1 (HSF1; see below)", "HSF1", "heat shock factor 1"),
        ("interleukin 2\n( IL-2 )", "IL-2", "interleukin 2"),
        ("5-hydroxytryptamine (5-HT)", "5-HT", "5-hydroxytryptamine"),
        (
            "non-small cell lung cancer ([NSCLC]) and non-small cell lung cancer (NSCLC)",
            "NSCLC",
            "non-small cell lung cancer",
        ),
    ],
)
def test_definitions(text: str, short: str, long: str) -> None:
    assert definitions(text) == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "a factor (HSF)",  # no H
        "the shock heat factor (HSF)",  # not in this order
        "overheated small factor (HSF)",  # the first letter begins no word
        "patients (n = 12)",  # three words
        "as shown before (12)",  # no letter
        "treated with acid (a)",  # one character
        "alpha beta (alphabetaga)",  # longer than ten characters
        "HSF (heat shock)",  # two words in parentheses are no long form
        "the HSF (HSF)",  # the short form itself
        "heat (HEAT)",  # no longer than the short form
        "h one two three four five six seven s (HS)",  # more than 2 |A| words
        "heat shock factor (",
        "heat shock factor ()",
        "heat shock factor) HSF (",
        "(HSF)",
        "",
        # No abbreviations, though the letters are there in order.
        "T cells in the periphery (i.e., blood)",
        "T cells in the periphery (i.e. blood)",
        "many enzymes involved in signalling (e.g., kinases)",
        "Thirty men (mean age 54 years) took part.",
        "compared to (the placebo group)",
        "rats (randomly assigned to subgroups)",
    ],
)
def test_no_definitions(text: str) -> None:
    assert definitions(text) == []


def test_definitions_lie_in_one_sentence() -> None:
    text = "We used heat. Shock factor (HSF) is new. Heat shock factor (HSF) is old."
    assert [long for _, long in definitions(text)] == ["heat. Shock factor", "Heat shock factor"]
    assert [long for _, long in definitions(text, 0, 14, 41)] == ["Heat shock factor"]
    # A parenthesis in which a sentence begins.
    assert definitions("heat shock factor (HSF. So)", 0, 24) == []


def test_nested_parentheses_count_alone() -> None:
    assert definitions("(by the heat shock factor (HSF) here)") == [("HSF", "heat shock factor")]


def test_short_forms() -> None:
    assert all(map(is_short_form, ["AB", "a1", "IL-2", "5-HT", "A B", "abcdefghij"]))
    assert not any(map(is_short_form, ["", "A", "12", "-AB", "A B C", "abcdefghijk"]))


# A second implementation, word for word from the paper's figure 1, to compare with --------------


def best_long_form(short: str, long: str) -> str | None:
    """Figure 1 in Python: two pointers from the right, character by character."""
    place = len(long) - 1
    for index in range(len(short) - 1, -1, -1):
        wanted = short[index].lower()
        if not wanted.isalnum():
            continue
        while (place >= 0 and long[place].lower() != wanted) or (
            index == 0 and place > 0 and long[place - 1].isalnum()
        ):
            place -= 1
        if place < 0:
            return None
        place -= 1
    start = place + 1
    while start > 0 and not long[start - 1].isspace():
        start -= 1
    return long[start:]


WORDS = ["heat", "shock", "factor", "ab", "ba", "a-b", "Bab", "aab", "b"]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), st.text("abAB-", max_size=5))
def test_matches_are_those_of_figure_1(words: list[str], short: str) -> None:
    text = f"{' '.join(words)} ({short})"
    expected = None
    if is_short_form(short):
        most = min(len(short) + 5, 2 * len(short))
        window = " ".join(words[-most:])
        long = best_long_form(short, window)
        if long is not None and len(long) > len(short) and short not in long.split():
            expected = (short, long)
    assert definitions(text) == ([] if expected is None else [expected])


# The component ------------------------------------------------------------------------------------


@pytest.fixture
def nlp() -> Iterator[Language]:
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_sentencizer")
    nlp.add_pipe("blurb_abbreviations")
    yield nlp
    install_abbreviations()


TEXT = (
    "HSF is old. The heat shock factor (HSF) and interleukin 2 receptor (IL-2R) bind. "
    "HSF binds IL-2R, and the human serum fraction (HSF) does not; HSF-1 may."
)


def pairs(doc: Doc) -> list[tuple[int, str, str]]:
    return [(a.start_char, a.text, a._.long_form.text) for a in doc._.abbreviations]


def test_every_place_is_found_with_its_definition(nlp: Language) -> None:
    doc = nlp(TEXT)
    heat, human = "heat shock factor", "human serum fraction"
    receptor = "interleukin 2 receptor"
    assert pairs(doc) == [
        (0, "HSF", heat),
        (35, "HSF", heat),
        (68, "IL-2R", receptor),
        (81, "HSF", heat),
        (91, "IL-2R", receptor),
        (TEXT.rindex("(HSF") + 1, "HSF", human),
    ]  # spaCy's own tokenizer leaves HSF-1 whole
    long = doc._.abbreviations[0]._.long_form
    assert isinstance(long, Span)
    assert (long.start_char, long.doc) == (16, doc)
    assert doc[0:2]._.long_form is None
    assert spacy.blank("en")("x")._.abbreviations == []


def test_a_part_of_a_longer_name_is_no_place() -> None:
    nlp = spacy.blank("en")
    abbreviations = nlp.add_pipe("blurb_abbreviations")
    words = [
        "cluster",
        "differentiation",
        "(",
        "CD",
        ")",
        "CD",
        "4",
        "xCD",
        "CD",
        "s",
        "CD",
        "-",
        "4",
    ]
    spaces = [True, True, False, False, True, False, True, True, False, True, False, False, False]
    doc = abbreviations(Doc(nlp.vocab, words=words, spaces=spaces))
    # Not in CD4; in the plural and before a hyphen.
    assert [short.start for short in doc._.abbreviations] == [3, 8, 10]


def test_they_travel(nlp: Language) -> None:
    doc = nlp(TEXT)
    expected = pairs(doc)
    from_bytes = Doc(Vocab()).from_bytes(doc.to_bytes())
    (from_docbin,) = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(Vocab())
    (from_user_data,) = DocBin(docs=[doc], store_user_data=True).get_docs(Vocab())
    assert pairs(from_bytes) == pairs(from_docbin) == pairs(from_user_data) == expected
    (piped,) = nlp.pipe([TEXT])
    assert pairs(piped) == expected
    assert pairs(spacy.blank("en").from_bytes(spacy.blank("en").to_bytes())("x")) == []
    again = spacy.blank("en")
    again.add_pipe("blurb_sentencizer")
    again.add_pipe("blurb_abbreviations")
    assert pairs(again.from_bytes(nlp.to_bytes())(TEXT)) == expected
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc.char_span(16, 33))
    assert pairs(doc) == expected


def test_an_abbreviation_that_is_merged_with_its_neighbour(nlp: Language) -> None:
    """As by `merge_entities`; a sentence with an abbreviation is none."""
    doc = nlp("heat shock factor (HSF) binds. The HSF gene and HSF act.")
    expected = [(short.text, short._.long_form.text) for short in doc._.abbreviations]
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc.char_span(35, 43))
    found = [(short.text, short._.long_form.text) for short in doc._.abbreviations]
    assert expected == [("HSF", "heat shock factor")] * 3
    assert found == [expected[0], ("HSF gene", "heat shock factor"), expected[2]]
    assert doc[6:]._.long_form is None


def test_in_several_processes(nlp: Language) -> None:
    docs = list(nlp.pipe([TEXT, "none", TEXT], n_process=2))
    expected = len(pairs(nlp(TEXT)))
    assert [len(doc._.abbreviations) for doc in docs] == [expected, 0, expected]


def test_a_form_that_no_token_fits_is_no_span() -> None:
    nlp = spacy.blank("en")
    abbreviations = nlp.add_pipe("blurb_abbreviations")
    words = ["heat", "shock", "factor", "(HSF)x", "HSF"]
    assert pairs(abbreviations(Doc(nlp.vocab, words=words))) == []
    words = ["heat", "shock", "factor", "(", "HSF", ")", "HSF"]
    assert len(pairs(abbreviations(Doc(nlp.vocab, words=words)))) == 2
    assert pairs(abbreviations(Doc(nlp.vocab))) == []


def test_attributes_of_another_program(nlp: Language) -> None:
    """As scispaCy's detector does it when it is made."""
    Doc.set_extension("abbreviations", default=[], force=True)
    with pytest.raises(BlurbError, match=r"B801.*'blurb_abbreviations'"):
        nlp(TEXT)
    # Ours, made last, takes them back.
    other = spacy.blank("en")
    other.add_pipe("blurb_abbreviations")
    assert len(other(TEXT)._.abbreviations) > 3


# Hostile texts ------------------------------------------------------------------------------------


HOSTILE = {
    "open": lambda n: "(" * n,
    "closed": lambda n: ")" * n,
    "nested": lambda n: "(" * (n // 2) + ")" * (n // 2),
    "empty": lambda n: "()" * (n // 2),
    "one word": lambda n: "a" * n + " (AA) (AA)",
    "no blanks": lambda n: "a" * (n // 2) + "(AA)" * (n // 8),
    "blanks": lambda n: "a" + " " * n + "(AA)",
    "many": lambda n: "alpha beta (AB) " * (n // 16),
    "all different": lambda n: " ".join(f"ab{i:06} b (A{i:06}B)" for i in range(n // 24)),
    "long inside": lambda n: f"AB ({'b' * n})" * 2,
    "mismatch": lambda n: "a" * 20 + "x " * 12 + "(ABABABABAB) " * (n // 13),
}


def count_steps(text: str) -> int:
    """Lines of Python that are run; what C does for each is bounded by the window."""
    steps = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        list(find_definitions(text))
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("kind", HOSTILE)
def test_steps_grow_with_the_length_only(kind: str) -> None:
    short, long = HOSTILE[kind](3_000), HOSTILE[kind](24_000)
    # Eight times the text; quadratic would be 64.
    assert count_steps(long) <= 10 * count_steps(short) + 100


@pytest.mark.parametrize("kind", HOSTILE)
def test_long_hostile_texts(kind: str) -> None:
    """A second, where quadratic time would be minutes."""
    assert len(list(find_definitions(HOSTILE[kind](200_000)))) <= 12_500


@pytest.mark.parametrize("kind", ["many", "all different"])
def test_the_component_on_long_hostile_texts(kind: str) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_abbreviations")
    doc = nlp(HOSTILE[kind](200_000))
    assert len(doc._.abbreviations) > 8_000


@given(st.text("aAbB1()-;, .\nİßΩ", max_size=60))
def test_any_text(text: str) -> None:
    for definition in find_definitions(text):
        short, long = text[slice(*definition.short)], text[slice(*definition.long)]
        assert is_short_form(short)
        assert len(long) > len(short)
        assert long == long.strip()
        assert (
            definition.short[1] <= definition.long[0] or definition.long[1] <= definition.short[0]
        )


def test_random_texts_through_the_component(nlp: Language) -> None:
    rng = random.Random(0)
    pieces = ["heat", "shock", "(HS)", "HS", "(", ")", ".", "IL-2", "interleukin 2 (IL-2)"]
    for _ in range(50):
        doc = nlp(" ".join(rng.choices(pieces, k=30)))
        assert [a.start for a in doc._.abbreviations] == sorted(
            a.start for a in doc._.abbreviations
        )
        assert all(a._.long_form is not None for a in doc._.abbreviations)
