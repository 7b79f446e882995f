"""Published scores in percent, by task and model, with their sources.

The nine models of Gu et al. 2020 are its Table 6 in the later arXiv version (2007.15779), in which
PubMedBERT has JNLPBA 79.10, GAD 83.96 and BLURB 81.16. BioLinkBERT: Yasunaga et al. 2022
(ACL, 2022.acl-long.551), Table 7.
"""

_TABLE_6_MODELS = (
    "BERT uncased",
    "BERT cased",
    "RoBERTa",
    "BioBERT",
    "SciBERT uncased",
    "SciBERT cased",
    "ClinicalBERT",
    "BlueBERT",
    "PubMedBERT",
)
_LINKBERT_MODELS = ("BioLinkBERT-base", "BioLinkBERT-large")

SOURCES: dict[str, str] = {
    **dict.fromkeys(_TABLE_6_MODELS, "arXiv 2007.15779, Table 6"),
    **dict.fromkeys(_LINKBERT_MODELS, "Yasunaga et al. 2022, Table 7"),
}

# One row a task: the models of Table 6, then BioLinkBERT base and large.
_ROWS: dict[str, tuple[float, ...]] = {
    "bc5_chem": (89.25, 89.99, 89.43, 92.85, 92.49, 92.51, 90.80, 91.19, 93.33, 93.75, 94.04),
    "bc5_disease": (81.44, 79.92, 80.65, 84.70, 84.54, 84.70, 83.04, 83.69, 85.62, 86.10, 86.39),
    "ncbi_disease": (85.67, 85.87, 86.62, 89.13, 88.10, 88.25, 86.32, 88.04, 87.82, 88.18, 88.76),
    "bc2gm": (80.90, 81.23, 80.90, 83.82, 83.36, 83.36, 81.71, 81.87, 84.52, 84.90, 85.18),
    "jnlpba": (77.69, 77.51, 77.86, 78.55, 78.68, 78.51, 78.07, 77.71, 79.10, 79.03, 80.06),
    "ebm_pico": (72.34, 71.70, 73.02, 73.18, 73.12, 73.06, 72.06, 72.54, 73.38, 73.97, 74.19),
    "chemprot": (71.86, 71.54, 72.98, 76.14, 75.24, 75.00, 72.04, 71.46, 77.24, 77.57, 79.98),
    "ddi": (80.04, 79.34, 79.52, 80.88, 81.06, 81.22, 78.20, 77.78, 82.36, 82.72, 83.35),
    "gad": (80.41, 79.61, 80.63, 82.36, 82.38, 81.34, 80.48, 79.15, 83.96, 84.39, 84.90),
    "biosses": (82.68, 81.40, 81.25, 89.52, 86.25, 87.15, 91.23, 85.38, 92.30, 93.25, 93.63),
    "hoc": (80.20, 80.12, 79.66, 81.54, 80.66, 81.16, 80.74, 80.48, 82.32, 84.35, 84.87),
    "pubmedqa": (51.62, 49.96, 52.84, 60.24, 57.38, 51.40, 49.08, 48.44, 55.84, 70.20, 72.18),
    "bioasq": (70.36, 74.44, 75.20, 84.14, 78.86, 74.22, 68.50, 68.71, 87.56, 91.43, 94.82),
}

PUBLISHED: dict[str, dict[str, float]] = {
    task: dict(zip((*_TABLE_6_MODELS, *_LINKBERT_MODELS), scores, strict=True))
    for task, scores in _ROWS.items()
}


def _in_order(scores: str) -> dict[str, float]:
    return dict(zip(_ROWS, map(float, scores.split()), strict=True))


# Later models, the verified cells only. Single runs with settings chosen per data set, from logs in
# the repository of BioM-Transformers; BioELECTRA: Kanakarajan et al. 2021.
_LATER: dict[str, tuple[str, dict[str, float]]] = {
    "PubMedBERT, abstracts and full text": (
        "arXiv 2007.15779, Table 10 (100 K steps)",
        _in_order("93.34 85.76 88.04 84.37 79.16 73.72 76.80 82.06 82.90 92.31 82.62 60.02 87.20"),
    ),
    "BioM-ALBERT-xxlarge": (
        "BioM-Transformers, logs of single runs",
        {
            "bc5_chem": 92.20,
            "bc5_disease": 84.28,
            "ncbi_disease": 87.67,
            "bc2gm": 82.27,
            "jnlpba": 79.83,
            "ebm_pico": 73.51,
            "chemprot": 80.05,
            "ddi": 83.69,
            "gad": 84.34,
            "biosses": 89.97,
            "pubmedqa": 74.40,
            "bioasq": 93.57,
        },
    ),
    "BioM-ALBERT-xxlarge-PMC": (
        "BioM-Transformers, logs of single runs",
        {
            "bc5_chem": 92.21,
            "bc5_disease": 84.44,
            "ncbi_disease": 87.59,
            "bc2gm": 82.34,
            "ebm_pico": 73.48,
            "chemprot": 80.27,
            "ddi": 84.12,
            "gad": 85.03,
            "biosses": 94.44,
            "pubmedqa": 75.40,
            "bioasq": 95.00,
        },
    ),
    "BioM-ELECTRA-base": (
        "BioM-Transformers, logs of single runs",
        {
            "bc5_chem": 93.22,
            "bc5_disease": 85.21,
            "ncbi_disease": 88.79,
            "bc2gm": 84.14,
            "jnlpba": 79.55,
            "ebm_pico": 74.23,
            "chemprot": 78.41,
            "ddi": 82.71,
            "gad": 85.44,
            "biosses": 89.67,
            "hoc": 84.14,
            "pubmedqa": 69.60,
        },
    ),
    "BioELECTRA-base": (
        "Kanakarajan et al. 2021 (BioNLP), the cells that a stored copy confirms",
        {
            "bc5_chem": 93.60,
            "bc5_disease": 85.84,
            "ncbi_disease": 89.38,
            "jnlpba": 80.17,
            "pubmedqa": 64.2,
        },
    ),
}
_SECOND_HAND = "a survey that quotes the BLURB leaderboard; no scores per data set"
_LEADERBOARD_ONLY: dict[str, tuple[str, float]] = {
    "BioM-ELECTRA-large": (_SECOND_HAND, 83.81),
    "PubMedBERT, stabilised fine-tuning": (_SECOND_HAND, 82.91),
}

SOURCES |= {model: source for model, (source, _) in (_LATER | _LEADERBOARD_ONLY).items()}

PUBLISHED_ROWS: dict[str, dict[str, float]] = {
    **{
        model: {task: PUBLISHED[task][model] for task in _ROWS}
        for model in (*_TABLE_6_MODELS, *_LINKBERT_MODELS)
    },
    **{model: scores for model, (_, scores) in _LATER.items()},
    **{model: {} for model in _LEADERBOARD_ONLY},
}
"""Model → task → score, all rows of the leaderboard."""

PRINTED_BLURB: dict[str, float] = {
    **dict(
        zip(
            (*_TABLE_6_MODELS, *_LINKBERT_MODELS),
            (76.11, 75.86, 76.46, 80.34, 78.86, 78.14, 77.29, 76.27, 81.16, 83.39, 84.30),
            strict=True,
        )
    ),
    "PubMedBERT, abstracts and full text": 81.50,
    **{model: score for model, (_, score) in _LEADERBOARD_ONLY.items()},
}
"""Model → BLURB score as printed; it follows from the scores where these are known."""

NOTES: dict[str, str] = {
    "PubMedBERT": (
        "The later version of the paper. An earlier one, which LinkBERT and others quote, has "
        "JNLPBA 80.06, GAD 82.34 and BLURB 81.10 (here 79.10, 83.96 and 81.16)."
    ),
    "BioM-ALBERT-xxlarge": (
        "The BLURB leaderboard is quoted with 84.10 for a BioM-ALBERT-xxlarge, without saying "
        "which of the two."
    ),
}
"""Model → footnote."""
