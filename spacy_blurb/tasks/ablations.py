"""The ablations of Gu et al. 2020 (arXiv 2007.15779): their arms and the scores that it prints.

An arm is a model of the grid `configs/grids/NAME.toml`; where a results folder has models of these
names, the leaderboard shows them beside the paper's figures in the shape of its table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .blurb import BLURB_TASKS


@dataclass(frozen=True, slots=True)
class Arm:
    """One column of a table.

    title (str): As the table names it.
    published (Mapping[str, float]): Task → percent.
    blurb (float | None): BLURB score as printed.
    """

    title: str
    published: Mapping[str, float] = field(default_factory=dict)
    blurb: float | None = None


@dataclass(frozen=True, slots=True)
class Ablation:
    """One table of the paper.

    arms (Mapping[str, Arm]): Model name → column.
    """

    name: str
    title: str
    source: str
    arms: Mapping[str, Arm]


def _all(title: str, scores: str, blurb: float) -> Arm:
    """Make an arm with all tasks, in the paper's order."""
    return Arm(title, dict(zip(BLURB_TASKS, map(float, scores.split()), strict=True)), blurb)


_PUBMEDBERT = "93.33 85.62 87.82 84.52 79.10 73.38 77.24 82.36 83.96 92.30 82.32 55.84 87.56"
_BIOBERT = "92.85 84.70 89.13 83.82 78.55 73.18 76.14 80.88 82.36 89.52 81.54 60.24 84.14"

VOCABULARY = Ablation(
    "vocabulary",
    "Vocabulary x masking",
    "Table 7",
    {
        "vocab-general-wp": _all(
            "Wiki + Books, pieces",
            "93.20 85.00 88.39 83.65 78.83 73.30 75.04 81.30 83.02 91.36 81.76 52.20 73.69",
            79.16,
        ),
        "vocab-general-wwm": _all(
            "Wiki + Books, whole words",
            "93.31 85.28 88.53 83.93 78.77 73.52 76.70 82.60 82.42 91.79 81.74 55.92 76.41",
            79.96,
        ),
        "vocab-pubmed-wp": _all(
            "PubMed, pieces",
            "92.96 84.72 87.26 83.19 78.63 73.44 75.72 80.84 81.74 92.45 80.38 54.76 78.51",
            79.62,
        ),
        "vocab-pubmed-wwm": _all("PubMed, whole words", _PUBMEDBERT, 81.16),
    },
)

INITIALISATION = Ablation(
    "initialisation",
    "Initialisation and time",
    "Table 9",
    {
        "init-continued-general-vocab": _all("continued, general vocabulary", _BIOBERT, 80.34),
        "init-continued-pubmed-vocab": _all(
            "continued, PubMed vocabulary",
            "93.41 85.43 87.60 84.03 79.01 73.80 77.05 81.96 82.47 89.93 83.14 54.84 79.00",
            80.03,
        ),
        "init-scratch-half": _all(
            "from scratch, half the time",
            "93.05 85.02 87.77 84.11 78.98 73.74 76.69 81.21 82.8 92.12 82.13 55.28 79.43",
            80.23,
        ),
        "init-scratch": _all("from scratch", _PUBMEDBERT, 81.16),
    },
)

TEXT = Ablation(
    "text",
    "Text, steps and adversarial pretraining",
    "Tables 10 and 11",
    {
        "text-abstracts": _all("abstracts", _PUBMEDBERT, 81.16),
        "text-full": _all(
            "abstracts + full text",
            "93.36 85.62 88.34 84.39 78.90 73.64 76.96 83.56 84.08 90.39 82.16 61.02 83.43",
            81.01,
        ),
        "text-full-longer": _all(
            "abstracts + full text, 60 % more steps",
            "93.34 85.76 88.04 84.37 79.16 73.72 76.80 82.06 82.90 92.31 82.62 60.02 87.20",
            81.50,
        ),
        "text-adversarial": _all(
            "abstracts, adversarial",
            "93.17 85.48 87.99 84.07 79.18 72.92 77.04 83.62 83.54 94.11 82.20 53.30 82.71",
            80.77,
        ),
    },
)

_HEADS = ("bc5_chem", "bc5_disease", "jnlpba", "chemprot", "ddi", "gad")


def _some(title: str, tasks: tuple[str, ...], scores: tuple[float, ...]) -> Arm:
    return Arm(title, dict(zip(tasks, scores, strict=True)))


HEADS = Ablation(
    "heads",
    "Heads",
    "Table 12",
    {
        "head-linear": _some("linear", _HEADS, (93.33, 85.62, 79.10, 77.24, 82.36, 83.96)),
        "head-bilstm": _some("BiLSTM", _HEADS, (93.12, 85.64, 79.10, 75.40, 81.70, 83.42)),
        # An option of the paper's text without a figure.
        "head-crf": Arm("linear + CRF"),
    },
)

TAGS = Ablation(
    "tags",
    "Tag schemes",
    "Table 13",
    {
        "tags-bio": _some("BIO", _HEADS[:3], (93.33, 85.62, 79.10)),
        "tags-bioul": _some("BIOUL", _HEADS[:3], (93.37, 85.59, 79.02)),
        "tags-io": _some("IO", _HEADS[:3], (93.11, 85.63, 79.05)),
    },
)

_RELATIONS = ("chemprot", "ddi")

RELATIONS = Ablation(
    "relations",
    "Relation encodings",
    "Table 14",
    {
        "rel-dummy-cls": _some("placeholders, [CLS]", _RELATIONS, (77.24, 82.36)),
        "rel-dummy-mentions": _some("placeholders, mentions", _RELATIONS, (77.22, 82.08)),
        "rel-text-cls": _some("original text, [CLS]", _RELATIONS, (50.52, 37.00)),
        "rel-text-mentions": _some("original text, mentions", _RELATIONS, (75.48, 79.42)),
        "rel-markers-cls": _some("markers, [CLS]", _RELATIONS, (77.72, 82.22)),
        "rel-markers-mentions": _some("markers, mentions", _RELATIONS, (77.22, 82.42)),
        "rel-markers-starts": _some("markers, entity starts", _RELATIONS, (77.58, 82.18)),
    },
)

ABLATIONS = (VOCABULARY, INITIALISATION, TEXT, HEADS, TAGS, RELATIONS)
