"""en_blurb_sm and en_blurb_xs as a fresh clone has them."""

import json
import re
import runpy
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from typer.testing import CliRunner

from spacy_blurb.annotations import set_gold_entities
from spacy_blurb.cli.main import app


def load_wheel(project: Path, folder: Path, name: str) -> Language:
    """Load a package without installing it."""
    (wheel,) = (project / "assets" / "packages").glob(f"{name}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (config,) = folder.glob(f"{name}/*/config.cfg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a processor without VNNI
        nlp = spacy.load(config.parent)
        nlp("Warm-up.")
    return nlp


@pytest.mark.parametrize("name", ["en_blurb_sm", "en_blurb_xs"])
def test_the_wheel_finds_entities_relations_and_abbreviations(
    project: Path, tmp_path: Path, name: str
) -> None:
    pytest.importorskip("openvino")
    nlp = load_wheel(project, tmp_path, name)
    doc = nlp("Clozapine caused agranulocytosis (AGC) in two patients. BRCA1 is a gene.")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("Clozapine", "Chemical"),
        ("agranulocytosis", "Disease"),
        ("AGC", "Disease"),
        ("BRCA1", "Gene"),
    ]
    found = {(r.head.text, r.label, r.tail.text) for r in doc._.relations}
    assert ("Clozapine", "CID", "agranulocytosis") in found
    assert [(s.text, s._.long_form.text) for s in doc._.abbreviations] == [
        ("AGC", "agranulocytosis")
    ]


@pytest.mark.parametrize("name", ["en_blurb_sm", "en_blurb_xs"])
def test_the_wheel_says_what_its_result_files_say(project: Path, name: str) -> None:
    (path,) = (project / "assets" / "packages").glob(f"{name}-*.whl")
    with zipfile.ZipFile(path) as archive:
        meta = json.loads(archive.read(f"{name}/meta.json"))
    card = (project / "assets" / name / "card.md").read_text(encoding="utf-8").strip()
    assert meta["notes"].startswith(card)
    performance = meta["performance"]
    scores = {
        task: json.loads((project / "results" / name / task / f"{name}-s0.json").read_bytes())
        for task in ("bc5cdr", "ncbi_disease", "bc2gm", "bc5cdr_cid")
    }
    for task, key in (
        ("bc5cdr", "ents_f_bc5cdr"),
        ("ncbi_disease", "ents_f_ncbi_disease"),
        ("bc2gm", "ents_f_bc2gm"),
        ("bc5cdr_cid", "rel_micro_f"),
    ):
        assert performance[key] == pytest.approx(scores[task]["score"], abs=1e-9), key


def test_the_demo_shows_what_it_finds(project: Path, tmp_path: Path) -> None:
    """make demo begins with it; the package has no component that answers questions."""
    pytest.importorskip("openvino")
    load_wheel(project, tmp_path, "en_blurb_sm")
    (config,) = tmp_path.glob("en_blurb_sm/*/config.cfg")
    show = runpy.run_path(str(project / "assets" / "demo" / "show.py"))["main"]
    output = tmp_path / "found.txt"
    show(str(config.parent), str(project / "assets" / "en_blurb_sm" / "sample.txt"), str(output))
    assert "CID is a chemical" in output.read_text(encoding="utf-8")


def test_the_picture_of_readme_shows_what_its_caption_says(project: Path, tmp_path: Path) -> None:
    """Who draws it anew has to read the caption too."""
    pytest.importorskip("openvino")
    nlp = load_wheel(project, tmp_path, "en_blurb_sm")
    text = (project / "docs" / "images" / "abstract.txt").read_text(encoding="utf-8").strip()
    found = {(r.head.text.lower(), r.tail.text.lower()) for r in nlp(text)._.relations}
    page = (project / "README.md").read_text(encoding="utf-8")
    caption = page[page.index("An abstract written for this page") :].split("\n\n")[0]
    assert found == set(re.findall(r"(\w+) → (\w+)", caption))


def test_the_components_work_in_a_pipeline_of_ones_own(project: Path, tmp_path: Path) -> None:
    """docs/howto/deploy.md, as it stands there."""
    pytest.importorskip("openvino")
    package = load_wheel(project, tmp_path, "en_blurb_xs")
    page = (project / "docs" / "howto" / "deploy.md").read_text(encoding="utf-8")
    code = page[page.index("import spacy\n\npackage = ") :].split("```")[0]
    names = {"spacy": spacy}
    load = 'spacy.load("en_blurb_sm")'
    assert load in code
    exec(code.replace(load, "package_"), names | {"package_": package}, names)
    text = "Warfarin(5mg/d)caused bleeding.Aspirin+clopidogrel:haemorrhage (GIB)."
    found, expected = names["nlp"](text), package(text)
    assert [(e.text, e.label_) for e in found.ents] == [(e.text, e.label_) for e in expected.ents]
    assert [e.text for e in found.ents][:2] == ["Warfarin", "bleeding"]


def make_english() -> Language:
    """What stands for `en_core_web_sm`: components that read a tok2vec, and entities of names."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    for name, settings in {"tagger": {}, "parser": {"min_action_freq": 1}}.items():
        listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}
        model = nlp.get_factory_meta(name).default_config["model"]
        nlp.add_pipe(name, config={**settings, "model": {**model, "tok2vec": listener}})
    ruler: Any = nlp.add_pipe("entity_ruler", name="ner")
    words = ["aspirin", "helps", "London", "."]
    gold = {
        "tags": ["NN", "VBZ", "NNP", "."],
        "heads": [1, 1, 1, 1],
        "deps": ["nsubj", "ROOT", "dobj", "punct"],
    }
    example = Example.from_dict(Doc(nlp.vocab, words=words), {"words": words, **gold})
    sgd = nlp.initialize(lambda: [example])
    for _ in range(20):
        nlp.update([example], sgd=sgd)
    ruler.add_patterns([{"label": "GPE", "pattern": "London"}])
    return nlp


def test_components_of_spacy_come_in_behind_ours(project: Path, tmp_path: Path) -> None:
    """docs/howto/deploy.md, with another tagger and parser."""
    pytest.importorskip("openvino")
    package = load_wheel(project, tmp_path, "en_blurb_xs")
    text = "Warfarin caused bleeding in London. Aspirin did not."
    expected = package(text)
    english = make_english()
    page = (project / "docs" / "howto" / "deploy.md").read_text(encoding="utf-8")
    code = page[page.index('import spacy\n\nnlp = spacy.load("en_blurb_sm")\nenglish') :]
    for old, new in {
        'spacy.load("en_blurb_sm")': "package",
        'spacy.load("en_core_web_sm")': "english",
        ', "attribute_ruler", "lemmatizer"': "",
    }.items():
        assert old in code
        code = code.replace(old, new)
    exec(code.split("```")[0], {"package": package, "english": english})
    package.add_pipe("ner", name="names", source=english)
    package.to_disk(tmp_path / "both")
    for nlp in (package, spacy.load(tmp_path / "both")):
        found = nlp(text)
        ours = [(ent.text, ent.label_) for ent in found.ents if ent.label_ != "GPE"]
        assert ours == [(ent.text, ent.label_) for ent in expected.ents]
        assert [ent.text for ent in found.ents if ent.label_ == "GPE"] == ["London"]
        assert [str(r) for r in found._.relations] == [str(r) for r in expected._.relations]
        assert found.has_annotation("TAG")
        assert found.has_annotation("DEP")


def test_the_shipped_packages_can_be_calibrated(project: Path, tmp_path: Path) -> None:
    """docs/howto/deploy.md: the whole pipeline is written, and `calibration.json`."""
    pytest.importorskip("openvino")
    package = load_wheel(project, tmp_path, "en_blurb_xs")
    (folder,) = tmp_path.glob("en_blurb_xs/en_blurb_xs-*")
    docs = []
    for text in ("Warfarin caused bleeding.", "Aspirin and ibuprofen did not cause fever."):
        doc = package.make_doc(text)
        ents = [(e.start_char, e.end_char, e.label_) for e in package(text).ents]
        set_gold_entities(doc, [e for e in ents if e[2] == "Chemical"], label_sets=["bc5cdr"])
        docs.append(doc)
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    output = tmp_path / "calibrated"
    arguments = ["calibrate", str(folder), str(tmp_path / "dev.spacy"), "-o", str(output)]
    assert CliRunner().invoke(app, [*arguments, "--component", "rel"]).exit_code == 1
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    fitted = json.loads((output / "calibration.json").read_text(encoding="utf-8"))
    nlp = spacy.load(output)
    assert nlp.get_pipe("ner").cfg["temperature"] == fitted["temperature"] != 1.0
    assert [e.text for e in nlp(docs[0].text).ents] == [e.text for e in package(docs[0].text).ents]


@pytest.mark.parametrize("name", ["en_blurb_sm", "en_blurb_xs"])
def test_soft_hyphens_change_nothing(project: Path, tmp_path: Path, name: str) -> None:
    """Texts from PDF have them inside of words; each part was an entity, and each hyphen."""
    pytest.importorskip("openvino")
    nlp = load_wheel(project, tmp_path, name)
    text = "Ciprofloxacin and cyclophosphamide caused cardiotoxicity in two patients."
    hyphenated = text.replace("ofl", "o\u00adfl").replace("ophos", "o\u00adphos\u200b")
    expected = [(ent.text, ent.label_) for ent in nlp(text).ents]
    found = [(re.sub("[\u00ad\u200b]", "", e.text), e.label_) for e in nlp(hyphenated).ents]
    assert found == expected
    assert len(expected) == 3
