"""spaCy's own components learn and predict on the encoder, together with ours."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from thinc.api import SGD, Adam, fix_random_seed

Make = Callable[..., Language]
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
    "upstream": "*",
}
TEXTCAT = {
    "@architectures": "spacy.TextCatReduce.v1",
    "tok2vec": LISTENER,
    "exclusive_classes": True,
    "use_reduce_first": False,
    "use_reduce_last": False,
    "use_reduce_max": False,
    "use_reduce_mean": True,
}
SPANCAT = {
    "@architectures": "spacy.SpanCategorizer.v1",
    "tok2vec": LISTENER,
    "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8},
    "scorer": {"@layers": "spacy.LinearLogistic.v1"},
}
TAGGER = {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}


def transition_model(state: str) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": state,
        "extra_state_tokens": False,
        "hidden_width": 8,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LISTENER,
    }


COMPONENTS: dict[str, dict[str, Any]] = {
    "tagger": TAGGER,
    "parser": transition_model("parser"),
    "ner": transition_model("ner"),
    "spancat": SPANCAT,
    "textcat": TEXTCAT,
    "blurb_ner": {},
}


def make_examples(nlp: Language) -> list[Example]:
    examples = []
    for words, tags, heads, ent in (
        (["aspirin", "causes", "fever"], ["N", "V", "N"], [1, 1, 1], 0),
        (["rats", "in", "fever", "rats"], ["N", "P", "N", "N"], [0, 0, 3, 1], 2),
    ):
        reference = Doc(
            nlp.vocab,
            words=words,
            tags=tags,
            heads=heads,
            deps=["ROOT" if h == i else "dep" for i, h in enumerate(heads)],
        )
        span = Span(reference, ent, ent + 1, label="X")
        reference.set_ents([span])
        reference.spans["sc"] = SpanGroup(reference, spans=[span])
        reference.cats = {"A": float(ent == 0), "B": float(ent != 0)}
        examples.append(Example(nlp.make_doc(reference.text), reference))
    return examples


@pytest.fixture
def pipeline(make_encoder: Make, tiny_encoder: Path) -> Language:
    fix_random_seed(0)
    nlp = make_encoder(tiny_encoder, initialize=False)
    add_heads(nlp, COMPONENTS)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def test_stock_components_learn_predict_and_travel(pipeline: Language, tmp_path: Path) -> None:
    examples = make_examples(pipeline)
    sgd = Adam(0.005, use_averages=False)
    losses: list[dict[str, float]] = []
    for _ in range(25):
        losses.append(pipeline.update(make_examples(pipeline), sgd=sgd, losses={}))
    for name in COMPONENTS:
        assert losses[-1][name] < losses[0][name] / 2, name
    pipeline.to_disk(tmp_path / "saved")
    for nlp in (pipeline, spacy.load(tmp_path / "saved")):
        texts = [example.text for example in examples]
        for doc, example in zip(nlp.pipe([*texts, ""]), examples, strict=False):
            assert [t.tag_ for t in doc] == [t.tag_ for t in example.reference]
            assert [t.head.i for t in doc] == [t.head.i for t in example.reference]
            assert [e.text for e in doc.ents] == [e.text for e in example.reference.ents]
            assert max(doc.cats, key=doc.cats.__getitem__) == ("A" if example.y.cats["A"] else "B")


def add_heads(nlp: Language, names: Iterable[str]) -> None:
    for name in names:
        settings = {"min_action_freq": 1} if name == "parser" else {}
        model = {"model": COMPONENTS[name]} if COMPONENTS[name] else {}
        nlp.add_pipe(name, config={**settings, **model})


def wake_heads(nlp: Language) -> None:
    """Heads begin at zero, where the encoder gets no gradient."""
    for name in nlp.pipe_names[1:]:
        for node in nlp.get_pipe(name).model.get_ref("output_layer").walk():
            if node.has_param("W"):
                shape = node.get_param("W").shape
                node.set_param("W", np.linspace(-1, 1, np.prod(shape), dtype="f").reshape(shape))


def encoder_gradients(nlp: Language, examples: list[Example]) -> dict[str, Any]:
    nlp.update(examples, sgd=False, drop=0.0)  # type: ignore[arg-type]
    shim: Any = nlp.get_pipe("transformer").model.shims[0]
    found = {name: w.grad.clone() for name, w in shim.network.named_parameters()}
    shim.network.zero_grad()
    return found


def test_a_last_head_without_annotation_loses_nobodys_gradients(
    make_encoder: Make, tiny_encoder: Path
) -> None:
    """The listener rule: the last head backpropagates zeros, which sends the sum of all."""
    nlp = make_encoder(tiny_encoder, initialize=False)
    add_heads(nlp, ("textcat", "tagger", "blurb_ner"))
    nlp.initialize(lambda: make_examples(nlp))
    wake_heads(nlp)

    def examples() -> list[Example]:
        found = []
        for example in make_examples(nlp):
            example.reference.set_ents([], default="missing")
            found.append(example)
        return [*found, Example(nlp.make_doc(""), nlp.make_doc(""))]

    together = encoder_gradients(nlp, examples())
    with nlp.select_pipes(disable="blurb_ner"):
        nlp._link_components()
        without = encoder_gradients(nlp, examples())
    nlp._link_components()
    assert max(float(gradient.abs().max()) for gradient in without.values()) > 1e-4
    for name, gradient in without.items():
        torch.testing.assert_close(together[name], gradient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["tagger", "blurb_ner"])
def test_replaced_listeners_have_an_encoder_of_their_own(
    pipeline: Language, tmp_path: Path, name: str
) -> None:
    texts = ["aspirin causes fever", "", "rats in fever rats"]

    def vectors(nlp: Language) -> list[np.ndarray]:
        component: Any = nlp.get_pipe(name)
        docs = [nlp.get_pipe("transformer")(nlp.make_doc(text)) for text in texts]
        return component.model.get_ref("tok2vec").predict(docs)

    before = vectors(pipeline)
    pipeline.replace_listeners("transformer", name, ["model.tok2vec"])
    pipeline.to_disk(tmp_path / "saved")
    for nlp in (pipeline, spacy.load(tmp_path / "saved")):
        for one, other in zip(vectors(nlp), before, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        assert name not in nlp.get_pipe("transformer").listening_components
        # Two encoders learn apart.
        sgd = Adam(0.01, use_averages=False)
        nlp.update(make_examples(nlp), sgd=sgd)
        nlp.update([Example(nlp.make_doc(""), nlp.make_doc(""))], sgd=sgd)
        (own,) = [
            node.shims[0]
            for node in nlp.get_pipe(name).model.walk()
            if node.name == "blurb_encoder"
        ]
        shared: Any = nlp.get_pipe("transformer").model.shims[0]
        assert own is not shared
        weights = [s.network.get_parameter("layers.0.inner.weight") for s in (own, shared)]
        assert not torch.equal(*weights)


def test_our_listeners_work_on_the_stock_encoder(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(tiny_encoder),
        "tokenizer_config": {"use_fast": True},
    }
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("blurb_ner")
    nlp.initialize(lambda: make_examples(nlp))
    sgd = Adam(0.005, use_averages=False)
    losses = [nlp.update(make_examples(nlp), sgd=sgd, losses={}) for _ in range(15)]
    assert losses[-1]["blurb_ner"] < losses[0]["blurb_ner"] / 2


def test_a_step_inside_an_update_is_that_behind_it(make_encoder: Make, tiny_encoder: Path) -> None:
    """`nlp.update` steps component by component, the encoder first; `spacy train` at the end."""
    weights = []
    for inside in (True, False):
        nlp = make_encoder(tiny_encoder, initialize=False)
        fix_random_seed(0)
        add_heads(nlp, ("tagger", "blurb_ner"))
        nlp.initialize(lambda nlp=nlp: make_examples(nlp))
        wake_heads(nlp)
        sgd = SGD(0.1, use_averages=False)
        for _ in range(2):
            if inside:
                nlp.update(make_examples(nlp), sgd=sgd)
            else:
                nlp.update(make_examples(nlp), sgd=False)  # type: ignore[arg-type]
                for _, component in nlp.pipeline:
                    component.finish_update(sgd)
        weights.append(nlp.get_pipe("transformer").model.shims[0].network.state_dict())
    name = "layers.0.inner.weight"
    initial = make_encoder(tiny_encoder).get_pipe("transformer").model.shims[0].network
    assert float((weights[0][name] - initial.state_dict()[name]).abs().max()) > 1e-4
    for key, weight in weights[0].items():
        torch.testing.assert_close(weight, weights[1][key], rtol=1e-4, atol=1e-6)


def test_an_abandoned_pass_does_not_hold_up_learning(
    make_encoder: Make, tiny_encoder: Path
) -> None:
    nlp = make_encoder(tiny_encoder)
    model: Any = nlp.get_pipe("transformer").model
    docs = [nlp.make_doc("fever")]
    model.begin_update(docs)
    batch, backprop = model.begin_update(docs)
    rows = batch.doc_data[0].model_output.last_hidden_state
    backprop(batch.unsplit_by_doc([[np.linspace(-1, 1, rows.size, dtype="f").reshape(rows.shape)]]))
    weight = model.shims[0].network.layers[0].inner.weight
    before = weight.detach().clone()
    model.finish_update(SGD(0.1))
    assert not torch.equal(weight, before)


def test_a_frozen_encoder_stays_frozen(pipeline: Language) -> None:
    shim: Any = pipeline.get_pipe("transformer").model.shims[0]
    before = {name: w.clone() for name, w in shim.network.state_dict().items()}
    sgd = Adam(0.01, L2=0.1, use_averages=False)
    for _ in range(2):
        pipeline.update(
            make_examples(pipeline), sgd=sgd, exclude=["transformer"], annotates=["transformer"]
        )
    for name, weight in shim.network.state_dict().items():
        assert torch.equal(weight, before[name])
        assert shim.network.get_parameter(name).grad is None
