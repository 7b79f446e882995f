"""Docs that hold two texts, and how similar these are."""

from spacy.tokens import Doc, SpanGroup

PAIR = "pair"
"""Key in `doc.spans` of a Doc that holds two texts: attrs `second` (offset of the second text),
`score` (gold similarity in the dataset's range), `similarity` (predicted, see `set_similarity`)."""

PAIR_SEPARATOR = "\n"
"""Stands between the two texts of a pair Doc."""


def set_pair(doc: Doc, second: int) -> None:
    """Mark a Doc as a pair of texts without a gold similarity.

    second (int): Offset at which the second text begins.
    """
    doc.spans[PAIR] = SpanGroup(doc, name=PAIR, attrs={"second": second})


def set_gold_pair(doc: Doc, second: int, score: float) -> None:
    """Mark a Doc as a pair.

    second (int): Offset at which the second text begins.
    score (float): Gold similarity in the dataset's range.
    """
    doc.spans[PAIR] = SpanGroup(doc, name=PAIR, attrs={"second": second, "score": score})


def is_pair(doc: Doc) -> bool:
    """Tell whether a Doc holds a pair of texts."""
    return PAIR in doc.spans


def gold_pair_score(doc: Doc) -> float | None:
    """Return the gold similarity of a pair, None where there is none."""
    return doc.spans[PAIR].attrs.get("score") if PAIR in doc.spans else None


def set_similarity(doc: Doc, similarity: float) -> None:
    """Write the predicted similarity of the two texts of a pair, 1 for the highest gold score."""
    group = doc.spans[PAIR]
    group.attrs = {**group.attrs, "similarity": float(similarity)}


def predicted_similarity(doc: Doc) -> float | None:
    """Return what `set_similarity` wrote, None where nothing was predicted."""
    return doc.spans[PAIR].attrs.get("similarity") if PAIR in doc.spans else None
