"""`spacy_blurb.Encoder.v1` in the stock component: the same vectors as Hugging Face's model."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import SGD

from spacy_blurb.annotations import set_gold_pair
from spacy_blurb.encoder.bert import _round_rows
from spacy_blurb.encoder.packing import pack
from spacy_blurb.encoder.pieces import join, read_docs
from spacy_blurb.encoder.windows import plan_text
from spacy_blurb.errors import BlurbError

Make = Callable[..., Language]

WORDS = ["aspirin", "fever", "causes", "hypertension", "in", "rats", "a-b", "12.5", "(x)", "qqq"]
TEXTS = {
    "one character": "a",
    "a sentence": "Naloxone reduces hypertension in rats.",
    "white space": " \n\t ",
    "emoji": "fever 😀👩‍🔬 in rats 🧬🧬",
    "combining marks": "cafe\u0301 a\u0300\u0301\u0302 é in rats",
    "zero-width": "asp\u200birin fe\u200dver \ufeffin rats\u2060",
    "control characters": "fever\x00 in\x07 rats \x1b[0m \x7f",
    "other scripts": "中文 fever العربية rats हिन्दी",
    "a giant token": "x" * 5000,
    "a giant token with marks": "x-" * 2500 + " fever",
    "special pieces as text": "fever [SEP] in [MASK] rats [CLS]",
    "exactly a window": "a " * 510,
    "one more than a window": "a " * 511,
}


def long_text(n_chars: int) -> str:
    rng = random.Random(0)
    words: list[str] = []
    while sum(map(len, words)) + len(words) < n_chars:
        words.append(rng.choice(WORDS))
    return " ".join(words)[:n_chars]


def states(doc: Doc) -> np.ndarray:
    return doc._.trf_data.model_output["last_hidden_state"]


def oracle_states(hugging_face: tuple[Any, Any], text: str) -> np.ndarray:
    """The vectors of a text by Hugging Face, window by window."""
    model, tokenizer = hugging_face
    # Warns that the text is too long for the model.
    tokenizer.deprecation_warnings["sequence-length-is-longer-than-the-specified-maximum"] = True
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    rows = []
    for (part,) in plan_text(len(ids), 512, 64):
        window = [tokenizer.cls_token_id, *ids[part.start : part.end], tokenizer.sep_token_id]
        with torch.no_grad():
            found = model(torch.tensor([window])).last_hidden_state[0].numpy()
        inner = found[1 + part.first - part.start : 1 + part.last - part.start]
        rows += [found[:1], inner, found[-1:]]
    return np.concatenate(rows)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_vectors_equal_hugging_faces(
    uneven: Language, hugging_face: tuple[Any, Any], text: str
) -> None:
    found = states(uneven(text))
    expected = oracle_states(hugging_face, text)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("n_chars", [10, 1_000, 100_000])
def test_vectors_of_long_texts_equal_hugging_faces(
    uneven: Language, hugging_face: tuple[Any, Any], n_chars: int
) -> None:
    text = long_text(n_chars)
    np.testing.assert_allclose(states(uneven(text)), oracle_states(hugging_face, text), atol=1e-4)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Does fever reduce?", "aspirin in rats"), ("", "fever"), ("fever", ""), ("😀 é", "中\u200b")],
)
def test_vectors_of_pairs_equal_hugging_faces(
    uneven: Language, hugging_face: tuple[Any, Any], first: str, second: str
) -> None:
    model, tokenizer = hugging_face
    doc = uneven.make_doc(f"{first}\n{second}")
    set_gold_pair(doc, len(first) + 1, 0.0)
    # Not the tokenizer's own pairs: it takes an empty text for none.
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (first, second)]
    sep = tokenizer.sep_token_id
    window = [tokenizer.cls_token_id, *ids[0], sep, *ids[1], sep]
    types = [0] * (2 + len(ids[0])) + [1] * (1 + len(ids[1]))
    with torch.no_grad():
        output = model(torch.tensor([window]), token_type_ids=torch.tensor([types]))
    expected = output.last_hidden_state[0].numpy()
    np.testing.assert_allclose(states(uneven(doc)), expected, atol=1e-4)


def test_long_pairs_equal_hugging_faces_windows(
    make_encoder: Make, uneven_encoder: Path, hugging_face: tuple[Any, Any]
) -> None:
    model, tokenizer = hugging_face
    nlp = make_encoder(uneven_encoder, window=11, overlap=2)
    doc = nlp.make_doc("in rats\n" + "fever " * 9)
    set_gold_pair(doc, 8, 0.0)
    found = states(nlp(doc))
    # Two windows of five and six words. The first gives the question its vectors and keeps four of
    # its words, the second keeps five.
    rows = []
    for n_words, kept in ((5, [0, 1, 2, 3, 4, 5, 6, 7, 9]), (6, [0, 3, 5, 6, 7, 8, 9, 10])):
        window = tokenizer("in rats", "fever " * n_words, return_tensors="pt")
        with torch.no_grad():
            rows.append(model(**window).last_hidden_state[0].numpy()[kept])
    np.testing.assert_allclose(found, np.concatenate(rows), atol=1e-4)


def test_batch_equals_single(uneven: Language) -> None:
    texts = ["", *TEXTS.values(), "", long_text(3000)]
    for batched, text in zip(uneven.pipe(texts, batch_size=7), texts, strict=True):
        if text:
            np.testing.assert_allclose(states(batched), states(uneven(text)), atol=1e-5)
        else:
            assert batched._.trf_data.model_output.get("last_hidden_state") is None


def test_docs_describe_their_rows(make_encoder: Make, uneven_encoder: Path) -> None:
    nlp = make_encoder(uneven_encoder, window=8, overlap=1)
    data = nlp("a b c d e f g")._.trf_data
    assert data.wordpieces.strings == [
        ["[CLS]", "a", "b", "c", "[SEP]"],
        ["[CLS]", "d", "e", "f", "g", "[SEP]"],
    ]
    assert data.wordpieces.lengths == [5, 6]
    assert data.wordpieces.attention_mask.sum(1).tolist() == [5, 6]
    assert data.wordpieces.input_ids.shape == (2, 6)
    assert data.model_output.last_hidden_state.shape == (11, 24)
    assert data.align.dataXd.tolist() == [1, 2, 3, 6, 7, 8, 9]


# Options -----------------------------------------------------------------------------------------


def test_window_and_overlap_change_vectors(make_encoder: Make, uneven_encoder: Path) -> None:
    text = long_text(300)
    shapes = [(512, 64), (16, 0), (16, 4), (12, 2)]
    vectors = []
    for window, overlap in shapes:
        doc = make_encoder(uneven_encoder, window=window, overlap=overlap)(text)
        vectors.append(states(doc)[doc._.trf_data.align.dataXd.reshape(-1)])
    for i, one in enumerate(vectors):
        for other in vectors[:i]:
            assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize(("window", "overlap"), [(7, 0), (512, 254), (16, -1), (16, 6)])
def test_impossible_windows_are_refused(
    make_encoder: Make, uneven_encoder: Path, window: int, overlap: int
) -> None:
    with pytest.raises(BlurbError, match="B306"):
        make_encoder(uneven_encoder, window=window, overlap=overlap)


def test_windows_shrink_to_the_encoders_positions(
    make_encoder: Make, uneven_encoder: Path, tmp_path: Path
) -> None:
    import shutil

    from transformers import BertConfig, BertModel

    folder = tmp_path / "short"
    shutil.copytree(uneven_encoder, folder)
    config = BertConfig.from_pretrained(uneven_encoder, max_position_embeddings=16)
    BertModel(config).save_pretrained(folder)
    nlp = make_encoder(folder)
    reader = nlp.get_pipe("transformer").model.shims[0].reader
    assert (reader.window, reader.overlap) == (16, 2)
    assert max(nlp("a " * 100)._.trf_data.wordpieces.lengths) <= 16


def test_bf16_differs_a_little(make_encoder: Make, uneven_encoder: Path) -> None:
    exact = states(make_encoder(uneven_encoder)("fever in rats"))
    rounded = states(make_encoder(uneven_encoder, precision="bf16")("fever in rats"))
    assert rounded.dtype == np.float32
    difference = np.abs(exact - rounded).max()
    assert 1e-4 < difference < 0.1
    auto = states(make_encoder(uneven_encoder, precision="auto")("fever in rats"))
    assert any(np.array_equal(auto, either) for either in (exact, rounded))


@pytest.mark.parametrize("device", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there(make_encoder: Make, uneven_encoder: Path, device: str) -> None:
    with pytest.raises(BlurbError, match="B309"):
        make_encoder(uneven_encoder, device=device)


def test_unknown_options_are_refused(make_encoder: Make, uneven_encoder: Path) -> None:
    for options in ({"precision": "int3"}, {"storage": "fp8"}, {"stride": 3}):
        with pytest.raises(ValueError, match=next(iter(options))):
            make_encoder(uneven_encoder, **options)


def test_an_encoder_that_is_not_initialised(make_encoder: Make, uneven_encoder: Path) -> None:
    nlp = make_encoder(uneven_encoder, initialize=False)
    with pytest.raises(BlurbError, match="B308"):
        nlp("fever")


def test_pairs_need_two_segments(make_encoder: Make, uneven_encoder: Path, tmp_path: Path) -> None:
    import shutil

    from transformers import BertConfig, BertModel

    folder = tmp_path / "one-segment"
    shutil.copytree(uneven_encoder, folder)
    config = BertConfig.from_pretrained(uneven_encoder, type_vocab_size=1)
    BertModel(config).save_pretrained(folder)
    nlp = make_encoder(folder)
    assert states(nlp("fever")).shape == (3, 24)
    doc = nlp.make_doc("a\nb")
    set_gold_pair(doc, 2, 0.0)
    with pytest.raises(BlurbError, match="B313"):
        nlp(doc)


# Gradients ---------------------------------------------------------------------------------------


def direction(shape: tuple[int, ...]) -> np.ndarray:
    """A gradient of the output: any but the output itself, whose length a norm holds fixed."""
    return np.random.default_rng(0).normal(size=shape).astype("f")


def backpropagate(nlp: Language, texts: list[str]) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Push the gradient `direction` back; return the vectors and the gradients of the weights."""
    component: Any = nlp.get_pipe("transformer")
    docs = [nlp.make_doc(text) for text in texts]
    batch, backprop = component.model.begin_update(docs)
    found = [data.model_output["last_hidden_state"] for data in batch.doc_data if data.tensors]
    assert backprop(batch.unsplit_by_doc([[direction(rows.shape)] for rows in found])) == docs
    network = component.model.shims[0].network
    return found, {name: w.grad for name, w in network.named_parameters()}


@pytest.fixture
def still_encoder(uneven_encoder: Path, tmp_path: Path) -> Path:
    """Without dropout, so that training computes what prediction does."""
    import json
    import shutil

    folder = tmp_path / "still"
    shutil.copytree(uneven_encoder, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


GRADIENT_TEXTS = ["fever in rats", "", " ", "a-b 12.5 naloxone reduces (x) hypertension " * 3]


def test_gradients_equal_finite_differences(make_encoder: Make, still_encoder: Path) -> None:
    """In double precision, of windows that overlap: what a shared piece gives counts once."""
    nlp = make_encoder(still_encoder, window=16, overlap=4)
    component: Any = nlp.get_pipe("transformer")
    component.model.shims[0].network.double()

    shim = component.model.shims[0]
    docs = list(read_docs(map(nlp.make_doc, GRADIENT_TEXTS), shim.reader).values())
    piece_ids, type_ids, kept, lengths = join(docs)
    (batch,) = pack(lengths)
    cell_of_piece = np.empty(len(kept), dtype=np.intp)
    cell_of_piece[batch.pieces] = batch.cells
    cells = torch.from_numpy(cell_of_piece[kept])
    sizes = [int(doc.kept.sum()) for doc in docs]
    d_rows = torch.from_numpy(np.concatenate([direction((size, 24)) for size in sizes]))

    @torch.no_grad()
    def loss(weight: torch.Tensor, index: tuple[int, ...], step: float) -> float:
        weight[index] += step
        rows = shim.network(batch, piece_ids, type_ids)[cells]
        weight[index] -= step
        return float((rows * d_rows).sum())

    _, gradients = backpropagate(nlp, GRADIENT_TEXTS)
    for name, weight in shim.network.named_parameters():
        index = tuple(np.unravel_index(int(gradients[name].abs().argmax()), weight.shape))
        slope = (loss(weight, index, 1e-5) - loss(weight, index, -1e-5)) / 2e-5
        assert float(gradients[name][index]) == pytest.approx(slope, rel=1e-3, abs=1e-3), name


@pytest.mark.parametrize("lengths", [[9], [20, 5, 20, 70, 3], [33] * 5, [16] * 7 + [48] * 11])
def test_attention_with_dropout_computes_what_the_fused_kernel_does(
    make_encoder: Make, still_encoder: Path, lengths: list[int]
) -> None:
    """The rows that it adds change nothing; seen with dropout that drops nothing."""
    component: Any = make_encoder(still_encoder).get_pipe("transformer")
    network = component.model.shims[0].network.train()
    piece_ids = np.arange(sum(lengths)) % 20
    (batch,) = pack(lengths)
    fused = network(batch, piece_ids, np.zeros_like(piece_ids)).detach()
    for layer in network.layers:
        layer.attention_dropout = torch.nn.Dropout(1e-12)
    plain = network(batch, piece_ids, np.zeros_like(piece_ids)).detach()
    # Other sums in another order, so not to the last bit: both ways were taken.
    np.testing.assert_allclose(plain[batch.cells], fused[batch.cells], atol=1e-5)


@pytest.mark.parametrize(
    ("n_rows", "rounded"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 8), (9, 12), (13, 16)]
)
def test_rows_are_rounded_up_to_few_numbers(n_rows: int, rounded: int) -> None:
    assert _round_rows(n_rows) == rounded


def test_training_computes_what_prediction_does(make_encoder: Make, still_encoder: Path) -> None:
    nlp = make_encoder(still_encoder, window=16, overlap=4)
    found, _ = backpropagate(nlp, GRADIENT_TEXTS)
    expected = [states(doc) for doc in nlp.pipe(GRADIENT_TEXTS) if len(doc)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_gradients_of_a_batch_are_the_sum_of_single_ones(
    make_encoder: Make, still_encoder: Path
) -> None:
    _, together = backpropagate(make_encoder(still_encoder), GRADIENT_TEXTS)
    singly = make_encoder(still_encoder)
    for text in GRADIENT_TEXTS:
        if text:
            _, accumulated = backpropagate(singly, [text])
    for name, gradient in together.items():
        torch.testing.assert_close(gradient, accumulated[name], rtol=1e-4, atol=1e-4)


def test_gradients_equal_hugging_faces(
    make_encoder: Make, still_encoder: Path, hugging_face: tuple[Any, Any]
) -> None:
    from transformers import BertModel

    _, tokenizer = hugging_face
    text = GRADIENT_TEXTS[-1]
    oracle = BertModel.from_pretrained(still_encoder, add_pooling_layer=False)
    rows = oracle(**tokenizer(text, return_tensors="pt")).last_hidden_state
    rows.backward(torch.from_numpy(direction(rows.shape[1:])[None]))
    _, gradients = backpropagate(make_encoder(still_encoder), [text])
    theirs = dict(oracle.named_parameters())
    pairs = {
        "embeddings.pieces.weight": "embeddings.word_embeddings.weight",
        "layers.1.attended.weight": "encoder.layer.1.attention.output.dense.weight",
        "layers.2.output_norm.bias": "encoder.layer.2.output.LayerNorm.bias",
    }
    for ours, name in pairs.items():
        torch.testing.assert_close(gradients[ours], theirs[name].grad, rtol=1e-4, atol=1e-4)
    query, key, value = gradients["layers.0.qkv.weight"].chunk(3)
    for part, name in ((query, "query"), (key, "key"), (value, "value")):
        expected = theirs[f"encoder.layer.0.attention.self.{name}.weight"].grad
        torch.testing.assert_close(part, expected, rtol=1e-4, atol=1e-4)


def test_bf16_gradients_are_float32_and_near(make_encoder: Make, still_encoder: Path) -> None:
    _, exact = backpropagate(make_encoder(still_encoder), GRADIENT_TEXTS)
    _, rounded = backpropagate(make_encoder(still_encoder, precision="bf16"), GRADIENT_TEXTS)
    for name, gradient in rounded.items():
        assert gradient.dtype == torch.float32
        cosine = torch.nn.functional.cosine_similarity(
            gradient.flatten(), exact[name].flatten(), dim=0
        )
        assert cosine > 0.99 or exact[name].norm() < 1e-2, name
        # That of the last bias is the gradient that came in.
        assert not torch.equal(gradient, exact[name]) or name.endswith("bias")


def test_dropout_acts_in_training_only(make_encoder: Make, uneven_encoder: Path) -> None:
    nlp = make_encoder(uneven_encoder)
    model = nlp.get_pipe("transformer").model
    docs = [nlp.make_doc("fever in rats")]

    def train(seed: int) -> np.ndarray:
        torch.manual_seed(seed)
        return model.begin_update(docs)[0].doc_data[0].model_output.last_hidden_state

    np.testing.assert_array_equal(train(0), train(0))
    assert np.abs(train(0) - train(1)).max() > 0.01
    predicted = [model.predict(docs).doc_data[0].model_output.last_hidden_state for _ in "ab"]
    np.testing.assert_array_equal(*predicted)


@pytest.mark.parametrize("key", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
def test_each_dropout_of_the_config_acts(make_encoder: Make, still_encoder: Path, key: str) -> None:
    import json

    path = still_encoder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**config, key: 0.5}), "utf-8")
    nlp = make_encoder(still_encoder)
    model = nlp.get_pipe("transformer").model
    docs = [nlp.make_doc("fever in rats")]
    trained = model.begin_update(docs)[0].doc_data[0].model_output.last_hidden_state
    predicted = model.predict(docs).doc_data[0].model_output.last_hidden_state
    assert np.abs(trained - predicted).max() > 0.01


def test_prediction_follows_training(make_encoder: Make, uneven_encoder: Path) -> None:
    """The bfloat16 copy is made anew when the weights have changed."""
    nlp = make_encoder(uneven_encoder, precision="bf16")
    before = states(nlp("fever in rats"))
    backpropagate(nlp, ["fever in rats"])
    nlp.get_pipe("transformer").model.finish_update(SGD(0.1))
    assert np.abs(states(nlp("fever in rats")) - before).max() > 0.01


def test_memory_zone(make_encoder: Make, uneven_encoder: Path) -> None:
    nlp = make_encoder(uneven_encoder)
    expected = states(nlp("fever in rats"))
    for _ in range(2):
        with nlp.memory_zone():
            docs = nlp.pipe(["fever in rats", "unheardof words"])
            found = [states(doc).copy() for doc in docs]
        np.testing.assert_allclose(found[0], expected, atol=1e-5)
