"""`blurb_abbreviations`: short forms and what they stand for, by rules and without a model."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span

from ..annotations import (
    doc_abbreviations,
    install_abbreviations,
    install_extensions,
    set_abbreviations,
)
from ..errors import BlurbError, Errors
from .long_forms import MOST_SHORT, Definition, find_definitions


@Language.factory(
    "blurb_abbreviations",
    assigns=["doc.spans", "doc._.abbreviations", "span._.long_form"],
)
def make_abbreviations(nlp: Language, name: str) -> "BlurbAbbreviations":
    """Build the component; it has nothing to set and nothing to learn."""
    return BlurbAbbreviations(name)


class BlurbAbbreviations(Pipe):
    """Find abbreviations that a Doc defines, and every place where they stand.

    The attributes are those of scispaCy's `AbbreviationDetector`: `doc._.abbreviations` is a list
    of Spans, and `span._.long_form` of each of them is a Span. They are getters over
    `doc.spans["abbreviations"]`, so they survive `DocBin`, `to_bytes` and `n_process`. Where the
    Doc knows its sentences, short and long form are in one of them.
    """

    def __init__(self, name: str = "abbreviations") -> None:
        """Initialise the component."""
        self.name = name
        install_abbreviations()

    def __call__(self, doc: Doc) -> Doc:
        """Find the abbreviations of a Doc; RETURNS the same Doc.

        RAISES (BlurbError): B801 another program has taken `doc._.abbreviations`.
        """
        install_extensions()  # nothing has made a component that was pickled in another process
        _, _, getter, _ = Doc.get_extension("abbreviations")
        if getter is not doc_abbreviations:
            raise BlurbError(Errors.B801.format(name=self.name))
        starts = [sent.start_char for sent in doc.sents] if _has_sentences(doc) else []
        found = [d for d in find_definitions(doc.text, starts) if _on_tokens(doc, d)]
        set_abbreviations(doc, _places(doc, found))
        return doc


def _has_sentences(doc: Doc) -> bool:
    return len(doc) > 0 and doc.has_annotation("SENT_START")


def _on_tokens(doc: Doc, definition: Definition) -> bool:
    """Tell whether both forms can be Spans: a Span that is more than the short form misleads."""
    return all(doc.char_span(*place) is not None for place in definition)


def _places(doc: Doc, definitions: Sequence[Definition]) -> Iterator[tuple[Span, tuple[int, int]]]:
    """Yield every place of a defined short form, in text order.

    It stands for the definition before it, and before the first definition for that one. Windows
    of tokens are looked up by their text, so the time does not depend on how many short forms
    there are.
    """
    text, known = doc.text, dict[str, list[Definition]]()
    for definition in definitions:
        known.setdefault(text[slice(*definition.short)], []).append(definition)
    begins = {form: [row.short[0] for row in rows] for form, rows in known.items()}
    end, first_characters = 0, {short[0] for short in known}
    for token in doc if known else ():
        if token.i < end or token.text[:1] not in first_characters:
            continue
        # The longest first: "IL-2R" is no "IL".
        for stop in range(min(len(doc), token.i + MOST_SHORT), token.i, -1):
            span = doc[token.i : stop]
            if span.end_char - span.start_char > MOST_SHORT or span.text not in known:
                continue
            if not _stands_alone(text, span.start_char, span.end_char):
                continue
            number = bisect_right(begins[span.text], span.start_char)
            end = stop
            yield span, known[span.text][max(0, number - 1)].long
            break


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a form is no part of a longer name, as the "CD" of "CD4"; "ESCs" is none."""
    behind = text[end : end + 2]
    is_plural = behind[:1] == "s" and not behind[1:].isalnum()
    return not text[max(0, start - 1) : start].isalnum() and (is_plural or not behind[:1].isalnum())
