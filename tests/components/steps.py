"""What tests of components on the shared encoder do with a pipeline."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.training import Example

from spacy_blurb.annotations import set_gold_entities
from spacy_blurb.data.records import Record

MakePipeline = Callable[..., Language]


def to_examples(nlp: Language, records: Iterable[Record]) -> list[Example]:
    examples = []
    for record in records:
        reference = nlp.make_doc(record.text)
        mentions = [(m.start, m.end, m.label) for m in record.mentions]
        set_gold_entities(reference, mentions, label_sets=["bc5cdr"])
        examples.append(Example(nlp.make_doc(record.text), reference))
    return examples


def get_ner(nlp: Language) -> Any:
    return nlp.get_pipe("blurb_ner")


def encoder_weights(nlp: Language) -> dict[str, np.ndarray]:
    encoder: Any = nlp.get_pipe("transformer")
    state = encoder.model.transformer.state_dict()
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
