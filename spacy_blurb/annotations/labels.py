"""Gold labels of a Doc."""

from collections.abc import Collection

from spacy.tokens import Doc

from ..errors import BlurbError, Errors


def gold_labels(doc: Doc, labels: Collection[str] = ()) -> dict[str, bool]:
    """Return the labels that a Doc is annotated for, and whether it has each of them.

    labels (Collection[str]): Those that are asked for, by default all.
    RAISES (BlurbError): B445 a value of `doc.cats` that is neither 0 nor 1, as spaCy's own E851:
        such as -1 for what is not known, or a probability.
    """
    found = {label: value for label, value in doc.cats.items() if not labels or label in labels}
    for label, value in found.items():
        if value not in (0, 1):
            raise BlurbError(Errors.B445.format(text=doc.text[:40], value=value, label=label))
    return {label: bool(value) for label, value in found.items()}
