"""Components that make pair Docs find the right encoder, whatever became of the pipeline."""

import gc
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Adam, Model

from spacy_blurb.annotations import set_gold_pair
from spacy_blurb.encoder.link import KEPT_VOCABS, EncoderLink
from spacy_blurb.errors import BlurbError

Make = Callable[..., Language]


@Language.factory("pairer")
def make_pairer(nlp: Language, name: str, model: Any) -> "Pairer":
    return Pairer(nlp, name, model)


@spacy.registry.architectures("tests.Holder.v1")
def build_holder(tok2vec: Model) -> Model:
    """A head with its listener at `model.tok2vec`, as `nlp.replace_listeners` wants it."""
    holder: Model = Model("holder", _hold, layers=[tok2vec])
    holder.set_ref("tok2vec", tok2vec)
    return holder


def _hold(model: Model, docs: list[Doc], is_train: bool) -> Any:
    return model.layers[0](docs, is_train)


class Pairer(TrainablePipe):
    """Asks the same question of every Doc: the smallest component that makes pair Docs."""

    def __init__(self, nlp: Language, name: str, model: Model) -> None:
        self.vocab, self.name, self.model, self.cfg = nlp.vocab, name, model, {}
        self.link = EncoderLink(name, model, nlp)

    @property
    def pooling(self) -> Model:
        return self.model.get_ref("tok2vec").get_ref("pooling")

    def make_pairs(self, docs: list[Doc]) -> list[Doc]:
        pairs = []
        for doc in docs:
            pair = Doc(doc.vocab, words=["fever", "\n", *(t.text for t in doc)])
            set_gold_pair(pair, 6, 0.0)
            pairs.append(pair)
        return pairs

    def predict(self, docs: Any) -> np.ndarray:
        docs = list(docs)
        self.link.see(docs)
        return self.link.predict(self.make_pairs(docs), self.pooling)

    def set_annotations(self, docs: Any, vectors: np.ndarray) -> None:
        for doc, vector in zip(docs, vectors, strict=True):
            doc.user_data["pair"] = vector.tolist()

    def update(
        self,
        examples: Any,
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        docs = [example.predicted for example in examples]
        shared, shared_backprop = self.model.begin_update(docs)
        vectors, backprop = self.link.begin_update(self.make_pairs(docs), self.pooling)
        # Not the vectors: a norm's output has the same length whatever the weights are.
        backprop(np.linspace(-1, 1, vectors.size, dtype="f").reshape(vectors.shape))
        shared_backprop(np.zeros_like(shared))
        return losses or {}

    def initialize(self, get_examples: Any, *, nlp: Language | None = None) -> None:
        if nlp is not None:
            self.link.attach(nlp)


TOK2VEC = {"@architectures": "spacy_blurb.SequenceVector.v1", "upstream": "*"}
MODEL = {"@architectures": "tests.Holder.v1", "tok2vec": TOK2VEC}
TEXT = "aspirin in rats"


@pytest.fixture
def make_pairs(make_encoder: Make, tiny_encoder: Path) -> Callable[[], Language]:
    def make(shift: float = 0.0) -> Language:
        """`shift` makes encoders differ."""
        nlp = make_encoder(tiny_encoder, initialize=False)
        nlp.add_pipe("pairer", config={"model": MODEL})
        nlp.initialize()
        with torch.no_grad():
            get_shim(nlp).network.embeddings.norm.bias += shift
        return nlp

    return make


def get_shim(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.shims[0]


def pair_vector(nlp: Language, component: Any = None) -> np.ndarray:
    """What the pairer must find, straight from the pipeline's own encoder."""
    pairer: Any = component or nlp.get_pipe("pairer")
    (pair,) = pairer.make_pairs([nlp.make_doc(TEXT)])
    encoder: Any = nlp.get_pipe("transformer")
    return encoder.model.predict([pair]).doc_data[0].model_output.last_hidden_state[0]


def check(nlp: Language, oracle: np.ndarray | None = None) -> None:
    expected = pair_vector(nlp) if oracle is None else oracle
    for doc in nlp.pipe([TEXT, TEXT]):
        np.testing.assert_allclose(doc.user_data["pair"], expected, atol=1e-5)


def test_pairs_are_encoded_as_pairs(make_pairs: Any) -> None:
    nlp = make_pairs()
    check(nlp)
    # Not what the shared pass sees.
    shared = nlp(TEXT)._.trf_data.model_output.last_hidden_state[0]
    assert np.abs(pair_vector(nlp) - shared).max() > 1e-2


def test_saved_and_loaded(make_pairs: Any, tmp_path: Path) -> None:
    nlp = make_pairs(0.5)
    oracle = pair_vector(nlp)
    nlp.to_disk(tmp_path / "saved")
    check(spacy.load(tmp_path / "saved"), oracle)


def test_from_bytes_into_a_pipeline_in_use(make_pairs: Any) -> None:
    nlp, other = make_pairs(), make_pairs(0.5)
    check(nlp)
    nlp.from_bytes(other.to_bytes())
    check(nlp, pair_vector(other))


@pytest.mark.parametrize("alive", [True, False])
def test_sourced_into_another_pipeline(
    make_pairs: Any, make_encoder: Make, tiny_encoder: Path, alive: bool
) -> None:
    """The encoder is that of the new pipeline, also while the old one lives on."""
    source = make_pairs(0.5)
    nlp = make_encoder(tiny_encoder)
    nlp.add_pipe("pairer", source=source)
    new, old = pair_vector(nlp), pair_vector(source)
    assert np.abs(new - old).max() > 0.01
    if not alive:
        del source
        gc.collect()
    check(nlp, new)
    # Docs without the encoder's output come from the pipeline seen last.
    pairer: Any = nlp.get_pipe("pairer")
    np.testing.assert_allclose(pairer.predict([nlp.make_doc(TEXT)])[0], new, atol=1e-5)
    if alive:
        check(source, old)
        check(nlp, new)


def test_a_component_of_two_pipelines_knows_the_encoder_of_each(
    make_pairs: Any, make_encoder: Make, tiny_encoder: Path
) -> None:
    """Docs without the encoder's output, as in `doc._.ask`, whichever pipeline was used last."""
    source = make_pairs(0.5)
    nlp = make_encoder(tiny_encoder)
    nlp.add_pipe("pairer", source=source)
    new, old = pair_vector(nlp), pair_vector(source)
    pairer: Any = nlp.get_pipe("pairer")
    # Before the source has seen a Doc of its own, and after.
    for pipelines in ([nlp], [source], [nlp], [source, nlp]):
        for pipeline in pipelines:
            pipeline(TEXT)
        for pipeline, expected in ((source, old), (nlp, new)):
            found = pairer.predict([pipeline.make_doc(TEXT)])[0]
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_pipelines_that_are_gone_are_forgotten(
    make_pairs: Any, make_encoder: Make, tiny_encoder: Path
) -> None:
    source = make_pairs()
    pairer: Any = source.get_pipe("pairer")
    source(TEXT)
    for _ in range(2):
        nlp = make_encoder(tiny_encoder)
        nlp.add_pipe("pairer", source=source)
        nlp(TEXT)
        del nlp
        gc.collect()
    source(TEXT)
    assert len(pairer.link._seen) == 1


def test_sourced_and_never_run_is_an_error_not_another_encoder(
    make_pairs: Any, make_encoder: Make, tiny_encoder: Path
) -> None:
    source = make_pairs(0.5)
    nlp = make_encoder(tiny_encoder)
    nlp.add_pipe("pairer", source=source)
    pairer: Any = nlp.get_pipe("pairer")
    with pytest.raises(BlurbError, match="B311"):
        pairer.predict([nlp.make_doc(TEXT)])
    del source
    gc.collect()
    with pytest.raises(BlurbError, match="B310"):
        pairer.predict([nlp.make_doc(TEXT)])


def test_sourced_together_with_the_encoder(make_pairs: Any) -> None:
    source = make_pairs(0.5)
    oracle = pair_vector(source)
    nlp = spacy.blank("en")
    for name in ("transformer", "pairer"):
        nlp.add_pipe(name, source=source)
    check(nlp, oracle)


def test_replaced_listeners(make_pairs: Any, tmp_path: Path) -> None:
    nlp = make_pairs(0.5)
    oracle = pair_vector(nlp)
    nlp.replace_listeners("transformer", "pairer", ["model.tok2vec"])
    with torch.no_grad():
        get_shim(nlp).network.embeddings.norm.bias += 1
    check(nlp, oracle)
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    check(loaded, oracle)
    # Its own encoder learns, also where the shared one does not.
    before = np.array(loaded(TEXT).user_data["pair"])
    example = Example(loaded.make_doc(TEXT), loaded.make_doc(TEXT))
    loaded.update([example], sgd=Adam(0.01, use_averages=False), exclude=["transformer"])
    assert np.abs(np.array(loaded(TEXT).user_data["pair"]) - before).max() > 1e-3


def test_a_disabled_encoder_is_used_all_the_same(make_pairs: Any, tmp_path: Path) -> None:
    nlp = make_pairs(0.5)
    oracle = pair_vector(nlp)
    with nlp.select_pipes(disable="transformer"):
        np.testing.assert_allclose(nlp(TEXT).user_data["pair"], oracle, atol=1e-5)
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved", disable=["transformer"])
    np.testing.assert_allclose(loaded(TEXT).user_data["pair"], oracle, atol=1e-5)


def test_pickled_for_a_spawned_process(make_pairs: Any) -> None:
    nlp = make_pairs(0.5)
    oracle = pair_vector(nlp)
    pipes = [proc for _, proc in nlp.pipeline]
    encoder, pairer = pickle.loads(pickle.dumps(pipes))
    doc = pairer(encoder(nlp.make_doc(TEXT)))
    np.testing.assert_allclose(doc.user_data["pair"], oracle, atol=1e-5)
    # Not a second copy of the weights, and also where no Doc has been seen.
    encoder, pairer = pickle.loads(pickle.dumps(pipes))
    assert pairer.link._find([nlp.make_doc(TEXT)]) is encoder.model.shims[0]


@pytest.mark.parametrize("wanted", ["first", "second"])
def test_two_encoders_are_told_apart_by_name(
    make_encoder: Make, tiny_encoder: Path, wanted: str
) -> None:
    nlp = make_encoder(tiny_encoder, initialize=False)
    model = nlp.config["components"]["transformer"]["model"]
    nlp.rename_pipe("transformer", "first")
    nlp.add_pipe("transformer", name="second", config={"model": model})
    config = {**MODEL, "tok2vec": {**TOK2VEC, "upstream": wanted}}
    nlp.add_pipe("pairer", config={"model": config})
    nlp.initialize()
    pairer: Any = nlp.get_pipe("pairer")
    found = pairer.link._find([nlp.make_doc(TEXT)])
    assert found is nlp.get_pipe(wanted).model.shims[0]


def test_a_tok2vec_before_the_encoder_is_passed_over(make_pairs: Any) -> None:
    nlp = make_pairs()
    nlp.add_pipe("tok2vec", first=True)
    nlp.get_pipe("tok2vec").model.initialize(X=[nlp.make_doc(TEXT)])
    pairer: Any = nlp.get_pipe("pairer")
    # Before a Doc has been through the pipeline.
    found = pairer.predict([nlp.make_doc(TEXT)])[0]
    np.testing.assert_allclose(found, pair_vector(nlp), atol=1e-5)


def test_vocabs_of_many_files_are_not_held_for_ever(make_pairs: Any) -> None:
    nlp = make_pairs()
    pairer: Any = nlp.get_pipe("pairer")
    for _ in range(KEPT_VOCABS + 5):
        nlp(TEXT)
        nlp(Doc(Vocab(), words=TEXT.split()))
    assert len(pairer.link._seen) == KEPT_VOCABS
    assert pairer.link.has_seen(nlp.vocab)


def test_one_of_several_vocabs_names_the_encoder_in_any_order(make_pairs: Any) -> None:
    nlp, other = make_pairs(), make_pairs(0.5)
    pairer: Any = nlp.get_pipe("pairer")
    known, unknown = nlp(TEXT), Doc(Vocab(), words=TEXT.split())
    for docs in ([known, unknown], [unknown, known]):
        for vector in pairer.predict(docs):
            np.testing.assert_allclose(vector, pair_vector(nlp), atol=1e-5)
    pairer.link.see([other(TEXT)])
    with pytest.raises(BlurbError, match="B311"):
        pairer.link.predict(pairer.make_pairs([known, other.make_doc(TEXT)]), pairer.pooling)


def test_no_encoder(nlp: Language, tiny_encoder: Path) -> None:
    nlp.add_pipe("pairer", config={"model": MODEL})
    with pytest.raises(BlurbError, match=r"B310.*'pairer'"):
        nlp(TEXT)
    stock = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(tiny_encoder),
        "tokenizer_config": {"use_fast": True},
    }
    nlp.add_pipe("transformer", config={"model": stock}, first=True)
    nlp.get_pipe("transformer").model.initialize()
    with pytest.raises(BlurbError, match="B310"):
        nlp(TEXT)


# Training ----------------------------------------------------------------------------------------


def one_example(nlp: Language) -> list[Example]:
    return [Example(nlp.make_doc(TEXT), nlp.make_doc(TEXT))]


def test_pairs_send_their_gradient_to_the_shared_weights(make_pairs: Any) -> None:
    """The same as the encoder's own backpropagation from [CLS]."""
    nlp = make_pairs()
    nlp.update(one_example(nlp), sgd=False)
    found = {n: w.grad.clone() for n, w in get_shim(nlp).network.named_parameters()}
    get_shim(nlp).network.zero_grad()
    pairer: Any = nlp.get_pipe("pairer")
    batch, backprop = nlp.get_pipe("transformer").model.begin_update(
        pairer.make_pairs([nlp.make_doc(TEXT)])
    )
    rows = batch.doc_data[0].model_output.last_hidden_state
    d_rows = np.zeros_like(rows)
    d_rows[0] = np.linspace(-1, 1, rows.shape[1])
    backprop(batch.unsplit_by_doc([[d_rows]]))
    for name, weight in get_shim(nlp).network.named_parameters():
        torch.testing.assert_close(found[name], weight.grad, rtol=1e-4, atol=1e-6)
    assert float(found["layers.0.inner.weight"].abs().max()) > 1e-4


def test_pairs_train_a_sourced_components_new_encoder(
    make_pairs: Any, make_encoder: Make, tiny_encoder: Path
) -> None:
    source = make_pairs()
    nlp = make_encoder(tiny_encoder)
    nlp.add_pipe("pairer", source=source)
    nlp.update(one_example(nlp), sgd=False)
    gradients = [get_shim(p).network.layers[0].inner.weight.grad for p in (nlp, source)]
    assert float(gradients[0].abs().max()) > 1e-4
    assert gradients[1] is None


def test_a_frozen_encoder_gets_no_gradient(make_pairs: Any) -> None:
    nlp = make_pairs()
    nlp.update(one_example(nlp), sgd=False, exclude=["transformer"], annotates=["transformer"])
    assert all(w.grad is None for w in get_shim(nlp).network.parameters())
