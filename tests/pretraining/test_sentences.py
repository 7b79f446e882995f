import pytest

from spacy_blurb.pretraining import sentences as sentences_module
from spacy_blurb.pretraining.sentences import split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["Aspirin binds.", "It helps!", "Why?", "2 of 3 died."],
        ["Smith et al. Found E. coli in Fig. 2 (i.e. Everywhere)."],
        ["J. Smith wrote it.", "(It was read.)", "Done."],
        ["The dose was 1.5 mg. it is said."],
        ['He said "no."', "α-Actin is not.", "Βeta is."][:1],
        ["No end"],
        [],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == sentences
    assert split_sentences("  " + "\n ".join(sentences) + "\n") == sentences


def test_time_grows_with_length_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of authors has an initial at every other word, none of which ends a sentence."""
    looked_at = []
    monkeypatch.setattr(
        sentences_module, "_is_open", lambda left: looked_at.append(len(left)) or True
    )
    assert len(split_sentences("Smith J. " * 1000)) == 1
    assert len(looked_at) == 999
    assert max(looked_at) <= 30


def test_white_space() -> None:
    assert split_sentences("A\tb\u00a0 c.\r\n\r\nd") == ["A b c.", "d"]
    assert split_sentences(" \n\t") == []
