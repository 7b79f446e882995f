"""What is asked to train an exported pipeline says no, before anything has changed."""

from typing import Any, NoReturn

from ..errors import BlurbError, Errors

NAME = "spacy_blurb.exported.v1"
SECTIONS: dict[str, Any] = {
    "training": {"optimizer": {"@optimizers": NAME}},
    "initialize": {
        **dict.fromkeys(("vocab_data", "lookups", "vectors", "init_tok2vec", "after_init")),
        "before_init": {"@callbacks": NAME},
        "tokenizer": {},
        "components": {},
    },
}
"""Of the config of an exported pipeline. spaCy resolves `initialize` first in `nlp.initialize`, and
the optimizer first in `nlp.update`, `nlp.rehearse` and `nlp.resume_training` without one."""


def refuse_training() -> NoReturn:
    """Raise; this is `spacy_blurb.exported.v1`, in the place of a callback and of an optimizer.

    RAISES (BlurbError): B700, always.
    """
    raise BlurbError(Errors.B700)


def refuse_replacement(*args: Any) -> NoReturn:
    """Raise; `nlp.replace_listeners` finds this in the attrs of the encoder's model.

    RAISES (BlurbError): B727, always.
    """
    raise BlurbError(Errors.B727)
