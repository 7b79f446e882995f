"""The joint template keeps what the corpora teach; a head is added to a frozen pipeline."""

import json
from pathlib import Path

import pytest
import spacy
from confection import Config
from spacy import registry, util
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_blurb.annotations import set_gold_entities
from spacy_blurb.components.gold_tags import collect_label_sets
from spacy_blurb.data.readers import make_corpus_v1
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.added_head import add_to_pipeline
from spacy_blurb.evaluation.joint_config import fill_joint_config
from spacy_blurb.evaluation.joint_corpora import compare_corpora
from spacy_blurb.evaluation.training_config import Settings, fill_config
from spacy_blurb.tasks import get_task

from ..components.corpora import COMPONENT, CORPORA, write_corpora

SETTINGS = Settings(1e-3, epochs=4, batch_docs=2, seed=3)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_corpora(tmp_path_factory.mktemp("corpora"))


@pytest.fixture
def base(project: Path) -> Path:
    return project / "configs" / "joint.cfg"


def test_the_template_is_complete_for_spacy(
    base: Path, folders: dict[str, Path], tiny_encoder: Path
) -> None:
    """Filling in spaCy's defaults adds no setting to a component of ours, but who scores it."""
    config, taught, _ = fill_joint_config(base, list(folders.values()), str(tiny_encoder), SETTINGS)
    nlp = util.load_model_from_config(config, auto_fill=True)
    assert nlp.pipe_names == [
        *("transformer", "ner", "sentencizer", "rel", "textcat", "qa", "sts", "doc_cleaner")
    ]
    written, filled = config.interpolate()["components"], nlp.config.interpolate()["components"]
    for name in taught:
        assert filled[name].keys() - written[name].keys() <= {"scorer"}
    assert {Path(path).name: name for name, paths in taught.items() for path in paths} == COMPONENT


def test_steps_and_scores(base: Path, folders: dict[str, Path]) -> None:
    config, *_ = fill_joint_config(base, list(folders.values()), "owner/x", SETTINGS)
    training = config.interpolate()["training"]
    # Of 3, 3, 2, 2, 3, 3 and 2 Docs 11 batches of 2, in shares of the square roots.
    assert training["eval_frequency"] == 11
    assert training["max_steps"] == 4 * training["eval_frequency"]
    assert training["annotating_components"] == ["sentencizer"]
    weights = {key: value for key, value in training["score_weights"].items() if value}
    scores = ("ents_f", "pico_f", "rel_micro_f", "cats_micro_f", "qa_score", "sts_pearson")
    assert weights == pytest.approx(dict.fromkeys(scores, 1 / 6))


def test_long_docs_make_more_steps(base: Path, folders: dict[str, Path], tmp_path: Path) -> None:
    """As many as the batcher of the config then yields."""
    nlp = spacy.blank("en")
    docs = [nlp.make_doc("rats " * 400) for _ in range(7)]
    for doc in docs:
        doc.cats = {"x": 1.0}
    for split in ("train", "dev"):
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
    chosen = [tmp_path, folders["pico"]]
    config, *_ = fill_joint_config(base, chosen, "owner/x", Settings(1e-3, 1, 16, 0))
    resolved = registry.resolve({"batcher": config.interpolate()["training"]["batcher"]})
    read = make_corpus_v1([folder / "train.spacy" for folder in chosen])
    batches = list(resolved["batcher"](list(read(nlp))))
    assert config["training"]["max_steps"] == len(batches) == 8
    assert max(map(len, batches)) > 1


@pytest.mark.parametrize("given", [False, True])
def test_one_corpus_with_words_decides_for_texts(
    given: bool, base: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    doc = Doc(Vocab(), words=["DRD2"], spaces=None if given else [False])
    set_gold_entities(doc, [(0, 4, "Gene")], label_sets=["genes"])
    for split in ("train", "dev"):
        DocBin(docs=[doc]).to_disk(tmp_path / f"{split}.spacy")
    chosen = [folders["chemicals"], tmp_path]
    config, *_ = fill_joint_config(base, chosen, "owner/x", SETTINGS)
    assert config["nlp"]["tokenizer"].get("inside_words", True) is not given


@pytest.mark.parametrize(
    ("names", "pipeline", "scores"),
    [
        (["labels"], ["textcat"], {"cats_micro_f", "cats_micro_p", "cats_micro_r"}),
        (["pico", "questions"], ["ner", "qa"], {"pico_f", "qa_score"}),
        (["relations"], ["sentencizer", "rel"], {"rel_micro_f"}),
    ],
)
def test_components_that_no_corpus_teaches_are_left_out(
    base: Path, folders: dict[str, Path], names: list[str], pipeline: list[str], scores: set[str]
) -> None:
    chosen = [folders[name] for name in names]
    config, taught, _ = fill_joint_config(base, chosen, "owner/x", SETTINGS)
    assert config["nlp"]["pipeline"] == ["transformer", *pipeline, "doc_cleaner"]
    assert list(config["components"]) == config["nlp"]["pipeline"]
    assert set(taught) == set(pipeline) - {"sentencizer"}
    weights = config["training"]["score_weights"]
    assert {key for key, value in weights.items() if value is not None} == scores
    annotating = ["sentencizer"] if "rel" in pipeline else []
    assert config["training"]["annotating_components"] == annotating
    paths = config["paths"]["train"]
    assert paths == [str(f / "train.spacy") for f in chosen] or [paths] == [
        str(f / "train.spacy") for f in chosen
    ]


def rename(folder: Path, source: Path, task: str) -> Path:
    """The same corpus as that of another task."""
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    (folder / "report.json").write_text(json.dumps({**report, "task": task}), encoding="utf-8")
    return folder


def test_tasks_change_settings_unless_they_disagree(
    base: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    ddi = rename(tmp_path / "ddi", folders["relations"], "ddi")
    config, *_ = fill_joint_config(base, [ddi, folders["labels"]], "owner/x", SETTINGS)
    assert config["components"]["rel"]["directed"] is False
    message = r"B732.*relations and .*ddi want .*'rel' \(none; directed = false\)"
    with pytest.raises(BlurbError, match=message):
        fill_joint_config(base, [folders["relations"], ddi], "owner/x", SETTINGS)
    # A corpus of relations that teaches entities too: its settings are those of `rel`.
    own = rename(tmp_path / "own", folders["relations"], "own")
    with pytest.raises(BlurbError, match="B732"):
        fill_joint_config(base, [own, ddi], "owner/x", SETTINGS)


def test_own_pairs_are_judged_as_those_of_the_task_beside_them(
    base: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    own = rename(tmp_path / "own", folders["relations"], "own")
    cid = rename(tmp_path / "cid", folders["relations"], "bc5cdr_cid")
    remark = f"{own}: its pairs are judged with candidates.same_sentence = false too"
    for corpora in ([own, cid], [cid, own]):
        config, _, remarks = fill_joint_config(base, corpora, "owner/x", SETTINGS)
        assert config["components"]["rel"]["candidates"]["same_sentence"] is False
        assert [found for found in remarks if "judged" in found] == [remark]
    _, _, remarks = fill_joint_config(base, [own], "owner/x", SETTINGS)
    assert not [found for found in remarks if "judged" in found]
    chemprot = rename(tmp_path / "chemprot", folders["relations"], "chemprot")
    with pytest.raises(BlurbError, match="B732"):
        fill_joint_config(base, [own, cid, chemprot], "owner/x", SETTINGS)


def test_a_corpus_without_annotations(base: Path, folders: dict[str, Path], tmp_path: Path) -> None:
    empty = rename(tmp_path / "empty", folders["labels"], "own")
    nlp = util.get_lang_class("en")()
    DocBin(docs=[nlp.make_doc("fever")]).to_disk(empty / "train.spacy")
    with pytest.raises(BlurbError, match=r"B731.*empty: .*joint\.cfg could learn \(ner, rel, "):
        fill_joint_config(base, [folders["labels"], empty], "owner/x", SETTINGS)
    (empty / "report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B101.*report\.json"):
        fill_joint_config(base, [empty], "owner/x", SETTINGS)
    with pytest.raises(BlurbError, match=r"B100.*none"):
        fill_joint_config(base, [tmp_path / "none"], "owner/x", SETTINGS)
    no_joint = base.parent / "ner.cfg"
    with pytest.raises(BlurbError, match=r"B503.*ner\.cfg.*annotating_components.* is missing"):
        fill_joint_config(no_joint, [folders["chemicals"]], "owner/x", SETTINGS)


def make_entities(folder: Path, *texts: tuple[str, str, str], label_set: str = "Entity") -> Path:
    """Texts with one mention each: its words and its label."""
    nlp = spacy.blank("en")
    docs = []
    for text, words, label in texts:
        doc = nlp.make_doc(text)
        start = text.index(words)
        mentions = [(start, start + len(words), label)] if label else []
        set_gold_entities(doc, mentions, label_sets=[label_set] if label_set else [])
        docs.append(doc)
    folder.mkdir()
    for split in ("train", "dev"):
        DocBin(docs=docs).to_disk(folder / f"{split}.spacy")
    return folder


def test_label_sets_of_one_name_with_other_labels(base: Path, tmp_path: Path) -> None:
    drugs = make_entities(tmp_path / "drugs", ("aspirin", "aspirin", "Drug"))
    diseases = make_entities(tmp_path / "diseases", ("fever", "fever", "Disease"))
    with pytest.raises(BlurbError, match=r"B735.*drugs and .*diseases .*'Entity'.*Drug; Disease"):
        fill_joint_config(base, [drugs, diseases], "owner/x", SETTINGS)
    with pytest.raises(BlurbError, match="B735"):
        compare_corpora([drugs, diseases])
    rows = ("fever", "fever", "Disease"), ("aspirin", "aspirin", "Drug")
    both = make_entities(tmp_path / "both", *rows)
    remark = (
        f"{drugs} has the label set 'Entity' too, but no Disease: these are taught to be absent"
    )
    remarks = fill_joint_config(base, [drugs, both], "owner/x", SETTINGS).remarks
    assert len(remarks) == 1
    assert remarks[0].startswith(remark)
    named = make_entities(tmp_path / "named", *rows[:1], label_set="diseases")
    assert fill_joint_config(base, [drugs, named], "owner/x", SETTINGS).remarks == []
    assert compare_corpora([drugs]) == []
    unnamed = make_entities(tmp_path / "unnamed", *rows, label_set="")
    with pytest.raises(BlurbError, match=r"B410.*\(diseases\).*set_gold_entities"):
        fill_joint_config(base, [named, unnamed], "owner/x", SETTINGS)


def test_what_a_user_should_know_of_the_corpora(
    base: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    text = "aspirin causes fever in many rats , and it reduces hypertension"
    first = make_entities(tmp_path / "first", (text, "aspirin", "Drug"))
    second = make_entities(tmp_path / "second", (text, "fever", "Disease"), label_set="other")
    nlp = spacy.blank("en")
    docs = [*DocBin().from_disk(second / "train.spacy").get_docs(nlp.vocab), nlp("no labels")]
    DocBin(docs=docs).to_disk(second / "train.spacy")
    config, _, remarks = fill_joint_config(base, [first, second], "owner/x", SETTINGS)
    assert remarks == [
        f"{second}: 1 Docs without annotations are left out",
        f"{first}: 1 dev texts are training texts of {second}, so that scores on them may flatter",
        f"{second}: 1 dev texts are training texts of {first}, so that scores on them may flatter",
    ]
    # The Doc without annotations makes no batch.
    assert config["training"]["eval_frequency"] == 2
    # Scores of what is not in the pipeline would be 0.0 in its meta.
    assert set(config["training"]["score_weights"]) & {"rel_micro_f", "sts_pearson"} == set()
    assert fill_joint_config(base, list(folders.values()), "owner/x", SETTINGS).remarks == []


def test_an_empty_text_is_no_text_without_entities(
    base: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    labels = rename(tmp_path / "labels", folders["labels"], "own")
    nlp = spacy.blank("en")
    empty = nlp.make_doc("")
    empty.cats = {"x": 1.0, "y": 0.0}
    docs = [*DocBin().from_disk(labels / "train.spacy").get_docs(nlp.vocab), empty]
    DocBin(docs=docs).to_disk(labels / "train.spacy")
    _, taught, _ = fill_joint_config(base, [labels, folders["chemicals"]], "owner/x", SETTINGS)
    assert taught == {"ner": [str(folders["chemicals"])], "textcat": [str(labels)]}
    references = [
        *docs,
        *DocBin().from_disk(folders["chemicals"] / "train.spacy").get_docs(nlp.vocab),
    ]
    assert collect_label_sets(references, name="ner") == {"blurb": {"bc5_chem": ["Chemical"]}}


def save_config(folder: Path, *names: str) -> Path:
    """What is read of a saved pipeline."""
    folder.mkdir()
    tokenizer = {"@tokenizers": "spacy.Tokenizer.v1"}
    config = Config({"nlp": {"pipeline": list(names), "tokenizer": tokenizer}})
    config["components"] = {name: {"factory": name} for name in names}
    config["training"] = {"score_weights": {"ents_f": 1.0, "rel_micro_f": 0.0}}
    config.to_disk(folder / "config.cfg")
    return folder


def test_a_head_is_added_to_a_frozen_pipeline(
    project: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    config = fill_config(
        project / "configs" / "rel.cfg",
        [folders["relations"]],
        "owner/x",
        SETTINGS,
        task=get_task("gad"),
    )
    pipeline = str(save_config(tmp_path / "a", "transformer", "ner", "doc_cleaner"))
    add_to_pipeline(config, pipeline, "rel")
    names = ["transformer", "ner", "sentencizer", "rel", "doc_cleaner"]
    assert config["nlp"]["pipeline"] == list(config["components"]) == names
    assert config["nlp"]["tokenizer"] == {"@tokenizers": "spacy.Tokenizer.v1"}
    sourced = [name for name in names if config["components"][name] == {"source": pipeline}]
    assert sourced == config["training"]["frozen_components"]
    assert sourced == ["transformer", "ner", "doc_cleaner"]
    assert config["training"]["annotating_components"] == ["transformer", "sentencizer"]
    weights = config["training"]["score_weights"]
    assert (weights["rel_micro_f"], weights["ents_f"]) == (1.0, None)
    with pytest.raises(BlurbError, match=r"B734.*'ner' already: transformer, ner, doc_cleaner"):
        add_to_pipeline(config, pipeline, "ner")
    for other in (str(save_config(tmp_path / "b", "ner")), "owner/x"):
        with pytest.raises(BlurbError, match=f"B733.*{other}"):
            add_to_pipeline(config, other, "rel")


def test_every_corpus_of_the_tests_has_its_component() -> None:
    assert set(COMPONENT) == set(CORPORA)
