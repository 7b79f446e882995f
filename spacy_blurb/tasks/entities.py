"""Entity recognition: exact entity F1; PICO: macro F1 over words.

Sizes of BLURB's sets are mentions (PICO: words), Gu et al. 2020 (arXiv 2007.15779), Table 3.
"""

from .published import PUBLISHED
from .spec import Sizes, Task, Training

BC5_CHEM = Task(
    name="bc5_chem",
    type="ner",
    dataset="BC5-chem",
    metric="entity_f1",
    component="ner",
    labels=("Chemical",),
    sizes=Sizes(5203, 5347, 5385),
    training=Training(5e-5, epochs=20, batch_docs=32),
    published=PUBLISHED["bc5_chem"],
)

BC5_DISEASE = Task(
    name="bc5_disease",
    type="ner",
    dataset="BC5-disease",
    metric="entity_f1",
    component="ner",
    labels=("Disease",),
    sizes=Sizes(4182, 4244, 4424),
    training=Training(5e-5, epochs=8, batch_docs=16),
    published=PUBLISHED["bc5_disease"],
)

NCBI_DISEASE = Task(
    name="ncbi_disease",
    type="ner",
    dataset="NCBI-disease",
    metric="entity_f1",
    component="ner",
    labels=("Disease",),
    sizes=Sizes(5134, 787, 960),
    training=Training(5e-5, epochs=20, batch_docs=32),
    published=PUBLISHED["ncbi_disease"],
)

BC2GM = Task(
    name="bc2gm",
    type="ner",
    dataset="BC2GM",
    metric="entity_f1",
    component="ner",
    labels=("Gene",),
    sizes=Sizes(15197, 3061, 6325),
    training=Training(6e-5, epochs=50, batch_docs=32),
    published=PUBLISHED["bc2gm"],
)

JNLPBA = Task(
    name="jnlpba",
    type="ner",
    dataset="JNLPBA",
    metric="entity_f1",
    component="ner",
    # The five types of the original are one in BLURB.
    labels=("Gene",),
    sizes=Sizes(46750, 4551, 8662),
    training=Training(1e-5, epochs=5, batch_docs=16),
    published=PUBLISHED["jnlpba"],
)

EBM_PICO = Task(
    name="ebm_pico",
    type="pico",
    dataset="EBM PICO",
    metric="macro_word_f1",
    component="ner",
    labels=("Participants", "Intervention", "Outcome"),
    sizes=Sizes(339167, 85321, 16364),
    training=Training(5e-5, epochs=1, batch_docs=32),
    published=PUBLISHED["ebm_pico"],
)

# Both types in one model: not a BLURB entry, but what a user wants from BC5CDR.
BC5CDR = Task(
    name="bc5cdr",
    type="ner",
    dataset="BC5CDR",
    metric="entity_f1",
    component="ner",
    labels=("Chemical", "Disease"),
    sizes=Sizes(5203 + 4182, 5347 + 4244, 5385 + 4424),
    training=Training(5e-5, epochs=20, batch_docs=32),
    in_blurb=False,
)

# A user's own entities, by the same metric; not listed as a benchmark entry.
OWN_ENTITIES = Task(
    name="ner",
    type="ner",
    dataset="own data",
    metric="entity_f1",
    component="ner",
    labels=(),
    sizes=Sizes(None, None, None),
    training=Training(5e-5, epochs=20, batch_docs=32),
    in_blurb=False,
)
