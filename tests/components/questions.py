"""Gold Docs with questions, and pipelines that answer them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_blurb.annotations import set_questions
from spacy_blurb.data.readers import make_predicted

from .pipelines import make_nlp, train_step

Row = tuple[str, str, dict[str, Any]]
"""Text, question, gold answer."""

CLOSED: list[Row] = [
    ("aspirin causes fever in rats", "aspirin causes fever?", {"label": "yes"}),
    ("naloxone reduces fever", "naloxone causes fever?", {"label": "no"}),
    ("rats in rats", "hypertension?", {"label": "maybe"}),
]
EXTRACTIVE: list[Row] = [
    ("aspirin causes fever in rats", "causes fever?", {"answers": [[0, "aspirin"]]}),
    ("naloxone reduces hypertension", "reduces?", {"answers": [[9, "reduces hypertension"]]}),
    ("in rats, aspirin reduces fever", "in?", {"answers": [[3, "rats"]]}),
]
CHOICES: list[Row] = [
    ("aspirin causes fever", "causes?", {"label": "1", "options": ["rats", "fever"]}),
    ("naloxone reduces", "naloxone?", {"label": "0", "options": ["reduces", "rats", "fever"]}),
    # As `convert` keeps a question without a text.
    ("in rats", "in rats", {"label": "2", "options": ["fever", "aspirin", "hypertension"]}),
]
ROWS = {"labels": CLOSED, "spans": EXTRACTIVE, "options": CHOICES}

_SEQUENCE = {"@architectures": "spacy_blurb.SequenceVector.v1"}
MODELS: dict[str, dict[str, Any]] = {
    "labels": {"@architectures": "spacy_blurb.AnswerClassifier.v1", "tok2vec": _SEQUENCE},
    "spans": {
        "@architectures": "spacy_blurb.AnswerSpans.v1",
        "tok2vec": {"@architectures": "spacy_blurb.SequenceTokenVectors.v1"},
    },
    "options": {"@architectures": "spacy_blurb.AnswerChoice.v1", "tok2vec": _SEQUENCE},
}


def make_qa_nlp(encoder: Path, kind: str, *, window: int = 16, **settings: Any) -> Language:
    """Make a pipeline with a component "qa" of that kind, not initialised."""
    return make_nlp(encoder, window=window, qa={"model": MODELS[kind], **settings})


def gold_doc(nlp: Language, text: str, *questions: tuple[str, dict[str, Any]]) -> Doc:
    doc = nlp.make_doc(text)
    empty: dict[str, Any] = {"label": "", "answers": [], "options": []}
    rows = [{"id": str(n), "question": q, **empty, **gold} for n, (q, gold) in enumerate(questions)]
    set_questions(doc, rows)
    return doc


def to_examples(nlp: Language, rows: Iterable[Row]) -> list[Example]:
    references = [gold_doc(nlp, text, (question, gold)) for text, question, gold in rows]
    return [Example(make_predicted(nlp, reference), reference) for reference in references]


def train(nlp: Language, rows: Sequence[Row], n_steps: int = 60) -> Language:
    """Learn rows by heart."""
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp, rows))
    sgd = Adam(0.003)
    losses = [train_step(nlp, to_examples(nlp, rows), sgd)["qa"] for _ in range(n_steps)]
    assert losses[-1] < 0.05 < losses[0]
    return nlp


def get_qa(nlp: Language) -> Any:
    return nlp.get_pipe("qa")
