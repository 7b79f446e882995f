"""The encoder of a Doc's vectors, as the Doc names it."""

import weakref
from typing import Any


class EncoderReference:
    """A weak reference that can be pickled; in another process it refers to nothing.

    Docs are sent between processes with their vectors, whose encoder stays behind.
    """

    def __init__(self, encoder: Any = None) -> None:
        """Refer to an encoder, or to nothing."""
        self._find = _nothing if encoder is None else weakref.ref(encoder)

    def __call__(self) -> Any:
        """Return the encoder, None where it is gone."""
        return self._find()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as one that refers to nothing."""
        return EncoderReference, ()


def _nothing() -> None:
    return None
