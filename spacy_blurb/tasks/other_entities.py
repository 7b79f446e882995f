"""The entity sets of BioBERT (Lee et al. 2020, arXiv 1901.08746) that BLURB leaves out.

The paper states annotations per corpus (BC4CHEMD 79,842, LINNAEUS 4,077, Species-800 3,708), not
per split; scores are its BERT and BioBERT v1.1 (+PubMed), F1 of the paper's own protocol.
"""

from .spec import Sizes, Task, Training

BC4CHEMD = Task(
    name="bc4chemd",
    type="ner",
    dataset="BC4CHEMD",
    metric="entity_f1",
    component="ner",
    labels=("Chemical",),
    sizes=Sizes(None, None, None),
    training=Training(5e-5, epochs=20, batch_docs=32),
    published={"BERT (BioBERT's protocol)": 90.04, "BioBERT v1.1 (own protocol)": 92.36},
    in_blurb=False,
)

LINNAEUS = Task(
    name="linnaeus",
    type="ner",
    dataset="LINNAEUS",
    metric="entity_f1",
    component="ner",
    labels=("Species",),
    sizes=Sizes(None, None, None),
    training=Training(5e-5, epochs=20, batch_docs=32),
    published={"BERT (BioBERT's protocol)": 87.60, "BioBERT v1.0 (own protocol)": 89.81},
    in_blurb=False,
)

S800 = Task(
    name="s800",
    type="ner",
    dataset="Species-800",
    metric="entity_f1",
    component="ner",
    labels=("Species",),
    sizes=Sizes(None, None, None),
    training=Training(5e-5, epochs=20, batch_docs=32),
    published={"BERT (BioBERT's protocol)": 71.63, "BioBERT v1.1 (own protocol)": 74.06},
    in_blurb=False,
)
