"""The programs that make what en_blurb_sm and en_blurb_xs start from."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import DocBin, Span
from transformers import AutoTokenizer, BertModel

from spacy_blurb.annotations import (
    FoundRelation,
    document_id,
    gold_entities,
    gold_relations,
    label_sets,
    set_abbreviations,
    set_found_relations,
    set_record,
    set_scored_entities,
)
from spacy_blurb.data.docbin import read_docbin

TEXT = "aspirin and fever in rats"


def run(project: Path, program: str, monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> None:
    monkeypatch.setattr("sys.argv", [program, *map(str, arguments)])
    runpy.run_path(str(project / "results" / "silver" / program), run_name="__main__")


def test_layers_that_are_kept_are_those_of_the_encoder(
    project: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = BertModel.from_pretrained(tiny_encoder).state_dict()
    last = BertModel.from_pretrained(tiny_encoder).config.num_hidden_layers - 1
    run(project, "keep_layers.py", monkeypatch, tiny_encoder, tmp_path / "new", "--layers", last)
    model = BertModel.from_pretrained(tmp_path / "new", add_pooling_layer=False)
    assert model.config.num_hidden_layers == 1
    kept = model.state_dict()
    for name, tensor in kept.items():
        assert tensor.equal(whole[name.replace("layer.0.", f"layer.{last}.")]), name
    old, new = (AutoTokenizer.from_pretrained(f) for f in (tiny_encoder, tmp_path / "new"))
    assert old(TEXT)["input_ids"] == new(TEXT)["input_ids"]


@pytest.mark.parametrize("layer", [-1, 99])
def test_a_layer_that_is_not_there(
    project: Path,
    tiny_encoder: Path,
    tmp_path: Path,
    layer: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run(
            project,
            "keep_layers.py",
            monkeypatch,
            tiny_encoder,
            tmp_path / "new",
            f"--layers={layer}",
        )
    assert f"not [{layer}]" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_encoder_is_not_overwritten(
    project: Path,
    tiny_encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run(project, "keep_layers.py", monkeypatch, tiny_encoder, tmp_path, "--layers", 0)
    assert "exists" in capsys.readouterr().err


def test_each_document_is_gold_for_one_label_set_in_turn(
    project: Path, nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = []
    for number in range(102):
        doc = nlp.make_doc(TEXT)
        spans = [doc.char_span(0, 7, "Chemical"), doc.char_span(12, 17, "Disease")]
        set_scored_entities(doc, spans, [0.9, 0.6], sets=["a", "b"], label_sets=["a", "b"])
        set_record(doc, str(number))
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "annotated.spacy")
    run(project, "make_corpora.py", monkeypatch, tmp_path / "annotated.spacy", tmp_path / "silver")
    for start, (name, found) in enumerate(
        (("a", [(0, 7, "Chemical")]), ("b", [(12, 17, "Disease")]))
    ):
        train, dev = (
            list(read_docbin(tmp_path / "silver" / name / f"{split}.spacy", nlp.vocab))
            for split in ("train", "dev")
        )
        assert [document_id(doc) for doc in dev] == [str(start), str(start + 100)]
        assert len(train) == 49
        for doc in train + dev:
            assert gold_entities(doc) == found
            assert label_sets(doc) == [name]
            assert doc.text == TEXT


RELATED_TEXT = "aspirin ( ASA ) and fever , ASA and rash , Aspirin and fever"


def annotate(nlp: Language, path: Path, places: list[int], related: list[tuple[int, int]]) -> Path:
    """Write what one pipeline has found: entities of one token each, and pairs of them."""
    doc = nlp.make_doc(RELATED_TEXT)
    labels = {i: "Disease" if doc[i].text in ("fever", "rash") else "Chemical" for i in places}
    spans = [Span(doc, i, i + 1, label=label) for i, label in labels.items()]
    set_scored_entities(doc, spans, [0.9] * len(spans), sets=["a"] * len(spans), label_sets=["a"])
    ends = {span.start: (span.start_char, span.end_char, span.label_) for span in spans}
    set_found_relations(doc, [FoundRelation(ends[h], ends[t], "CID", 0.9) for h, t in related])
    long_form = (doc[0].idx, doc[0].idx + len(doc[0]))
    set_abbreviations(doc, [(doc[i : i + 1], long_form) for i in (2, 7)])
    set_record(doc, "1")
    DocBin(docs=[doc], store_user_data=True).to_disk(path)
    return path


def test_entities_and_relations_are_those_that_enough_pipelines_have_found(
    project: Path, nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        # "ASA" and the first "fever", which the next one relates where these concepts stand last.
        annotate(nlp, tmp_path / "1.spacy", [0, 5, 7, 9, 13], [(7, 5), (7, 9)]),
        annotate(nlp, tmp_path / "2.spacy", [0, 5, 7, 9, 11, 13], [(11, 13)]),
        annotate(nlp, tmp_path / "3.spacy", [0, 4], []),
    ]
    options = ["--relations-of", "a", "--relations-by", 2]
    run(project, "make_corpora.py", monkeypatch, *files, tmp_path / "silver", *options)
    (doc,) = read_docbin(tmp_path / "silver" / "a" / "dev.spacy", nlp.vocab)
    found = [doc.text[start:end] for start, end, _ in gold_entities(doc) or ()]
    assert found == ["aspirin", "fever", "ASA", "rash", "fever"]
    relations = gold_relations(doc)
    assert relations is not None
    assert relations.complete
    labels = [label for _, _, label in relations.rows]
    assert dict(zip(relations.concept_pairs or (), labels, strict=True)) == {
        ("aspirin", "fever"): "CID",
        ("aspirin", "rash"): "",
    }


def test_pipelines_that_annotated_other_texts_cannot_vote(
    project: Path,
    nlp: Language,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = annotate(nlp, tmp_path / "1.spacy", [0], [])
    doc = nlp.make_doc(TEXT)
    set_scored_entities(doc, [], [], sets=[], label_sets=["a"])
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "2.spacy")
    with pytest.raises(SystemExit):
        run(project, "make_corpora.py", monkeypatch, first, tmp_path / "2.spacy", tmp_path / "new")
    assert "other texts" in capsys.readouterr().err


def test_pipelines_of_other_label_sets_cannot_vote(
    project: Path,
    nlp: Language,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = annotate(nlp, tmp_path / "1.spacy", [0], [])
    doc = nlp.make_doc(RELATED_TEXT)
    set_scored_entities(doc, [], [], sets=[], label_sets=["b"])
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "2.spacy")
    with pytest.raises(SystemExit):
        run(project, "make_corpora.py", monkeypatch, first, tmp_path / "2.spacy", tmp_path / "new")
    assert "other label sets" in capsys.readouterr().err


def test_relations_of_an_unknown_label_set(
    project: Path,
    nlp: Language,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = annotate(nlp, tmp_path / "1.spacy", [0], [])
    with pytest.raises(SystemExit):
        run(project, "make_corpora.py", monkeypatch, first, tmp_path / "n", "--relations-of", "b")
    assert "the label sets are a" in capsys.readouterr().err


def test_texts_without_predictions_teach_nothing(
    project: Path,
    nlp: Language,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    DocBin(docs=[nlp.make_doc(TEXT)], store_user_data=True).to_disk(tmp_path / "plain.spacy")
    with pytest.raises(SystemExit):
        run(project, "make_corpora.py", monkeypatch, tmp_path / "plain.spacy", tmp_path / "silver")
    assert "no label sets were predicted" in capsys.readouterr().err


def test_texts_are_chosen_evenly_and_without_listed_ones(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [f"Title {i}.\n{' '.join(f'w{i}x{j}' for j in range(60))}" for i in range(9)]
    documents.append("Too short.\nIt is.")
    (tmp_path / "a.txt").write_text("\n\n".join(documents) + "\n", encoding="utf-8")
    (tmp_path / "listed.txt").write_text("Title 0.\n", encoding="utf-8")
    options = ["--texts", tmp_path / "a.txt", "--exclude", tmp_path / "listed.txt"]
    run(project, "choose_texts.py", monkeypatch, *options, "--documents", 4, tmp_path / "o.jsonl")
    lines = (tmp_path / "o.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    assert [text.split(".")[0] for text in texts] == ["Title 1", "Title 3", "Title 5", "Title 7"]


def test_texts_of_which_none_is_left(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("Too short.\nIt is.\n", encoding="utf-8")
    (tmp_path / "listed.txt").write_text("Another one.\n", encoding="utf-8")
    options = ["--texts", tmp_path / "a.txt", "--exclude", tmp_path / "listed.txt"]
    with pytest.raises(SystemExit, match="no document of 50 to 500 words"):
        run(project, "choose_texts.py", monkeypatch, *options, "--documents", 4, tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_predictions_that_enough_files_have(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def entity(start: int, label: str = "Drug", score: float = 0.5) -> dict[str, Any]:
        return {"start": start, "end": start + 3, "label": label, "score": score}

    found = [
        [entity(0, score=0.9), entity(4)],
        [entity(0), entity(4, "Disease")],
        [entity(0), entity(4), entity(8)],
    ]
    files = []
    for number, entities in enumerate(found):
        files.append(tmp_path / f"{number}.jsonl")
        rows = [{"id": "a", "entities": entities}, {"id": "b", "entities": []}]
        # In any order.
        rows = rows[:: -1 if number else 1]
        files[-1].write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    output = tmp_path / "voted.jsonl"
    run(project, "vote_predictions.py", monkeypatch, *files, output, "--by", 2)
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert rows[0] == {"id": "a", "entities": [entity(0, score=0.9), entity(4)]}
    assert rows[1] == {"id": "b", "entities": []}


def test_relations_of_the_same_concepts_are_the_same(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, files = [0, 3, "Drug"], []
    for number, tail in enumerate(([4, 7, "Disease"], [8, 11, "Disease"])):
        row = {"head": head, "tail": tail, "label": "CID", "score": 0.5}
        relations = [row | {"concepts": ["D1", "D2"]}, row | {"concepts": ["D1", f"X{number}"]}]
        files.append(tmp_path / f"{number}.jsonl")
        files[-1].write_text(json.dumps({"id": "a", "relations": relations}), encoding="utf-8")
    output = tmp_path / "voted.jsonl"
    run(project, "vote_predictions.py", monkeypatch, *files, output, "--by", 2)
    (relation,) = json.loads(output.read_text(encoding="utf-8"))["relations"]
    assert relation["concepts"] == ["D1", "D2"]
