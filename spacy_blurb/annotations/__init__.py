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
from .questions import (
    ANSWERS,
    QUESTIONS,
    Answer,
    AnswerKind,
    Candidate,
    DocQuestion,
    attach_questions,
    copy_questions,
    doc_answers,
    doc_questions,
    gold_kind,
    set_answers,
    set_questions,
    to_answer,
)
from .records import RECORD, document_group, document_id, set_record
from .relations import has_relations
from .vectors import VECTOR, set_vector, travelling_vector

__all__ = [
    "ANSWERS",
    "ENTITIES",
    "PAIR",
    "PAIR_SEPARATOR",
    "PICO",
    "QUESTIONS",
    "RECORD",
    "VECTOR",
    "Answer",
    "AnswerKind",
    "Candidate",
    "CharSpan",
    "DocQuestion",
    "attach_questions",
    "best_disjoint",
    "copy_questions",
    "doc_answers",
    "doc_questions",
    "document_group",
    "document_id",
    "entity_offsets",
    "gold_entities",
    "gold_kind",
    "gold_pair_score",
    "has_relations",
    "install_extensions",
    "is_pair",
    "label_sets",
    "longest_disjoint",
    "predicted_similarity",
    "predicted_spans",
    "set_answers",
    "set_gold_entities",
    "set_gold_pair",
    "set_pair",
    "set_questions",
    "set_record",
    "set_scored_entities",
    "set_similarity",
    "set_vector",
    "span_score",
    "to_answer",
    "travelling_vector",
]
