"""`spacy_blurb.resolve_optimizer.v1`: the optimizer's section of a pipeline stands alone."""

from collections.abc import Callable

from spacy.language import Language


def make_resolve_optimizer_v1() -> Callable[[Language], Language]:
    """Build `spacy_blurb.resolve_optimizer.v1`, for `nlp.after_pipeline_creation` of a config."""
    return resolve_optimizer


def resolve_optimizer(nlp: Language) -> Language:
    """Put the values of other sections into `training.optimizer` of a pipeline's config.

    Our schedules end with `${training.max_steps}`, so that one option of `spacy train` changes
    both. But `nlp.create_optimizer`, on which `nlp.initialize` and `nlp.resume_training` build,
    reads this section without the others.

    RETURNS (Language): The same.
    """
    config = nlp.config
    config["training"]["optimizer"] = config.interpolate()["training"]["optimizer"]
    return nlp
