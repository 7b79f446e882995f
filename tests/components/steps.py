"""What tests of components do with a pipeline."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_blurb.annotations import ENTITIES, set_gold_entities
from spacy_blurb.data.records import Mention, Record

MakePipeline = Callable[..., Language]
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 16,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
    "pretrained_vectors": None,
}
"""spaCy's own token vectors: quick, and without torch."""


def to_examples(
    nlp: Language,
    records: Iterable[Record],
    label_sets: Sequence[str] | None = ("bc5cdr",),
    key: str = ENTITIES,
) -> list[Example]:
    examples = []
    for record in records:
        reference = nlp.make_doc(record.text)
        mentions = [(m.start, m.end, m.label) for m in record.mentions]
        sets = None if label_sets is None else list(label_sets)
        set_gold_entities(reference, mentions, label_sets=sets, key=key)
        examples.append(Example(nlp.make_doc(record.text), reference))
    return examples


def to_record(text: str, *mentions: tuple[str, str]) -> Record:
    """Each mention is the first occurrence of its words in the text."""
    places = [(text.index(words), words, label) for words, label in mentions]
    return Record(text, text, tuple(Mention(at, at + len(w), label) for at, w, label in places))


def light_pipeline(*, encode: Any = None, decoder: str = "softmax", **settings: Any) -> Language:
    """`blurb_ner` on spaCy's own token vectors: quick, and without torch."""
    model = {
        "@architectures": "spacy_blurb.TokenClassifier.v1",
        "tok2vec": CNN,
        "encode": encode,
        "decoder": decoder,
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_ner", config={"model": model, **settings})
    return nlp


def overfit(nlp: Language, examples: list[Example], n_steps: int = 60) -> None:
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    sgd = Adam(0.02)
    losses = [nlp.update(examples, sgd=sgd)["blurb_ner"] for _ in range(n_steps)]
    assert losses[-1] < 0.05 < losses[0]


def get_ner(nlp: Language) -> Any:
    return nlp.get_pipe("blurb_ner")


def encoder_weights(nlp: Language) -> dict[str, np.ndarray]:
    encoder: Any = nlp.get_pipe("transformer")
    state = encoder.model.shims[0].network.state_dict()
    return {name: tensor.numpy().copy() for name, tensor in state.items()}


def train_step(
    nlp: Language, examples: list[Example], sgd: Any, frozen: Sequence[str] = ()
) -> float:
    """As `spacy train` does it: weights change when all components have backpropagated."""
    losses = nlp.update(examples, sgd=False, exclude=frozen, annotates=frozen)
    for name, component in nlp.pipeline:
        if name not in frozen:
            component.finish_update(sgd)
    return losses["blurb_ner"]
