"""The registered corpus reader that training and evaluation use."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations import PAIR, copy_questions, give_candidates, has_relations, set_pair
from .docbin import read_docbin


def make_corpus_v1(path: Path | list[Path]) -> Callable[[Language], Iterator[Example]]:
    """Build `spacy_blurb.Corpus.v1`: Examples of `.spacy` files, none left out.

    Unlike spaCy's own reader it drops neither empty nor long Docs.

    path (Path | list[Path]): Files made by `convert` or `convert-own`, one behind the other.
    RAISES (BlurbError): When read: B100 no such file, B107 no Docs in it, B113 not a DocBin.
    """
    paths = path if isinstance(path, list) else [path]
    return partial(read_examples, paths=[Path(path) for path in paths])


def read_examples(nlp: Language, *, paths: Sequence[Path]) -> Iterator[Example]:
    """Yield an Example per Doc of `.spacy` files."""
    for path in paths:
        for reference in read_docbin(path, nlp.vocab):
            yield Example(make_predicted(nlp, reference), reference)


def make_predicted(nlp: Language, reference: Doc) -> Doc:
    """Make the Doc that a pipeline fills: the reference's text without its annotations.

    Where the source gave words and no spacing, the words stay the tokens. A Doc with relations
    keeps its tokens and sentences, and its entities and pairs become candidates, without their
    labels. A pair stays a pair, and questions are asked again.
    """
    predicted = _copy_text(nlp, reference)
    if PAIR in reference.spans:
        set_pair(predicted, reference.spans[PAIR].attrs["second"])
    copy_questions(reference, predicted)
    if has_relations(reference):
        _copy_sentences(predicted, reference)
        give_candidates(predicted, reference)
    return predicted


def _copy_sentences(predicted: Doc, reference: Doc) -> None:
    if reference.has_annotation("SENT_START"):
        # In one call: a loop over tokens is several times slower.
        starts: Any = reference.to_array(["SENT_START"])
        predicted.from_array(["SENT_START"], starts)


def _copy_text(nlp: Language, reference: Doc) -> Doc:
    words = [token.text for token in reference]
    if reference.has_unknown_spaces:
        return Doc(nlp.vocab, words=words)
    if has_relations(reference):
        return Doc(nlp.vocab, words=words, spaces=[bool(t.whitespace_) for t in reference])
    # Not `make_doc`: our components read long texts in windows, and `nlp.max_length` is for others.
    return nlp.tokenizer(reference.text)
