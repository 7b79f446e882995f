"""What a Doc carries: the keys under which annotations travel, and getters over them.

Everything lives in span groups and their `attrs` as JSON-able values, because these survive a
plain `DocBin` and `Doc.to_bytes`; `doc._` and `span._` attributes are getters (DESIGN section 3).
"""

from .entities import (
    ENTITIES,
    PICO,
    CharSpan,
    best_disjoint,
    entity_offsets,
    gold_entities,
    label_sets,
    longest_disjoint,
    predicted_spans,
    set_gold_entities,
    set_scored_entities,
    span_score,
)
from .extensions import install_extensions
from .pairs import (
    PAIR,
    PAIR_SEPARATOR,
    gold_pair_score,
    is_pair,
    predicted_similarity,
    set_gold_pair,
    set_pair,
    set_similarity,
)
from .questions import QUESTIONS, set_questions
from .records import RECORD, document_group, document_id, set_record
from .relations import (
    CANDIDATES,
    RELATIONS,
    FoundRelation,
    Given,
    GoldRelations,
    Relation,
    doc_relations,
    found_relations,
    give_candidates,
    given_candidates,
    gold_relations,
    has_relations,
    set_found_relations,
    set_gold_relations,
    span_relations,
)
from .vectors import VECTOR, set_vector, travelling_vector

__all__ = [
    "CANDIDATES",
    "ENTITIES",
    "PAIR",
    "PAIR_SEPARATOR",
    "PICO",
    "QUESTIONS",
    "RECORD",
    "RELATIONS",
    "VECTOR",
    "CharSpan",
    "FoundRelation",
    "Given",
    "GoldRelations",
    "Relation",
    "best_disjoint",
    "doc_relations",
    "document_group",
    "document_id",
    "entity_offsets",
    "found_relations",
    "give_candidates",
    "given_candidates",
    "gold_entities",
    "gold_pair_score",
    "gold_relations",
    "has_relations",
    "install_extensions",
    "is_pair",
    "label_sets",
    "longest_disjoint",
    "predicted_similarity",
    "predicted_spans",
    "set_found_relations",
    "set_gold_entities",
    "set_gold_pair",
    "set_gold_relations",
    "set_pair",
    "set_questions",
    "set_record",
    "set_scored_entities",
    "set_similarity",
    "set_vector",
    "span_relations",
    "span_score",
    "travelling_vector",
]
