"""What must hold for every dataset, whoever reads it."""

from collections.abc import Mapping
from itertools import combinations

from ..errors import BlurbError, Errors
from .records import AnyRecord, Split


def check_splits(
    splits: Mapping[str, Split[AnyRecord]], *, source: str, disjoint_ids: bool
) -> None:
    """Check that ids are unique in each split and that no document is in two splits.

    source (str): Where the splits come from, for the error message.
    disjoint_ids (bool): Whether ids name documents; sentence numbers start anew in each split.
    RAISES (BlurbError): B111 an id twice, B112 a document in two splits.
    """
    ids: dict[str, set[str]] = {}
    for name, split in splits.items():
        ids[name] = set()
        for record in split.records:
            if record.id in ids[name]:
                raise BlurbError(Errors.B111.format(doc_id=record.id, path=f"{source} ({name})"))
            ids[name].add(record.id)
    if disjoint_ids:
        for first, second in combinations(ids, 2):
            if shared := ids[first] & ids[second]:
                listed = ", ".join(sorted(shared)[:5])
                raise BlurbError(Errors.B112.format(ids=listed, first=first, second=second))
