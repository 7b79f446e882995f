"""A training config that adds a component to a trained pipeline, which stays as it is."""

from pathlib import Path

from confection import Config

from ..errors import BlurbError, Errors

_ENCODER = "transformer"
_CLEANER = "doc_cleaner"


def add_to_pipeline(config: Config, pipeline: str, component: str) -> None:
    """Change the config of one component into one that trains it beside those of a pipeline.

    All that the pipeline has is taken over and frozen, its encoder too: what it finds stays the
    same to the last digit. The new component stands behind it, with the helpers (such as the
    sentencizer) that its template has and the pipeline has not.

    config (Config): From `fill_config`, changed in place.
    pipeline (str): Folder of the trained pipeline.
    RAISES (BlurbError): B733 not a saved pipeline with a component "transformer", B734 it has a
        component of this name already.
    """
    path = Path(pipeline) / "config.cfg"
    base = Config().from_disk(path, interpolate=False) if path.is_file() else Config()
    names: list[str] = base.get("nlp", {}).get("pipeline", [])
    if _ENCODER not in names:
        raise BlurbError(Errors.B733.format(pipeline=pipeline))
    if component in names:
        raise BlurbError(
            Errors.B734.format(pipeline=pipeline, component=component, listed=", ".join(names))
        )
    template: list[str] = config["nlp"]["pipeline"]
    added = [name for name in template if name not in names and name != _CLEANER]
    kept = [name for name in names if name != _CLEANER]
    config["nlp"].update(pipeline=[*kept, *added, _CLEANER], tokenizer=base["nlp"]["tokenizer"])
    sections = {name: {"source": pipeline} for name in names}
    config["components"] = {
        name: sections.get(name) or config["components"][name] for name in config["nlp"]["pipeline"]
    }
    config["training"]["frozen_components"] = names
    # Frozen components have scores too, which say nothing of this training.
    weights = config["training"]["score_weights"]
    others = base.get("training", {}).get("score_weights", {})
    weights.update({score: None for score in others if score not in weights})
    # What the new component reads: the encoder's output, and sentences.
    config["training"]["annotating_components"] = [
        name
        for name in config["nlp"]["pipeline"]
        if name == _ENCODER or name in config["training"].get("annotating_components", [])
    ]
