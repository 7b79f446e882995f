"""The benchmark entries by name."""

import difflib

from ..errors import BlurbError, Errors
from .entities import (
    BC2GM,
    BC5_CHEM,
    BC5_DISEASE,
    BC5CDR,
    EBM_PICO,
    JNLPBA,
    NCBI_DISEASE,
    OWN_ENTITIES,
)
from .other_entities import BC4CHEMD, LINNAEUS, S800
from .questions import (
    BIOASQ,
    BIOASQ_FACTOID,
    MEDCONCEPTSQA,
    MEDQA,
    OWN_QUESTIONS,
    PUBMEDQA,
    PUBMEDQA_REASONING_FREE,
)
from .relations import BC5CDR_CID, CHEMPROT, DDI, EUADR, GAD, OWN_RELATIONS
from .spec import Task
from .texts import BIOSSES, HOC, OWN_LABELS, OWN_PAIRS, SCIDOCS

_ALL = (
    BC5_CHEM,
    BC5_DISEASE,
    NCBI_DISEASE,
    BC2GM,
    JNLPBA,
    EBM_PICO,
    CHEMPROT,
    DDI,
    GAD,
    BIOSSES,
    HOC,
    PUBMEDQA,
    BIOASQ,
    BC5CDR,
    BC4CHEMD,
    LINNAEUS,
    S800,
    EUADR,
    BC5CDR_CID,
    BIOASQ_FACTOID,
    MEDQA,
    MEDCONCEPTSQA,
    SCIDOCS,
    PUBMEDQA_REASONING_FREE,
)

TASKS: dict[str, Task] = {task.name: task for task in _ALL}

_OWN = {
    task.name: task for task in (OWN_ENTITIES, OWN_RELATIONS, OWN_LABELS, OWN_PAIRS, OWN_QUESTIONS)
}


def get_task(name: str) -> Task:
    """Return the task of that name.

    "ner", "rel", "textcat", "sts" and "qa" stand for a user's own entities, relations, labels,
    pairs and questions.

    RAISES (BlurbError): B110 there is none; the message proposes the nearest name.
    """
    if name in TASKS:
        return TASKS[name]
    if name in _OWN:
        return _OWN[name]
    near = difflib.get_close_matches(name, TASKS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise BlurbError(Errors.B110.format(name=name, hint=hint))
