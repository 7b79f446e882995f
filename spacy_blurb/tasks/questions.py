"""Question answering: accuracy; extractive: strict and lenient accuracy and MRR.

Sizes are questions; BLURB's two: Gu et al. 2020 (arXiv 2007.15779), Table 3.
"""

from .published import PUBLISHED
from .spec import Sizes, Task, Training

PUBMEDQA = Task(
    name="pubmedqa",
    type="qa",
    dataset="PubMedQA",
    metric="accuracy",
    component="qa",
    labels=("yes", "no", "maybe"),
    sizes=Sizes(450, 50, 500),
    training=Training(2e-5, epochs=30, batch_docs=16, seeds=10),
    published=PUBLISHED["pubmedqa"],
    answers="labels",
)

# The authors' easier setting: the text is the abstract's conclusion, which states the answer.
# BLURB's is "reasoning-required", the abstract without it.
PUBMEDQA_REASONING_FREE = Task(
    name="pubmedqa_reasoning_free",
    type="qa",
    dataset="PubMedQA (reasoning-free)",
    metric="accuracy",
    component="qa",
    labels=PUBMEDQA.labels,
    sizes=PUBMEDQA.sizes,
    training=PUBMEDQA.training,
    in_blurb=False,
    answers="labels",
)

BIOASQ = Task(
    name="bioasq",
    type="qa",
    dataset="BioASQ",
    metric="accuracy",
    component="qa",
    labels=("yes", "no"),
    sizes=Sizes(670, 75, 140),
    training=Training(2e-5, epochs=20, batch_docs=16, seeds=10),
    published=PUBLISHED["bioasq"],
    answers="labels",
)

# BioBERT's 4b, 5b and 6b together: test sets of 161, 150 and 161 questions, the paper's Table 8;
# MRR is the micro average over them that the paper states.
BIOASQ_FACTOID = Task(
    name="bioasq_factoid",
    type="qa",
    dataset="BioASQ 4b-6b factoid",
    metric="mrr",
    component="qa",
    labels=(),
    sizes=Sizes(None, None, 472),
    training=Training(5e-6, epochs=5, batch_docs=12),
    published={"BERT (BioBERT's protocol)": 39.53, "BioBERT v1.1 (own protocol)": 44.77},
    in_blurb=False,
    answers="spans",
)

# Four options, no retrieval. Scores: Yasunaga et al. 2022.
MEDQA = Task(
    name="medqa",
    type="qa",
    dataset="MedQA (4 options)",
    metric="accuracy",
    component="qa",
    labels=("0", "1", "2", "3"),
    sizes=Sizes(10178, 1272, 1273),
    training=Training(2e-5, epochs=2, batch_docs=32),
    published={"PubMedBERT": 38.1, "BioLinkBERT-base": 40.0, "BioLinkBERT-large": 44.6},
    in_blurb=False,
    answers="options",
)

# Zero and few shots only: dev holds the shots, test the questions, there is no training split.
MEDCONCEPTSQA = Task(
    name="medconceptsqa",
    type="qa",
    dataset="MedConceptsQA",
    metric="accuracy",
    component="qa",
    labels=("0", "1", "2", "3"),
    sizes=Sizes(None, None, None),
    training=Training(2e-5, epochs=1, batch_docs=32),
    published={"BioBERT v1.1, scored as a causal model": 25.64, "GPT-4, zero-shot": 52.49},
    in_blurb=False,
    answers="options",
)

# A user's own questions; not listed as a benchmark entry.
OWN_QUESTIONS = Task(
    name="qa",
    type="qa",
    dataset="own",
    metric="answer_score",
    component="qa",
    labels=(),
    sizes=Sizes(None, None, None),
    training=Training(3e-5, epochs=3, batch_docs=16),
    in_blurb=False,
)
