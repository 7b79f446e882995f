"""Relation extraction: micro F1 over the positive classes.

Sizes are instances, negative ones included, Gu et al. 2020 (arXiv 2007.15779), Table 3.
"""

from .published import PUBLISHED
from .spec import Sizes, Task, Training

CHEMPROT = Task(
    name="chemprot",
    type="rel",
    dataset="ChemProt",
    metric="micro_f1",
    component="rel",
    labels=("CPR:3", "CPR:4", "CPR:5", "CPR:6", "CPR:9"),
    sizes=Sizes(18035, 11268, 15745),
    training=Training(3e-5, epochs=10, batch_docs=32),
    published=PUBLISHED["chemprot"],
)

DDI = Task(
    name="ddi",
    type="rel",
    dataset="DDI",
    metric="micro_f1",
    component="rel",
    labels=("DDI-advise", "DDI-effect", "DDI-int", "DDI-mechanism"),
    sizes=Sizes(25296, 2496, 5716),
    training=Training(2e-5, epochs=5, batch_docs=32),
    published=PUBLISHED["ddi"],
    settings={"directed": False},
)

GAD = Task(
    name="gad",
    type="rel",
    dataset="GAD",
    metric="micro_f1",
    component="rel",
    labels=("1",),
    sizes=Sizes(4261, 535, 534),
    training=Training(3e-5, epochs=10, batch_docs=32),
    published=PUBLISHED["gad"],
)

# BioBERT's second binary set: 355 relations in ten folds; the paper averages over the folds.
EUADR = Task(
    name="euadr",
    type="rel",
    dataset="EU-ADR",
    metric="micro_f1",
    component="rel",
    labels=("1",),
    sizes=Sizes(None, None, None),
    training=Training(2e-5, epochs=3, batch_docs=32),
    published={"BERT (BioBERT's protocol)": 84.62, "BioBERT v1.0 PMC (own protocol)": 86.51},
    in_blurb=False,
)

# Chemical-induced disease, document level. No table of either paper has it.
BC5CDR_CID = Task(
    name="bc5cdr_cid",
    type="rel",
    dataset="BC5CDR-CID",
    metric="micro_f1",
    component="rel",
    labels=("CID",),
    sizes=Sizes(None, None, None),
    training=Training(3e-5, epochs=10, batch_docs=32),
    in_blurb=False,
    settings={"candidates.same_sentence": False},
)

# A user's own relations, by the same metric; not listed as a benchmark entry.
OWN_RELATIONS = Task(
    name="rel",
    type="rel",
    dataset="own data",
    metric="micro_f1",
    component="rel",
    labels=(),
    sizes=Sizes(None, None, None),
    training=CHEMPROT.training,
    in_blurb=False,
)
