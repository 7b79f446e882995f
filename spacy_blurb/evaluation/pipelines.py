"""Loading the pipeline under test."""

import spacy
from spacy import require_gpu
from spacy.language import Language

from ..errors import BlurbError, Errors, first_line


def choose_processor(gpu_id: int) -> None:
    """Let pipelines that are loaded from now on compute on a GPU, as spaCy's `--gpu-id` does.

    gpu_id (int): Its number, -1 for the CPU.
    RAISES (BlurbError): B643 there is no such GPU, or CuPy is missing; never the CPU in silence.
    """
    if gpu_id < 0:
        return
    try:
        require_gpu(gpu_id)
    except (ValueError, RuntimeError) as error:
        raise BlurbError(Errors.B643.format(gpu=gpu_id, reason=first_line(error))) from error


def load_pipeline(name: str) -> Language:
    """Load a pipeline by folder or package name.

    RAISES (BlurbError): B501 there is none or it cannot be loaded.
    """
    try:
        return spacy.load(name)
    except Exception as error:  # of a damaged one, tokenizers, OpenVINO and numpy raise their own
        reason = first_line(error)
        raise BlurbError(Errors.B501.format(name=name, reason=reason)) from error


def require_component(nlp: Language, component: str, *, pipeline: str) -> None:
    """Check that a pipeline has a component.

    RAISES (BlurbError): B502 it has not.
    """
    if component not in nlp.pipe_names:
        listed = ", ".join(nlp.pipe_names)
        raise BlurbError(Errors.B502.format(name=pipeline, component=component, listed=listed))
