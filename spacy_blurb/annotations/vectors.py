"""The vector of a Doc, in a form that travels."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, SpanGroup

VECTOR = "vector"
"""Key in `doc.spans` of the vector of a Doc: attrs `vector`, its numbers in base64 (float32, least
byte first). It is not in `doc.tensor`, where spaCy expects a row per token: `token.vector`,
`span.as_doc` and merging tokens would fail."""


def set_vector(doc: Doc, vector: NDArray[np.floating]) -> None:
    """Write the vector of a Doc, shape (width,): as `doc.vector`, and so that it travels.

    The hook tells `doc.has_vector`, which by itself looks into `doc.tensor`. It does not travel, as
    `doc.vector` does not (spaCy's W109).
    """
    data = base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode("ascii")
    doc.spans[VECTOR] = SpanGroup(doc, name=VECTOR, attrs={"vector": data})
    row: Any = vector  # thinc's array types do not know numpy's
    doc.vector = row
    doc.user_hooks["has_vector"] = _has_vector


def _has_vector(doc: Doc) -> bool:
    return bool(doc.vector.any())  # that of a Doc without tokens is zero


def travelling_vector(doc: Doc) -> NDArray[np.floating] | None:
    """Return what `set_vector` wrote, also where the Doc has travelled; None without one."""
    group = doc.spans.get(VECTOR)
    if group is None or "vector" not in group.attrs:
        return None
    return np.frombuffer(base64.b64decode(group.attrs["vector"]), dtype="<f4")
