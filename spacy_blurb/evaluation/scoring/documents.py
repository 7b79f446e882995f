"""Texts that are parts of a document: they are scored one by one, and resampled together."""

from collections.abc import Sequence

from ...metrics.resampling import Units


def unite_parts(documents: Sequence[str], units: Units) -> tuple[dict[str, int], Units]:
    """Take documents for units, see `Units.by_document`.

    Parts of a single document stay units of their own: one unit has no interval.

    documents (Sequence[str]): Of each gold text, the id of the document that it is a part of, ""
        where it is whole.
    units (Units): One per gold text, in the same order.
    RETURNS (tuple): For the result, `texts` where there are more of them than documents; and the
        documents.
    """
    if len(set(documents)) < 2:
        return {}, units
    taken = set(documents)
    # Documents of a file may only be counted, as its sentences are that stand in none.
    names = [
        document or (own if own not in taken else f"{own} (whole)")
        for document, own in zip(documents, units.ids, strict=True)
    ]
    united = units.by_document(names)
    is_divided = len(united.ids) < len(documents)
    return ({"texts": len(documents)} if is_divided else {}), united
