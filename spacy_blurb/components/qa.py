"""`blurb_qa`: answers to questions on a Doc, by a linear head on pairs of question and text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ..annotations import (
    ANSWERS,
    Answer,
    AnswerKind,
    DocQuestion,
    Question,
    doc_questions,
    install_extensions,
    offer_answers,
    set_answers,
    to_answer,
    to_question,
)
from ..encoder.link import EncoderLink
from ..encoder.listeners import give_nothing
from ..errors import BlurbError, Errors
from .answer_kinds import Kind, LabelKind, OptionKind, check_label
from .answer_spans import SpanKind
from .head import Head, is_number
from .judging import Judged, compare_questions, judge_questions, pair_up
from .qa_scorer import score_answers
from .question_docs import Asked, make_text_doc, pair_with_context
from .writers import note_answers

_KINDS: dict[str, Callable[[str, dict[str, Any]], Kind]] = {
    "labels": LabelKind,
    "spans": SpanKind,
    "options": OptionKind,
}

DEFAULT_MODEL = Config().from_str(
    """
[model]
@architectures = "spacy_blurb.AnswerClassifier.v1"
nO = null

[model.tok2vec]
@architectures = "spacy_blurb.SequenceVector.v1"
upstream = "*"
grad_factor = 1.0
"""
)["model"]


@Language.factory(
    "blurb_qa",
    assigns=["doc._.answers"],
    default_config={
        "model": DEFAULT_MODEL,
        "threshold": 0.0,
        "n_best": 5,
        "max_answer_tokens": 30,
        "no_answer": False,
        "scorer": {"@scorers": "spacy_blurb.answer_scorer.v1"},
    },
    default_score_weights={
        "qa_score": 1.0,
        "qa_accuracy": None,
        "qa_em": None,
        "qa_f1": None,
        "qa_strict": None,
        "qa_lenient": None,
        "qa_mrr": None,
    },
)
def make_qa(
    nlp: Language,
    name: str,
    model: Model,
    threshold: float,
    n_best: int,
    max_answer_tokens: int,
    no_answer: bool,
    scorer: Callable[..., dict[str, Any]] | None,
) -> "BlurbQa":
    """Build the component `blurb_qa`.

    All settings but `model` and `scorer` are saved with the component and read at every call: in a
    trained pipeline they are set in `cfg`, and an override of the config when it is loaded has no
    effect.

    model (Model): Says how it answers: `spacy_blurb.AnswerClassifier.v1` by a label,
        `AnswerSpans.v1` by a span of the text, `AnswerChoice.v1` by one of the question's options.
    threshold (float): Probability (0-1) that an answer must have; below it there is none, and
        `candidates` tells what it would be.
    n_best (int): Candidates of an extractive answer that are kept, "no answer" not counted.
    max_answer_tokens (int): Longest span that is an answer; longer gold answers teach nothing.
    no_answer (bool): Whether an extractive answer may be that there is none in the text. Then
        questions whose gold answer is not in it teach this; else they teach nothing.
    scorer (Callable | None): Scoring method, None for no scores.
    """
    settings: Any = {"threshold": threshold, "n_best": n_best, "no_answer": no_answer}
    settings["max_answer_tokens"] = max_answer_tokens
    return BlurbQa(nlp.vocab, model, name, **settings, scorer=scorer, nlp=nlp)


class BlurbQa(Head):
    """Answer the questions that travel with a Doc, and those that `doc._.ask` and `ask` put.

    A question and the Doc are encoded together, in a pass of their own. Of questions that travel
    with a Doc it answers those of its kind: one of options such with options, the others those
    without. Nothing asked (an empty question), and for a span an empty text, get an answer without
    text and with probability 0; a label or option is judged by the question alone where there is no
    text.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], Any],
        name: str = "qa",
        *,
        threshold: float = 0.0,
        n_best: int = 5,
        max_answer_tokens: int = 30,
        no_answer: bool = False,
        scorer: Callable[..., dict[str, Any]] | None = score_answers,
        nlp: Language | None = None,
    ) -> None:
        """Initialise the component; see `make_qa`.

        RAISES (BlurbError): B480 the model answers no questions, B489 a setting is out of range.
            Settings are looked at again wherever they are used, since `cfg` can be changed: B489,
            and B416 for the temperature.
        """
        if model.attrs.get("kind") not in _KINDS:
            raise BlurbError(Errors.B480.format(name=name, model=model.name))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "labels": [],
            "threshold": threshold,
            "n_best": n_best,
            "max_answer_tokens": max_answer_tokens,
            "no_answer": no_answer,
            # Logits are divided by it; fitted by `calibrate`.
            "temperature": 1.0,
        }
        self._check_settings()
        self._link = EncoderLink(name, model, nlp)
        self._last_vocab = vocab
        offer_answers(self)
        install_extensions()

    @property
    def kind(self) -> AnswerKind:
        """How it answers: by "labels", "spans" or "options"."""
        return self.model.attrs["kind"]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the model's outputs; none where it answers otherwise."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str] | None:
        """What `spacy init labels` writes: the labels."""
        return list(self.labels) if self.kind == "labels" else None

    def serves(self, vocab: Vocab) -> bool:
        """Tell whether Docs of this vocab are of the component's pipeline.

        Sourced into other pipelines, it is known by the Docs that it has seen.
        """
        known = vocab is self.vocab or vocab is self._last_vocab
        return known or self._link.has_seen(vocab)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Collect the labels, give the model its size and find the encoder.

        labels (Sequence[str] | None): By default those of the examples' questions, sorted.
        RAISES (ValueError): B485 no question to learn from, B482 a gold label that is none of the
            labels, B457 no text in any example, B310 no encoder.
        """
        validate_get_examples(get_examples, "BlurbQa.initialize")
        head = self.model.get_ref("output_layer")
        taught = [asked for eg in get_examples() for asked in self._teaching(eg)]
        if not taught and not labels:
            raise ValueError(Errors.B485.format(name=self.name, kind=self.kind))
        # An empty Doc has no vector, so it would give the head the input width 0.
        docs = list(islice((eg.x for eg in get_examples() if len(eg.x)), 10))
        if not docs:
            raise ValueError(Errors.B457.format(name=self.name))
        if self.kind == "labels":
            found = sorted({asked.question.label for asked in taught})
            wanted = list(dict.fromkeys(labels or found))
            # Now rather than in the middle of the training.
            for asked in taught:
                check_label(asked, wanted, name=self.name)
            self.cfg["labels"] = wanted
            head.set_dim("nO", len(wanted), force=True)
        self._size_model(docs)
        # That of another head, which this one replaces, was fitted for its numbers.
        self.cfg["temperature"] = 1.0
        if nlp is not None:
            self._link.attach(nlp)
            # A pipeline whose encoder reads no pairs would train and never answer.
            probe = Asked(make_text_doc(nlp.vocab, "a"), DocQuestion("", "b"))
            self._link.predict([pair_with_context(probe)], self._pooling)

    def predict(self, docs: Iterable[Doc]) -> list[list[dict[str, Any]]]:
        """Answer the questions that travel with Docs.

        RETURNS (list): Per Doc the answers as `doc.spans["answers"]` keeps them.
        """
        docs = list(docs)
        self._require_initialised()
        self._link.see(docs)
        asked = [
            (number, Asked(doc, question))
            for number, doc in enumerate(docs)
            for question in doc_questions(doc)
            if bool(question.options) == (self.kind == "options")
        ]
        answers: list[list[dict[str, Any]]] = [[] for _ in docs]
        rows = self._answer([item for _, item in asked])
        for (number, _), row in zip(asked, rows, strict=True):
            answers[number].append(row)
        return answers

    def set_annotations(self, docs: Iterable[Doc], answers: list[list[dict[str, Any]]]) -> None:
        """Write `doc.spans["answers"]`, which `doc._.answers` reads.

        answers (list): From `predict`.
        """
        offer_answers(self)
        install_extensions()
        for doc, rows in zip(docs, answers, strict=True):
            self._last_vocab = doc.vocab
            # Without a question too: a Doc that is used again would keep its old answers.
            if rows or ANSWERS in doc.spans:
                note_answers(doc, self.kind, self.name)
                set_answers(doc, self.kind, rows)

    def ask(
        self, docs: Doc | Sequence[Doc], questions: Question | Sequence[Question]
    ) -> list[Answer]:
        """Answer questions on Docs, many of them in one pass of the encoder; writes nothing.

        docs (Doc | Sequence[Doc]): One for each question, or one for all of them; of a Span its
            `as_doc()`.
        questions (str | Sequence): One for each Doc, or one for all; with its options a tuple.
        RETURNS (list[Answer]): In the same order.
        RAISES (BlurbError): B310 no encoder, B311 the Docs are of another pipeline, B483 no options
            where the component chooses one, B484 options where it does not, B486 not as many Docs
            as questions, B475 what is no Doc, B479 what is no question.
        """
        self._require_initialised()
        items = [
            Asked(doc, self._to_question(str(number), question))
            for number, (doc, question) in enumerate(pair_up(docs, questions))
        ]
        rows = self._answer(items)
        return [to_answer(item.doc, row) for item, row in zip(items, rows, strict=True)]

    def _to_question(self, name: str, question: Question) -> DocQuestion:
        asked = to_question(name, question)
        if self.kind == "options" and not asked.options:
            raise BlurbError(Errors.B483.format(name=self.name, question=asked.question[:40]))
        if self.kind != "options" and asked.options:
            raise BlurbError(Errors.B484.format(name=self.name, kind=self.kind))
        return asked

    def judge_gold(self, examples: Iterable[Example]) -> Iterator[Judged]:
        """Yield the questions that could be learned, with the head's numbers; `calibrate` uses it.

        YIELDS (Judged): The question on the predicted Doc, and an array per pair Doc.
        """
        self._require_initialised()
        return self._judge([item for example in examples for item in self._teaching(example)])

    def make_kind(self) -> Kind:
        """Return what tells how numbers are read, with the settings as they are."""
        self._check_settings()
        return _KINDS[self.kind](self.name, self.cfg)

    def _check_settings(self) -> None:
        """Refuse what would give no answer, or none that is meant, without a word."""
        for key in ("n_best", "max_answer_tokens"):
            value = self.cfg[key]
            if not is_number(value) or value < 1 or value != int(value):
                raise BlurbError(Errors.B489.format(name=self.name, key=key, found=value))
        threshold, temperature = self.cfg["threshold"], self.cfg["temperature"]
        if not is_number(threshold) or not 0 <= threshold <= 1:
            raise BlurbError(Errors.B489.format(name=self.name, key="threshold", found=threshold))
        if not is_number(temperature) or temperature <= 0:
            raise BlurbError(Errors.B416.format(name=self.name, found=temperature))

    def make_row(self, asked: Asked, logits: Sequence[Any]) -> dict[str, Any]:
        """Return an answer as `doc.spans["answers"]` keeps it.

        logits (Sequence): From the head, an array per pair Doc; none where nothing was judged.
        """
        ranked = self.make_kind().rank(asked, logits) if len(logits) else []
        # The best one may be "no answer", which has neither label nor place.
        found = bool(ranked) and ranked[0][1] >= self.cfg["threshold"]
        return {
            "id": asked.question.id,
            "question": asked.question.question,
            "kind": self.kind,
            "options": list(asked.question.options),
            "found": found and bool(ranked[0][0] or ranked[0][2] >= 0),
            "candidates": [list(row) for row in ranked],
        }

    def _answer(self, asked: Iterable[Asked]) -> Iterator[dict[str, Any]]:
        return (self.make_row(item, logits) for item, logits in self._judge(asked))

    def _judge(self, asked: Iterable[Asked]) -> Iterator[Judged]:
        return judge_questions(self.model, self._link, self.make_kind(), asked)

    def _is_annotated(self, example: Example) -> bool:
        return next(self._teaching(example), None) is not None

    def _teach(self, examples: Sequence[Example]) -> float:
        """Teach the gold Docs' questions, which are encoded apart from the Docs themselves."""
        loss = self._teach_questions(examples)
        # Only now: it ends what the listener knows of the encoder.
        give_nothing(self.model, [example.predicted for example in examples])
        return loss

    def _teach_questions(self, examples: Sequence[Example]) -> float:
        """Backpropagate the questions' loss; RETURNS its mean."""
        asked = [item for example in examples for item in self._teaching(example)]
        if not asked:
            return 0.0
        kind = self.make_kind()
        docs = [pair for item in asked for pair in kind.pairs(item)]
        vectors, encoder_backprop = self._link.begin_update(docs, self._pooling)
        logits, head_backprop = self.model.get_ref("head").begin_update(vectors)
        loss, gradient = self.get_loss(asked, logits)
        encoder_backprop(head_backprop(gradient))
        return loss

    def get_loss(self, asked: Sequence[Asked], logits: Any) -> tuple[float, Any]:
        """Compute the mean of -log of the gold answers' probabilities, and its gradient.

        asked (Sequence[Asked]): Questions with gold answers.
        logits: Of their pair Docs, from the model.
        RETURNS (tuple): Loss, and the gradient in the form of the logits.
        RAISES (BlurbError): B481, B482 a gold answer that cannot be one.
        """
        return compare_questions(self.model.ops, self.make_kind(), asked, logits)

    def _teaching(self, example: Example) -> Iterator[Asked]:
        """Yield the questions of a gold Doc that can be learned, on the predicted one.

        Of a Doc without tokens none: a batch of such Docs has no encoder to be learned with, and
        what a Doc teaches must not depend on the others of its batch.
        """
        if not len(example.predicted):
            return
        for question in doc_questions(example.reference):
            item = Asked(example.predicted, question)
            if not item.is_blank and self.make_kind().teaches(item):
                yield item

    @property
    def _pooling(self) -> Model:
        return self.model.get_ref("pooling")

    def _require_initialised(self) -> None:
        if not self.model.get_ref("output_layer").has_dim("nI"):
            raise ValueError(Errors.B487.format(name=self.name))
