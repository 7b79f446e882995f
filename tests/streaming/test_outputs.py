"""What is in each output format, read back by another reader than the one that wrote it."""

import csv
import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_blurb.annotations import (
    PICO,
    FoundRelation,
    document_fields,
    document_id,
    set_abbreviations,
    set_answers,
    set_found_relations,
    set_pair,
    set_questions,
    set_record,
    set_scored_entities,
    set_similarity,
    set_vector,
)
from spacy_blurb.data.formats.bioc import read_bioc
from spacy_blurb.data.formats.pubtator import read_linked, read_pubtator
from spacy_blurb.data.records import Mention
from spacy_blurb.errors import BlurbError
from spacy_blurb.streaming.lines import ANNOTATION_KEYS
from spacy_blurb.streaming.outputs import OUTPUTS, docbin, graph, tell_output_format
from spacy_blurb.streaming.outputs.graph import EDGE_COLUMNS, safe_cell
from spacy_blurb.streaming.rows import to_row

from .streams import TEXTS, pubmed_xml, read_rows, run, write_jsonl

BLANK = spacy.blank("en")


def full_doc() -> Doc:
    """A Doc with everything that a pipeline can write."""
    doc = BLANK("Naloxone: hypertension, and rats")
    spans = [Span(doc, 0, 1, "Chemical"), Span(doc, 2, 3, "Disease"), Span(doc, 2, 3, "Disease")]
    set_scored_entities(doc, spans, [0.5, 0.25, 1.0], sets=["a", "a", "b"], label_sets=["a", "b"])
    doc.ents = [*spans[:2], Span(doc, 5, 6, "Species", kb_id="NCBI:10116")]
    set_scored_entities(doc, [Span(doc, 0, 3, "INT")], [0.125], key=PICO)
    head, tail = (0, 8, "Chemical"), (10, 22, "Disease")
    given = (28, 32, "Given")
    set_found_relations(
        doc,
        [
            FoundRelation(head, tail, "CPR:4", 0.75),
            FoundRelation(tail, given, "CID", 0.5, ("D1", "D2")),
        ],
    )
    doc.cats = {"apoptosis": 1 / 3}
    set_questions(doc, [{"id": "q", "question": "What?", "options": []}])
    row = {"id": "q", "question": "What?", "options": [], "found": True}
    set_answers(doc, "spans", [{**row, "kind": "spans", "candidates": [["", 0.5, 0, 8]]}])
    # As if "rats" were short for "Naloxone".
    set_abbreviations(doc, [(doc[5:6], (0, 8))])
    set_vector(doc, np.asarray([0.5, -1.0], dtype="f"))
    set_record(doc, "d|1", fields={"source": "x", "text": "never", "n": [1]})
    return doc


def plain_doc() -> Doc:
    doc = BLANK("plain")
    set_record(doc, "2")
    return doc


def encode(name: str, *docs: Doc, vector: bool = False) -> bytes:
    output = OUTPUTS[name](vector=vector)
    return output.header + output.encode(docs) + output.footer


def test_jsonl_holds_all_that_a_doc_carries() -> None:
    (line,) = encode("jsonl", full_doc(), vector=True).splitlines()
    naloxone = {"start": 0, "end": 8, "label": "Chemical", "text": "Naloxone", "score": 0.5}
    disease = {"start": 10, "end": 22, "label": "Disease", "text": "hypertension"}
    rats = {"start": 28, "end": 32, "text": "rats", "score": None}
    assert json.loads(line) == {
        "id": "d|1",
        "text": "Naloxone: hypertension, and rats",
        "entities": [
            {**naloxone, "set": "a"},
            {**disease, "score": 0.25, "set": "a"},
            {**disease, "score": 1.0, "set": "b"},
            {**rats, "label": "Given"},
            {**rats, "label": "Species", "kb_id": "NCBI:10116"},
        ],
        "pico": [
            {
                "start": 0,
                "end": 22,
                "label": "INT",
                "text": "Naloxone: hypertension",
                "score": 0.125,
            }
        ],
        "relations": [
            {"head": 0, "tail": 1, "label": "CPR:4", "score": 0.75},
            {"head": 1, "tail": 3, "label": "CID", "score": 0.5, "concepts": ["D1", "D2"]},
        ],
        "cats": {"apoptosis": 0.333333},
        "answers": [
            {
                "id": "q",
                "question": "What?",
                "kind": "spans",
                "label": "",
                "text": "Naloxone",
                "score": 0.5,
                "start": 0,
                "end": 8,
            }
        ],
        "abbreviations": [
            {
                "start": 28,
                "end": 32,
                "text": "rats",
                "long_form": {"start": 0, "end": 8, "text": "Naloxone"},
            }
        ],
        "vector": [0.5, -1.0],
        "source": "x",
        "n": [1],
    }
    assert "vector" not in json.loads(encode("jsonl", full_doc()))


def test_keys_that_are_written_are_not_taken_for_the_sources_own() -> None:
    """What an earlier run has found would else pass for what this one has."""
    doc = full_doc()
    set_pair(doc, 10)
    set_similarity(doc, 0.5)
    doc.spans["sc"] = []
    assert set(to_row(doc, vector=True)) - {"id", "text", "fields"} == ANNOTATION_KEYS


def test_groups_of_other_components() -> None:
    doc = spacy.blank("en")("aspirin causes fever")
    doc.spans["ruler"] = [doc[2:3], doc.char_span(0, 7, label="DRUG", kb_id="D1")]
    doc.spans["sc"] = [doc.char_span(0, 7, label="DRUG")]
    doc.spans["sc"].attrs["scores"] = np.array([0.25], dtype="f")
    drug = {"start": 0, "end": 7, "label": "DRUG", "text": "aspirin", "score": None}
    fever = {"start": 15, "end": 20, "label": "", "text": "fever", "score": None}
    row = json.loads(encode("jsonl", doc))
    assert row["spans"] == {"ruler": [drug, fever], "sc": [{**drug, "score": 0.25}]}
    assert row["entities"] == []


def test_titles_are_apart_after_two_runs(tmp_path: Path, rules: Language) -> None:
    source = tmp_path / "a.xml"
    source.write_bytes(pubmed_xml([("1", "On fever", "aspirin helps")]))
    run(rules, source, tmp_path / "a.jsonl")
    run(rules, tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    run(rules, tmp_path / "a.jsonl", tmp_path / "b.pubtator")
    assert "1|t|On fever\n1|a|aspirin helps\n" in (tmp_path / "b.pubtator").read_text("utf-8")


def test_abbreviations_of_a_pipeline(tmp_path: Path) -> None:
    """Through DocBin too; an empty list says that there are none, no key that nobody looked."""
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_abbreviations")
    texts = ["The heat shock factor (HSF) binds. HSF is old.", "none"]
    source = write_jsonl(tmp_path / "a.jsonl", texts)
    run(nlp, source, tmp_path / "o.jsonl")
    long_form = {"start": 4, "end": 21, "text": "heat shock factor"}
    places = [{"start": at, "end": at + 3, "text": "HSF"} for at in (23, 35)]
    rows = read_rows(tmp_path / "o.jsonl")
    assert [row["abbreviations"] for row in rows] == [
        [{**place, "long_form": long_form} for place in places],
        [],
    ]
    assert "abbreviations" not in json.loads(encode("jsonl", plain_doc()))
    run(nlp, source, tmp_path / "o.spacy")
    docs = DocBin().from_disk(tmp_path / "o.spacy").get_docs(nlp.vocab)
    found = [[(s.start_char, s._.long_form.text) for s in doc._.abbreviations] for doc in docs]
    assert found == [[(23, "heat shock factor"), (35, "heat shock factor")], []]


def test_abbreviations_of_merged_tokens() -> None:
    """They are places in the text, whatever the tokens have become."""
    doc = BLANK("heat shock factor (HSF) here")
    set_abbreviations(doc, [(doc[4:5], (0, 17))])
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[3:6])
    (found,) = json.loads(encode("jsonl", doc))["abbreviations"]
    assert (found["text"], found["long_form"]["text"]) == ("HSF", "heat shock factor")


def test_ids_of_a_linker_go_with_predicted_entities() -> None:
    """It writes them to `doc.ents`; the groups of `blurb_ner` do not have them."""
    doc = full_doc()
    linked = Span(doc, 0, 1, "Chemical", kb_id="MESH:D009270")
    doc.ents = [linked, *doc.ents[1:]]
    naloxone = json.loads(encode("jsonl", doc))["entities"][0]
    assert (naloxone["kb_id"], naloxone["score"], naloxone["set"]) == ("MESH:D009270", 0.5, "a")


def test_pubtator_of_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.pubtator"
    path.write_bytes(encode("pubtator", full_doc(), plain_doc()))
    first, second = read_linked(path)
    assert first.record.id == "d_1"
    labels = Counter(mention.label for mention in first.record.mentions)
    # The disease that two label sets find is one line.
    assert labels == {"Chemical": 1, "Disease": 1, "Given": 1, "Species": 1, "INT": 1}
    assert [ids for ids in first.concepts if ids] == [("NCBI:10116",)]
    assert first.relations == (("CPR:4", "Naloxone", "hypertension"), ("CID", "D1", "D2"))
    assert (second.record.text.strip(), second.record.mentions) == ("plain", ())


def test_pubtator_relates_concepts_once() -> None:
    doc = BLANK("aspirin and aspirin cause fever")
    places = [(0, 7, "Chemical"), (12, 19, "Chemical"), (26, 31, "Disease")]
    set_found_relations(doc, [FoundRelation(p, places[2], "CID", 0.5) for p in places[:2]])
    set_record(doc, "1")
    assert encode("pubtator", doc).decode().count("\tCID\taspirin\tfever\n") == 1


def test_bioc_of_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(encode("bioc", full_doc(), plain_doc()))
    (record, plain) = read_bioc(path, untyped="X").records
    assert (record.id, record.text, plain.text) == ("d|1", full_doc().text, "plain")
    relations = [
        (record.mentions[r.head].label, record.mentions[r.tail].label, r.label)
        for r in record.relations
    ]
    assert relations == [("Chemical", "Disease", "CPR:4"), ("Disease", "Given", "CID")]
    document = json.loads(path.read_bytes())["documents"][0]
    assert document["infons"] == {
        "source": "x",
        "text": "never",
        "n": "[1]",
        "label:apoptosis": "0.333333",
        "answer:q": "Naloxone",
    }
    infons = [a["infons"] for a in document["passages"][0]["annotations"]]
    assert infons[2] == {"type": "Disease", "score": "1.0", "label_set": "b"}
    assert infons[4] == {"type": "Species", "identifier": "NCBI:10116"}


@pytest.mark.parametrize("kind", ["pubtator", "bioc"])
def test_titles_are_apart(tmp_path: Path, rules: Language, kind: str) -> None:
    """The reader's offsets, counted anew, are those of the annotated text."""
    source = tmp_path / "a.xml"
    source.write_bytes(pubmed_xml([("1", "On fever", "aspirin helps"), ("2", "", "fever")]))
    output = tmp_path / ("o.json" if kind == "bioc" else "o.pubtator")
    run(rules, source, output)
    read: Any = read_pubtator(output) if kind == "pubtator" else read_bioc(output, untyped="X")
    records = list(getattr(read, "records", read))
    assert [record.text.strip() for record in records] == ["On fever aspirin helps", "fever"]
    assert records[0].mentions == (Mention(3, 8, "Disease"), Mention(9, 16, "Chemical"))
    if kind == "bioc":
        passages = json.loads(output.read_bytes())["documents"][0]["passages"]
        assert [(p["infons"]["type"], p["offset"]) for p in passages] == [
            ("title", 0),
            ("abstract", 9),
        ]
    else:
        assert output.read_text("utf-8").startswith("1|t|On fever\n1|a|aspirin helps\n1\t3\t8\t")


@pytest.mark.parametrize(("words", "offsets"), [((0, 2), [0, 9]), ((1, 3), [0])])
def test_a_mention_across_title_and_abstract(words: tuple[int, int], offsets: list[int]) -> None:
    """A BioC passage holds the text of what is annotated in it."""
    doc = BLANK("On fever aspirin helps")
    doc.ents = [Span(doc, *words, "X")]
    set_record(doc, "1", title_end=8)
    (document,) = json.loads(encode("bioc", doc))["documents"]
    assert [passage["offset"] for passage in document["passages"]] == offsets
    (annotation,) = document["passages"][0]["annotations"]
    assert annotation["text"] in document["passages"][0]["text"]


ODD = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(ODD, min_size=1, max_size=3), st.integers(0, 40))
def test_offsets_under_any_unicode(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], title_end: int
) -> None:
    """Each token is an entity; both readers find their texts at the same characters."""
    doc = BLANK.make_doc("a ".join(parts) + "z")
    doc.ents = [Span(doc, token.i, token.i + 1, "X") for token in doc if not token.is_space]
    cut = doc.text.find(" ", title_end)
    set_record(doc, "1", title_end=max(cut, 0))
    expected = [(e.start_char, e.end_char) for e in doc.ents]
    assert [
        (e["start"], e["end"]) for e in json.loads(encode("jsonl", doc))["entities"]
    ] == expected
    path = tmp_path_factory.mktemp("odd") / "a"
    path.write_bytes(encode("pubtator", doc))
    (record,) = read_pubtator(path)
    assert [(m.start, m.end) for m in record.mentions] == expected
    path.write_bytes(encode("bioc", doc))
    document = json.loads(path.read_bytes())["documents"][0]
    annotations = [a for p in document["passages"] for a in p["annotations"]]
    assert [a["text"] for a in annotations] == [doc.text[start:end] for start, end in expected]
    for passage in document["passages"]:
        for annotation in passage["annotations"]:
            (place,) = annotation["locations"]
            start = place["offset"] - passage["offset"]
            assert passage["text"][start : start + place["length"]] == annotation["text"]


def to_docs(content: bytes) -> list[bytes]:
    docs = DocBin().from_bytes(content).get_docs(BLANK.vocab)
    return [doc.to_bytes(exclude=["strings", "user_data"]) for doc in docs]


@pytest.mark.parametrize("sizes", [[], [0], [1], [2, 3], [1, 0, 4]])
def test_docbin_is_the_one_that_spacy_writes(tmp_path: Path, sizes: list[int]) -> None:
    made = [full_doc(), *BLANK.pipe([*TEXTS, ""])][: sum(sizes)]
    output, docs = OUTPUTS["docbin"](), iter(made)
    batches = [[next(docs) for _ in range(size)] for size in sizes]
    work = tmp_path / "work"
    work.write_bytes(b"".join(map(output.encode, batches)))
    output.finish(work, tmp_path / "o.spacy")
    assert to_docs((tmp_path / "o.spacy").read_bytes()) == to_docs(DocBin(docs=made).to_bytes())


def test_docbin_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docbin, "_MAX_BYTES", 10)
    output = OUTPUTS["docbin"]()
    (tmp_path / "work").write_bytes(output.encode([full_doc()]))
    with pytest.raises(BlurbError, match="B765"):
        output.finish(tmp_path / "work", tmp_path / "o.spacy")


def test_docbin_in_and_out_keeps_ids_and_fields(tmp_path: Path, rules: Language) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", TEXTS, year=2024)
    run(rules, source, tmp_path / "b.spacy")
    run(rules, tmp_path / "b.spacy", tmp_path / "c.jsonl")
    run(rules, source, tmp_path / "d.jsonl")
    assert (tmp_path / "c.jsonl").read_bytes() == (tmp_path / "d.jsonl").read_bytes()
    docs = list(DocBin().from_disk(tmp_path / "b.spacy").get_docs(BLANK.vocab))
    assert [document_id(doc) for doc in docs] == [f"d{n}" for n in range(len(TEXTS))]
    assert document_fields(docs[0]) == {"year": 2024}
    assert [ent.text for ent in docs[0].ents] == ["aspirin", "fever"]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_graph_counts_as_a_plain_loop_does(tmp_path: Path, rules: Language) -> None:
    texts = [*TEXTS, "Fever and FEVER", "naloxone, fever, aspirin"]
    source = write_jsonl(tmp_path / "a.jsonl", texts)
    run(rules, source, tmp_path / "o.jsonl")
    run(rules, source, tmp_path / "graph")
    rows = read_rows(tmp_path / "o.jsonl")
    named = [[f"{e['label']}:{e['text'].lower()}" for e in row["entities"]] for row in rows]
    mentions = Counter(node for nodes in named for node in nodes)
    documents = Counter(node for nodes in named for node in set(nodes))
    pairs = Counter(pair for nodes in named for pair in combinations(sorted(set(nodes)), 2))
    nodes = read_csv(tmp_path / "graph" / "nodes.csv")
    assert {n["id"]: int(n["mentions"]) for n in nodes} == mentions
    assert {n["id"]: int(n["documents"]) for n in nodes} == documents
    edges = read_csv(tmp_path / "graph" / "edges.csv")
    assert {(e["source"], e["target"]): int(e["documents"]) for e in edges} == pairs
    assert {(e["type"], e["score"]) for e in edges} == {("CO_MENTION", "")}
    assert [n["id"] for n in nodes] == sorted(mentions)


def test_graph_of_relations(tmp_path: Path) -> None:
    output = OUTPUTS["graph"]()
    (tmp_path / "work").write_bytes(output.encode([full_doc()]) + output.encode([full_doc()]))
    output.finish(tmp_path / "work", tmp_path / "graph")
    edges = read_csv(tmp_path / "graph" / "edges.csv")
    (edge,) = [e for e in edges if e["type"] == "CPR:4"]
    values = ["Chemical:naloxone", "Disease:hypertension", "CPR:4", "2", "2", "0.75", "d|1"]
    assert edge == dict(zip(EDGE_COLUMNS, values, strict=True))
    assert "NCBI:10116" in {e["target"] for e in edges}
    nodes = {n["id"]: int(n["mentions"]) for n in read_csv(tmp_path / "graph" / "nodes.csv")}
    assert nodes["Disease:hypertension"] == 2  # once in each Doc, though two label sets find it
    assert sorted(p.name for p in tmp_path.iterdir()) == ["graph", "work"]


def test_graph_without_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "_SCHEMA", "pragma max_page_count = 1;" + graph._SCHEMA)
    (tmp_path / "work").write_bytes(OUTPUTS["graph"]().encode([full_doc()]))
    with pytest.raises(OSError, match="disk is full"):
        OUTPUTS["graph"]().finish(tmp_path / "work", tmp_path / "graph")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["graph", "work"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-omics", "@x", "\tx", "'quoted", "''", "a=b", ""])
def test_cells_that_look_like_formulas(text: str) -> None:
    cell = safe_cell(text)
    assert cell[:1] not in set("=+-@\t\r")
    assert cell.removeprefix("'") == text
    assert safe_cell(-1.5) == -1.5


def test_formats_are_told_by_names() -> None:
    names = {"a.jsonl": "jsonl", "a.spacy": "docbin", "a.pubtator": "pubtator", "a.json": "bioc"}
    for name, kind in {**names, "graph": "graph"}.items():
        assert tell_output_format(Path(name), None) == kind
    assert tell_output_format(Path("a.txt"), "pubtator") == "pubtator"
    for given_name in (None, "jsonl"):
        with pytest.raises(BlurbError, match=r"B780.*a\.jsonl\.GZ.*without \.GZ"):
            tell_output_format(Path("a.jsonl.GZ"), given_name)
    for name, given_name in [("a.txt", None), ("a.jsonl", "xml")]:
        with pytest.raises(BlurbError, match="B750"):
            tell_output_format(Path(name), given_name)


def test_docbin_of_words_without_spaces_stays_so(tmp_path: Path, rules: Language) -> None:
    """Words that a file gives are the tokens of the annotated Doc."""
    doc = Doc(BLANK.vocab, words=["as", "pirin", "fever"])
    (tmp_path / "a.spacy").write_bytes(DocBin(docs=[doc]).to_bytes())
    run(rules, tmp_path / "a.spacy", tmp_path / "b.spacy")
    (found,) = DocBin().from_disk(tmp_path / "b.spacy").get_docs(BLANK.vocab)
    assert [token.text for token in found] == ["as", "pirin", "fever"]
