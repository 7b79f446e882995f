"""Options scored without training, against a plain loop; by our own protocol."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)
from spacy_blurb.annotations import DocQuestion, set_questions
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation.answers import read_gold_answers
from spacy_blurb.evaluation.results import hash_gold, read_units
from spacy_blurb.evaluation.zero_shot import evaluate_zero_shot, read_stem
from spacy_blurb.tasks import get_task

OPTIONS = ("aspirin in rats", "fever", "hypertension")
QUESTION = "Which one?\nA. aspirin in rats\nB. fever\nC. hypertension"


@pytest.fixture(scope="module")
def masked_encoder(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny encoder with a masked-language head."""
    import shutil

    import torch
    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp("masked-encoder")
    for path in tiny_encoder.iterdir():
        shutil.copy(path, folder)
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig.from_pretrained(tiny_encoder, initializer_range=0.5))
    model.save_pretrained(folder)
    return folder


def make_doc(question: str = QUESTION, label: str = "1") -> Doc:
    doc = spacy.blank("en").make_doc(question)
    gold = {"id": "0", "question": question, "label": label, "answers": [], "options": OPTIONS}
    set_questions(doc, [{**gold, "options": list(OPTIONS)}])
    return doc


def evaluate(
    encoder: Path, folder: Path, docs: list[Doc], task: str = "medconceptsqa", **settings: Any
) -> tuple[dict, list]:
    (folder / "gold").write_bytes(b"")
    data = folder / "gold"
    return evaluate_zero_shot(get_task(task), str(encoder), docs, data=data, **settings)[:2]


@pytest.mark.parametrize(
    ("question", "stem"),
    [
        (QUESTION, "Which one?"),
        ("What? (A) aspirin in rats (B) fever", "What?"),
        ("Code A: aspirin in rats?", "Code"),
        ("Which one?", "Which one?"),
        ("Vitamin A", "Vitamin A"),
        # Words of an option are a part of the question where no list of them begins.
        ("Does aspirin in rats help? " + QUESTION, "Does aspirin in rats help? Which one?"),
        ("Does aspirin in rats help?", "Does aspirin in rats help?"),
        (
            "Does aspirin in rats help?\naspirin in rats, fever, hypertension",
            "Does aspirin in rats help?",
        ),
    ],
)
def test_the_stem_has_no_options(question: str, stem: str) -> None:
    assert read_stem(DocQuestion("0", question, options=OPTIONS)) == stem


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Of 100 patients, 20 of 300 had 4 events. What is the risk?", ("1", "2", "3", "4")),
        ("Do the eyes support this diagnosis?", ("yes", "no")),
        ("Is a fever a sign of fever?", ("a", "fever")),
        ("Is it A, B or C in rats?", ("A", "B", "C")),
        ("What is fever?", ("fever",)),
    ],
)
def test_words_of_options_are_no_list(question: str, options: tuple[str, ...]) -> None:
    assert read_stem(DocQuestion("0", question, options=options)) == question


@pytest.mark.parametrize("listed", ["yes, no or maybe?", "A) yes B) no C) maybe", "yes/no/maybe."])
def test_a_list_at_the_end(listed: str) -> None:
    question = DocQuestion("0", f"Is it yes? {listed}", options=("yes", "no", "maybe"))
    assert read_stem(question) == "Is it yes?"


def test_an_option_without_text_is_no_list() -> None:
    for options in (("", "fever"), (" ", ""), ("", "")):
        assert read_stem(DocQuestion("0", "Vitamin A. Which?", options=options)) == (
            "Vitamin A. Which?"
        )


@pytest.mark.parametrize("n_shots", [0, 1])
def test_likelihood_equals_a_plain_loop(masked_encoder: Path, tmp_path: Path, n_shots: int) -> None:
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    shots = [make_doc("causes?", "2")] * n_shots
    result, (prediction,) = evaluate(
        masked_encoder, tmp_path, [make_doc()], method="pll", shots=shots
    )
    tokenizer = AutoTokenizer.from_pretrained(masked_encoder)
    model = AutoModelForMaskedLM.from_pretrained(masked_encoder).eval()
    before = "causes? hypertension\n" * n_shots + "Which one?"
    for option, found in zip(OPTIONS, prediction.scores, strict=True):
        parts = [tokenizer(t, add_special_tokens=False)["input_ids"] for t in (before, option)]
        ids = [tokenizer.cls_token_id, *parts[0], *parts[1], tokenizer.sep_token_id]
        total = 0.0
        for place in range(1 + len(parts[0]), len(ids) - 1):
            masked = list(ids)
            masked[place] = tokenizer.mask_token_id
            with torch.no_grad():
                logits = model(torch.tensor([masked])).logits[0, place]
            total += float(logits.log_softmax(-1)[ids[place]])
        assert found == pytest.approx(total / len(parts[1]), abs=1e-4)
    assert result["shots"] == n_shots
    assert result["model"].endswith("-pll-1-shot" if n_shots else "-pll")
    assert "non-standard" in result["protocol"]
    assert (result["n"], result["baseline"]) == (1, 1.0)
    best = max(range(3), key=prediction.scores.__getitem__)
    assert prediction.label == str(best)
    assert result["score"] == float(best == 1)


def test_similarity_equals_a_plain_loop(tiny_encoder: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    _, (prediction,) = evaluate(tiny_encoder, tmp_path, [make_doc()], method="embedding")
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    model = AutoModel.from_pretrained(tiny_encoder).eval()
    vectors = []
    for text in ("Which one?", *OPTIONS):
        with torch.no_grad():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        vectors.append(states.mean(0).tolist())
    lengths = [math.sqrt(sum(x * x for x in vector)) for vector in vectors]
    expected = [
        sum(x * y for x, y in zip(vectors[0], vector, strict=True)) / lengths[0] / length
        for vector, length in zip(vectors[1:], lengths[1:], strict=True)
    ]
    assert prediction.scores == pytest.approx(expected, abs=1e-5)


def test_the_gold_data_have_the_name_that_evaluate_gives_them(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    """So that its results may be compared; a part of the questions is other data."""
    docs = [make_doc(label=str(n % 3)) for n in range(4)]
    gold = hash_gold(read_gold_answers(get_task("medconceptsqa"), docs))
    result, predictions = evaluate(tiny_encoder, tmp_path, docs, method="embedding")
    assert result["gold_sha256"] == gold
    assert [prediction.id for prediction in predictions] == ["0", "1", "2", "3"]
    part, _ = evaluate(tiny_encoder, tmp_path, docs, method="embedding", limit=2)
    assert part["gold_sha256"] != gold


def test_methods_and_shots_have_names_of_their_own(tiny_encoder: Path, tmp_path: Path) -> None:
    """So that all of them can be in one folder, and in one table."""
    result, _ = evaluate(tiny_encoder, tmp_path, [make_doc()], method="embedding")
    assert result["model"] == f"{tiny_encoder.name}-embedding"
    result, _ = evaluate(tiny_encoder, tmp_path, [make_doc()], method="embedding", model="mine")
    assert result["model"] == "mine"


def test_what_cannot_be_done_is_said(tiny_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B547.*no masked-language head"):
        evaluate(tiny_encoder, tmp_path, [make_doc()], method="pll")
    with pytest.raises(BlurbError, match=r"B548.*'embedding'"):
        evaluate(tiny_encoder, tmp_path, [make_doc()], method="embedding", shots=[make_doc()])
    with pytest.raises(BlurbError, match=r"B546.*'convert medconceptsqa'"):
        evaluate(tiny_encoder, tmp_path, [spacy.blank("en")("x")], method="embedding")
    with pytest.raises(BlurbError, match=r"B546.*'convert-own' \(format questions\)"):
        evaluate(tiny_encoder, tmp_path, [spacy.blank("en")("x")], method="embedding", task="qa")


@pytest.mark.parametrize("method", ["pll", "embedding"])
def test_an_encoder_of_few_positions(tmp_path: Path, tiny_encoder: Path, method: str) -> None:
    import shutil

    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path / "short"
    shutil.copytree(tiny_encoder, folder)
    config = BertConfig.from_pretrained(tiny_encoder, max_position_embeddings=32)
    BertForMaskedLM(config).save_pretrained(folder)
    doc = make_doc("fever in rats " * 40)
    result, (prediction,) = evaluate(folder, tmp_path, [doc], method=method)
    assert result["n"] == 1
    assert all(math.isfinite(score) for score in prediction.scores)


def test_a_head_of_another_architecture_that_is_missing(tmp_path: Path, tiny_encoder: Path) -> None:
    import shutil

    from transformers import BertConfig, DistilBertConfig, DistilBertModel

    folder = tmp_path / "distil"
    shutil.copytree(tiny_encoder, folder)
    (folder / "model.safetensors").unlink()
    size = BertConfig.from_pretrained(tiny_encoder).vocab_size
    config = DistilBertConfig(vocab_size=size, dim=16, n_heads=2, n_layers=1, hidden_dim=16)
    DistilBertModel(config).save_pretrained(folder)
    with pytest.raises(BlurbError, match=r"B547.*no masked-language head"):
        evaluate(folder, tmp_path, [make_doc()], method="pll")


def test_an_option_without_pieces_has_no_number(masked_encoder: Path, tmp_path: Path) -> None:
    doc = make_doc()
    gold = {"id": "0", "question": "Which?", "label": "1", "answers": [], "options": ["", "fever"]}
    set_questions(doc, [gold])
    _, (prediction,) = evaluate(masked_encoder, tmp_path, [doc], method="pll")
    assert prediction.label == "1"
    assert prediction.to_json()["scores"][0] is None
    assert json.loads(json.dumps(prediction.to_json(), allow_nan=False))


def test_the_command(tiny_encoder: Path, tmp_path: Path) -> None:
    DocBin(docs=[make_doc(label=str(n % 3)) for n in range(7)]).to_disk(tmp_path / "t.spacy")
    arguments = ["medconceptsqa", tiny_encoder, tmp_path / "t.spacy", "-o", tmp_path / "r.json"]
    arguments += ["--limit", 3]

    def call(method: str) -> Any:
        full = ["blurb", "zero-shot", *map(str, arguments), "--method", method]
        return CliRunner().invoke(app, full)

    found = call("embedding")
    assert found.exit_code == 0, found.output
    assert "own protocol" in found.output
    assert "3 of 7 questions" in found.output
    result = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert result["n"] == 3
    lines = (tmp_path / result["predictions"]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    units = read_units(tmp_path / result["units"])
    assert units.ids == tuple(json.loads(line)["id"] for line in lines)
    assert units.score() == result["score"]
    wrong = call("guess")
    assert wrong.exit_code == 1
    assert "[B549] No method 'guess'" in wrong.output
