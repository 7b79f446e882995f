"""How large a split is in the unit of the papers' tables."""

from collections.abc import Callable, Sequence

from .records import AnyRecord, Record


def _count_mentions(records: Sequence[AnyRecord]) -> int:
    return sum(len(record.mentions) for record in records if isinstance(record, Record))


def _count_words(records: Sequence[AnyRecord]) -> int:
    """Count labelled words; a word in two mentions of different labels counts twice."""
    return sum(len(_labelled_words(r)) for r in records if isinstance(r, Record))


def _labelled_words(record: Record) -> set[tuple[int, str]]:
    return {
        (start, mention.label)
        for mention in record.mentions
        for start, _ in record.words or ()
        if mention.start <= start < mention.end
    }


def _count_relations(records: Sequence[AnyRecord]) -> int:
    """Count instances: pairs of mentions, or sentences whose targets are replaced already."""
    return sum(len(r.relations) if isinstance(r, Record) else 1 for r in records)


def _count_groups(records: Sequence[AnyRecord]) -> int:
    """Count documents or questions: parts of one document, contexts of one question count once."""
    return len({getattr(record, "group", "") or record.id for record in records})


COUNTERS: dict[str, Callable[[Sequence[AnyRecord]], int]] = {
    "mentions": _count_mentions,
    "words": _count_words,
    "relations": _count_relations,
    "texts": _count_groups,
    "pairs": len,
    "questions": _count_groups,
}
"""Unit → count of a split's records."""
