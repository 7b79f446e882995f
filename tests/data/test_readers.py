"""The corpus reader: nothing is dropped, words stay tokens."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_blurb.annotations import label_sets
from spacy_blurb.data.convert import convert_own
from spacy_blurb.data.docbin import write_docbin
from spacy_blurb.data.readers import make_corpus_v1
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.errors import BlurbError


def test_corpus_keeps_conll_words_and_drops_nothing(nlp: Language, tmp_path: Path) -> None:
    long = "x\tO\n" * 3000
    content = f"5-HT(1A)\tB-X\ncan't\tO\n\n{long}\n.\tO\n"
    (tmp_path / "train.tsv").write_text(content, encoding="utf-8")
    paths = {"train": tmp_path / "train.tsv", "dev": tmp_path / "train.tsv"}
    convert_own("conll", paths, tmp_path / "out", label="X")
    reader = spacy.registry.readers.get("spacy_blurb.Corpus.v1")(tmp_path / "out" / "train.spacy")
    examples = list(reader(nlp))
    assert [len(example.predicted) for example in examples] == [2, 3000, 1]
    assert [token.text for token in examples[0].predicted] == ["5-HT(1A)", "can't"]
    assert [ent.text for ent in examples[0].reference.ents] == ["5-HT(1A)"]
    assert not examples[0].predicted.ents
    assert not examples[0].predicted.spans
    assert len(list(reader(nlp))) == 3, "a second epoch reads the file again"


def test_running_text_is_tokenised_by_the_pipeline(nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "a.spacy"
    records = [Record("1", "beta-blocker", (Mention(0, 12, "X"),)), Record("2", "")]
    write_docbin(records, path, nlp.tokenizer, label_sets=["X"])
    other = spacy.blank("en")
    other.tokenizer.infix_finditer = None
    first, second = make_corpus_v1(path)(other)
    assert [token.text for token in first.predicted] == ["beta-blocker"]
    assert [token.text for token in first.reference] == ["beta", "-", "blocker"]
    assert len(second.predicted) == 0


def test_a_missing_file_is_said_when_it_is_read(nlp: Language, tmp_path: Path) -> None:
    corpus = make_corpus_v1(tmp_path / "no.spacy")
    with pytest.raises(BlurbError, match="B100"):
        next(corpus(nlp))


def test_several_files_are_read_one_behind_the_other(nlp: Language, tmp_path: Path) -> None:
    for name in "ab":
        path = tmp_path / f"{name}.spacy"
        write_docbin([Record("1", name)], path, nlp.tokenizer, label_sets=[name])
    paths = [tmp_path / "b.spacy", tmp_path / "a.spacy"]
    reader = make_corpus_v1(paths)
    assert [example.reference.text for example in reader(nlp)] == ["b", "a"]
    assert [label_sets(example.reference) for example in reader(nlp)] == [["b"], ["a"]]
    with pytest.raises(BlurbError, match=r"B100.*c\.spacy"):
        list(make_corpus_v1([*paths, tmp_path / "c.spacy"])(nlp))


def test_a_text_longer_than_the_limit_of_spacys_parser(nlp: Language, tmp_path: Path) -> None:
    reference = nlp.tokenizer("fever " * 5)
    DocBin(docs=[reference]).to_disk(tmp_path / "long.spacy")
    nlp.max_length = 10
    (example,) = make_corpus_v1(tmp_path / "long.spacy")(nlp)
    assert example.predicted.text == reference.text
