"""From a question on a Doc to the pair Docs that the encoder reads."""

import re
from typing import NamedTuple

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..annotations import DocQuestion
from .pair_docs import make_pair_doc

# Words with the blank behind them, and white space of any other kind.
_WORDS = re.compile(r"(\S+)( ?)|(\s)( ?)")


class Asked(NamedTuple):
    """A question and the Doc that it is asked of."""

    doc: Doc
    question: DocQuestion

    @property
    def context(self) -> Doc | Span:
        """The text that the answer is to come from.

        None of it, an empty span, where the Doc is the question itself: so `convert` keeps
        questions without a text.
        """
        doc, question = self.doc, self.question.question
        # The length first: putting a text together takes a step per token.
        n_letters = doc[-1].idx + len(doc[-1].text_with_ws) if len(doc) else 0
        is_question = n_letters == len(question) and doc.text == question
        return doc[:0] if is_question else doc

    @property
    def is_blank(self) -> bool:
        """Whether nothing was asked."""
        return not self.question.question.strip()


def make_text_doc(vocab: Vocab, text: str) -> Doc:
    """Make a Doc of white-space words with exactly this text.

    A component has no tokenizer, and needs none: the encoder reads the text.
    """
    matches = list(_WORDS.finditer(text))
    words = [match[1] or match[3] for match in matches]
    return Doc(vocab, words=words, spaces=[bool(match[2] or match[4]) for match in matches])


def pair_with_context(asked: Asked) -> Doc:
    """Make the pair of question and text."""
    question = make_text_doc(asked.doc.vocab, asked.question.question)
    return make_pair_doc(question, asked.context)


def pair_with_options(asked: Asked) -> list[Doc]:
    """Make the pairs of text, and question and option with a blank between them.

    Each window of a long text so has the question. Without a text it is question and option.
    """
    vocab, context, question = asked.doc.vocab, asked.context, asked.question.question
    if not len(context):
        first = make_text_doc(vocab, question)
        return [make_pair_doc(first, make_text_doc(vocab, o)) for o in asked.question.options]
    seconds = [make_text_doc(vocab, f"{question} {o}") for o in asked.question.options]
    return [make_pair_doc(context, second) for second in seconds]
