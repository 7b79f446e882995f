"""The temperature of answers, fitted on a dev split."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations import to_answer
from ..components.judging import Judged
from ..components.qa import BlurbQa
from ..data.readers import make_predicted
from ..errors import BlurbError, Errors
from ..metrics.calibration import calibration_bins, expected_calibration_error
from .answers import is_right
from .calibrate import TEMPERATURES, minimise


def is_answerer(nlp: Language, component: str) -> bool:
    """Tell whether a component answers questions."""
    return isinstance(nlp.get_pipe(component), BlurbQa)


def calibrate_answers(
    nlp: Language, references: Sequence[Doc], *, component: str
) -> dict[str, Any]:
    """Fit the temperature of `Answer.score`, and set it.

    It is the one under which the gold answers are most probable; it changes the order of no
    candidates. Questions are those that the component could learn from: with a label or option, or
    with an answer that is in the text.

    references (Sequence[Doc]): Gold Docs, which must not be those of the test split.
    RETURNS (dict): What was set, and loss and calibration error of the answers before and after.
    RAISES (BlurbError): B540 no such question.
    """
    qa: Any = nlp.get_pipe(component)
    examples = [Example(make_predicted(nlp, reference), reference) for reference in references]
    judged = list(qa.judge_gold(examples))
    if not judged:
        raise BlurbError(Errors.B540.format(command="'convert', 'convert-own'"))
    before = _describe(qa, judged)
    # A saved `cfg` has ten digits.
    qa.cfg["temperature"] = round(minimise(lambda t: _log_loss(qa, judged, t), *TEMPERATURES), 6)
    return {
        "component": component,
        "temperature": qa.cfg["temperature"],
        "questions": len(judged),
        "before": before,
        "after": _describe(qa, judged),
    }


def _log_loss(qa: BlurbQa, judged: Sequence[Judged], temperature: float) -> float:
    """Return the mean of -log of the gold answers' probabilities."""
    kind = qa.make_kind()
    losses = [kind.compare(item, [row / temperature for row in rows])[0] for item, rows in judged]
    return float(np.mean(losses))


def _describe(qa: BlurbQa, judged: Sequence[Judged]) -> dict[str, Any]:
    answers = [to_answer(item.doc, qa.make_row(item, rows)) for item, rows in judged]
    # What would be the answer without a threshold, which tells nothing of probabilities.
    best = [answer.candidates[0] for answer in answers]
    scores = [candidate.score for candidate in best]
    right = [is_right(item.question, own) for (item, _), own in zip(judged, best, strict=True)]
    return {
        "right": sum(right),
        "log_loss": _log_loss(qa, judged, qa.cfg["temperature"]),
        "calibration_error": expected_calibration_error(calibration_bins(scores, right)),
    }
