"""Wheels that say how good they are and load without the training machine's folders."""

import json
import re
import shutil
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
import spacy
from confection import Config
from typer.testing import CliRunner

from spacy_blurb.cli.main import app
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.model_card import model_card
from spacy_blurb.evaluation.packaging import (
    _check_origin,
    _neutralise_paths,
    _performance,
    _read_results,
    _write_card,
    _write_meta,
    build_wheel,
)
from spacy_blurb.evaluation.pipeline_identity import (
    ENCODER_NAME,
    hash_pipeline,
    name_encoder,
    pipeline_encoder,
)

# spaCy leaves the files that it writes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TEXT = "aspirin causes fever in rats"
CARD = "## Scores on test"
RESULT = {
    "task": "ncbi_disease",
    "metric": "entity_f1",
    "ci95": [0.5, 0.7],
    "n": 20,
    "score": 0.6,
    "precision": 0.75,
    "recall": 0.5,
    "per_label": {"Disease": {"precision": 0.5, "recall": 0.25, "f1": 0.333, "gold": 4}},
}


@pytest.fixture(scope="module")
def unpacked(trained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a wheel, built over an older package of the same name."""
    folder = tmp_path_factory.mktemp("packages")
    stale = folder / "en_blurb_demo-0.2.0" / "README.md"
    stale.parent.mkdir()
    stale.write_text("old scores", encoding="utf-8")
    for name in ("setup.py", "meta.json"):
        stale.with_name(name).write_text("", encoding="utf-8")
    result = folder / "result.json"
    result.write_text(json.dumps(RESULT), encoding="utf-8")
    meta, card = folder / "meta.json", folder / "card.md"
    meta.write_text('{"license": "MIT", "description": "For tests."}', encoding="utf-8")
    trained = folder / "trained"
    shutil.copytree(trained_folder, trained)
    own = json.loads((trained / "meta.json").read_text(encoding="utf-8")) | {"notes": "8 bits."}
    (trained / "meta.json").write_text(json.dumps(own), encoding="utf-8")
    card.write_text("## Limits\n\nIt knows nothing.\n", encoding="utf-8")
    wheel = build_wheel(
        trained,
        folder / "",
        name="en_blurb_demo",
        version="0.2.0",
        results=[result],
        meta=meta,
        card=card,
    )
    assert wheel == folder / "en_blurb_demo-0.2.0-py3-none-any.whl"
    with ZipFile(wheel) as file:
        file.extractall(folder / "unpacked")
    return folder / "unpacked" / "en_blurb_demo" / "en_blurb_demo-0.2.0"


def test_the_packaged_pipeline_predicts_as_the_trained_one(
    unpacked: Path, trained_folder: Path
) -> None:
    expected = spacy.load(trained_folder)(TEXT)
    doc = spacy.load(unpacked)(TEXT)
    assert [ent.label_ for ent in doc.ents] == ["Chemical", "Disease"]
    assert [(e.start, e.end, e.label_, e._.score) for e in doc.ents] == [
        (e.start, e.end, e.label_, e._.score) for e in expected.ents
    ]


def test_a_package_is_the_pipeline_that_it_was_made_of(
    unpacked: Path, trained_folder: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    """By all that it predicts with, and by the name of the encoder that it started from."""
    own = hash_pipeline(trained_folder)
    assert hash_pipeline(unpacked) == own
    assert pipeline_encoder(spacy.load(trained_folder)) == tiny_encoder.name
    assert pipeline_encoder(spacy.load(unpacked)) == tiny_encoder.name
    for number, (name, text) in enumerate([("ner/cfg", "{}"), ("meta.json", "{}")]):
        other = shutil.copytree(trained_folder, tmp_path / str(number))
        (other / name).write_text(text, encoding="utf-8")
        assert (hash_pipeline(other) == own) == (name == "meta.json")
    config = Config().from_disk(other / "config.cfg", interpolate=False)
    config["components"]["transformer"]["model"]["window"] = 64
    config.to_disk(other / "config.cfg")
    assert hash_pipeline(other) != own


@pytest.mark.parametrize(
    ("encoder", "name"),
    [
        ("encoders/mini", "mini"),
        ("owner/name-of-the-hub", "name-of-the-hub"),
        ("training/intermediate/model-last", "intermediate/model-last"),
        ("/model", "model"),
    ],
)
def test_the_name_of_an_encoder(encoder: str, name: str) -> None:
    assert name_encoder(encoder) == name


def test_scores_of_another_pipeline_are_not_shipped(
    trained_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    result = tmp_path / "r.json"
    words = [trained_folder, "ner", corpus / "dev.spacy", "-o", result]
    found = CliRunner().invoke(app, ["evaluate", *map(str, words)])
    assert found.exit_code == 0, found.output
    content = json.loads(result.read_text(encoding="utf-8"))
    assert content["pipeline_sha256"] == hash_pipeline(trained_folder)
    _check_origin(trained_folder, [result])
    other = shutil.copytree(trained_folder, tmp_path / "other")
    (other / "ner" / "cfg").write_text("{}", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B644.*r\.json.*other"):
        build_wheel(other, tmp_path, name="blurb_x", version="0.1.0", results=[result])
    # A result that does not say, as of another program: as before.
    result.write_text(json.dumps(RESULT), encoding="utf-8")
    _check_origin(other, [result])


def test_no_folder_of_the_training_machine_is_left(
    unpacked: Path, trained_folder: Path, corpus: Path, tiny_encoder: Path
) -> None:
    config = Config().from_disk(unpacked / "config.cfg", interpolate=False)
    assert set(config["paths"].values()) == {None}
    assert config["components"]["transformer"]["model"]["name"] == ENCODER_NAME
    for path in (unpacked / "config.cfg", unpacked / "meta.json"):
        text = path.read_text(encoding="utf-8")
        for folder in (trained_folder, corpus, tiny_encoder):
            assert str(folder) not in text


def test_no_folder_is_left_of_a_components_own_encoder(tmp_path: Path) -> None:
    """As `nlp.replace_listeners` writes it, below the component's listener."""
    encoder = {"@architectures": "spacy_blurb.Encoder.v1", "name": "/home/me/encoder"}
    listener = {"@architectures": "spacy_blurb.TokenVectors.v1", "encoder": encoder}
    model = {"@architectures": "spacy_blurb.TokenClassifier.v1", "tok2vec": listener}
    config = Config({"components": {"ner": {"factory": "blurb_ner", "model": model}}})
    config.to_disk(tmp_path / "config.cfg")
    _neutralise_paths(tmp_path / "config.cfg")
    text = (tmp_path / "config.cfg").read_text(encoding="utf-8")
    assert "/home/me" not in text
    assert text.count(ENCODER_NAME) == 1


def test_meta_has_test_scores_and_requirements(unpacked: Path) -> None:
    meta = json.loads((unpacked / "meta.json").read_text(encoding="utf-8"))
    assert (meta["lang"], meta["name"], meta["version"]) == ("en", "blurb_demo", "0.2.0")
    assert meta["performance"] == {
        "ents_f": 0.6,
        "ents_p": 0.75,
        "ents_r": 0.5,
        "ents_per_type": {"Disease": {"p": 0.5, "r": 0.25, "f": 0.333}},
    }
    assert meta["spacy_version"] == ">=3.8.0,<3.9.0"
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in meta["requirements"]}
    assert names == {"spacy-blurb", "spacy-transformers"}
    # The older package's README is not kept.
    readme = (unpacked.parents[2] / "en_blurb_demo-0.2.0" / "README.md").read_text(encoding="utf-8")
    assert "old scores" not in readme
    assert "60.00" in readme
    assert (meta["license"], meta["description"]) == ("MIT", "For tests.")
    assert readme.startswith("For tests.")
    places = [
        readme.index(part)
        for part in ("| **License** |", "60.00", "## Limits\n\nIt knows nothing.\n\n8 bits.", CARD)
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "content",
    [
        *(None, "no JSON", "[1]", "[]", '""', '{"notes": ""}', '{"performance": {}}'),
        *('{"license": 5}', '{"author": null}', '{"sources": "x"}', '{"sources": [5]}'),
    ],
)
def test_what_does_not_describe_a_package(
    content: str | None, trained_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "meta.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B522.*meta\.json"):
        build_wheel(trained_folder, tmp_path / "out", name="a", version="0.1.0", meta=path)
    assert not (tmp_path / "out").exists()


def test_scores_of_pico(tmp_path: Path) -> None:
    row = {"precision": 0.5, "recall": 0.25, "f1": 0.333, "gold": 4}
    result = {"task": "ebm_pico", "score": 0.6, "per_label": {"Outcome": row}}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result), encoding="utf-8")
    assert _performance(path) == {
        "pico_f": 0.6,
        "pico_per_type": {"Outcome": {"p": 0.5, "r": 0.25, "f": 0.333}},
    }


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("my-model", "0.1.0"),
        ("Demo", "0.1.0"),
        ("a__b", "0.1.0"),
        ("1st", "0.1.0"),
        ("", "0.1.0"),
        ("demo", "one"),
        ("demo", "1.0-beta"),
        ("demo", "2024.01"),
        ("demo", "١.٠.٠"),
        ("demo", "1" * 5000),
    ],
)
def test_names_and_versions_that_a_wheel_cannot_have(
    trained_folder: Path, tmp_path: Path, name: str, version: str
) -> None:
    with pytest.raises(BlurbError, match=f"B507.*'{name}', version '{version}'"):
        build_wheel(trained_folder, tmp_path / "out", name=name, version=version)
    assert not (tmp_path / "out").exists()


def test_a_package_is_built_again_from_its_own_sources(
    trained_folder: Path, tmp_path: Path
) -> None:
    wheel = build_wheel(trained_folder, tmp_path, name="again", version="0.1.0")
    before = ZipFile(wheel).namelist()
    sources = tmp_path / "en_again-0.1.0" / "en_again" / "en_again-0.1.0"
    again = build_wheel(sources, tmp_path, name="again", version="0.1.0")
    assert ZipFile(again).namelist() == before
    assert spacy.load(sources)(TEXT).ents


def test_nothing_but_an_older_package_is_replaced(trained_folder: Path, tmp_path: Path) -> None:
    """A pipeline that has the name of the package's sources was deleted before it was packaged."""
    pipeline = shutil.copytree(trained_folder, tmp_path / "en_demo-0.1.0")
    for other in (pipeline, trained_folder):
        with pytest.raises(BlurbError, match=r"B525.*en_demo-0\.1\.0 is where"):
            build_wheel(other, tmp_path, name="demo", version="0.1.0")
    assert spacy.load(pipeline)(TEXT).ents
    theirs = tmp_path / "out" / "en_demo-0.1.0" / "thesis.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("years of work", encoding="utf-8")
    with pytest.raises(BlurbError, match="B525"):
        build_wheel(trained_folder, tmp_path / "out", name="demo", version="0.1.0")
    assert theirs.is_file()
    with pytest.raises(BlurbError, match=r"B526.*would hold itself"):
        build_wheel(pipeline, pipeline / "dist", name="other", version="0.1.0")
    assert not (pipeline / "dist").exists()


def test_an_older_package_stays_until_the_new_one_is_built(
    trained_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = build_wheel(trained_folder, tmp_path, name="demo", version="0.1.0")
    before = sorted(path.name for path in tmp_path.iterdir()), wheel.read_bytes()
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(BlurbError, match="B505"):
        build_wheel(trained_folder, tmp_path, name="demo", version="0.1.0")
    assert (sorted(path.name for path in tmp_path.iterdir()), wheel.read_bytes()) == before
    sources = tmp_path / "en_demo-0.1.0" / "en_demo" / "en_demo-0.1.0"
    assert spacy.load(sources)(TEXT).ents


def test_the_readme_of_an_older_package_is_not_kept(trained_folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "pipeline"
    shutil.copytree(trained_folder, old)
    (old / "README.md").write_text("scores of 2020", encoding="utf-8")
    build_wheel(old, tmp_path, name="new", version="0.1.0")
    assert "2020" not in (tmp_path / "en_new-0.1.0" / "README.md").read_text(encoding="utf-8")


def test_not_a_pipeline(tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match="B504"):
        build_wheel(tmp_path, tmp_path / "out", name="demo", version="0.1.0")
    for meta, config in (("{}", ""), ("no JSON", ""), ('{"lang": "en"}', "[no section")):
        (tmp_path / "meta.json").write_text(meta, encoding="utf-8")
        (tmp_path / "config.cfg").write_text(config, encoding="utf-8")
        with pytest.raises(BlurbError, match="B504"):
            build_wheel(tmp_path, tmp_path / "out", name="demo", version="0.1.0")


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"score": 1, "precision": 1}'])
def test_not_a_result_file(trained_folder: Path, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B506.*result\.json"):
        build_wheel(trained_folder, tmp_path, name="demo", version="0.1.0", results=[path])


def test_the_card_says_what_the_result_says(tmp_path: Path) -> None:
    result = {
        "task": "ncbi_disease",
        "metric": "entity_f1",
        "score": 0.8278,
        "ci95": [0.804, 0.8511],
        "n": 940,
        "seed": 0,
        "data_sha256": "abc",
        "command": "spacy <b>x</b>",
        "calibration": {"error": 0.0123, "bins": []},
        "run": {
            "settings": {"epochs": 6, "train_docs": 50, "train_docs_of": 5424, "overrides": {}},
            "train_seconds": 90,
            "device": "cpu",
            "processor": "EPYC",
        },
    }
    card = model_card([result])
    row = "| NCBI\\-disease | entity\\_f1 | 82.78 | 80.40–85.11 | 940 | 87.82 | 88.18 |"
    assert row in card.splitlines()
    for fact in (
        "- Seed: 0",
        "- Training Docs: 50 of 5,424",
        "- Training time: 1.5 minutes on cpu \\(EPYC\\)",
        "- Calibration error: 0.0123",
    ):
        assert fact in card.splitlines()
    assert "<b>" not in card
    assert "Overrides" not in card


def test_the_card_keeps_end_to_end_scores_apart(tmp_path: Path) -> None:
    """The published scores are of relations between given entities."""
    found = {"task": "ddi", "metric": "micro_f1", "score": 0.4, "n": 191}
    card = model_card([found | {"ci95": [0.3, 0.5], "entities": "predicted"}])
    assert "| DDI, end to end | micro\\_f1 | 40.00 | 30.00–50.00 | 191 | – | – |" in card
    assert "- Entities: predicted" in card.splitlines()
    given = model_card([found | {"ci95": [0.3, 0.5], "entities": "gold"}])
    assert "| DDI | micro\\_f1 | 40.00 | 30.00–50.00 | 191 | 82.36 | " in given


def test_results_of_several_tasks_become_one_performance(tmp_path: Path) -> None:
    pairs = {"task": "biosses", "metric": "pearson", "score": 0.5, "ci95": [0.1, 0.9], "n": 20}
    paths = []
    for name, content in (("a", RESULT), ("b", pairs)):
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(content), encoding="utf-8")
    found = _read_results(paths)
    assert [next(iter(scores)) for scores, _ in found] == ["ents_f", "sts_pearson"]
    with pytest.raises(BlurbError, match=r"B641.*b\.json.*biosses"):
        _read_results([*paths, paths[1]])
    # A README in each of the two places of a package.
    for folder in (tmp_path / "source", tmp_path / "source" / "inner"):
        folder.mkdir()
        (folder / "README.md").write_text("spaCy's table\n", encoding="utf-8")
    _write_card(tmp_path / "source", [content for _, content in found])
    for readme in tmp_path.rglob("README.md"):
        text = readme.read_text(encoding="utf-8")
        assert text.startswith("spaCy's table\n\n## Scores on test")
        assert "| BIOSSES | pearson | 50.00 | 10.00–90.00 | 20 | 92.30 | 93.25 |" in text


def test_scores_that_several_tasks_have_say_whose_they_are(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_text('{"lang": "en"}', encoding="utf-8")
    scores = [("bc5cdr", {"ents_f": 0.6}), ("bc2gm", {"ents_f": 0.7}), ("x", {"sts_pearson": 0.5})]
    _write_meta(path, scores, {})
    found = json.loads(path.read_text(encoding="utf-8"))["performance"]
    assert found == {"ents_f_bc5cdr": 0.6, "ents_f_bc2gm": 0.7, "sts_pearson": 0.5}
