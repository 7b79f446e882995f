"""The BLURB score by the paper's rule gives every BLURB score that is printed."""

import pytest

from spacy_blurb.tasks import TASKS
from spacy_blurb.tasks.ablations import ABLATIONS
from spacy_blurb.tasks.beyond import BEYOND
from spacy_blurb.tasks.blurb import (
    BLURB_TASKS,
    BLURB_TYPES,
    blurb_score,
    partial_score,
    type_means,
)
from spacy_blurb.tasks.published import NOTES, PRINTED_BLURB, PUBLISHED_ROWS, SOURCES

WHOLE = {m: s for m, s in PUBLISHED_ROWS.items() if set(s) == set(BLURB_TASKS)}
ARMS = {
    f"{ablation.source}: {name}": arm
    for ablation in ABLATIONS
    for name, arm in ablation.arms.items()
    if arm.blurb is not None
}


def test_the_tasks_are_the_papers() -> None:
    assert {kind: len(names) for kind, names in BLURB_TYPES.items()} == {
        "ner": 5,
        "pico": 1,
        "rel": 3,
        "sts": 1,
        "textcat": 1,
        "qa": 2,
    }
    assert len(BLURB_TASKS) == 13


@pytest.mark.parametrize("model", WHOLE)
def test_blurb_score_of_a_published_row(model: str) -> None:
    """All nine models of Table 6, BioLinkBERT base and large, and the full-text model."""
    assert f"{blurb_score(WHOLE[model]):.2f}" == f"{PRINTED_BLURB[model]:.2f}"


@pytest.mark.parametrize("arm", ARMS)
def test_blurb_score_of_an_ablation(arm: str) -> None:
    """Tables 7, 9, 10 and 11."""
    assert f"{blurb_score(ARMS[arm].published):.2f}" == f"{ARMS[arm].blurb:.2f}"


def test_the_earlier_version_of_the_paper() -> None:
    """As LinkBERT quotes it: other JNLPBA and GAD, BLURB 81.10."""
    earlier = {**PUBLISHED_ROWS["PubMedBERT"], "jnlpba": 80.06, "gad": 82.34}
    assert f"{blurb_score(earlier):.2f}" == "81.10"
    assert "82.34" in NOTES["PubMedBERT"]


def test_how_many_printed_scores_that_are() -> None:
    assert len(WHOLE) == 12
    assert len(ARMS) == 12
    assert {"BioLinkBERT-base", "BioLinkBERT-large", "BERT uncased"} <= set(WHOLE)


@pytest.mark.parametrize(
    ("model", "means"),
    [("BERT uncased", (82.99, 77.44, 60.99)), ("PubMedBERT", (86.08, 81.19, 71.70))],
)
def test_means_of_types(model: str, means: tuple[float, ...]) -> None:
    found = type_means(PUBLISHED_ROWS[model])
    assert [round(found[kind], 2) for kind in ("ner", "rel", "qa")] == list(means)
    assert found["textcat"] == PUBLISHED_ROWS[model]["hoc"]


def test_a_row_without_all_tasks_has_no_score() -> None:
    """And what there is has a mean of its own, types with the same weight."""
    row = dict(PUBLISHED_ROWS["PubMedBERT"])
    del row["gad"]
    assert blurb_score(row) is None
    assert set(type_means(row)) == set(BLURB_TYPES) - {"rel"}
    assert blurb_score({}) is partial_score({}) is None
    assert partial_score({"bc5_chem": 90.0, "bc2gm": 70.0, "biosses": 60.0}) == 70.0


def test_every_row_has_a_source() -> None:
    assert set(PUBLISHED_ROWS) == set(SOURCES)
    assert set(PRINTED_BLURB) | set(NOTES) <= set(SOURCES)
    for scores in PUBLISHED_ROWS.values():
        assert set(scores) <= set(BLURB_TASKS)


FACTOID = [row for row in BEYOND if row.dataset.endswith("b factoid") and " to " not in row.dataset]


def test_beyond_blurb_has_the_rows_of_the_papers() -> None:
    names = [row.dataset for row in BEYOND]
    for name in ("NCBI-disease", "Species-800", "JNLPBA", "ChemProt", "DDI", "2010 i2b2/VA"):
        assert name in names
    for name in ("MedQA", "MedConceptsQA, zero-shot", "MedConceptsQA, few-shot", "SciDocs"):
        assert any(found.startswith(name) for found in names)
    assert [len(row.scores[0][1]) for row in FACTOID] == [3, 3, 3]
    # One of our tasks stands twice only where the row says which of its results belong there.
    listed = [(row.task, row.protocol, row.shots) for row in BEYOND if row.task]
    assert len(set(listed)) == len(listed)
    assert {row.task for row in BEYOND} <= {*TASKS, ""}
    i2b2 = next(row for row in BEYOND if "i2b2" in row.dataset)
    assert "cannot be redistributed" in i2b2.note
    (versions,) = (dict(r.scores) for r in BEYOND if r.task == "gad" and "BLURB" in r.protocol)
    assert set(versions.values()) == {82.34, 83.96}


def test_micro_mrr_of_the_factoid_rows_is_the_papers() -> None:
    """BioBERT states 44.77 over 161, 150 and 161 questions, and 39.53 for BERT."""
    rows = [dict(row.scores) for row in FACTOID]
    together = next(dict(row.scores) for row in BEYOND if row.task == "bioasq_factoid")
    for model, expected in (("BioBERT v1.1", 44.77), ("BERT", 39.53)):
        sizes = (161, 150, 161)
        total = sum(n * row[model][2] for n, row in zip(sizes, rows, strict=True))
        assert round(total / sum(sizes), 2) == expected == together[model]
