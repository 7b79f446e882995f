"""`spacy_blurb.measured_scores.v1`: `meta.json` states no score that nobody measured."""

from collections.abc import Callable

from spacy.language import Language


def make_measured_scores_v1() -> Callable[[Language], Language]:
    """Build `spacy_blurb.measured_scores.v1`, for `training.before_to_disk` of a config."""
    return drop_unmeasured_scores


def drop_unmeasured_scores(nlp: Language) -> Language:
    """Take scores of 0 that have no weight out of a pipeline's `performance`.

    spaCy writes 0.0 for every score of the pipeline's components that the last evaluation did not
    give, such as PICO's where entities alone are annotated. What has a weight is left, also at 0.

    RETURNS (Language): The same.
    """
    weights = nlp.config["training"]["score_weights"]
    unweighted = {score for score, weight in weights.items() if weight is None}
    performance = nlp.meta.get("performance", {})
    nlp.meta["performance"] = {
        score: value
        for score, value in performance.items()
        if score not in unweighted or value != 0.0
    }
    return nlp
