"""Texts that are parts of a document: they are scored one by one, and resampled together."""

from collections.abc import Sequence

from ...metrics.resampling import Units


def unite_parts(documents: Sequence[str], units: Units) -> tuple[dict[str, int], Units]:
    """Take documents for units, see `Units.by_document`.

    documents (Sequence[str]): Of each gold text, the id of its document, or its own.
    units (Units): One per gold text, in the same order.
    RETURNS (tuple): For the result, `texts` where there are more of them than documents; and the
        documents.
    """
    united = units.by_document(documents)
    is_divided = len(united.ids) < len(documents)
    return ({"texts": len(documents)} if is_divided else {}), united
