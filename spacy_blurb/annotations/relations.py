"""Relations between the entities of a Doc."""

from spacy.tokens import Doc

from .entities import ENTITIES


def has_relations(doc: Doc) -> bool:
    """Tell whether a converted Doc carries relations, or pairs that are candidates for one."""
    group = doc.spans.get(ENTITIES)
    return group is not None and "relations" in group.attrs
