"""`blurb_rel` on a shared encoder, with one pass per Doc and one per candidate."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from spacy.vocab import Vocab
from thinc.api import SGD, Adam, fix_random_seed

from spacy_blurb.annotations import (
    ENTITIES,
    RELATIONS,
    install_extensions,
    set_gold_entities,
    set_gold_relations,
    set_scored_entities,
)
from spacy_blurb.annotations.relations import FoundRelation, set_found_relations
from spacy_blurb.components.doc_pairs import DocPairs
from spacy_blurb.components.gold_pairs import target_labels
from spacy_blurb.components.rel import BlurbRel
from spacy_blurb.components.relation_decisions import is_chosen
from spacy_blurb.components.relation_scorer import score_relations
from spacy_blurb.data.readers import make_corpus_v1, make_predicted
from spacy_blurb.errors import BlurbError

from .pipelines import (
    count_passes,
    encoder_gradients,
    encoder_weights,
    make_nlp,
    run_python,
    set_head,
    train_step,
)
from .relation_docs import (
    GOLDS,
    MODELS,
    REENCODED,
    SHARED,
    Gold,
    ents,
    found,
    gold_doc,
    set_sentences,
    to_examples,
)

BOTH = {name: MODELS[name] for name in ("shared", "dummies-cls")}
CHEMICAL, DISEASE = ("aspirin", "Chemical"), ("fever", "Disease")


def get_rel(nlp: Language) -> Any:
    return nlp.get_pipe("rel")


def make_rel(encoder: Path, golds: list[Gold] = GOLDS, **settings: Any) -> Language:
    """Initialised, not trained."""
    complete = settings.pop("complete", False)
    nlp = make_nlp(encoder, rel={"model": SHARED, **settings})
    fix_random_seed(0)
    nlp.initialize(lambda: to_examples(nlp, golds, complete=complete))
    return nlp


def train(nlp: Language, examples: list[Example], n_steps: int = 40) -> None:
    sgd = Adam(0.005)
    losses = [train_step(nlp, examples, sgd)["rel"] for _ in range(n_steps)]
    assert losses[-1] < 0.1 < losses[0]


@pytest.fixture(scope="module", params=BOTH)
def trained(request: pytest.FixtureRequest, tiny_encoder: Path) -> Language:
    nlp = make_rel(tiny_encoder, model=BOTH[request.param])
    train(nlp, to_examples(nlp))
    return nlp


# Construct and initialise ------------------------------------------------------------------------


def test_default_config_is_complete() -> None:
    nlp = spacy.blank("en")
    rel: Any = nlp.add_pipe("blurb_rel", name="rel")
    assert isinstance(rel, BlurbRel)
    assert rel.cfg == {
        "labels": [],
        "types": None,
        "directed": True,
        "exclusive": True,
        "threshold": None,
        "use_gold_ents": True,
        "max_mention_pairs": None,
    }
    config = nlp.get_pipe_config("rel")
    assert config["model"]["@architectures"] == "spacy_blurb.SharedRelations.v1"
    assert config["candidates"]["@misc"] == "spacy_blurb.candidates.v1"
    assert nlp.get_pipe_meta("rel").default_score_weights["rel_micro_f"] == 1.0


def test_not_initialised_is_said(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, rel={})
    for call in (
        lambda: get_rel(nlp)(nlp.make_doc("aspirin")),
        lambda: get_rel(nlp).update(to_examples(nlp)),
    ):
        with pytest.raises(ValueError, match=r"B462.*'rel' has no labels.*nlp\.initialize"):
            call()


def test_initialize_takes_labels_and_types_from_the_examples(tiny_encoder: Path) -> None:
    nlp = make_rel(tiny_encoder)
    pair = [["Chemical", "Disease"]]
    assert get_rel(nlp).label_data == {"Causes": pair, "Reduces": pair}
    # None comes first.
    assert get_rel(nlp).model.get_ref("output_layer").get_dim("nO") == 3
    with pytest.raises(ValueError, match=r"B461.*'Other'"):
        get_rel(nlp).add_label("Other")
    assert get_rel(nlp).add_label("Causes") == 0
    nlp = make_nlp(tiny_encoder, rel={"types": {"Causes": [["Disease", "Chemical"]]}})
    nlp.initialize(lambda: to_examples(nlp))
    assert get_rel(nlp).cfg["types"] == {"Causes": [["Disease", "Chemical"]]}


def test_initialize_without_relations(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, rel={})
    with pytest.raises(ValueError, match=r"B460.*'rel'"):
        nlp.initialize(lambda: to_examples(nlp, GOLDS[2:]))


def test_settings_that_cannot_be(tiny_encoder: Path) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("B468.*'CID'", {"types": {"CID": [["Chemical"]]}}),
        ("B469.* is 0", {"max_mention_pairs": 0}),
        ("marking.*'stars' is not", {"model": {**REENCODED, "marking": "stars"}}),
        ("features.*'mean' is not", {"model": {**REENCODED, "features": "mean"}}),
        ("B474.* from 0 pairs", {"model": {**REENCODED, "max_train_pairs": 0}}),
    ]
    for message, settings in wrong:
        with pytest.raises(ValueError, match=message):
            make_nlp(tiny_encoder, rel=settings)


def test_a_failed_start_leaves_no_label_behind(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, rel={"model": SHARED})
    wrong: Gold = (*GOLDS[0][:2], [(0, 1, "Causes"), (0, 1, "Typo")])
    with pytest.raises(BlurbError, match="B463"):
        nlp.initialize(lambda: to_examples(nlp, [wrong]))
    assert get_rel(nlp).labels == ()
    nlp.initialize(lambda: to_examples(nlp))
    assert get_rel(nlp).labels == ("Causes", "Reduces")


def test_several_relations_of_a_pair_need_to_be_allowed(tiny_encoder: Path) -> None:
    gold: Gold = (*GOLDS[0][:2], [(0, 1, "Causes"), (0, 1, "Treats")])
    with pytest.raises(BlurbError, match=r"B463.*'aspirin' and 'fever' have Causes, Treats"):
        make_rel(tiny_encoder, [gold])
    nlp = make_rel(tiny_encoder, [gold], exclusive=False)
    examples = to_examples(nlp, [gold])
    sgd = Adam(0.01)
    for _ in range(25):
        train_step(nlp, examples, sgd)
    doc = nlp(to_examples(nlp, [gold])[0].predicted)
    assert found(doc) == [("aspirin", "fever", "Causes"), ("aspirin", "fever", "Treats")]
    assert nlp.evaluate(to_examples(nlp, [gold]))["rel_micro_f"] == 1.0


def test_re_encoding_needs_an_encoder_of_ours(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(tiny_encoder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("blurb_rel", name="rel", config={"model": REENCODED})
    with pytest.raises(BlurbError, match=r"B310.*'rel' finds no encoder.*Encoder\.v1"):
        nlp.initialize(lambda: to_examples(nlp))


# Predict -----------------------------------------------------------------------------------------


def test_what_a_doc_carries(trained: Language) -> None:
    doc = trained(to_examples(trained)[0].predicted)
    (relation,) = doc._.relations
    assert (relation.head.text, relation.tail.text, relation.label) == (
        "aspirin",
        "fever",
        "Causes",
    )
    assert (relation.head.label_, relation.tail.label_) == ("Chemical", "Disease")
    assert 0.8 < relation.score <= 1
    assert doc[0:1]._.relations == doc[2:3]._.relations == [relation]
    assert doc[4:5]._.relations == []
    json.dumps(doc.spans[RELATIONS].attrs)
    doc._.trf_data = None
    (from_docbin,) = DocBin(docs=[doc]).get_docs(Vocab())
    for other in (Doc(Vocab()).from_bytes(doc.to_bytes()), from_docbin):
        assert found(other) == found(doc)
        assert other._.relations[0].score == relation.score


def test_ends_of_relations_are_the_entities_of_the_doc(trained: Language) -> None:
    """With what a linker has set behind `ner`; where a user took them out, spans of their own."""
    doc = trained(ents(trained.make_doc("aspirin causes fever in rats"), CHEMICAL, DISEASE))
    aspirin, fever = (e for e in doc.ents if e.text in ("aspirin", "fever"))
    doc.ents = [Span(doc, aspirin.start, aspirin.end, aspirin.label, kb_id="D001241"), fever]
    (relation,) = doc._.relations
    assert relation.head.kb_id_ == "D001241"
    assert relation.head in doc.ents
    assert relation.tail in doc.ents
    assert doc.ents[0]._.relations == [relation]
    doc.ents = []
    assert [(r.head.text, r.head.kb_id_) for r in doc._.relations] == [("aspirin", "")]


def test_what_is_missing_before_it_is_told(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_blurb.Encoder.v1", "name": str(tiny_encoder)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("blurb_rel", name="rel")
    assert nlp.analyze_pipes()["problems"]["rel"] == ["doc.ents"]
    nlp.add_pipe("blurb_ner", name="ner", before="rel")
    assert nlp.analyze_pipes()["problems"]["rel"] == []


def test_predicted_entities_of_a_text(trained: Language) -> None:
    doc = ents(trained.make_doc("aspirin causes fever in rats"), CHEMICAL, DISEASE)
    assert found(trained(doc)) == [("aspirin", "fever", "Causes")]
    assert doc[2].sent.text == doc.text


def test_entities_that_somebody_removed(trained: Language) -> None:
    """A user's component behind `ner` removes a false entity: it has no relations any more."""
    doc = trained.make_doc("aspirin causes fever in rats")
    set_sentences(doc)
    places = [(0, 1, "Chemical"), (0, 2, "Gene"), (2, 3, "Disease"), (4, 5, "Species")]
    spans = [Span(doc, start, end, label=label) for start, end, label in places]
    sets = ["a", "b", "a", "c"]
    set_scored_entities(doc, spans, [0.9, 0.6, 0.8, 0.7], sets=sets, label_sets=["a", "b", "c"])
    doc.ents = [spans[0], spans[2], spans[3]]
    rel = get_rel(trained)

    def judged() -> list[str]:
        return [doc.text[start:end] for start, end, _ in rel.collect(doc).mentions]

    # "aspirin causes" is not in `doc.ents`, because "aspirin" is.
    assert judged() == ["aspirin", "aspirin causes", "fever", "rats"]
    doc.ents = [spans[2]]
    assert judged() == ["fever"]
    # What somebody has added to the group is sure.
    doc.spans[ENTITIES].append(Span(doc, 3, 5, label="Place"))
    assert judged() == ["fever", "in rats"]
    doc.ents = []
    assert judged() == ["in rats"]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "aspirin causes fever"])
def test_docs_without_entities(trained: Language, text: str) -> None:
    doc = trained(text)
    assert doc._.relations == []
    assert doc.spans[RELATIONS].attrs == {"relations": []}
    assert trained.make_doc(text)._.relations == []


def test_a_batch_predicts_as_each_doc_alone(trained: Language) -> None:
    rel = get_rel(trained)
    docs = [example.predicted for example in to_examples(trained)]
    docs.insert(1, trained.make_doc(" "))
    for name, component in trained.pipeline[:-1]:
        assert name == "transformer"
        docs = list(component.pipe(docs))  # type: ignore[attr-defined]
    batch = [probs for _, probs in rel.predict(docs)]
    alone = [rel.predict([doc])[0][1] for doc in docs]
    for one, other in zip(batch, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert sum(len(probs) for probs in batch) == 3
    np.testing.assert_allclose(np.concatenate(batch).sum(axis=1), 1, atol=1e-6)


def test_thresholds_are_read_at_every_call(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    text = GOLDS[2][0]
    expected = [("aspirin", "hypertension")]
    doc = ents(nlp.make_doc(text), CHEMICAL, ("hypertension", "Disease"))
    assert found(nlp(doc.copy())) == []
    get_rel(nlp).cfg["threshold"] = 0.0
    assert [pair[:2] for pair in found(nlp(doc.copy()))] == expected
    get_rel(nlp).cfg["threshold"] = np.float32(1)
    assert found(nlp(to_examples(nlp)[0].predicted)) == []


def test_types_bound_what_is_predicted(trained: Language) -> None:
    rel = get_rel(trained)
    before = rel.cfg["types"]
    try:
        rel.cfg["types"] = {**before, "Causes": [["Gene", "Disease"]]}
        assert found(trained(to_examples(trained)[0].predicted)) == []
        assert found(trained(to_examples(trained)[1].predicted)) != []
    finally:
        rel.cfg["types"] = before


def test_a_span_finds_its_relations_as_a_search_of_all_does() -> None:
    install_extensions()
    words = [f"w{i}" for i in range(40)]
    doc = Doc(Vocab(), words=words)
    rng = np.random.default_rng(0)

    def write(n: int) -> None:
        ends = [(t.idx, t.idx + len(t), "X") for t in doc]
        pairs = rng.integers(0, 40, (n, 2)).tolist()
        rows = [FoundRelation(ends[h], ends[t], "R", 0.5) for h, t in pairs if h != t]
        set_found_relations(doc, rows)

    def check() -> None:
        for token in doc:
            span = doc[token.i : token.i + 1]
            every = [r for r in doc._.relations if token.i in (r.head.start, r.tail.start)]
            assert span._.relations == every

    for n in (200, 0, 200):
        write(n)
        check()
        # A span that only holds ends is none of them.
        assert doc[3:5]._.relations == doc[:]._.relations == []
    # Changed in place.
    rows = doc.spans[RELATIONS].attrs["relations"]
    for change in (rows.reverse, rows.pop, lambda: rows.append(rows[0]), rows.clear):
        change()
        check()


def test_a_relation_is_more_probable_than_what_its_types_exclude() -> None:
    """Else a label that the model gives almost nothing to would be written."""
    probs = np.array([[0.003, 0.004, 0.993], [0.3, 0.4, 0.3], [0.5, 0.4, 0.1]])
    allowed = np.array([[True, False]] * 3)
    chosen = is_chosen(probs, allowed, exclusive=True, threshold=None)
    assert chosen.tolist() == [[False, False], [True, False], [False, False]]
    # A threshold is the user's word.
    chosen = is_chosen(probs, allowed, exclusive=True, threshold=0.004)
    assert chosen[:, 0].tolist() == [True, True, True]
    assert not chosen[:, 1].any()


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("exclusive", False, "B466.*exclusive = False.*Causes, Reduces.*3 outputs"),
        ("labels", ["Causes"], "B466.*labels Causes,"),
        ("threshold", "0.5", "B417.*'0.5'"),
        ("threshold", float("nan"), "B417.*nan"),
        ("threshold", True, "B417.*True"),
        ("threshold", 2, "B417.* is 2"),
        ("max_mention_pairs", 0, "B469.* is 0"),
        ("max_mention_pairs", "3", "B469.* is 3"),
        ("types", {"Causes": ["Chemical", "Disease"]}, "B468.*'Causes'"),
        ("types", [["Chemical", "Disease"]], "B468.*"),
        ("types", {"Cause": [["Gene", "Disease"]]}, "B421.*labels Cause,.*for Causes, Reduces"),
    ],
)
def test_settings_that_do_not_fit_the_model_are_said(
    trained: Language, monkeypatch: pytest.MonkeyPatch, setting: str, value: Any, code: str
) -> None:
    """The column of "none" would be read as a relation."""
    monkeypatch.setitem(get_rel(trained).cfg, setting, value)
    with pytest.raises(BlurbError, match=code):
        trained(to_examples(trained)[0].predicted)


# Learn -------------------------------------------------------------------------------------------


def test_relations_that_the_head_does_not_know_are_said(trained: Language) -> None:
    other: Gold = ("aspirin causes fever", [CHEMICAL, DISEASE], [(0, 1, "Brandnew")])
    with pytest.warns(UserWarning, match=r"B419.*relations Brandnew.*knows Causes, Reduces"):
        trained.update(to_examples(trained, [other]), sgd=False)


def test_predicted_entities_that_nothing_predicts_are_said(tiny_encoder: Path) -> None:
    nlp = make_rel(tiny_encoder, use_gold_ents=False)
    examples = to_examples(nlp)
    with pytest.warns(UserWarning, match=r"B429.*annotating_components"):
        nlp.update(examples, sgd=False)
    for example in examples:
        example.predicted.set_ents([])  # a component has looked, and found none
    nlp.update(examples, sgd=False)


def test_a_second_initialize_takes_the_types_of_its_examples(tiny_encoder: Path) -> None:
    nlp = make_rel(tiny_encoder)
    other: Gold = (
        "aspirin causes fever",
        [("aspirin", "Drug"), ("fever", "Sign")],
        [(0, 1, "Causes")],
    )
    nlp.initialize(lambda: to_examples(nlp, [other]))
    assert get_rel(nlp).cfg["types"]["Causes"] == [["Drug", "Sign"]]
    # What somebody has set stays.
    mine = {"Causes": [["Drug", "Sign"], ["Gene", "Sign"]], "Reduces": []}
    get_rel(nlp).cfg["types"] = mine
    nlp.initialize(lambda: to_examples(nlp, [other]))
    assert get_rel(nlp).cfg["types"] == mine
    with pytest.raises(ValueError, match=r"B418.*Drug.*Gene"):
        make_rel(tiny_encoder, [other], types={"Causes": [["Gene", "Sign"]]})


# Score -------------------------------------------------------------------------------------------


def test_a_gold_relation_outside_of_the_candidates_is_missed(trained: Language) -> None:
    """Of two gold relations one is across sentences. The tutorial component's scorer says 1."""
    across: Gold = (
        "aspirin causes fever in rats . hypertension",
        [CHEMICAL, DISEASE, ("hypertension", "Disease")],
        [(0, 1, "Causes"), (0, 2, "Causes")],
    )
    scores = trained.evaluate(to_examples(trained, [across]))
    assert scores["rel_micro_r"] == 0.5
    assert scores["rel_candidate_recall"] == 0.5
    assert scores["rel_micro_p"] == 1.0
    assert scores["rel_f_per_type"]["Causes"] == {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3)}
    assert scores["rel_f_per_type"]["Reduces"]["f"] == 0.0


def test_mentions_that_the_tokens_cannot_express_are_missed(trained: Language) -> None:
    reference = gold_doc(trained, GOLDS[0])
    set_gold_entities(reference, [(1, 7, "Chemical"), (15, 20, "Disease")], label_sets=[])
    set_gold_relations(reference, [(0, 1, "Causes", "")])
    example = Example(make_predicted(trained, reference), reference)
    scores = trained.evaluate([example, to_examples(trained)[1]])
    assert (scores["rel_micro_r"], scores["rel_candidate_recall"]) == (0.5, 0.5)


def test_lost_entities_are_said(trained: Language, tmp_path: Path) -> None:
    """spaCy's own reader, as in `spacy evaluate`, makes Docs of text alone."""
    DocBin(docs=[gold_doc(trained, GOLDS[0])]).to_disk(tmp_path / "a.spacy")
    examples = list(Corpus(tmp_path / "a.spacy")(trained))
    with pytest.raises(BlurbError, match=r"B465.*'aspirin causes fever.*Corpus\.v1.*\.cfg\["):
        trained.update(examples, sgd=False)
    (example,) = make_corpus_v1(tmp_path / "a.spacy")(trained)
    assert trained.evaluate([example])["rel_micro_f"] == 1.0
    # All of them: a command of spaCy's, which scores the other heads too.
    with pytest.warns(UserWarning, match=r"B477.*'rel'.*'spacy blurb evaluate'"):
        scores = trained.evaluate(examples)
    assert scores["token_acc"] == 1.0
    assert {v for key, v in scores.items() if key.startswith("rel_")} == {None}
    with pytest.raises(BlurbError, match="B465"):
        trained.evaluate([example, *examples])
    # Labels stay behind.
    assert "Causes" not in json.dumps(example.predicted.spans["candidates"].attrs)


def test_predicted_entities_are_scored_end_to_end(trained: Language, tmp_path: Path) -> None:
    ruler: Any = trained.add_pipe("entity_ruler", before="rel")
    trained.add_pipe("blurb_sentencizer", before="rel")
    ruler.add_patterns([{"pattern": w, "label": y} for w, y in (CHEMICAL, DISEASE)])
    rel = get_rel(trained)
    rel.cfg["use_gold_ents"] = False
    try:
        # spaCy's own reader will do: `spacy evaluate`, `find-threshold`.
        DocBin(docs=[gold_doc(trained, gold) for gold in GOLDS]).to_disk(tmp_path / "a.spacy")
        scores = trained.evaluate(list(Corpus(tmp_path / "a.spacy")(trained)))
        assert (scores["rel_micro_p"], scores["rel_micro_r"]) == (1.0, 0.5)
        assert scores["rel_candidate_recall"] == 0.5
    finally:
        rel.cfg["use_gold_ents"] = True
        trained.remove_pipe("entity_ruler")
        trained.remove_pipe("blurb_sentencizer")


def test_two_components_do_not_erase_each_other_in_silence(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, rel={"model": SHARED})
    nlp.add_pipe("blurb_rel", name="second", config={"model": SHARED})
    nlp.initialize(lambda: to_examples(nlp))
    doc = ents(nlp.make_doc("aspirin causes fever"), CHEMICAL, DISEASE)
    with pytest.warns(UserWarning, match=r"B459.*'second' replaces the relations .* 'rel' found"):
        nlp(doc)


def test_undirected_relations_are_found_in_either_order(tiny_encoder: Path) -> None:
    golds: list[Gold] = [
        ("aspirin causes fever", [CHEMICAL, DISEASE], [(1, 0, "With")]),
        ("rats in fever, aspirin", [CHEMICAL, DISEASE], []),
    ]
    nlp = make_rel(tiny_encoder, golds, directed=False)
    train(nlp, to_examples(nlp, golds), 25)
    assert found(nlp(to_examples(nlp, golds)[0].predicted)) == [("aspirin", "fever", "With")]
    assert nlp.evaluate(to_examples(nlp, golds))["rel_micro_f"] == 1.0
    get_rel(nlp).cfg["directed"] = True
    assert nlp.evaluate(to_examples(nlp, golds))["rel_micro_f"] == 0.0


def test_docs_without_annotation_are_not_scored() -> None:
    nlp = spacy.blank("en")
    scores = score_relations([Example(nlp.make_doc("x"), nlp.make_doc("x"))])
    assert set(scores.values()) == {None}
    empty = score_relations(to_examples(nlp, GOLDS[2:]))
    assert (empty["rel_micro_f"], empty["rel_candidate_recall"]) == (0.0, None)


# Learn -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", BOTH)
def test_docs_without_relations_teach_nothing_but_end_the_step(
    tiny_encoder: Path, model: str
) -> None:
    nlp = make_rel(tiny_encoder, model=BOTH[model])
    set_head(nlp, "rel")
    before = encoder_weights(nlp)
    (listener,) = nlp.get_pipe("transformer").listeners
    unknown = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in ("aspirin", "", " ")]
    examples = [*unknown, *to_examples(nlp, GOLDS[3:])]
    assert train_step(nlp, examples, SGD(0.5))["rel"] == 0.0
    for name, value in encoder_weights(nlp).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    assert listener._backprop is None
    assert train_step(nlp, unknown[1:2], SGD(0.5))["rel"] == 0.0


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_encoder_does_not_change(tiny_encoder: Path, frozen: bool, model: str) -> None:
    nlp = make_rel(tiny_encoder, model=BOTH[model])
    set_head(nlp, "rel")
    before, head = encoder_weights(nlp), get_rel(nlp).model.get_ref("output_layer")
    weights = head.get_param("W").copy()
    for _ in range(2):
        train_step(nlp, to_examples(nlp), Adam(0.01), frozen=["transformer"] if frozen else [])
    same = [np.array_equal(before[name], value) for name, value in encoder_weights(nlp).items()]
    assert all(same) if frozen else not all(same)
    assert not np.array_equal(head.get_param("W"), weights)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_equal_finite_differences(tiny_encoder: Path, name: str) -> None:
    """Through the encoder; several candidates of several Docs, and a mean over all of them."""
    nlp = make_rel(tiny_encoder, model=MODELS[name])
    set_head(nlp, "rel")
    transformer: Any = nlp.get_pipe("transformer")
    weight = transformer.model.shims[0].network.embeddings.pieces.weight
    train_step(nlp, to_examples(nlp), None)
    gradient = encoder_gradients(nlp)["embeddings.pieces.weight"]
    indices = np.argsort(-np.abs(gradient), axis=None)[[0, 20, 60]]
    for row, column in zip(*np.unravel_index(indices, gradient.shape), strict=True):
        losses = []
        for step in (2e-3, -2e-3):
            weight.data[row, column] += step
            losses.append(train_step(nlp, to_examples(nlp), None)["rel"])
            weight.data[row, column] -= step
        slope = (losses[0] - losses[1]) / 4e-3
        assert gradient[row, column] == pytest.approx(slope, rel=0.03, abs=1e-3)


def test_candidates_in_small_chunks_teach_the_same(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gradients = []
    for size in (4096, 1):
        monkeypatch.setattr("spacy_blurb.components.reencoded_relations.TOKENS_TO_TRAIN", size)
        nlp = make_rel(tiny_encoder, model=REENCODED)
        set_head(nlp, "rel")
        train_step(nlp, to_examples(nlp), None)
        gradients.append(encoder_gradients(nlp))
    for name, value in gradients[0].items():
        np.testing.assert_allclose(gradients[1][name], value, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("limit", [None, 2, 4])
def test_a_step_learns_from_some_pairs_of_a_doc(
    tiny_encoder: Path, limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    drugs = [(f"d{i}", "Drug") for i in range(4)]
    golds: list[Gold] = [
        ("d0 d1 d2 d3 .", drugs, [(0, 1, "Causes")]),
        ("d0 d1 .", drugs[:2], [(0, 1, "Causes")]),
        ("none here .", [], []),
    ]
    model = {**REENCODED, "max_train_pairs": limit}
    nlp = make_rel(tiny_encoder, golds, model=model, directed=False, types={})
    reencoder, taught = get_rel(nlp)._reencoder, []
    begin_update = reencoder.begin_update

    def watch(batch: Any, rows: list[int]) -> Any:
        taught.append(rows)
        return begin_update(batch, rows)

    monkeypatch.setattr(reencoder, "begin_update", watch)
    for _ in range(40):
        train_step(nlp, to_examples(nlp, golds), Adam(0.01))
    of_first = [[row for row in rows if row < 6] for rows in taught]
    # Six pairs, then one; drawn anew, each once, and in the end all of them.
    assert all(rows == sorted(set(rows)) and rows[-1] == 6 for rows in taught)
    assert {len(rows) for rows in of_first} == {min(limit or 6, 6)}
    assert {row for rows in of_first for row in rows} == set(range(6))
    # All are judged.
    assert len(get_rel(nlp).predict([to_examples(nlp, golds)[0].predicted])[0][1]) == 6


def test_re_encoding_does_not_encode_the_docs_themselves(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make_rel(tiny_encoder, model=REENCODED)
    passes = count_passes(nlp, monkeypatch)
    train_step(nlp, to_examples(nlp), Adam(0.01))
    assert len(passes) == 1


def test_some_pairs_of_a_doc_after_loading(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = make_rel(tiny_encoder, model={**REENCODED, "max_train_pairs": 3})
    nlp.to_disk(tmp_path / "model")
    assert get_rel(spacy.load(tmp_path / "model")).model.attrs["max_train_pairs"] == 3


# Concepts ----------------------------------------------------------------------------------------


def concept_doc(nlp: Language) -> Doc:
    doc = nlp.make_doc("aspirin causes fever. fever in rats, aspirin. naloxone in fever")
    mentions = [
        *((0, 7, "Chemical"), (15, 20, "Disease"), (22, 27, "Disease"), (37, 44, "Chemical")),
        *((46, 54, "Chemical"), (58, 63, "Disease")),
    ]
    set_gold_entities(doc, mentions, label_sets=[])
    rows = [(0, 1, "CID", "1"), (4, 1, "false", "2")]
    concepts = [["C1"], ["D1"], ["D1"], ["C1"], ["C2"], ["D1"]]
    pairs = [("C1", "D1"), ("C2", "D1")]
    set_gold_relations(
        doc, rows, none=["false"], complete=True, concepts=concepts, concept_pairs=pairs
    )
    return doc


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize("limit", [None, 1])
def test_relations_between_concepts(tiny_encoder: Path, model: str, limit: int | None) -> None:
    nlp = make_nlp(tiny_encoder, rel={"model": BOTH[model], "max_mention_pairs": limit})

    def examples() -> list[Example]:
        reference = concept_doc(nlp)
        return [Example(make_predicted(nlp, reference), reference)]

    fix_random_seed(0)
    nlp.initialize(examples)
    sgd = Adam(0.01)
    for _ in range(25):
        train_step(nlp, examples(), sgd)
    scores = nlp.evaluate(examples())
    assert (scores["rel_micro_f"], scores["rel_candidate_recall"]) == (1.0, 1.0)
    (example,) = examples()
    doc = nlp(example.predicted)
    # One relation of the two concepts, whatever the number of their mentions.
    assert found(doc) in ([("aspirin", "fever", "CID")],)
    assert doc.spans[RELATIONS].attrs["relations"][0]["concepts"] == ["C1", "D1"]
    assert len(get_rel(nlp).collect(doc).pairs) == (2 * 3 + 3 if limit is None else 2)


def test_all_mentions_of_two_concepts_teach_their_relation(nlp: Language) -> None:
    """Also where the pairs are found and not given: none of them is a negative example."""
    doc = nlp.make_doc("lead pain . lead")
    mentions = [(0, 4, "Chemical"), (5, 9, "Disease"), (12, 16, "Chemical")]
    set_gold_entities(doc, mentions, label_sets=[])
    more = {"concepts": [["c"], ["d"], ["c"]], "concept_pairs": [("c", "d")]}
    set_gold_relations(doc, [(0, 1, "CID", "")], complete=True, **more)  # type: ignore[arg-type]
    table = np.array([(0, 1), (1, 2), (3, 4)])
    pairs = DocPairs(doc, mentions, table, np.array([(0, 1), (2, 1), (1, 0)]), np.arange(3), 3)
    targets = target_labels(pairs, doc, ["CID"], directed=True)
    assert targets.tolist() == [[1.0], [1.0], [0.0]]


def test_predicted_entities_stand_for_their_concepts(tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, rel={"use_gold_ents": False, "threshold": 0.0})
    reference = concept_doc(nlp)
    nlp.initialize(lambda: [Example(make_predicted(nlp, reference), reference)])
    get_rel(nlp).candidates = type(get_rel(nlp).candidates)(same_sentence=False)
    doc = ents(make_predicted(nlp, reference), CHEMICAL, DISEASE, ("rats", "Disease"))
    scores = nlp.evaluate([Example(doc, reference)])
    # Of aspirin and fever, right; of aspirin and rats, which is no gold mention.
    assert (scores["rel_micro_p"], scores["rel_micro_r"]) == (0.5, 1.0)
    assert scores["rel_candidate_recall"] == 1.0


# Many entities, save and load, travel ------------------------------------------------------------


def test_three_hundred_entities(tiny_encoder: Path) -> None:
    nlp = make_rel(tiny_encoder, types={})
    doc = nlp.make_doc("a b " * 150)
    mentions = [(token.idx, token.idx + 1, token.text.upper()) for token in doc]
    doc[0].is_sent_start = True
    for token in doc[1:]:
        token.is_sent_start = False
    set_gold_entities(doc, mentions, label_sets=[])
    set_gold_relations(doc, [(0, 299, "Causes", "")])
    example = Example(make_predicted(nlp, doc), doc)
    assert len(get_rel(nlp).collect(example.predicted).pairs) == 300 * 299
    assert train_step(nlp, [example], SGD(0.1))["rel"] > 0
    scores = nlp.evaluate([Example(make_predicted(nlp, doc), doc)])
    assert scores["rel_candidate_recall"] == 1.0


def test_reload_predicts_and_scores_the_same(
    trained: Language, tiny_encoder: Path, tmp_path: Path
) -> None:
    assert trained.evaluate(to_examples(trained))["rel_micro_f"] == 1.0
    expected = [found(trained(example.predicted)) for example in to_examples(trained)]
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    settings = trained.get_pipe_config("rel")["model"]
    from_bytes = make_nlp(tiny_encoder, rel={"model": settings}).from_bytes(trained.to_bytes())
    for nlp in (loaded, from_bytes):
        assert [found(nlp(example.predicted)) for example in to_examples(nlp)] == expected
        assert nlp.evaluate(to_examples(nlp))["rel_micro_f"] == 1.0
        assert get_rel(nlp).label_data == get_rel(trained).label_data


def test_an_encoder_of_its_own(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "shared")
    nlp = spacy.load(tmp_path / "shared")
    nlp.replace_listeners("transformer", "rel", ["model.tok2vec"])
    nlp.to_disk(tmp_path / "own")
    for alone in (nlp, spacy.load(tmp_path / "own", exclude=["transformer"])):
        assert alone.evaluate(to_examples(alone))["rel_micro_f"] == 1.0


PARALLEL = """
import json, sys
import spacy
from spacy.tokens import DocBin
nlp = spacy.load(sys.argv[1])
docs = list(DocBin().from_disk(sys.argv[2]).get_docs(nlp.vocab))
first = nlp(docs[0].copy())
docs = list(nlp.pipe(docs, n_process=2, batch_size=2))
print(json.dumps([[[r.head.text, r.tail.text, r.label] for r in d._.relations] for d in docs]))
"""


def test_two_processes_predict_the_same(trained: Language, tmp_path: Path) -> None:
    trained.add_pipe("doc_cleaner", config={"attrs": {"_.trf_data": None}})
    try:
        trained.to_disk(tmp_path / "nlp")
    finally:
        trained.remove_pipe("doc_cleaner")
    docs = [example.predicted for example in to_examples(trained)]
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    rows = json.loads(run_python(PARALLEL, str(tmp_path / "nlp"), str(tmp_path / "a.spacy")))
    expected = [found(trained(doc)) for doc in docs]
    assert [[tuple(row) for row in doc] for doc in rows] == expected
