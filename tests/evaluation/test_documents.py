"""Sentences and rows of one document: scored one by one, resampled together."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_blurb.annotations import document_group
from spacy_blurb.data.docbin import read_docbin, write_docbin
from spacy_blurb.data.records import Mention, Record
from spacy_blurb.evaluation.corpora import convert_for_task
from spacy_blurb.evaluation.results import hash_gold, read_units, score_file
from spacy_blurb.evaluation.scoring import score_rows
from spacy_blurb.evaluation.scoring.entities import GoldEntities
from spacy_blurb.evaluation.scoring.relations import GoldRelationSet
from spacy_blurb.tasks import get_task

FILE = Path("p.jsonl")
A, B = (0, 1, "X"), (2, 3, "X")


def entities(doc_id: str, *spans: tuple[int, int, str]) -> dict[str, Any]:
    keys = ("start", "end", "label")
    return {"id": doc_id, "entities": [dict(zip(keys, span, strict=True)) for span in spans]}


def test_entities_of_sentences_are_added_up_per_document() -> None:
    gold = [
        GoldEntities("d-1", [A], 5, document="d"),
        GoldEntities("e-1", [A, B], 5, document="e"),
        GoldEntities("d-2", [B], 5, document="d"),
        GoldEntities("whole", [], 5),
    ]
    rows = [entities("d-1", A), entities("e-1", A), entities("d-2", A), entities("whole", B)]
    result, units = score_rows(get_task("ner"), gold, rows, FILE)
    assert (units.ids, units.kind) == (("d", "e", "whole"), "f1")
    assert units.table.tolist() == [[1, 2, 2], [1, 1, 2], [0, 1, 0]]
    assert (result["n"], result["texts"]) == (3, 4)
    alone = [GoldEntities(item.id, item.mentions, 5) for item in gold]
    apart, sentences = score_rows(get_task("ner"), alone, rows, FILE)
    assert len(sentences.ids) == apart["n"] == 4
    assert "texts" not in apart
    changed = {"n", "ci95", "texts"}
    assert {k: v for k, v in result.items() if k not in changed} == {
        k: v for k, v in apart.items() if k not in changed
    }
    # What is to be found is the same.
    assert hash_gold(gold) == hash_gold(alone)


def test_words_of_sentences_are_added_up_per_document() -> None:
    labels = ("Participants", "Intervention", "Outcome")
    span = (0, 5, labels[0])
    words = [(0, 2), (3, 5)]
    gold = [GoldEntities(f"d-{n}", [span], 5, words, "d") for n in (1, 2)]
    gold.append(GoldEntities("e-1", [], 5, words, "e"))
    rows = [entities("d-1", span), entities("d-2", (0, 2, labels[0]), (3, 5, labels[2]))]
    rows.append(entities("e-1"))
    result, units = score_rows(get_task("ebm_pico"), gold, rows, FILE)
    assert (units.ids, units.kind) == (("d", "e"), "macro_f1")
    assert units.table.tolist() == [[3, 3, 4, 0, 0, 0, 0, 1, 0], [0] * 9]
    assert result["score"] == units.score() == pytest.approx((6 / 7 + 0 + 0) / 3)
    assert (result["n"], result["texts"]) == (2, 3)


def test_parts_of_a_single_document_stay_apart() -> None:
    """As where a CoNLL file has one mark at its top: one unit would have no interval."""
    gold = [GoldEntities(f"d-{n}", [A], 5, document="d") for n in range(5)]
    rows = [entities(f"d-{n}", *([A] if n else [])) for n in range(5)]
    result, units = score_rows(get_task("ner"), gold, rows, FILE)
    assert (len(units.ids), result["n"], "texts" in result) == (5, 5, False)
    assert result["ci95"][0] < result["ci95"][1]


def test_a_whole_text_is_no_part_of_a_document_with_its_id() -> None:
    """A sentence before the first mark of a CoNLL file is "1", and so is the first document."""
    gold = [GoldEntities("1", [A], 5)]
    gold += [GoldEntities(f"x-{n}", [A], 5, document="1") for n in range(2)]
    _, units = score_rows(get_task("ner"), gold, [entities(item.id, A) for item in gold], FILE)
    assert units.ids == ("1 (whole)", "1")


def test_relations_of_rows_are_added_up_per_document() -> None:
    relations = [(A, B, "r")]
    gold = [GoldRelationSet(f"d.{n}", relations, None, "a b", "d") for n in (1, 2)]
    gold.append(GoldRelationSet("e.1", [], None, "a b", "e"))
    found = {"head": list(A), "tail": list(B), "label": "r"}
    rows = [
        {"id": "d.1", "relations": [found]},
        {"id": "d.2", "relations": []},
        {"id": "e.1", "relations": [found]},
    ]
    result, units = score_rows(get_task("rel"), gold, rows, FILE)
    assert units.ids == ("d", "e")
    assert units.table.tolist() == [[1, 1, 2], [0, 1, 0]]
    assert (result["n"], result["texts"], result["score"]) == (2, 3, 0.5)


def test_copies_of_a_sentence_give_the_interval_of_the_documents() -> None:
    """Five times the same sentence is no more evidence than once."""
    found = {"d": (A, B), "e": (A,), "f": ()}
    once = [GoldEntities(name, [A, B], 5) for name in found]
    rows = [entities(name, *spans) for name, spans in found.items()]
    copies = [GoldEntities(f"{d}-{n}", [A, B], 5, document=d) for d in found for n in range(5)]
    repeated = [entities(f"{d}-{n}", *found[d]) for d in found for n in range(5)]
    expected = score_rows(get_task("ner"), once, rows, FILE)[0]
    result = score_rows(get_task("ner"), copies, repeated, FILE)[0]
    assert (result["score"], result["ci95"]) == (expected["score"], pytest.approx(expected["ci95"]))
    assert expected["ci95"] == [0.0, 1.0]
    apart = [GoldEntities(item.id, item.mentions, 5) for item in copies]
    low, high = score_rows(get_task("ner"), apart, repeated, FILE)[0]["ci95"]
    assert high - low < 0.5


# From the reader to the result --------------------------------------------------------------------

CHEMPROT = "7.T1.T4\t@CHEMICAL$ and @GENE$\tCPR:9\n7.T2.T3\t@CHEMICAL$ of @GENE$\tfalse\n"
CHEMPROT += "8.T1.T2\t@CHEMICAL$ or @GENE$\tCPR:3\n"
DDI_XML = """<document id="D.d{n}"><sentence id="D.d{n}.s0" text="aspirin, digoxin">
<entity id="D.d{n}.s0.e0" charOffset="0-6" type="drug" text="aspirin"/>
<entity id="D.d{n}.s0.e1" charOffset="9-15" type="drug" text="digoxin"/>
<pair id="D.d{n}.s0.p0" e1="D.d{n}.s0.e0" e2="D.d{n}.s0.e1" ddi="true" type="int"/></sentence>
<sentence id="D.d{n}.s1" text="None here."/></document>"""
DDI_ROWS = "id\tsentence\tlabel\nD.d1.s0.p0\t@DRUG$ and @DRUG$.\tDDI-int\n"
DDI_ROWS += "D.d1.s1.p0\t@DRUG$ or @DRUG$.\tDDI-false\nD.d2.s0.p0\t@DRUG$, @DRUG$.\tDDI-int\n"
CONLL = "-DOCSTART- {a}\n\nx\tO\np53\t{tag}\n\np53\t{tag}\n\n-DOCSTART- {b}\n\nno\tO\n"


def write(folder: Path, *contents: tuple[str, str]) -> None:
    for name, content in contents:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def score_nothing(task_name: str, gold: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Score a file that has no entity and no relation; return also the ids of the units."""
    task, docs = get_task(task_name), read_docbin(gold, spacy.blank("en").vocab)
    key = "relations" if task.type == "rel" else "entities"
    predictions, output = gold.with_name("p.jsonl"), gold.with_name("r.json")
    lines = [json.dumps({"id": doc.spans["record"].attrs["id"], key: []}) for doc in docs]
    predictions.write_text("\n".join(lines), encoding="utf-8")
    remarks = {"model": "m", "seed": 0}
    result = score_file(task, docs, predictions, output, data=gold, remarks=remarks)
    return result, read_units(gold.with_name(result["units"])).ids


def convert(task: str, raw: Path, form: str) -> Path:
    convert_for_task(get_task(task), raw, raw / "out", form=form)
    return raw / "out" / "test.spacy"


def test_rows_of_chemprot_carry_their_abstract(tmp_path: Path) -> None:
    write(tmp_path, *[(f"{split}.tsv", CHEMPROT) for split in ("train", "dev", "test")])
    result, units = score_nothing("chemprot", convert("chemprot", tmp_path, "blurb"))
    assert (result["n"], result["texts"], result["gold"], units) == (2, 3, 2, ("7", "8"))


def test_sentences_and_rows_of_ddi_carry_their_document(tmp_path: Path) -> None:
    splits = ("train", "dev", "test")
    numbers = {"train": (5,), "dev": (6,), "test": (1, 2)}
    for split in splits:
        names = [f"train_dataset/DrugBank/{n}.xml" for n in numbers[split]]
        texts = [DDI_XML.format(n=n) for n in numbers[split]]
        write(tmp_path, *zip(names, texts, strict=True))
        write(tmp_path, (f"indexing/{split}_files.tsv", "\n".join(names)))
        write(tmp_path, (f"blurb/{split}.tsv", DDI_ROWS))
    result, units = score_nothing("ddi", convert("ddi", tmp_path, "original"))
    assert (result["n"], result["texts"], units) == (2, 4, ("D.d1", "D.d2"))
    result, units = score_nothing("ddi", convert("ddi", tmp_path, "blurb"))
    assert (result["n"], result["texts"], units) == (2, 3, ("D.d1", "D.d2"))


@pytest.mark.parametrize(
    ("task", "names", "tag"),
    [
        ("jnlpba", ("train.tsv", "devel.tsv", "test.tsv"), "B-Gene"),
        ("ebm_pico", ("train.tsv", "dev.tsv", "test.tsv"), "B-OUT"),
    ],
)
def test_sentences_behind_a_document_mark_carry_it(
    tmp_path: Path, task: str, names: tuple[str, ...], tag: str
) -> None:
    for number, name in enumerate(names):
        write(tmp_path, (name, CONLL.format(a=10 + number, b=20 + number, tag=tag)))
    gold = convert(task, tmp_path, "blurb")
    docs = read_docbin(gold, spacy.blank("en").vocab)
    assert [document_group(doc) for doc in docs] == ["1", "1", "2"]
    result, units = score_nothing(task, gold)
    assert (result["n"], result["texts"], units) == (2, 3, ("1", "2"))


def test_texts_without_a_document_are_units_as_before(tmp_path: Path) -> None:
    records = [Record(name, "aspirin", (Mention(0, 7, "X"),)) for name in ("a", "b")]
    path = tmp_path / "test.spacy"
    write_docbin(records, path, spacy.blank("en").tokenizer, label_sets=["ner"])
    result, units = score_nothing("ner", path)
    assert (result["n"], units) == (2, ("a", "b"))
    assert "texts" not in result
