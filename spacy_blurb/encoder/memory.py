"""The callback that keeps the memory of `spacy train`."""

from collections.abc import Callable

from spacy.language import Language

from ..memory import return_freed_memory


def make_return_freed_memory_v1() -> Callable[[Language], Language]:
    """Build `spacy_blurb.return_freed_memory.v1`, a callback for `initialize.before_init`."""
    return keep_memory


def keep_memory(nlp: Language) -> Language:
    """Keep the memory of the process; see `return_freed_memory`."""
    return_freed_memory()
    return nlp
