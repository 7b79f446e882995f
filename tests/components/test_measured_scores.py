"""What `meta.json` says of scores after a training."""

import spacy

from spacy_blurb.components.measured_scores import drop_unmeasured_scores


def test_zeros_without_a_weight_are_dropped() -> None:
    nlp = spacy.blank("en")
    weights = {"ents_f": 1.0, "ents_p": 0.0, "ents_per_type": None, "pico_f": None, "x_f": None}
    nlp.config["training"]["score_weights"] = weights
    measured = {"ents_f": 0.0, "ents_p": 0.0, "ents_per_type": {"A": 0.0}, "x_f": 0.5}
    nlp.meta["performance"] = {**measured, "pico_f": 0.0, "ner_loss": 0.0}
    assert drop_unmeasured_scores(nlp) is nlp
    assert nlp.meta["performance"] == {**measured, "ner_loss": 0.0}
