"""Steps, warm-up and evaluations follow from the task's epochs."""

import json
import re
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import spacy
from confection import Config
from spacy import util
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_blurb import annotations
from spacy_blurb.annotations import (
    ENTITIES,
    gold_entities,
    set_gold_entities,
    set_gold_relations,
)
from spacy_blurb.cli.main import app
from spacy_blurb.data.docbin import read_docbin
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.kept_heads import check_entities, check_relations
from spacy_blurb.evaluation.training_config import (
    Settings,
    fill_config,
    remark_on_encoder,
    resolve_encoder,
    template,
)
from spacy_blurb.tasks import get_task

from ..components.corpora import write_corpora
from ..components.questions import EXTRACTIVE, ROWS, make_qa_nlp, to_examples, train

NER = get_task("ner")


def make_corpus(folder: Path, documents: int, gold: int = 0) -> Path:
    report = {"splits": {"train": {"documents": documents, "gold": gold}}}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    for name in ("train.spacy", "dev.spacy"):
        DocBin(docs=[Doc(Vocab(), words=["fever"], spaces=[False])]).to_disk(folder / name)
    return folder


@pytest.mark.parametrize(
    ("documents", "batch_docs", "epochs", "steps", "per_epoch", "warmup"),
    [
        (25, 8, 5, 20, 4, 2),
        (24, 8, 5, 15, 3, 1),
        (1, 16, 3, 3, 1, 1),
        (5424, 32, 20, 3400, 170, 340),
    ],
)
def test_steps_follow_from_epochs(
    project: Path,
    tmp_path: Path,
    documents: int,
    batch_docs: int,
    epochs: int,
    steps: int,
    per_epoch: int,
    warmup: int,
) -> None:
    corpus = make_corpus(tmp_path, documents)
    settings = Settings(learning_rate=3e-4, epochs=epochs, batch_docs=batch_docs, seed=7)
    config = fill_config(project / "configs" / "ner.cfg", [corpus], "owner/x", settings, task=NER)
    values = config.interpolate()
    training = values["training"]
    assert (training["max_steps"], training["eval_frequency"]) == (steps, per_epoch)
    assert training["optimizer"]["learn_rate"] == {
        "@schedules": "warmup_linear.v1",
        "initial_rate": 3e-4,
        "warmup_steps": warmup,
        "total_steps": steps,
    }
    assert (training["seed"], training["batcher"]["size"]) == (7, batch_docs)
    assert values["components"]["transformer"]["model"]["name"] == "owner/x"
    assert values["corpora"]["train"]["path"] == str(corpus / "train.spacy")
    assert values["corpora"]["dev"]["path"] == str(corpus / "dev.spacy")


def test_the_template_is_complete_for_spacy(
    project: Path, corpus: Path, tiny_encoder: Path
) -> None:
    """Filling in spaCy's defaults adds no setting to a component of ours."""
    settings = Settings(1e-3, epochs=1, batch_docs=2, seed=0)
    config = fill_config(
        project / "configs" / "ner.cfg", [corpus], str(tiny_encoder), settings, task=NER
    )
    nlp = util.load_model_from_config(config, auto_fill=True)
    assert nlp.pipe_names == ["transformer", "ner", "doc_cleaner"]
    resolved = nlp.config.interpolate()["components"]["ner"]["model"]
    assert resolved["tok2vec"]["upstream"] == "transformer"


def test_several_corpora_are_read_one_behind_the_other(project: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder, documents in zip(folders, (5, 6), strict=True):
        folder.mkdir()
        make_corpus(folder, documents)
    base, settings = project / "configs" / "ner.cfg", Settings(1e-3, 2, batch_docs=4, seed=0)
    config = fill_config(base, folders, "owner/x", settings, task=NER)
    path = tmp_path / "train.cfg"
    config.to_disk(path)
    values = Config().from_disk(path).interpolate()
    # 11 documents in batches of 4.
    assert (values["training"]["max_steps"], values["training"]["eval_frequency"]) == (6, 3)
    for split in ("train", "dev"):
        expected = [str(folder / f"{split}.spacy") for folder in folders]
        assert values["corpora"][split]["path"] == expected


@pytest.mark.parametrize(
    ("template_name", "task", "names", "weighted"),
    [
        ("ner", "ner", ["chemicals"], {"ents_f": 1.0}),
        ("ner", "bc5_chem", ["chemicals", "diseases"], {"ents_f": 1.0}),
        ("ner", "ebm_pico", ["pico"], {"pico_f": 1.0}),
        ("ner", "ner", ["chemicals", "pico"], {"ents_f": 0.5, "pico_f": 0.5}),
        ("ner_rel", "ner", ["chemicals"], {"ents_f": 1.0}),
    ],
)
def test_scores_of_what_is_not_annotated_have_no_weight(
    project: Path,
    tmp_path: Path,
    template_name: str,
    task: str,
    names: list[str],
    weighted: dict[str, float],
) -> None:
    """As spaCy then weighs them: PICO made the entities' score half, though nothing has it."""
    folders = write_corpora(tmp_path, names)
    base, settings = project / "configs" / f"{template_name}.cfg", Settings(1e-3, 1, 2, 0)
    config = fill_config(base, list(folders.values()), "owner/x", settings, task=get_task(task))
    weights = util.combine_score_weights([], config["training"]["score_weights"])
    assert {key: value for key, value in weights.items() if value} == weighted
    shown = {key for key, value in weights.items() if value is not None}
    assert shown <= {"ents_f", "ents_p", "ents_r", "pico_f"} - (
        set() if "ents_f" in weighted else {"ents_f", "ents_p", "ents_r"}
    )


def test_a_template_keeps_its_weights_where_nothing_is_annotated(
    project: Path, tmp_path: Path
) -> None:
    corpus = make_corpus(tmp_path, 3)
    config = fill_config(
        project / "configs" / "ner.cfg", [corpus], "owner/x", Settings(1e-3, 1, 2, 0), task=NER
    )
    weights = config["training"]["score_weights"]
    assert (weights["ents_f"], weights["pico_f"]) == (1.0, 1.0)


def test_a_trained_pipeline_states_no_score_that_nobody_measured(trained_folder: Path) -> None:
    meta = json.loads((trained_folder / "meta.json").read_text(encoding="utf-8"))
    performance = meta["performance"]
    assert performance["ents_f"] > 0.5
    assert set(performance["ents_per_type"]) == {"Chemical", "Disease"}
    assert not [key for key in performance if key.startswith("pico")]


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("ebm_pico", "ner"),
        ("bc2gm", "ner"),
        ("hoc", "textcat"),
        ("biosses", "sts"),
        ("gad", "rel"),
    ],
)
def test_the_component_of_a_task_has_the_template(
    project: Path, monkeypatch: pytest.MonkeyPatch, task: str, name: str
) -> None:
    monkeypatch.chdir(project)
    assert template(get_task(task)) == Path("configs") / f"{name}.cfg"


def test_no_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BlurbError, match=r"B615.*configs/ner\.cfg"):
        template(get_task("bc2gm"))


@pytest.mark.parametrize("missing", ["base.cfg", "train.spacy", "dev.spacy"])
def test_missing_files_are_named(tmp_path: Path, missing: str) -> None:
    make_corpus(tmp_path, 3)
    (tmp_path / "base.cfg").touch()
    (tmp_path / missing).unlink()
    with pytest.raises(BlurbError, match=f"B100.*{missing}"):
        fill_config(tmp_path / "base.cfg", [tmp_path], "x", Settings(1e-3, 1, 1, 0), task=NER)


@pytest.mark.parametrize(
    "content",
    ["# Title\nnot a config\n", "[paths]\ntrain = null\n", "[paths\n", "[paths]\n[paths]\n", ""],
    ids=["text", "sections missing", "cut off", "repeated", "empty"],
)
def test_a_template_that_is_no_training_config(tmp_path: Path, content: str) -> None:
    make_corpus(tmp_path, 3)
    base = tmp_path / "base.cfg"
    base.write_text(content, encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B503.*base\.cfg is not a training config: .+"):
        fill_config(base, [tmp_path], "x", Settings(1e-3, 1, 1, 0), task=NER)


def test_docs_of_ones_own_need_no_report(tmp_path: Path, project: Path) -> None:
    docs = [Doc(Vocab(), words=["fever", "here"]) for _ in range(7)]
    for doc in docs:
        doc.cats = {"yes": 1.0, "no": 0.0}
    for name in ("train.spacy", "dev.spacy"):
        DocBin(docs=docs).to_disk(tmp_path / name)
    settings, task = Settings(1e-3, 3, 2, 0), get_task("textcat")
    config = fill_config(template(task), [tmp_path], "x", settings, task=task)
    assert config["training"]["max_steps"] == 3 * 4
    # Of relations what a report of `convert-own` counts, mentions, or pairs where these are given.
    for doc in docs:
        set_gold_entities(doc, [(0, 5, "A"), (6, 10, "B"), (6, 10, "C")], label_sets=["mine"])
        set_gold_relations(doc, [(0, 1, "causes", "")])
    DocBin(docs=docs[:5], store_user_data=True).to_disk(tmp_path / "train.spacy")
    task = get_task("rel")
    base = project / "configs" / "rel.cfg"
    config = fill_config(base, [tmp_path], "x", settings, task=task)
    assert config["training"]["max_steps"] == 3 * 8


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"splits": {"train": {}}}'])
def test_a_damaged_report(tmp_path: Path, project: Path, content: str) -> None:
    make_corpus(tmp_path, 3)
    (tmp_path / "report.json").write_text(content, encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B101.*report\.json"):
        fill_config(
            project / "configs" / "ner.cfg", [tmp_path], "x", Settings(1e-3, 1, 1, 0), task=NER
        )


def test_the_template_has_no_value_of_its_own_for_paths(project: Path) -> None:
    config = Config().from_disk(project / "configs" / "ner.cfg", interpolate=False)
    assert set(config["paths"].values()) == {None}


def test_encoder_folders_must_hold_a_model(
    project: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, settings = project / "configs" / "ner.cfg", Settings(1e-3, 1, 2, 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "encoders" / "half").mkdir(parents=True)
    wrong = ("encoders/half", "encoders/none", str(tmp_path / "none"))
    no_hub_names = ("./none", "../none", "~/none", "a/b/c", "none/", "my encoder")
    for encoder in (*wrong, *no_hub_names):
        with pytest.raises(BlurbError, match=f"B508.*{re.escape(encoder)}:"):
            fill_config(base, [corpus], encoder, settings, task=NER)
    config = fill_config(base, [corpus], "owner/name-on-the-hub", settings, task=NER)
    assert config["paths"]["encoder"] == "owner/name-on-the-hub"
    (remark,) = remark_on_encoder("owner/name-on-the-hub")
    assert "looks for this name on the hub" in remark
    assert remark_on_encoder("encoders/half") == []


def test_template_must_have_the_tasks_component(project: Path, corpus: Path) -> None:
    base, settings = project / "configs" / "ner.cfg", Settings(1e-3, 1, 2, 0)
    with pytest.raises(BlurbError, match=r"B509.*ner\.cfg trains .*ner.*chemprot needs .*'rel'"):
        fill_config(base, [corpus], "owner/x", settings, task=get_task("chemprot"))


@pytest.mark.parametrize("template_name", ["rel", "ner_rel"])
def test_a_task_changes_settings_of_its_component(
    project: Path, tmp_path: Path, template_name: str
) -> None:
    make_corpus(tmp_path, 5, gold=70)
    base, settings = project / "configs" / f"{template_name}.cfg", Settings(1e-3, 2, 32, 0)
    found = {}
    for name in ("chemprot", "ddi", "bc5cdr_cid"):
        config = fill_config(base, [tmp_path], "owner/x", settings, task=get_task(name))
        rel = config["components"]["rel"]
        found[name] = (rel["directed"], rel["candidates"]["same_sentence"])
        # Batches of pairs, or of documents.
        assert config["training"]["eval_frequency"] == (3 if template_name == "rel" else 1)
    assert found == {"chemprot": (True, True), "ddi": (False, True), "bc5cdr_cid": (True, False)}


def test_texts_are_parted_as_the_words_of_training(project: Path, tmp_path: Path) -> None:
    """Where the corpus gives words, "DRD2" is one in texts too."""
    corpus = make_corpus(tmp_path, documents=1)
    settings = Settings(1e-3, epochs=1, batch_docs=1, seed=0)
    for given, expected in ((False, ["DRD", "2", "-", "x"]), (True, ["DRD2", "-", "x"])):
        docs = [Doc(Vocab(), words=["DRD2"], spaces=None if given else [False])]
        DocBin(docs=docs).to_disk(corpus / "train.spacy")
        config = fill_config(project / "configs" / "ner.cfg", [corpus], "x/y", settings, task=NER)
        nlp = spacy.blank("en", config={"nlp": {"tokenizer": config["nlp"]["tokenizer"]}})
        assert [token.text for token in nlp("DRD2-x")] == expected


@pytest.fixture(scope="module")
def answerer(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained pipeline that answers by spans."""
    folder = tmp_path_factory.mktemp("trained") / "model-last"
    train(make_qa_nlp(tiny_encoder, "spans"), EXTRACTIVE).to_disk(folder)
    return folder


def make_questions(folder: Path, kind: str) -> Path:
    report = {"splits": {"train": {"documents": 3, "gold": 3}}}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    docs = [example.reference for example in to_examples(spacy.blank("en"), ROWS[kind])]
    for name in ("train.spacy", "dev.spacy"):
        DocBin(store_user_data=True, docs=docs).to_disk(folder / name)
    return folder


def test_a_head_is_kept_for_questions_of_its_kind(
    project: Path, tmp_path: Path, answerer: Path
) -> None:
    base, settings = project / "configs" / "qa.cfg", Settings(1e-3, 1, 2, 0)
    corpus = make_questions(tmp_path, "spans")
    config = fill_config(
        base, [corpus], str(answerer), settings, task=get_task("qa"), keep_head=True
    )
    assert config["components"]["qa"] == {"source": str(answerer)}
    corpus = make_questions(tmp_path, "labels")
    with pytest.raises(BlurbError, match=r"B524.*'qa' of .*model-last answers by spans.*labels"):
        fill_config(base, [corpus], str(answerer), settings, task=get_task("qa"), keep_head=True)
    with pytest.raises(BlurbError, match=r"B524.*answers by spans.*labels"):
        fill_config(
            base, [corpus], str(answerer), settings, task=get_task("pubmedqa"), keep_head=True
        )


def test_a_head_is_kept_for_entities_that_it_knows(
    project: Path, trained_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    """With others it trained nothing, or passed over a label, without a word."""
    base, settings = project / "configs" / "ner.cfg", Settings(1e-3, 1, 2, 0)

    def fill(folder: Path) -> Config:
        return fill_config(base, [folder], str(trained_folder), settings, task=NER, keep_head=True)

    assert fill(corpus)["components"]["ner"] == {"source": str(trained_folder)}
    for folder, label_sets, label, code in (
        ("other_set", ["mine"], "Disease", r"B527.*for mine"),
        ("other_label", None, "Drug", r"B528.*cannot learn Drug"),
    ):
        docs = read_docbin(corpus / "train.spacy", spacy.blank("en").vocab)
        for doc in docs:
            mentions = [(a, b, label) for a, b, _ in gold_entities(doc, ENTITIES) or ()]
            sets = label_sets or annotations.label_sets(doc, ENTITIES)
            set_gold_entities(doc, mentions, label_sets=sets)
        other = shutil.copytree(corpus, tmp_path / folder)
        DocBin(docs=docs).to_disk(other / "train.spacy")
        with pytest.raises(BlurbError, match=code):
            fill(other)


@pytest.mark.parametrize(
    ("known", "sets", "label", "code"),
    [
        ({"a": ["Drug"], "b": ["Disease"]}, ["b"], "Disease", None),
        ({"a": ["Drug"], "b": ["Disease"]}, ["b"], "Drug", "B528.*learn Drug"),
        ({"a": ["Drug"], "b": ["Disease"]}, None, "Drug", "B527.*annotated for one without a name"),
        ({"a": ["Drug"]}, None, "Drug", None),
        ({"a": ["Drug"]}, ["a", "c"], "Drug", None),  # "c" is another head's
        ({"": ["Drug"]}, ["c"], "Drug", None),
        ({"": ["Drug"]}, ["c"], "Gene", "B528.*learn Gene"),
    ],
)
def test_entities_are_compared_by_label_set(
    tmp_path: Path, known: dict, sets: list[str] | None, label: str, code: str | None
) -> None:
    (tmp_path / "ner").mkdir()
    cfg = {"label_sets": {ENTITIES: known}}
    (tmp_path / "ner" / "cfg").write_text(json.dumps(cfg), encoding="utf-8")
    doc = spacy.blank("en")("aspirin")
    if sets is None:
        doc.ents = [doc.char_span(0, 7, label=label)]
    else:
        set_gold_entities(doc, [(0, 7, label)], label_sets=sets)
    DocBin(docs=[doc]).to_disk(tmp_path / "train.spacy")
    with pytest.raises(BlurbError, match=code) if code else nullcontext():
        check_entities(tmp_path, "ner", [tmp_path / "train.spacy"])


def test_relations_that_a_kept_head_cannot_learn(tmp_path: Path) -> None:
    (tmp_path / "rel").mkdir()
    (tmp_path / "rel" / "cfg").write_text(json.dumps({"labels": ["Causes"]}), encoding="utf-8")
    doc = spacy.blank("en")("aspirin fever")
    set_gold_entities(doc, [(0, 7, "Drug"), (8, 13, "Sign")], label_sets=[])
    path = tmp_path / "train.spacy"
    for label, code in (("Causes", None), ("Brandnew", "B528.*finds Causes.*learn Brandnew")):
        set_gold_relations(doc, [(0, 1, label, "")])
        DocBin(docs=[doc]).to_disk(path)
        with pytest.raises(BlurbError, match=code) if code else nullcontext():
            check_relations(tmp_path, "rel", [path])
    check_relations(tmp_path, "other", [path])


def test_installed_packages_are_pipelines(
    project: Path,
    tmp_path: Path,
    trained_folder: Path,
    corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is exported was taken for a name of the hub, and failed in the training."""
    package = tmp_path / "site" / "en_mine"
    shutil.copytree(trained_folder, package / "en_mine-0.1.0")
    (package / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    for name in ("en_mine", "en-mine"):
        assert resolve_encoder(name) == str(package / "en_mine-0.1.0")
    assert resolve_encoder("typing-extensions") == "typing-extensions"  # another package
    assert "en_mine" not in sys.modules
    assert resolve_encoder("owner/x") == "owner/x"
    assert resolve_encoder(str(corpus)) == str(corpus)
    shutil.rmtree(package / "en_mine-0.1.0" / "transformer")  # as an exported one has no such file
    words = ["init-config", "ner", str(tmp_path / "t.cfg"), "--corpus", str(corpus)]
    words += ["--base", str(project / "configs" / "ner.cfg"), "--encoder", "en_mine"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "[B491]" in result.stderr
    assert "an exported one, such as en_blurb_sm" in result.stderr


def test_there_must_be_a_head_to_keep(project: Path, corpus: Path, answerer: Path) -> None:
    base, settings = project / "configs" / "ner.cfg", Settings(1e-3, 1, 2, 0)
    for encoder in (str(answerer), "owner/x"):
        with pytest.raises(BlurbError, match=r"B545.*'ner'"):
            fill_config(base, [corpus], encoder, settings, task=NER, keep_head=True)
