"""Joint training: batches of one task each, in the shares that were asked for."""

import random
from collections import Counter

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_blurb.annotations import (
    annotated_for,
    set_gold_entities,
    set_gold_pair,
    set_pair,
    set_questions,
)
from spacy_blurb.encoder.task_batches import batch_sizes, count_batches, make_batch_by_task_v1
from spacy_blurb.errors import BlurbError


def make_examples(nlp: Language, **sizes: int) -> list[Example]:
    """Docs of so many words, each annotated for the label set of its group."""
    examples = []
    for name, size in sizes.items():
        for number in range(size):
            reference = nlp.make_doc(" ".join([name] * (number % 7 + 1)))
            reference.user_data["number"] = number
            set_gold_entities(reference, [], label_sets=[name])
            examples.append(Example(nlp.make_doc(reference.text), reference))
    return examples


def task_of(batch: list[Example]) -> str:
    (name,) = {annotated_for(eg.reference) for eg in batch}
    return name[0].removeprefix("blurb:")


def test_what_docs_are_annotated_for(nlp: Language) -> None:
    doc = nlp.make_doc("a b")
    assert annotated_for(doc) == ()
    doc.cats = {"x": 0.0}
    set_gold_entities(doc, [], label_sets=["one", "two"])
    set_gold_entities(doc, [], label_sets=["ebm_pico"], key="pico")
    assert annotated_for(doc) == ("blurb:one", "blurb:two", "pico:ebm_pico", "labels")
    set_pair(doc, 2)
    set_gold_entities(doc, [], label_sets=None)
    assert annotated_for(doc) == ("pico:ebm_pico", "labels", "texts")
    set_gold_pair(doc, 2, 1.0)
    assert annotated_for(doc)[-1] == "pairs"
    other = nlp.make_doc("a")
    other.set_ents([], default="outside")
    assert annotated_for(other) == ("blurb:",)


@pytest.mark.parametrize("buffer", [1, 50])
def test_by_default_every_doc_comes_once(nlp: Language, buffer: int) -> None:
    examples = make_examples(nlp, a=10, b=3, c=1)
    batches = list(make_batch_by_task_v1(4, buffer=buffer)(examples))
    assert Counter(map(id, (eg for b in batches for eg in b))) == Counter(map(id, examples))
    assert Counter(map(task_of, batches)) == {"a": 3, "b": 1, "c": 1}


@pytest.mark.parametrize(
    ("n_docs", "temperature", "cap", "expected"),
    [
        ([160, 16], 1.0, None, [10, 1]),
        ([160, 16], 1.0, 32, [2, 1]),
        ([160, 16], 2.0, None, [8, 3]),  # 11 batches in shares of √160 : √16
        ([160, 16], 2.0, 64, [3, 2]),  # 5 in shares of √64 : √16
        ([1600, 160, 1], 1e9, None, [37, 37, 37]),
        ([10_000, 1], 1.5, None, [625, 1]),
    ],
)
def test_shares(
    n_docs: list[int], temperature: float, cap: int | None, expected: list[int]
) -> None:
    sizes = [16] * len(n_docs)
    assert count_batches(n_docs, sizes, temperature=temperature, cap=cap) == expected


def test_batches_of_long_docs_have_fewer(nlp: Language) -> None:
    n_docs, n_tokens = [100, 100, 100, 1], [2_000, 24_000, 900_000, 0]
    assert batch_sizes(n_docs, n_tokens, size=16, max_tokens=512) == [16, 2, 1, 16]
    assert batch_sizes(n_docs, n_tokens, size=16, max_tokens=None) == [16, 16, 16, 16]
    # Shares grow with the batches, not with the Docs.
    assert count_batches([128, 128], [16, 2], temperature=2.0, cap=None) == [19, 53]
    examples = make_examples(nlp, short=40, long=20)
    for example in examples[40:]:
        example.reference = nlp.make_doc(" ".join(["long"] * 60))
        set_gold_entities(example.reference, [], label_sets=["long"])
    batches = list(make_batch_by_task_v1(8, max_tokens=200)(examples))
    assert Counter((task_of(batch), len(batch)) for batch in batches) == {
        ("short", 8): 5,
        ("long", 3): 6,
        ("long", 2): 1,
    }


def test_a_small_task_is_repeated_whole_and_a_large_one_drawn_from(nlp: Language) -> None:
    examples = make_examples(nlp, big=400, small=5)
    batches = list(make_batch_by_task_v1(2, temperature=3.0, cap=100)(examples))
    counts = Counter(map(task_of, batches))
    # 50 + 3 batches in shares of ∛100 : ∛5.
    assert counts == {"big": 39, "small": 14}
    drawn = {name: Counter[int]() for name in counts}
    for batch in batches:
        assert len({id(eg) for eg in batch}) == len(batch)
        drawn[task_of(batch)].update(eg.reference.user_data["number"] for eg in batch)
    assert set(drawn["big"].values()) == {1}
    assert max(drawn["small"].values()) - min(drawn["small"].values()) <= 1


def test_an_epoch_goes_on_where_the_last_one_ended(nlp: Language) -> None:
    """So that no Doc of a large task waits for ever, or comes again before all others came."""
    examples = make_examples(nlp, big=90, small=10)
    batcher = make_batch_by_task_v1(4, temperature=2.0, cap=40)
    seen = Counter[int]()
    for epoch in range(1, 10):
        random.shuffle(examples)
        for batch in batcher(examples):
            if task_of(batch) == "big":
                seen.update(map(id, batch))
        # 9 or 10 batches of 4 in every epoch.
        assert max(seen.values()) <= 1 + epoch * 40 // 90
    assert len(seen) == 90
    # Other Examples are another text: nothing of the old ones is left.
    others = make_examples(nlp, big=90, small=10)
    assert {id(eg) for b in batcher(others) for eg in b} <= set(map(id, others))


def test_docs_that_teach_nothing_take_no_batches(nlp: Language) -> None:
    examples = make_examples(nlp, a=8)
    tagged = nlp.make_doc("a tagged text")
    tagged[0].tag_ = "DT"
    asked = nlp.make_doc("a text with a question")
    set_questions(asked, [{"id": "0", "question": "What?"}])
    bare = [nlp.make_doc(text) for text in ("rats", "", "in rats")]
    examples += [Example(nlp.make_doc(doc.text), doc) for doc in (tagged, asked, *bare)]
    batches = list(make_batch_by_task_v1(4, temperature=2.0)(examples))
    found = [eg.reference for batch in batches for eg in batch]
    # What a tagger of spaCy's learns beside us stays.
    assert any(doc is tagged for doc in found)
    assert not any(doc is other for doc in found for other in (asked, *bare))


def test_nothing_but_docs_that_teach_nothing_is_said(nlp: Language) -> None:
    examples = [Example(nlp.make_doc("rats"), nlp.make_doc("rats"))]
    with pytest.raises(BlurbError, match=r"B736.*None of the 1 training Docs"):
        list(make_batch_by_task_v1(4)(examples))


def test_large_tasks_have_batches_of_like_length_and_small_ones_do_not(nlp: Language) -> None:
    examples = make_examples(nlp, big=70, small=30)
    random.seed(0)
    batches = list(make_batch_by_task_v1(5, buffer=10)(examples))
    spread = {name: [] for name in ("big", "small")}  # type: dict[str, list[int]]
    for batch in batches:
        lengths = [len(eg) for eg in batch]
        spread[task_of(batch)].append(max(lengths) - min(lengths))
    assert max(spread["big"][:10]) <= 2
    assert max(spread["small"]) >= 3


def test_order_follows_the_global_seed(nlp: Language) -> None:
    examples = make_examples(nlp, a=40, b=20)
    make_batcher = spacy.registry.batchers.get("spacy_blurb.batch_by_task.v1")

    def order(seed: int) -> list[list[int]]:
        batcher = make_batcher(size=4, temperature=2.0)
        random.seed(seed)
        return [[id(eg) for eg in batch] for batch in batcher(examples)]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert list(make_batcher(size=4)([])) == []


@pytest.mark.parametrize(
    ("temperature", "cap", "tokens"), [(0.5, None, None), (1.0, 0, None), (1.0, None, 0)]
)
def test_shares_that_cannot_be(temperature: float, cap: int | None, tokens: int | None) -> None:
    with pytest.raises(
        BlurbError, match=f"B730.* {temperature}, cap {cap} and max_tokens {tokens}"
    ):
        make_batch_by_task_v1(4, temperature, cap, max_tokens=tokens)
