"""Readers of the public datasets: on files written by hand, and on the real ones."""

from collections import Counter
from pathlib import Path

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.formats.compressed import read_lines
from spacy_blurb.data.records import Mention
from spacy_blurb.errors import BlurbError
from spacy_blurb.tasks import TASKS

SPLITS = ("train", "dev", "test")
# The tasks that this file is about.
ENTITY_TASKS = ("bc5_chem", "bc5_disease", "bc5cdr", "ncbi_disease")


def test_ncbi_disease_merges_classes_and_counts_repeated_documents(tmp_path: Path) -> None:
    block = "{0}|t|Colon cancer\n{0}|a|It.\n{0}\t0\t12\tColon cancer\tSpecificDisease\tD1\n"
    block += "{0}\t6\t12\tcancer\tDiseaseClass\tD2\n\n"
    content = block.format(1) + block.format(2) + block.format(1)
    (tmp_path / "NCBItrainset_corpus.txt").write_text(content, encoding="utf-8")
    split = READERS["ncbi_disease"](tmp_path, "train", "original")
    assert [record.id for record in split.records] == ["1", "2"]
    assert split.records[0].mentions == (Mention(0, 12, "Disease"), Mention(6, 12, "Disease"))
    assert split.left_out == {"repeated documents": 1}


@pytest.fixture
def cdr_folder(tmp_path: Path) -> Path:
    content = (
        "1|t|Aspirin causes ulcers\n1|a|\n1\t0\t7\tAspirin\tChemical\tC1\n"
        "1\t15\t21\tulcers\tDisease\tD1\n1\tCID\tC1\tD1\n\n2|t|Ulcers\n2|a|\n"
        "2\t0\t6\tUlcers\tDisease\tD1\n"
    )
    (tmp_path / "original").mkdir()
    path = tmp_path / "original" / "CDR_TestSet.PubTator.txt"
    path.write_text(content, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("task", "labels", "left_out"),
    [
        ("bc5cdr", [["Chemical", "Disease"], ["Disease"]], {}),
        ("bc5_chem", [["Chemical"], []], {"mentions of other types": 2}),
        ("bc5_disease", [["Disease"], ["Disease"]], {"mentions of other types": 1}),
    ],
)
def test_bc5cdr_keeps_the_types_of_the_task(
    cdr_folder: Path, task: str, labels: list[list[str]], left_out: dict[str, int]
) -> None:
    split = READERS[task](cdr_folder, "test", "original")
    assert [[m.label for m in record.mentions] for record in split.records] == labels
    assert split.left_out == left_out


@pytest.mark.parametrize("task", ENTITY_TASKS)
def test_the_preprocessed_copy_is_sentences_without_types(tmp_path: Path, task: str) -> None:
    (tmp_path / "devel.tsv").write_text("Big\tO\nulcer\tB\n\nIt\tO\n", encoding="utf-8")
    split = READERS[task](tmp_path, "dev", "blurb")
    (mention,) = split.records[0].mentions
    assert (mention.start, mention.end) == (4, 9)
    assert mention.label == TASKS[task].labels[0]
    assert split.records[1].mentions == ()


@pytest.mark.parametrize("form", ["original", "blurb"])
@pytest.mark.parametrize("task", ENTITY_TASKS)
def test_a_missing_file_names_task_form_and_what_was_looked_for(
    tmp_path: Path, task: str, form: str
) -> None:
    with pytest.raises(BlurbError, match=f"B109.*task {task}, form '{form}'. Looked for: .*t"):
        READERS[task](tmp_path, "test", form)


# The real corpora ------------------------------------------------------------------------------

# Task, form, folder under $BLURB_DATA → documents and mentions per split. The published sizes are
# those of Gu et al. 2020, Table 3. The copy of BC5-disease has two more in dev than the table and
# than the originals, because it divides "St. Anthony's fire" at the end of a sentence.
COUNTS = {
    ("ncbi_disease", "original", "ncbi_disease"): ((592, 100, 100), (5134, 787, 960)),
    ("ncbi_disease", "blurb", "ncbi_disease"): ((5424, 923, 940), (5134, 787, 960)),
    ("bc5cdr", "original", "bc5cdr"): ((500, 500, 500), (9385, 9591, 9809)),
    ("bc5_chem", "original", "bc5cdr"): ((500, 500, 500), (5203, 5347, 5385)),
    ("bc5_disease", "original", "bc5cdr"): ((500, 500, 500), (4182, 4244, 4424)),
    ("bc5cdr", "blurb", "bc5cdr"): ((4560, 4581, 4797), (9385, 9593, 9809)),
    ("bc5_chem", "blurb", "bc5cdr_chem"): ((4560, 4581, 4797), (5203, 5347, 5385)),
    ("bc5_disease", "blurb", "bc5cdr_disease"): ((4560, 4581, 4797), (4182, 4246, 4424)),
}


@pytest.mark.parametrize("source", COUNTS, ids="-".join)
def test_real_counts_labels_and_disjoint_splits(
    real_data: Path, source: tuple[str, str, str]
) -> None:
    task, form, folder = source
    splits = {name: READERS[task](real_data / folder, name, form) for name in SPLITS}
    n_documents, n_mentions = COUNTS[source]
    assert tuple(len(split.records) for split in splits.values()) == n_documents
    assert tuple(sum(len(r.mentions) for r in s.records) for s in splits.values()) == n_mentions
    labels = {m.label for s in splits.values() for r in s.records for m in r.mentions}
    assert labels == set(TASKS[task].labels)
    check_splits(splits, source=task, disjoint_ids=form == "original")
    if form == "original":
        sizes = TASKS[task].sizes
        assert n_mentions == (sizes.train, sizes.dev, sizes.test)


def test_real_repeated_document_is_counted(real_data: Path) -> None:
    read = READERS["ncbi_disease"]
    left_out = [read(real_data / "ncbi_disease", name, "original").left_out for name in SPLITS]
    cut = {"mentions that ended inside a word, extended to its end": 2}
    assert left_out == [{"repeated documents": 1, **cut}, {}, {}]


@pytest.mark.parametrize("folder", ["ncbi_disease", "bc5cdr"])
def test_real_offsets_match_the_mention_in_the_file(real_data: Path, folder: str) -> None:
    """An own, much simpler parser: annotation lines have six or more cells with digits in two."""
    files = {"ncbi_disease": "NCBItestset_corpus.txt.xz", "bc5cdr": "CDR_TestSet.PubTator.txt.xz"}
    stored = Counter()
    for _, line in read_lines(real_data / folder / "original" / files[folder]):
        cells = line.split("\t")
        if len(cells) > 4 and cells[1].isdigit():
            stored[cells[0], int(cells[1]), " ".join(cells[3].split())] += 1
    split = READERS[folder](real_data / folder, "test", "original")
    found = Counter(
        (record.id, m.start, " ".join(record.text[m.start : m.end].split()))
        for record in split.records
        for m in record.mentions
    )
    assert found == stored
    assert sum(found.values()) == COUNTS[folder, "original", folder][1][2]


@pytest.mark.parametrize(
    ("task", "path"),
    [
        ("ncbi_disease", "original-data/train/NCBItrainset_corpus.txt"),
        ("ncbi_disease", "train/NCBItrainset_corpus.txt"),
        ("ncbi_disease", "NCBItrainset_corpus/NCBItrainset_corpus.txt"),
        ("bc5cdr", "CDR_Data/CDR.Corpus.v010516/CDR_TrainingSet.PubTator.txt"),
        ("bc5_chem", "CDR.Corpus.v010516/CDR_TrainingSet.PubTator.txt"),
        ("bc5cdr_cid", "CDR.Corpus.v010516/CDR_TrainingSet.PubTator.txt"),
    ],
)
def test_layouts_of_the_official_distributions(tmp_path: Path, task: str, path: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("1|t|Ulcers\n1|a|Bad.\n1\t0\t6\tUlcers\tDisease\tD1\n", "utf-8")
    assert len(READERS[task](tmp_path, "train", "original").records) == 1
