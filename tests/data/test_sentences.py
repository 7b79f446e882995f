"""NLTK's Punkt model: where it is looked for, and what is said without it."""

import sys
from pathlib import Path

import nltk.data
import pytest

from spacy_blurb.data.sentences import load_punkt
from spacy_blurb.errors import BlurbError


@pytest.fixture
def punkt_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a Punkt model that knows one abbreviation; NLTK knows no other folder."""
    folder = tmp_path / "nltk"
    model = folder / "tokenizers" / "punkt_tab" / "english"
    model.mkdir(parents=True)
    for name in ("collocations.tab", "sent_starters.txt", "ortho_context.tab"):
        (model / name).write_text("", encoding="utf-8")
    (model / "abbrev_types.txt").write_text("approx\n", encoding="utf-8")
    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.delenv("NLTK_DATA", raising=False)
    monkeypatch.delenv("BLURB_DATA", raising=False)
    return folder


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in load_punkt()(text)]


@pytest.mark.parametrize("variable", ["NLTK_DATA", "BLURB_DATA"])
def test_the_model_is_found_through_both_variables(
    punkt_folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    value = punkt_folder if variable == "NLTK_DATA" else punkt_folder.parent
    monkeypatch.setenv(variable, str(value))
    assert pieces("It has approx. 5 mg. Yes it has.") == ["It has approx. 5 mg.", "Yes it has."]


def test_what_a_user_sets_for_nltk_comes_first(
    punkt_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path / "theirs"), "elsewhere"])
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "theirs"))
    monkeypatch.setenv("BLURB_DATA", str(punkt_folder.parent))
    load_punkt()
    assert nltk.data.path == [str(tmp_path / "theirs"), str(punkt_folder), "elsewhere"]


def test_sentences_do_not_cross_a_tab(punkt_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLTK_DATA", str(punkt_folder))
    assert pieces("No stop\tIt is. So.") == ["No stop", "It is.", "So."]
    assert pieces("With stop.\tIt is.") == ["With stop.", "It is."]
    assert pieces("\tNo title.") == ["No title."]
    assert pieces("") == []


def test_without_the_model_one_line_says_how_to_get_it(punkt_folder: Path) -> None:
    with pytest.raises(BlurbError, match=r"B143.*no punkt_tab model.*nltk\.downloader") as caught:
        load_punkt()
    assert "\n" not in str(caught.value)


def test_an_incomplete_model_is_no_model(
    punkt_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (punkt_folder / "tokenizers/punkt_tab/english/abbrev_types.txt").unlink()
    monkeypatch.setenv("NLTK_DATA", str(punkt_folder))
    with pytest.raises(BlurbError, match="B143"):
        load_punkt()


def test_without_nltk_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("nltk", "nltk.data"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        BlurbError, match=r"B143.*NLTK is not installed.*spacy-blurb\[data\]"
    ) as caught:
        load_punkt()
    assert "\n" not in str(caught.value)
