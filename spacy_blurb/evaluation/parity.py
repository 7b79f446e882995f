"""How far an exported pipeline is from the one that it was exported from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..data.readers import read_examples
from ..errors import BlurbError, Errors

N_COMPARED = 200
"""Docs whose vectors are compared."""


def score_dev(
    nlp: Language, dev: Sequence[Path], wanted: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Score a pipeline on dev files by its components' own scorers.

    wanted (Sequence[str]): From `deciding_scores` of the pipeline that was trained: the config of
        an exported one no longer says them.
    RETURNS (dict): File → score → value (0-1), without those that are 0 where others are not.
    RAISES (BlurbError): B728 a file with nothing that could be scored.
    """
    found: dict[str, dict[str, float]] = {}
    for path in dev:
        scores = nlp.evaluate(list(read_examples(nlp, paths=[path])))
        numbers = {
            name: float(scores[name])
            for name in wanted
            if isinstance(scores.get(name), (int, float))
        }
        if not numbers:
            raise BlurbError(Errors.B728.format(path=path, scores=", ".join(wanted) or "none"))
        found[str(path)] = {name: value for name, value in numbers.items() if value} or numbers
    return found


def deciding_scores(nlp: Language) -> list[str]:
    """Return the scores by which the pipeline was trained, and those of its components."""
    weights = nlp.config["training"].get("score_weights", {})
    names = [name for name, weight in weights.items() if weight]
    for component in nlp.pipe_names:
        weights = nlp.get_factory_meta(nlp.get_pipe_meta(component).factory).default_score_weights
        names += [name for name, weight in (weights or {}).items() if weight]
    return list(dict.fromkeys(names))


def compare_scores(
    before: dict[str, dict[str, float]], after: dict[str, dict[str, float]]
) -> list[dict[str, Any]]:
    """Return a row per file and score: before, after, and the change."""
    return [
        {
            # With its folder: files of several corpora have one name.
            "dev": "/".join(Path(path).parts[-2:]),
            "score": name,
            "before": round(value, 6),
            "after": round(after[path].get(name, 0.0), 6),
            "change": round(after[path].get(name, 0.0) - value, 6),
        }
        for path, scores in before.items()
        for name, value in scores.items()
    ]


def encode(nlp: Language, encoder: str, docs: Sequence[Doc]) -> list[Any]:
    """Return the vectors of each Doc's pieces, shape (rows, width)."""
    component: Any = nlp.get_pipe(encoder)
    copies = [doc.copy() for doc in docs]
    states = []
    for doc in component.pipe(copies):
        states.append(np.array(doc._.trf_data.model_output["last_hidden_state"], dtype="f"))
        doc._.trf_data = None
    return states


def compare_vectors(before: Sequence[Any], after: Sequence[Any]) -> dict[str, float]:
    """Return how far apart the vectors of pieces are."""
    A, B = np.concatenate(before), np.concatenate(after)
    lengths = np.linalg.norm(A, axis=1) * np.linalg.norm(B, axis=1)
    distances = 1 - (A * B).sum(1) / np.maximum(lengths, 1e-12)
    return {
        "texts": len(before),
        "pieces": len(A),
        "mean cosine distance": float(distances.mean()),
        "max cosine distance": float(distances.max()),
        "max difference": float(np.abs(A - B).max()),
    }
