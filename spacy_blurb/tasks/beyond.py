"""Beyond BLURB: the other rows of the papers' result tables, each with its protocol.

BioBERT is Lee et al. 2020 (arXiv 1901.08746): cased, trained on train and dev together, JNLPBA's
types merged after training; its scores must not be compared with BLURB's of the same data set.
Cells are those that a copy of the paper, or a paper that reprints it, confirms.
"""

from dataclasses import dataclass

_BIOBERT = "BioBERT's own (Lee et al. 2020)"
_BLURB = "BLURB (Gu et al. 2020)"
_LINKBERT = "Yasunaga et al. 2022"
_SCIDOCS = "SciDocs suite (Cohan et al. 2020)"
_MEDCONCEPTS_NOTE = (
    "Chance is 25: encoders are scored as causal models, for which they were never trained."
)
_MEDCONCEPTS = "MedConceptsQA (lm-evaluation-harness, 250 questions a set)"


@dataclass(frozen=True, slots=True)
class BeyondRow:
    """One published figure.

    task (str): Name of our task with these data, "" where there is none.
    scores (tuple): Model → percent, or strict / lenient / MRR in percent.
    note (str): Footnote, "" for none.
    shots (bool | None): Whether solved questions were read first, None where that is no question.
    """

    dataset: str
    task: str
    metric: str
    protocol: str
    scores: tuple[tuple[str, float | tuple[float, ...]], ...]
    note: str = ""
    shots: bool | None = None


def _biobert(
    dataset: str, task: str, bert: float, v10: float, v11: float, note: str = ""
) -> BeyondRow:
    scores = (("BERT", bert), ("BioBERT v1.0 (PubMed + PMC)", v10), ("BioBERT v1.1", v11))
    return BeyondRow(dataset, task, "entity F1", _BIOBERT, scores, note)


def _factoid(dataset: str, *cells: tuple[float, float, float]) -> BeyondRow:
    models = ("BERT", "BioBERT v1.0 (PubMed + PMC)", "BioBERT v1.1")
    scores = tuple(zip(models, cells, strict=True))
    # Our task is the three years together, which have a row of their own.
    return BeyondRow(dataset, "", "strict / lenient accuracy / MRR", _BIOBERT, scores)


BEYOND: tuple[BeyondRow, ...] = (
    _biobert("NCBI-disease", "ncbi_disease", 85.63, 89.36, 89.71),
    _biobert(
        "BC5CDR-disease",
        "bc5_disease",
        82.41,
        86.56,
        87.15,
        "BERT's printed F1 does not follow from the printed precision and recall (81.97 and 82.48 "
        "give 82.22).",
    ),
    _biobert("BC5CDR-chemical", "bc5_chem", 91.16, 93.44, 93.47),
    _biobert("BC4CHEMD", "bc4chemd", 90.04, 91.41, 92.36),
    _biobert("BC2GM", "bc2gm", 81.79, 84.40, 84.72),
    _biobert("JNLPBA", "jnlpba", 74.94, 77.59, 77.49),
    BeyondRow(
        "LINNAEUS",
        "linnaeus",
        "entity F1",
        _BIOBERT,
        (("BERT", 87.60), ("BioBERT v1.0 (PubMed + PMC)", 89.81)),
    ),
    _biobert("Species-800", "s800", 71.63, 75.31, 74.06),
    _biobert(
        "2010 i2b2/VA",
        "",
        84.06,
        86.46,
        86.73,
        "The data cannot be redistributed, so this project has no reader for them; the row is here "
        "for completeness.",
    ),
    BeyondRow(
        "ChemProt",
        "chemprot",
        "micro F1",
        _BIOBERT,
        (("BERT", 73.74), ("BioBERT v1.1", 76.46)),
    ),
    BeyondRow(
        "DDI",
        "ddi",
        "micro F1",
        _BLURB,
        (("BioBERT", 80.88), ("PubMedBERT", 82.36)),
        "Not in BioBERT's paper; BioBERT under BLURB's protocol.",
    ),
    BeyondRow(
        "GAD",
        "gad",
        "F1",
        _BIOBERT,
        (("BERT", 79.29), ("BioBERT v1.0 (PubMed)", 81.61)),
    ),
    BeyondRow(
        "GAD",
        "gad",
        "micro F1",
        _BLURB,
        (("PubMedBERT, earlier version", 82.34), ("PubMedBERT, later version", 83.96)),
        "The paper's versions differ: 82.34 in the earlier one (BLURB 81.10), 83.96 in the later "
        "one (BLURB 81.16).",
    ),
    BeyondRow(
        "EU-ADR",
        "euadr",
        "F1",
        _BIOBERT,
        (("BERT", 84.62), ("BioBERT v1.0 (PMC)", 86.51)),
    ),
    _factoid(
        "BioASQ 4b factoid", (27.33, 44.72, 33.77), (28.57, 47.82, 35.17), (27.95, 44.10, 34.72)
    ),
    _factoid(
        "BioASQ 5b factoid", (39.33, 52.67, 44.27), (44.00, 56.67, 49.38), (46.00, 60.00, 51.64)
    ),
    _factoid(
        "BioASQ 6b factoid", (33.54, 51.55, 40.88), (40.37, 57.77, 47.48), (42.86, 57.77, 48.43)
    ),
    BeyondRow(
        "BioASQ 4b to 6b factoid",
        "bioasq_factoid",
        "MRR",
        _BIOBERT,
        (("BERT", 39.53), ("BioBERT v1.1", 44.77)),
        "Over the questions of all three sets. Results of this folder are of the questions that "
        "their gold file holds.",
    ),
    BeyondRow(
        "MedQA (4 options)",
        "medqa",
        "accuracy",
        _LINKBERT,
        (
            ("BioBERT-large", 36.7),
            ("PubMedBERT", 38.1),
            ("BioLinkBERT-base", 40.0),
            ("BioLinkBERT-large", 44.6),
        ),
        "Chance is 25; no retrieval.",
    ),
    BeyondRow(
        "MMLU professional medicine",
        "",
        "accuracy",
        _LINKBERT,
        (("BioLinkBERT-large", 50.7), ("GPT-3", 38.7), ("UnifiedQA-11B", 43.2)),
    ),
    BeyondRow(
        "MedConceptsQA, zero-shot",
        "medconceptsqa",
        "accuracy",
        _MEDCONCEPTS,
        (("BioBERT v1.1", 25.64), ("GatorTron-large", 25.30), ("GPT-4", 52.49)),
        _MEDCONCEPTS_NOTE,
        shots=False,
    ),
    BeyondRow(
        "MedConceptsQA, few-shot",
        "medconceptsqa",
        "accuracy",
        _MEDCONCEPTS,
        (("BioBERT v1.1", 25.98), ("GatorTron-large", 25.09), ("GPT-4", 61.91)),
        _MEDCONCEPTS_NOTE,
        shots=True,
    ),
    BeyondRow(
        "SciDocs",
        "scidocs",
        "mean of 12 metrics",
        _SCIDOCS,
        (("SciBERT", 59.6), ("Doc2Vec", 66.6), ("SPECTER", 80.0), ("SciNCL", 81.8)),
        "Document vectors of frozen encoders.",
    ),
)
"""In the order of the papers' tables."""
