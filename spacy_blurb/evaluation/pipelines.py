"""Loading the pipeline under test."""

import spacy
from spacy.language import Language

from ..errors import BlurbError, Errors, first_line


def load_pipeline(name: str) -> Language:
    """Load a pipeline by folder or package name.

    RAISES (BlurbError): B501 there is none or it cannot be loaded.
    """
    try:
        return spacy.load(name)
    except (OSError, ImportError, ValueError) as error:
        reason = first_line(error)
        raise BlurbError(Errors.B501.format(name=name, reason=reason)) from error


def require_component(nlp: Language, component: str, *, pipeline: str) -> None:
    """Check that a pipeline has a component.

    RAISES (BlurbError): B502 it has not.
    """
    if component not in nlp.pipe_names:
        listed = ", ".join(nlp.pipe_names)
        raise BlurbError(Errors.B502.format(name=pipeline, component=component, listed=listed))
