"""What scispaCy's detector finds, ours finds too."""

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

pytest.importorskip("scispacy.abbreviation", reason="scispaCy is not installed (make scispacy)")

import spacy_blurb.components.abbreviations  # noqa: F401  (where only scispaCy is installed)
from spacy_blurb.errors import BlurbError

TEXTS = [
    "Spinal and bulbar muscular atrophy (SBMA) is a motor neuron disease. SBMA is caused by the "
    "androgen receptor (AR). AR is a nuclear receptor.",
    "The heat shock transcription factor (HSF) binds. HSF is old.",
    "Of tumor necrosis factor alpha (TNF-alpha) by enzyme-linked immunosorbent assay (ELISA).",
    "Patients (n = 12) with chronic renal failure (CRF) received 5-hydroxytryptamine (5-HT).",
    "No definition (at all) is here.",
]


def pairs(doc: Doc) -> set[tuple[int, str, str]]:
    return {(a.start_char, a.text, a._.long_form.text) for a in doc._.abbreviations}


pytestmark = pytest.mark.filterwarnings("ignore:.*W036")


def make(factory: str) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    return nlp


def test_theirs_are_among_ours() -> None:
    theirs = make("abbreviation_detector")
    expected = [pairs(theirs(text)) for text in TEXTS]
    assert sum(map(len, expected)) > 5
    ours = make("blurb_abbreviations")
    found = [pairs(ours(text)) for text in TEXTS]
    more = [{short for _, short, _ in f - e} for f, e in zip(found, expected, strict=True)]
    # Short forms of several tokens, as spaCy's tokenizer cuts them.
    assert more == [set(), set(), {"TNF-alpha"}, {"5-HT"}, set()]
    assert all(e <= f for f, e in zip(found, expected, strict=True))


def test_theirs_made_last_is_an_error_of_ours() -> None:
    ours = make("blurb_abbreviations")
    theirs = make("abbreviation_detector")
    with pytest.raises(BlurbError, match="B801"):
        ours(TEXTS[0])
    assert pairs(theirs(TEXTS[0]))
