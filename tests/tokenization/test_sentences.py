"""The sentence component: rules by hand-written cases, entities, and what it does to corpora."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_blurb.data.datasets import READERS
from spacy_blurb.tokenization.sentences import split_sentences

NLP = spacy.blank(
    "en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_blurb.BiomedTokenizer.v1"}}}
)
NLP.add_pipe("blurb_sentencizer")

# "|" stands where a sentence begins.
CASES = [
    "It is so. |We agree. |Is it? |Yes! |No",
    "Growth of E. coli was seen. |Rats died of S. Typhimurium and H. pylori.",
    "As shown by Smith et al. (2003) and J. R. Smith, it works. |These results hold.",
    "Smith et al. The end.".replace("al. The", "al. |The"),
    "Drugs, e.g. Aspirin, i.e. ASA, vs. NSAIDs (cf. Fig. 2A, Figs. 3 and Ref. 4). |Then more.",
    "Approx. 5 mg were given in approx. 10 ml. |In vivo it worked.",
    "P was 0.05. |At 3.5 mg/kg (P < .001) rats died. |Dr. Smith agreed.",
    "We gave 5 mg i.v. Aspirin to rats. |Then 5 mg p.o. |The rats lived.",
    "Group A. |The rats of no. 5 had vitamin C. |They lived.",
    "1. Methods were new. |2. Results are old.",
    "Enzyme (EC 1.1. 1. 49) was found.",
    "[Title of it.] |The abstract (it says so.) |Here.",
    'He said "no." |She left.',
    "A ratio of 1:2 ... and so on. |p53 was high. |mRNA was low. |α-Actin too.",
    "Streptomyces sp. JL1 and Candida spp. were found. |Pseudomonas aeruginosa var. X.",
    "METHODS: One.\n\n|RESULTS: two\n\n|Three.",
    "One line.\n|The next\nline goes on.",
    "Tokenised text . |It has blanks before points . |See Fig . 2 .",
    "St. John's wort and U.S. Food were studied.",
    "",
    "   ",
    "...",
]


@pytest.mark.parametrize("case", CASES)
def test_sentences_begin_where_the_case_says(case: str) -> None:
    text = case.replace("|", "")
    starts, offset = [], 0
    for part in case.split("|")[:-1]:
        offset += len(part)
        starts.append(offset)
    assert split_sentences(text) == starts
    doc = NLP(text)
    if len(doc):
        assert [sent.start_char for sent in doc.sents] == [0, *starts]


def test_marks_that_are_there_are_kept_and_the_others_set() -> None:
    """As spaCy's `sentencizer` does: a rule of one's own before it must not end all others."""
    text = "Naloxone works well. Clonidine does not. It is bad."
    doc = NLP.make_doc(text)
    doc[1].is_sent_start = False
    # "Clonidine" begins none by the user's word, "does" begins one.
    doc[4].is_sent_start, doc[5].is_sent_start = False, True
    (sentencizer,) = [pipe for name, pipe in NLP.pipeline if name == "blurb_sentencizer"]
    texts = [sent.text for sent in sentencizer(doc).sents]
    assert texts == ["Naloxone works well. Clonidine", "does not.", "It is bad."]
    again = [sent.text for sent in sentencizer(doc).sents]
    assert again == texts


def test_no_boundary_inside_an_entity() -> None:
    text = "We saw St. Louis. Encephalitis in rats. They died."
    doc = NLP.make_doc(text)
    doc.set_ents([Span(doc, 2, 7, label="Disease")])
    assert doc.ents[0].text == "St. Louis. Encephalitis"
    doc = NLP.get_pipe("blurb_sentencizer")(doc)
    assert [sent.text for sent in doc.sents] == [
        "We saw St. Louis. Encephalitis in rats.",
        "They died.",
    ]


def test_sentences_that_are_known_stay() -> None:
    doc = Doc(NLP.vocab, words=["One", ".", "Two", "."], sent_starts=[True, False, False, False])
    assert len(list(NLP.get_pipe("blurb_sentencizer")(doc).sents)) == 1


def test_it_scores_streams_and_travels(tmp_path: Path) -> None:
    reference = Doc(NLP.vocab, words=["One", ".", "Two", ".", "Three"], sent_starts=[1, 0, 1, 0, 1])
    predicted = Doc(NLP.vocab, words=["One", ".", "Two", ".", "Three"])
    scored = NLP.get_pipe("blurb_sentencizer").score(
        [Example(NLP.get_pipe("blurb_sentencizer")(predicted), reference)]
    )
    assert scored["sents_f"] == 1.0
    NLP.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for nlp, n_process in ((loaded, 1), (NLP, 2)):
        docs = list(nlp.pipe(["One. Two.", ""], n_process=n_process))
        assert [[sent.text for sent in doc.sents] for doc in docs] == [["One.", "Two."], []]


@pytest.mark.parametrize("task", ["ncbi_disease", "bc5cdr"])
def test_real_mentions_are_not_cut(real_data: Path, task: str) -> None:
    n_sentences = 0
    for split in ("train", "dev", "test"):
        for record in READERS[task](real_data / task, split, "original").records:
            starts = split_sentences(record.text)
            n_sentences += 1 + len(starts)
            cut = [m for m in record.mentions for start in starts if m.start < start < m.end]
            assert not cut, record.text[cut[0].start : cut[0].end]
    # The copies, divided by another splitter, have 7,287 and 13,938.
    assert n_sentences == {"ncbi_disease": 6979, "bc5cdr": 13842}[task]


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("x" + "\n" * 200_000, []),
        ("." * 200_000, []),
        ("a. " + "! " * 100_000 + ".", list(range(5, 200_003, 2))),
    ],
    ids=["lines", "points", "marks"],
)
def test_long_rows_of_marks_and_lines(text: str, starts: list[int]) -> None:
    """They are read once; read again from each mark on, they would take hours."""
    assert split_sentences(text) == starts
