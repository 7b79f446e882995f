"""What describes a benchmark entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TaskType = Literal["ner", "pico", "rel", "textcat", "sts", "qa", "vectors"]

Unit = Literal["mentions", "words", "relations", "texts", "pairs", "questions"]
"""What a task's table counts; relations: instances, negative ones included."""

UNITS: Mapping[TaskType, Unit] = {
    "ner": "mentions",
    "pico": "words",
    "rel": "relations",
    "textcat": "texts",
    "sts": "pairs",
    "qa": "questions",
    "vectors": "texts",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Size of each split in the task's unit; None where no public source states it."""

    train: int | None
    dev: int | None
    test: int | None


@dataclass(frozen=True, slots=True)
class Training:
    """Fine-tuning settings for a base-size encoder.

    learning_rate (float): Peak of the linear warm-up and decay.
    epochs (int): Passes over the training split.
    batch_docs (int): Docs in an update; of relations pairs.
    seeds (int): Runs with different seeds whose mean the paper reports (section 4.1: ten for
        BIOSSES, BioASQ and PubMedQA, whose test sets are small).
    """

    learning_rate: float
    epochs: int
    batch_docs: int
    seeds: int = 5


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of a benchmark.

    name (str): As on the command line.
    type (TaskType): Which component and which config template it takes.
    dataset (str): Name in the paper.
    metric (str): What `evaluate` reports as `score`.
    component (str): Name of the component in the pipeline.
    labels (tuple[str, ...]): What the component predicts, the negative class left out.
    sizes (Sizes): The paper's counts in the unit of `UNITS[type]`.
    training (Training): Defaults of `init-config`; the paper searches learning rates 1e-5 to 5e-5,
        batches 16 and 32 and 2 to 60 epochs on dev and prints no choices, so these are the
        settings that LinkBERT's authors published for its base model on the same data.
    published (Mapping[str, float]): Model → score in percent; sources in `tasks/published.py`.
    in_blurb (bool): Whether it counts in the BLURB score.
    answers (str): Of questions, what answers them: "labels", "spans" or "options"; "" where a
        user's own may be of any kind.
    settings (Mapping[str, Any]): What the data set changes in the template's section of its
        component, "candidates.same_sentence" for a setting of a block in it.
    """

    name: str
    type: TaskType
    dataset: str
    metric: str
    component: str
    labels: tuple[str, ...]
    sizes: Sizes
    training: Training
    published: Mapping[str, float] = field(default_factory=dict)
    in_blurb: bool = True
    answers: Literal["labels", "spans", "options", ""] = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
