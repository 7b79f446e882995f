"""Records to Docs and `.spacy` files: one function per schema of `records.py`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..annotations import (
    ENTITIES,
    PAIR_SEPARATOR,
    set_gold_entities,
    set_gold_pair,
    set_gold_relations,
    set_questions,
    set_record,
)
from ..errors import BlurbError, Errors
from ..tokenization.tokenizer import split_at
from .records import AnyRecord, LabelledText, Question, Record, TextPair

Tokenizer = Callable[[str], Doc]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RelationScheme:
    """How a dataset is annotated for relations.

    labels (Sequence[str]): What counts as a relation, where `complete`.
    complete (bool): Whether the records hold all pairs that are to be judged, those without a
        relation under other labels; else they hold relations only, of any label.
    only_pairs (bool): Whether the records hold no other mentions than those of the pair, as rows
        with dummies do; nothing can be learned of entities from them.
    """

    labels: Sequence[str] = ()
    complete: bool = False
    only_pairs: bool = False


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion wrote.

    documents (int): Docs in the file.
    lost (int): Gold mentions that no token boundary fits; a tagger on these tokens cannot find
        them, and evaluation counts them as missed.
    parted (int): Given mentions, such as candidates of relations, that the tokenizer does not
        reach and for which tokens were parted.
    nested (int): Gold mentions on token boundaries that overlap a longer one, or are another
        label of the same words; a tagger of their label set learns the longer one alone, and
        evaluation counts them as missed.
    """

    documents: int
    lost: int
    parted: int = 0
    nested: int = 0


def write_docbin(
    records: Iterable[AnyRecord],
    path: Path,
    tokenizer: Tokenizer,
    *,
    label_sets: list[str],
    labels: Sequence[str] = (),
    entities_key: str = ENTITIES,
    relations: RelationScheme | None = None,
) -> Conversion:
    """Write records as a `.spacy` file with their gold annotations.

    tokenizer (Tokenizer): For running text; records with words keep these as tokens.
    label_sets (list[str]): Annotation schemes that the records are complete for.
    labels (Sequence[str]): All labels of a labelled text; by default those that occur.
    entities_key (str): Span group for entities, "blurb" or "pico".
    relations (RelationScheme | None): How the records are annotated for relations, None where they
        are not; their mentions are given then, and tokens are parted at them.
    RAISES (BlurbError): B114 a mention lies outside its text.
    """
    records = list(records)
    complete_sets = None if relations is not None and relations.only_pairs else label_sets
    if not labels:
        labels = sorted({y for r in records if isinstance(r, LabelledText) for y in r.labels})
    docbin, lost, parted, nested = DocBin(), 0, 0, 0
    for record in records:
        match record:
            case Record():
                doc = to_doc(record, tokenizer)
                if relations is not None:
                    spans = [(mention.start, mention.end) for mention in record.mentions]
                    parted += sum(doc.char_span(*span) is None for span in spans)
                    doc = split_at(doc, spans)
                    _set_sentences(doc, record)
                mentions = [(m.start, m.end, m.label) for m in record.mentions]
                lost += set_gold_entities(doc, mentions, label_sets=complete_sets, key=entities_key)
                if complete_sets is not None and entities_key == ENTITIES:
                    nested += _count_nested(doc)
                if relations is not None:
                    _set_relations(doc, record, relations)
            case LabelledText():
                doc = tokenizer(record.text)
                doc.cats = {label: float(label in record.labels) for label in labels}
            case TextPair():
                second = len(record.first) + len(PAIR_SEPARATOR)
                doc = tokenizer(record.first + PAIR_SEPARATOR + record.second)
                set_gold_pair(doc, second, record.score)
            case Question():
                doc = _to_question_doc(record, tokenizer)
        group = record.document if isinstance(record, Record) else getattr(record, "group", "")
        set_record(doc, record.id, group=group)
        docbin.add(doc)
    path.parent.mkdir(parents=True, exist_ok=True)
    docbin.to_disk(path)
    return Conversion(len(docbin), lost, parted, nested)


def _count_nested(doc: Doc) -> int:
    """Count the gold entities that `doc.ents` has no place for; a repeated one counts once."""
    aligned = {(span.start, span.end, span.label) for span in doc.spans[ENTITIES]}
    return len(aligned) - len(doc.ents)


def _set_relations(doc: Doc, record: Record, scheme: RelationScheme) -> None:
    pairs = [r.concepts for r in record.relations if r.concepts is not None]
    labels = sorted({r.label for r in record.relations})
    set_gold_relations(
        doc,
        [(r.head, r.tail, r.label, r.id) for r in record.relations],
        none=[y for y in labels if y not in scheme.labels] if scheme.complete else (),
        complete=scheme.complete,
        concepts=record.concepts,
        concept_pairs=pairs,
    )


def _to_question_doc(record: Question, tokenizer: Tokenizer) -> Doc:
    """Make the Doc of the context; a question without one is its own Doc."""
    doc = tokenizer(record.context or record.question)
    gold = {
        "id": record.id,
        "question": record.question,
        "label": record.label,
        "answers": [list(answer) for answer in record.answers],
        "options": list(record.options),
    }
    set_questions(doc, [gold])
    return doc


def to_doc(record: Record, tokenizer: Tokenizer) -> Doc:
    """Make a Doc of a record's text, with its sentences and without other annotations.

    A record with words gives a Doc that says its spacing is unknown, which spaCy and our reader
    take as the sign to keep these tokens in prediction.

    RAISES (BlurbError): B114 a mention lies outside its text.
    """
    for mention in record.mentions:
        if not 0 <= mention.start < mention.end <= len(record.text):
            raise BlurbError(
                Errors.B114.format(
                    doc_id=record.id, start=mention.start, end=mention.end, length=len(record.text)
                )
            )
    doc = tokenizer(record.text)
    if record.words is not None:
        doc = Doc(doc.vocab, words=[record.text[start:end] for start, end in record.words])
    _set_sentences(doc, record)
    return doc


def _set_sentences(doc: Doc, record: Record) -> None:
    if record.sentences is not None:
        starts = set(record.sentences)
        for token in doc:
            token.is_sent_start = token.i == 0 or token.idx in starts


def read_docbin(path: Path, vocab: Vocab) -> list[Doc]:
    """Read a `.spacy` file.

    RAISES (BlurbError): B100 no such file, B107 no Docs in it, B113 not a DocBin.
    """
    docs = _read(path, lambda docbin: list(docbin.get_docs(vocab)))
    if not docs:
        raise BlurbError(Errors.B107.format(path=path))
    return docs


def words_are_given(path: Path) -> bool:
    """Tell whether Docs of a `.spacy` file have the words of their source, without its spacing.

    RAISES (BlurbError): B100 no such file, B113 not a DocBin.
    """
    return _read(path, lambda docbin: any(flag["has_unknown_spaces"] for flag in docbin.flags))


def _read(path: Path, take: Callable[[DocBin], _T]) -> _T:
    if not path.is_file():
        raise BlurbError(Errors.B100.format(path=path))
    try:
        return take(DocBin().from_disk(path))
    except Exception as error:  # zlib, msgpack and numpy each raise their own on foreign bytes
        raise BlurbError(Errors.B113.format(path=path, reason=error)) from error
