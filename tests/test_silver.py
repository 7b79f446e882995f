"""The programs that make what en_blurb_sm and en_blurb_xs start from."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import DocBin
from transformers import AutoTokenizer, BertModel

from spacy_blurb.annotations import (
    document_id,
    gold_entities,
    label_sets,
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
