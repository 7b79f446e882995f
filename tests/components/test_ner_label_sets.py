"""Several label sets and PICO elements in one component."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_blurb.annotations import (
    ENTITIES,
    PICO,
    gold_entities,
    label_sets,
    set_scored_entities,
)
from spacy_blurb.components.ner import PATIENCE
from spacy_blurb.components.ner_model import TagScores
from spacy_blurb.components.ner_scorer import score_entities
from spacy_blurb.components.tags import UNKNOWN
from spacy_blurb.errors import BlurbError

from .steps import get_ner, light_pipeline, overfit, to_examples, to_record

CHEM = [
    to_record("aspirin causes high fever", ("aspirin", "Chem")),
    to_record("high naloxone fever", ("naloxone", "Chem")),
    to_record("fever in rats"),
]
DISEASE = [
    to_record("mild fever in rats", ("mild fever", "Dis")),
    to_record("aspirin fever", ("fever", "Dis")),
    to_record("high fever by naloxone", ("high fever", "Dis")),
    to_record("aspirin causes high rats"),
]
PICO_RECORDS = [
    to_record("aspirin in old rats for fever", ("aspirin", "I"), ("old rats for fever", "P"),
              ("fever", "O")),
    to_record("fever fell in rats", ("fever fell", "O"), ("rats", "P")),
]  # fmt: skip


def two_sets(nlp: Language) -> list[Example]:
    return [*to_examples(nlp, CHEM, ["chem"]), *to_examples(nlp, DISEASE, ["dis"])]


def found(doc: Doc, key: str = ENTITIES) -> list[tuple[str, str, str]]:
    group = doc.spans[key]
    return [(s.text, s.label_, name) for s, name in zip(group, group.attrs["sets"], strict=True)]


@pytest.fixture(scope="module")
def joint() -> Language:
    nlp = light_pipeline()
    overfit(nlp, two_sets(nlp))
    return nlp


@pytest.fixture(scope="module")
def pico() -> Language:
    nlp = light_pipeline()
    overfit(nlp, to_examples(nlp, PICO_RECORDS, ["ebm_pico"], PICO))
    return nlp


# Label sets --------------------------------------------------------------------------------------


def test_sets_and_their_tables_come_from_the_examples() -> None:
    nlp = light_pipeline()
    more = [to_record("rats", ("rats", "Z")), to_record("rats", ("rats", "A"))]
    examples = [*two_sets(nlp), *to_examples(nlp, more, ["many"])]
    examples += to_examples(nlp, PICO_RECORDS, ["ebm_pico"], PICO)
    nlp.initialize(lambda: examples)
    ner = get_ner(nlp)
    sets = {"chem": ["Chem"], "dis": ["Dis"], "many": ["A", "Z"]}
    assert ner.label_data == {"blurb": sets, "pico": {"ebm_pico": ["I", "O", "P"]}}
    assert ner.labels == ("Chem", "Dis", "A", "Z", "I", "O", "P")
    tables = [(t.key, t.label_set, t.labels, t.columns.start, t.columns.stop) for t in ner.tables]
    assert tables == [
        ("blurb", "chem", ("Chem",), 0, 3),
        ("blurb", "dis", ("Dis",), 3, 6),
        ("blurb", "many", ("A", "Z"), 6, 11),
        ("pico", "ebm_pico", ("I",), 11, 14),
        ("pico", "ebm_pico", ("O",), 14, 17),
        ("pico", "ebm_pico", ("P",), 17, 20),
    ]
    assert ner.model.get_ref("output_layer").get_dim("nO") == 20


def test_label_data_gives_the_same_component_again(tmp_path: Path) -> None:
    nlp = light_pipeline()
    nlp.initialize(lambda: two_sets(nlp))
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(get_ner(nlp).label_data), encoding="utf-8")
    again = light_pipeline()
    labels = {"@readers": "spacy.read_labels.v1", "path": str(path)}
    again.config["initialize"]["components"] = {"blurb_ner": {"labels": labels}}
    # No example of a disease is needed.
    again.initialize(lambda: to_examples(again, CHEM, ["chem"]))
    assert get_ner(again).label_data == get_ner(nlp).label_data


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_a_set_learns_from_its_own_docs_only(decoder: str) -> None:
    nlp = light_pipeline(decoder=decoder)
    examples = two_sets(nlp)
    nlp.initialize(lambda: examples)
    ner, rng = get_ner(nlp), np.random.default_rng(0)
    scores = TagScores([rng.normal(size=(len(eg.x), 6)).astype("f") for eg in examples])
    if decoder == "crf":
        scores = scores._replace(pairs=rng.normal(size=(6, 6)).astype("f"))
    _, gradient = ner.get_loss(examples, scores)
    for number, rows in enumerate(gradient.logits):
        own, other = (slice(0, 3), slice(3, 6)) if number < 3 else (slice(3, 6), slice(0, 3))
        assert (np.abs(rows[:, own]).max(axis=1) > 0.0).all()
        np.testing.assert_allclose(rows[:, other], 0.0, atol=1e-9)
    # The loss is the mean over tokens: those of a set do not count for the other.
    n_tokens = [len(eg.x) for eg in examples]
    losses = [
        ner.get_loss(examples[part], scores._replace(logits=scores.logits[part]))[0]
        for part in (slice(0, 3), slice(3, 7))
    ]
    weighted = losses[0] * sum(n_tokens[:3]) + losses[1] * sum(n_tokens[3:])
    assert ner.get_loss(examples, scores)[0] == pytest.approx(weighted / sum(n_tokens), rel=1e-5)


def test_a_doc_of_two_sets_teaches_both() -> None:
    nlp = light_pipeline()
    nlp.initialize(lambda: two_sets(nlp))
    record = to_record("fever by aspirin", ("fever", "Dis"), ("aspirin", "Chem"))
    (example,) = to_examples(nlp, [record], ["dis", "chem"])
    chem, dis = get_ner(nlp).tables
    assert get_ner(nlp)._target_tags(example, chem).tolist() == [0, 0, 1]
    assert get_ner(nlp)._target_tags(example, dis).tolist() == [1, 0, 0]
    (foreign,) = to_examples(nlp, [record], ["other"])
    assert get_ner(nlp)._target_tags(foreign, chem).tolist() == [UNKNOWN] * 3


@pytest.mark.parametrize("names", [[], ["dis"]])
def test_mentions_of_given_pairs_are_no_annotation_of_entities(names: list[str]) -> None:
    """A row of GAD holds two mentions of its sentence; the others would be learned as none."""
    nlp = light_pipeline()
    record = to_record("fever by aspirin in rats", ("fever", "Dis"), ("rats", "Animal"))
    (row,) = to_examples(nlp, [record], None)
    assert gold_entities(row.reference) is None
    assert [t.ent_iob_ for t in row.reference] == ["B", "", "", "", "B"]
    examples = to_examples(nlp, DISEASE, names)
    nlp.initialize(lambda: [row, *examples])
    assert get_ner(nlp).label_data == {"blurb": {"".join(names): ["Dis"]}}
    (table,) = get_ner(nlp).tables
    assert get_ner(nlp)._target_tags(row, table).tolist() == [UNKNOWN] * 5
    row.predicted.ents = [Span(row.predicted, 2, 3, label="Dis")]
    assert score_entities([row])["ents_f"] is None
    assert score_entities([row, *examples]) == score_entities(examples)


def test_one_component_finds_the_entities_of_both_sets(joint: Language) -> None:
    doc = joint("aspirin causes high fever")
    assert found(doc) == [("aspirin", "Chem", "chem"), ("high fever", "Dis", "dis")]
    assert doc.spans[ENTITIES].attrs["label_sets"] == ["chem", "dis"]
    assert [ent.text for ent in doc.ents] == ["aspirin", "high fever"]
    # Each Doc is scored on the set that it is annotated for.
    scores = joint.evaluate(two_sets(joint))
    assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == (1.0, 1.0, 1.0)
    assert set(scores["ents_per_type"]) == {"Chem", "Dis"}


def test_overlaps_stay_and_the_most_probable_become_ents(joint: Language) -> None:
    doc = joint.make_doc("a b c d")
    # O, B, I of Chem, then of Dis.
    chem = [[0.2, 0.6, 0.2], [0.2, 0.2, 0.6], [0.2, 0.2, 0.6], [0.8, 0.1, 0.1]]
    dis = [[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.8, 0.1, 0.1], [0.3, 0.5, 0.2]]
    get_ner(joint).set_annotations([doc], TagScores([np.log(np.hstack([chem, dis]))]))
    names = [(text, label) for text, label, _ in found(doc)]
    assert names == [("a b c", "Chem"), ("b", "Dis"), ("d", "Dis")]
    assert doc.spans[ENTITIES].attrs["scores"] == pytest.approx([0.6**3, 0.6, 0.5])
    # "b" is more probable than the longer "a b c" that holds it.
    assert [(e.text, e.label_, e._.score) for e in doc.ents] == [
        ("b", "Dis", pytest.approx(0.6)),
        ("d", "Dis", pytest.approx(0.5)),
    ]


def test_a_span_of_two_sets_has_the_higher_score(nlp: Language) -> None:
    doc = nlp.make_doc("fever")
    spans = [Span(doc, 0, 1, label="Dis"), Span(doc, 0, 1, label="Dis")]
    sets = ["a", "b"]
    set_scored_entities(doc, spans, [0.25, 0.5], sets=sets, label_sets=sets)
    assert doc.spans[ENTITIES][0]._.score == 0.5


def test_scores_count_the_sets_of_the_gold_doc(nlp: Language) -> None:
    (example,) = to_examples(nlp, [to_record("fever by aspirin", ("fever", "Dis"))], ["dis"])
    predicted = example.predicted
    spans = [Span(predicted, 0, 1, label="Dis"), Span(predicted, 2, 3, label="Chem")]
    predicted.set_ents(spans)
    both = {"sets": ["dis", "chem"], "label_sets": ["chem", "dis", "other"]}
    set_scored_entities(predicted, spans, [0.5, 0.5], **both)
    assert score_entities([example])["ents_p"] == 1.0
    # A pipeline that does not know the set is scored on all that it finds.
    both = {"sets": ["x", "x"], "label_sets": ["x"]}
    set_scored_entities(predicted, spans, [0.5, 0.5], **both)
    assert score_entities([example])["ents_p"] == 0.5


def test_a_doc_that_a_pipeline_annotated_is_gold_for_its_ents(joint: Language) -> None:
    """Of spans that overlap only the most probable are gold; the others must not count as found."""
    references = [joint("aspirin causes high fever"), joint.make_doc("a b c d")]
    chem = [[0.2, 0.6, 0.2], [0.2, 0.2, 0.6], [0.2, 0.2, 0.6], [0.8, 0.1, 0.1]]
    dis = [[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.8, 0.1, 0.1], [0.3, 0.5, 0.2]]
    get_ner(joint).set_annotations(references[1:], TagScores([np.log(np.hstack([chem, dis]))]))
    assert [label_sets(doc) for doc in references] == [[], []]
    assert score_entities([Example(doc.copy(), doc) for doc in references])["ents_f"] == 1.0
    # It does not say which of the sets it is complete for, so it teaches none of several.
    with pytest.raises(BlurbError, match="B411"):
        joint.update([Example(joint.make_doc("a b c d"), references[1])])


def test_a_second_component_that_erases_the_first_is_said(joint: Language) -> None:
    ner = get_ner(joint)
    doc = ner(ner(joint.make_doc("aspirin causes fever")))
    # What was stored and read again is another run.
    stored = Doc(joint.vocab).from_bytes(doc.to_bytes())
    second = copy.deepcopy(ner)
    second.name = "second"
    second(stored)
    with pytest.warns(UserWarning, match=r"B478.*'second' replaces what 'blurb_ner' found"):
        second(doc)
    # Once.
    second(ner(joint.make_doc("fever")))


def test_mistakes_are_said() -> None:
    nlp = light_pipeline()
    mixed = [*two_sets(nlp), *to_examples(nlp, DISEASE, [])]
    with pytest.raises(BlurbError, match=r"B410.*\(chem, dis\)"):
        nlp.initialize(lambda: mixed)
    nlp = light_pipeline()
    nlp.initialize(lambda: two_sets(nlp))
    with pytest.raises(BlurbError, match=r"B411.*\(chem, dis\).*'mild fever in rats'"):
        nlp.update(mixed[-4:])
    with pytest.raises(ValueError, match=r"B412.*\(chem, dis\).*'Gene'"):
        get_ner(nlp).add_label("Gene")
    with pytest.raises(ValueError, match=r"B401.*'Gene'"):
        get_ner(nlp).add_label("Gene", "chem")
    assert get_ner(nlp).add_label("Chem") == 0
    nlp = light_pipeline()
    with pytest.raises(BlurbError, match=r"B414.*bc5cdr"):
        get_ner(nlp).initialize(lambda: two_sets(nlp), labels={"bc5cdr": ["Chem"]})


def test_a_failed_start_leaves_no_label_set_behind() -> None:
    nlp = light_pipeline()
    ner = get_ner(nlp)
    before = copy.deepcopy(ner.cfg["label_sets"])
    with pytest.raises(ValueError, match="B426"):
        ner.initialize(lambda: two_sets(nlp), labels={"blurb": {"other": ["X"]}})
    assert ner.cfg["label_sets"] == before
    nlp.initialize(lambda: two_sets(nlp))
    assert sorted(ner.cfg["label_sets"]["blurb"]) == ["chem", "dis"]


def test_docs_without_a_mark_teach_the_only_set() -> None:
    nlp = light_pipeline()
    examples = to_examples(nlp, DISEASE, [])
    for example in examples:
        # As another program makes them.
        del example.reference.spans[ENTITIES]
    nlp.initialize(lambda: examples)
    assert get_ner(nlp).label_data == {"blurb": {"": ["Dis"]}}
    marked = light_pipeline()
    marked.initialize(lambda: to_examples(marked, DISEASE, ["dis"]))
    (table,) = get_ner(marked).tables
    assert get_ner(marked)._target_tags(examples[0], table).tolist() == [1, 2, 0, 0]


def test_labels_that_are_added_by_hand() -> None:
    nlp = light_pipeline()
    ner = get_ner(nlp)
    added = [ner.add_label("A"), ner.add_label("A"), ner.add_label("Chem", "chem")]
    added += [ner.add_label("P", "trial", key=PICO), ner.add_label("O", key=PICO)]
    assert added == [1, 0, 1, 1, 1]
    nlp.initialize(lambda: two_sets(nlp))
    assert ner.label_data == {
        "blurb": {"": ["A"], "chem": ["Chem"], "dis": ["Dis"]},
        "pico": {"trial": ["P", "O"]},
    }


# PICO --------------------------------------------------------------------------------------------


def test_pico_elements_overlap_and_are_no_entities(pico: Language) -> None:
    doc = pico("aspirin in old rats for fever")
    assert found(doc, PICO) == [
        ("aspirin", "I", "ebm_pico"),
        ("fever", "O", "ebm_pico"),
        ("old rats for fever", "P", "ebm_pico"),
    ]
    assert all(0.5 < span._.score <= 1 for span in doc.spans[PICO])
    assert len(doc.ents) == 0
    assert ENTITIES not in doc.spans


def test_pico_is_scored_by_words(pico: Language) -> None:
    examples = to_examples(pico, PICO_RECORDS, ["ebm_pico"], PICO)
    assert gold_entities(examples[0].reference) is None
    scores = pico.evaluate(examples)
    assert (scores["pico_f"], scores["ents_f"]) == (1.0, None)
    # Words: P 4 + 1, of which 2 are found with 1 wrong one; I 1 found; O 1 + 2, none.
    for example, spans in zip(examples, [[(2, 4, "P"), (0, 1, "I")], [(1, 2, "P")]], strict=True):
        doc = example.predicted
        predicted = [Span(doc, start, end, label=label) for start, end, label in spans]
        set_scored_entities(doc, predicted, [0.5] * len(spans), key=PICO)
    scores = score_entities(examples)
    f1 = {label: row["f"] for label, row in scores["pico_per_type"].items()}
    assert f1 == {"I": 1.0, "O": 0.0, "P": pytest.approx(2 * 2 / (5 + 3))}
    assert scores["pico_f"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert score_entities(to_examples(pico, PICO_RECORDS))["pico_f"] is None


def test_entities_and_pico_in_one_component() -> None:
    nlp = light_pipeline()
    examples = [*two_sets(nlp), *to_examples(nlp, PICO_RECORDS, ["ebm_pico"], PICO)]
    overfit(nlp, examples, n_steps=100)
    doc = nlp("aspirin in old rats for fever")
    assert [text for text, _, _ in found(doc, PICO)] == ["aspirin", "fever", "old rats for fever"]
    assert ("aspirin", "Chem", "chem") in found(doc)
    scores = nlp.evaluate(examples)
    assert (scores["ents_f"], scores["pico_f"]) == (1.0, 1.0)


# Travel ------------------------------------------------------------------------------------------


def test_everything_survives_bytes_and_plain_docbin(pico: Language, joint: Language) -> None:
    for nlp, key in ((pico, PICO), (joint, ENTITIES)):
        doc = nlp("aspirin in old rats for high fever")
        assert len(doc.spans[key])
        from_bytes = Doc(Vocab()).from_bytes(doc.to_bytes())
        (from_docbin,) = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(Vocab())
        for other in (from_bytes, from_docbin):
            assert found(other, key) == found(doc, key)
            assert other.spans[key].attrs == doc.spans[key].attrs
            assert [s._.score for s in other.spans[key]] == [s._.score for s in doc.spans[key]]


def test_save_and_load(joint: Language, pico: Language, tmp_path: Path) -> None:
    text = "aspirin in old rats for high fever"
    for nlp, key in ((joint, ENTITIES), (pico, PICO)):
        nlp.to_disk(tmp_path)
        loaded = spacy.load(tmp_path)
        assert get_ner(loaded).label_data == get_ner(nlp).label_data
        expected: Any = nlp(text).spans[key].attrs
        assert loaded(text).spans[key].attrs == expected


def test_calibration_changed_after_loading_takes_effect(joint: Language, tmp_path: Path) -> None:
    joint.to_disk(tmp_path)
    text = "aspirin fever"
    before = joint(text)
    loaded = spacy.load(tmp_path)
    get_ner(loaded).cfg["temperature"] = 3.0
    softer = loaded(text)
    assert found(softer) == found(before)
    for one, other in zip(before.ents, softer.ents, strict=True):
        assert other._.score < one._.score - 0.001
    aspirin, fever = softer.ents
    get_ner(loaded).cfg["thresholds"] = {
        "Chem": aspirin._.score + 1e-4,
        "Dis": fever._.score - 1e-4,
    }
    assert found(loaded(text)) == [("fever", "Dis", "dis")]
    assert [ent.text for ent in loaded(text).ents] == ["fever"]
    loaded.to_disk(tmp_path)
    assert found(spacy.load(tmp_path)(text)) == [("fever", "Dis", "dis")]


def test_training_goes_on_where_it_was(joint: Language, tmp_path: Path) -> None:
    joint.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    new = to_examples(loaded, [to_record("rats by fever", ("rats", "Chem"))], ["chem"])
    rats = ("rats", "Chem", "chem")
    assert rats not in found(loaded("rats by fever"))
    sgd = loaded.resume_training()
    sgd.learn_rate = 0.01
    for _ in range(40):
        loaded.update(two_sets(loaded) + new, sgd=sgd)
    assert rats in found(loaded("rats by fever"))
    assert loaded.evaluate(two_sets(loaded))["ents_f"] == 1.0


# What can be learned -----------------------------------------------------------------------------


def test_docs_of_other_sets_alone_are_said(joint: Language) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_ner", source=joint)
    get_ner(nlp)._n_untaught = 0  # as after loading
    mine = to_examples(nlp, CHEM, ["mine"])
    others = to_examples(nlp, PICO_RECORDS, ["ebm_pico"], PICO)
    for batch in [others] * 20 + [mine] * (PATIENCE - 1):
        assert nlp.update(batch, sgd=False)["blurb_ner"] == 0.0
    with pytest.warns(UserWarning, match=r"B427.*label sets chem, dis.*annotated for mine"):
        nlp.update(mine, sgd=False)
    nlp.update(mine, sgd=False)
    # In joint training batches of others come between its own.
    get_ner(nlp)._n_untaught = 0
    for batch in [mine] * (PATIENCE - 1) + [two_sets(nlp)] + [mine] * 20:
        nlp.update(batch, sgd=False)


def test_initialize_needs_no_annotated_docs() -> None:
    """spaCy's way: labels that are added, or read from a file, and no examples or a few."""
    nlp = light_pipeline()
    get_ner(nlp).add_label("Chem")
    nlp.initialize()
    assert get_ner(nlp).labels == ("Chem",)
    nlp = light_pipeline()
    bare = [Example(nlp.make_doc("a b"), nlp.make_doc("a b"))]
    get_ner(nlp).initialize(lambda: bare, nlp=nlp, labels={"blurb": {"chem": ["Chem"]}})
    assert get_ner(nlp).labels == ("Chem",)


def test_labels_of_other_sets_than_the_examples(tmp_path: Path) -> None:
    nlp = light_pipeline()
    labels = {"blurb": {"chem": ["Chem"]}}
    examples = to_examples(nlp, CHEM, ["mine"])
    with pytest.raises(ValueError, match=r"B426.*label sets chem.*but for mine"):
        get_ner(nlp).initialize(lambda: examples, nlp=nlp, labels=labels)


def test_added_labels_belong_to_the_set_of_the_examples() -> None:
    nlp = light_pipeline()
    for label in ("Chem", "Later"):
        get_ner(nlp).add_label(label)
    nlp.initialize(lambda: to_examples(nlp, CHEM, ["chem"]))
    assert get_ner(nlp).label_data == {"blurb": {"": ["Later"], "chem": ["Chem"]}}
    nlp = light_pipeline()
    get_ner(nlp).add_label("Chem")
    nlp.initialize(lambda: two_sets(nlp))
    assert get_ner(nlp).label_data == {"blurb": {"chem": ["Chem"], "dis": ["Dis"]}}


def test_tokens_without_annotation_do_not_count() -> None:
    """As in spaCy's own scorer."""
    nlp = spacy.blank("en")
    record = {"entities": ["U-Chem", "O", "-", "O", "O"]}
    example = Example.from_dict(nlp.make_doc("aspirin causes fever in rats"), record)
    example.predicted.ents = [
        Span(example.predicted, 0, 1, "Chem"),
        Span(example.predicted, 2, 4, "Dis"),
    ]
    assert score_entities([example])["ents_p"] == get_ner_prf([example])["ents_p"] == 1.0
    example.predicted.ents = [
        Span(example.predicted, 0, 1, "Chem"),
        Span(example.predicted, 3, 4, "Dis"),
    ]
    assert score_entities([example])["ents_p"] == get_ner_prf([example])["ents_p"] == 0.5
