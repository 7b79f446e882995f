"""ChemProt: instances from the official files, and the published rows."""

from collections import Counter
from pathlib import Path

import pytest

from spacy_blurb.data.checks import check_splits
from spacy_blurb.data.datasets import READERS, chemprot
from spacy_blurb.data.formats.compressed import find_file, read_lines
from spacy_blurb.data.instances import instance_rows
from spacy_blurb.data.records import LabelledText, Mention, Relation
from spacy_blurb.errors import BlurbError
from spacy_blurb.tasks import TASKS

SPLITS = ("train", "dev", "test")
read = READERS["chemprot"]

ABSTRACTS = "7\tAspirin and COX\tAspirin blocks COX-2. COX-2 hurts.\n8\tNo\tNone.\n"
ENTITIES = (
    "7\tT3\tGENE-Y\t31\t36\tCOX-2\n7\tT1\tCHEMICAL\t0\t7\tAspirin\n7\tT2\tCHEMICAL\t16\t23\tAspirin\n"
    "7\tT4\tGENE-N\t12\t15\tCOX\n7\tT5\tGENE-N\t38\t43\tCOX-2\n7\tT6\tCHEMICAL\t31\t34\tCOX\n"
)
RELATIONS = (
    "7\tCPR:3\tY \tACTIVATOR\tArg1:T2\tArg2:T3\n7\tCPR:4\tY \tINHIBITOR\tArg1:T2\tArg2:T3\n"
    "7\tCPR:9\tY \tSUBSTRATE\tArg1:T2\tArg2:T5\n7\tCPR:2\tN \tREGULATOR\tArg1:T1\tArg2:T4\n"
)


@pytest.fixture(autouse=True)
def split_at_stops(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Sentences end at a stop, so that the small files need no Punkt model."""
    if "real_data" in request.fixturenames:
        return

    def split(text: str) -> list[tuple[int, int]]:
        starts = [0, *(i + 1 for i, letter in enumerate(text[:-1]) if letter == "\t")]
        starts += [i + 2 for i in range(len(text) - 2) if text[i : i + 2] == ". "]
        ends = [*(start - 1 for start in sorted(starts)[1:]), len(text)]
        return list(zip(sorted(starts), ends, strict=True))

    monkeypatch.setattr(chemprot, "load_punkt", lambda: split)


def write(folder: Path, abstracts: str, entities: str, relations: str, gs: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kind = "test" if gs else "training"
    for table, content in (
        ("abstracts", abstracts),
        ("entities", entities),
        ("relations", relations),
    ):
        path = folder / f"chemprot_{kind}_{table}{gs}.tsv"
        path.write_bytes(content.encode())


def test_every_chemical_gene_pair_inside_a_sentence_is_an_instance(tmp_path: Path) -> None:
    write(tmp_path, ABSTRACTS, ENTITIES, RELATIONS)
    split = read(tmp_path, "train", "original")
    record, empty = split.records
    assert record.text == "Aspirin and COX\tAspirin blocks COX-2. COX-2 hurts."
    assert record.sentences == (0, 16, 38)
    assert record.mentions == (
        Mention(0, 7, "Chemical"),
        Mention(12, 15, "Gene"),
        Mention(16, 23, "Chemical"),
        Mention(31, 34, "Chemical"),
        Mention(31, 36, "Gene"),
        Mention(38, 43, "Gene"),
    )
    assert record.relations == (
        Relation(0, 1, "false", "7.T1.T4"),
        # Of two labels the later one; the gene comes first where both begin together.
        Relation(2, 4, "CPR:4", "7.T2.T3"),
        Relation(3, 4, "false", "7.T3.T6"),
    )
    assert list(instance_rows(record)) == [
        LabelledText("7.T1.T4", "@CHEMICAL$ and @GENE$", ("false",), "7"),
        LabelledText("7.T2.T3", "@CHEMICAL$ blocks @GENE$.", ("CPR:4",), "7"),
        LabelledText("7.T3.T6", "Aspirin blocks @CHEM-GENE$.", ("false",), "7"),
    ]
    assert (empty.id, empty.mentions, empty.relations) == ("8", (), ())
    assert split.left_out == {
        "relations replaced by a later one of the same pair": 1,
        "relations across sentences": 1,
        "relations of groups that count as false": 1,
    }


@pytest.mark.parametrize(
    "place",
    ["", "biocreative", "chemprot_training", "ChemProt_Corpus/chemprot_training/chemprot_training"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_layouts_line_ends_and_swapped_arguments(tmp_path: Path, place: str, end: str) -> None:
    relations = "7\tCPR:5\tY \tAGONIST\tArg1:T4\tArg2:T1"
    tables = [table.replace("\n", end) for table in (ABSTRACTS, ENTITIES, relations)]
    write(tmp_path / place, *tables)
    split = read(tmp_path, "train", "original")
    assert split.records[0].relations[0] == Relation(0, 1, "CPR:5", "7.T1.T4")
    assert split.left_out == {}


def test_the_official_test_files_have_another_name(tmp_path: Path) -> None:
    folder = tmp_path / "ChemProt_Corpus" / "chemprot_test_gs"
    write(folder, ABSTRACTS, ENTITIES, RELATIONS, gs="_gs")
    assert len(read(tmp_path, "test", "original").records) == 2


@pytest.mark.parametrize(
    ("abstracts", "entities", "relations", "message"),
    [
        (ABSTRACTS * 2, ENTITIES, RELATIONS, "B111.*'7'"),
        ("7\tTitle\n", ENTITIES, RELATIONS, r"B154.*abstracts\.tsv, line 1.*3 columns"),
        ("", ENTITIES, RELATIONS, "B107"),
        (ABSTRACTS, "9\tT1\tCHEMICAL\t0\t2\tNo\n", RELATIONS, "B140.*document 9.*without an abs"),
        (ABSTRACTS, "7\tT1\tCHEMICAL\t0\t6\tAspirin\n", RELATIONS, r"B106.*line 1 \(document 7"),
        (ABSTRACTS, "7\tT1\tCHEMICAL\t90\t97\tAspirin\n", RELATIONS, "B106"),
        (ABSTRACTS, "7\tT1\tCHEMICAL\tx\t7\tAspirin\n", RELATIONS, "B154.*two offsets"),
        (ABSTRACTS, ENTITIES + "7\tT1\tGENE-N\t12\t15\tCOX\n", RELATIONS, "B140.*'T1'"),
        (ABSTRACTS, "7\tT1\tDRUG\t0\t7\tAspirin\n" + ENTITIES.replace("T1", "T7"),
         RELATIONS, "B140.*T1 has the type 'DRUG'"),
        (ABSTRACTS, ENTITIES, "7\tCPR:4\tY \tX\tArg1:T1\tArg2:T9\n", "B140.*'T9'"),
        (ABSTRACTS, ENTITIES, "7\tCPR:4\tArg1:T1\tArg2:T3\n", "B154.*relations.*6 columns"),
    ],
)  # fmt: skip
def test_mistakes(
    tmp_path: Path, abstracts: str, entities: str, relations: str, message: str
) -> None:
    write(tmp_path, abstracts, entities, relations)
    with pytest.raises(BlurbError, match=message):
        read(tmp_path, "train", "original")


@pytest.mark.parametrize("form", ["original", "blurb"])
def test_missing_files(tmp_path: Path, form: str) -> None:
    with pytest.raises(BlurbError, match=f"B109.*chemprot, form '{form}'"):
        read(tmp_path, "dev", form)


def test_the_copy_is_rows_of_id_sentence_label(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("7.T1.T4\t@CHEMICAL$ and @GENE$ \tCPR:9\n", encoding="utf-8")
    (row,) = read(tmp_path, "dev", "blurb").records
    assert row == LabelledText("7.T1.T4", "@CHEMICAL$ and @GENE$ ", ("CPR:9",), "7")


# The real corpus -------------------------------------------------------------------------------

LEFT_OUT = {
    "train": {"replaced by a later one of the same pair": 10, "across sentences": 35}
    | {"of groups that count as false": 2265},
    "dev": {"replaced by a later one of the same pair": 4, "across sentences": 4}
    | {"of groups that count as false": 1131},
    "test": {"replaced by a later one of the same pair": 14, "across sentences": 14}
    | {"of groups that count as false": 2275},
}


@pytest.mark.parametrize("split", SPLITS)
def test_real_rows_equal_the_published_ones(real_data: Path, split: str) -> None:
    """All rows in their order: id, sentence with dummies, label."""
    original = read(real_data / "chemprot", split, "original")
    rows = [row for record in original.records for row in instance_rows(record)]
    assert rows == read(real_data / "chemprot", split, "blurb").records
    sizes = TASKS["chemprot"].sizes
    assert len(rows) == getattr(sizes, split)
    assert {label for row in rows for label in row.labels} == {*TASKS["chemprot"].labels, "false"}
    assert original.left_out == {f"relations {k}": n for k, n in LEFT_OUT[split].items()}


def test_real_splits_are_disjoint_and_the_gold_standard_is_accounted_for(real_data: Path) -> None:
    """Every line of the official gold standard is a positive instance or in `left_out`."""
    splits = {split: read(real_data / "chemprot", split, "original") for split in SPLITS}
    check_splits(splits, source="chemprot", disjoint_ids=True)
    assert [len(split.records) for split in splits.values()] == [1020, 612, 800]
    names = {"train": "training", "dev": "development", "test": "test"}
    for name, split in splits.items():
        file = f"biocreative/chemprot_{names[name]}_gold_standard.tsv"
        path = find_file(real_data / "chemprot", file)
        assert path is not None
        n_gold = sum(1 for _ in read_lines(path))
        labels = Counter(r.label for record in split.records for r in record.relations)
        n_positive = labels.total() - labels["false"]
        left_out = split.left_out
        replaced = left_out["relations replaced by a later one of the same pair"]
        assert n_gold == n_positive + left_out["relations across sentences"] + replaced
