"""Document labels, similarity, and document vectors.

Sizes of BLURB's sets: Gu et al. 2020 (arXiv 2007.15779), Table 3 (HoC: abstracts, BIOSSES: pairs).
"""

from .published import PUBLISHED
from .spec import Sizes, Task, Training

HOC = Task(
    name="hoc",
    type="textcat",
    dataset="HoC",
    metric="micro_f1",
    component="textcat",
    labels=(
        "activating invasion and metastasis",
        "avoiding immune destruction",
        "cellular energetics",
        "enabling replicative immortality",
        "evading growth suppressors",
        "genomic instability and mutation",
        "inducing angiogenesis",
        "resisting cell death",
        "sustaining proliferative signaling",
        "tumor promoting inflammation",
    ),
    sizes=Sizes(1295, 186, 371),
    training=Training(4e-5, epochs=40, batch_docs=32),
    published=PUBLISHED["hoc"],
)

BIOSSES = Task(
    name="biosses",
    type="sts",
    dataset="BIOSSES",
    metric="pearson",
    component="sts",
    labels=(),
    sizes=Sizes(64, 16, 20),
    training=Training(1e-5, epochs=30, batch_docs=16, seeds=10),
    published=PUBLISHED["biosses"],
)

# Frozen document vectors; the average is the plain mean of twelve metrics. Scores: the SPECTER and
# SciNCL repositories.
SCIDOCS = Task(
    name="scidocs",
    type="vectors",
    dataset="SciDocs",
    metric="scidocs_average",
    component="sts",
    labels=(),
    sizes=Sizes(None, None, None),
    training=Training(2e-5, epochs=1, batch_docs=32),
    published={"Doc2Vec": 66.6, "SciBERT": 59.6, "SPECTER": 80.0, "SciNCL": 81.8},
    in_blurb=False,
)

OWN_LABELS = Task(
    name="textcat",
    type="textcat",
    dataset="own",
    metric="micro_f1",
    component="textcat",
    labels=(),
    sizes=Sizes(None, None, None),
    training=HOC.training,
    in_blurb=False,
)

OWN_PAIRS = Task(
    name="sts",
    type="sts",
    dataset="own",
    metric="pearson",
    component="sts",
    labels=(),
    sizes=Sizes(None, None, None),
    training=BIOSSES.training,
    in_blurb=False,
)
