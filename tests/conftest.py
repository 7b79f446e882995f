import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import settings
from spacy.language import Language

from spacy_blurb.data.docbin import write_docbin
from spacy_blurb.data.records import Mention, Record

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# A test that reaches for the network is a bug; this makes it fail at once, whatever was set.
os.environ["HF_HUB_OFFLINE"] = "1"

# Tests are not timed: on a busy machine any of them can be slow.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets; tests that need it skip where it is not."""
    folder = os.environ.get("BLURB_DATA")
    if not folder:
        pytest.skip("BLURB_DATA is not set: no real data here")
    return Path(folder)


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder with a random two-layer BERT and a small vocabulary."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-encoder")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = ["aspirin", "fever", "causes", "naloxone", "hypertension", "reduces", "in", "rats"]
    marks = list("0123456789.,-()")
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters, *marks]
    vocab += [f"##{letter}" for letter in letters] + [f"##{digit}" for digit in "0123456789"]
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=512)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocab),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        # Training steps are the same in every run.
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def make_pipeline(tiny_encoder: Path) -> Callable[..., Language]:
    """Build `transformer` and `blurb_ner`, not initialised; settings go to `blurb_ner`."""

    def make(**settings: Any) -> Language:
        nlp = spacy.blank("en")
        encoder = {
            "@architectures": "spacy_blurb.Encoder.v1",
            "name": str(tiny_encoder),
            "precision": "fp32",
            # Small, so that short test sentences have several overlapping windows.
            "window": 8,
            "overlap": 1,
        }
        nlp.add_pipe("transformer", config={"model": encoder})
        nlp.add_pipe("blurb_ner", config=settings)
        return nlp

    return make


SENTENCES = [
    ("aspirin causes fever in rats", ["aspirin Chemical", "fever Disease"]),
    ("naloxone reduces hypertension", ["naloxone Chemical", "hypertension Disease"]),
    ("fever in rats", ["fever Disease"]),
    ("rats in rats", []),
]


@pytest.fixture(scope="session")
def records() -> list[Record]:
    """Four sentences with chemicals and diseases that the tiny encoder can learn by heart."""
    return [
        Record(
            f"s{number}",
            text,
            tuple(
                Mention(text.index(word), text.index(word) + len(word), label)
                for word, label in map(str.split, mentions)
            ),
        )
        for number, (text, mentions) in enumerate(SENTENCES)
    ]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Path:
    """A folder as `convert` writes it, with the four sentences as train, dev and test."""
    folder = tmp_path_factory.mktemp("corpus")
    tokenizer = spacy.blank("en").tokenizer
    for split in ("train", "dev", "test"):
        write_docbin(records, folder / f"{split}.spacy", tokenizer, label_sets=["bc5cdr"])
    report = {"splits": {"train": {"documents": len(records)}}}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def rule_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved pipeline that knows three words, to compute scores by hand."""
    nlp = spacy.blank("en")
    words = [("aspirin", "Chemical"), ("naloxone", "Chemical"), ("fever", "Disease")]
    ruler: Any = nlp.add_pipe("entity_ruler", name="ner")
    ruler.add_patterns([{"pattern": word, "label": label} for word, label in words])
    folder = tmp_path_factory.mktemp("rules")
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def scored_by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gold for `rule_pipeline`: 3 of its 4 entities are right, and 6 are to be found.

    Chemical: 2 right, 2 predicted, 2 gold. Disease: 1 right, 2 predicted, 4 gold, of which one
    ("tension") fits no token.
    """
    both = ("Chemical", "Disease")
    spans = {
        "d1": ("aspirin causes fever", [(0, 7, both[0]), (15, 20, both[1])]),
        "d2": ("naloxone: hypertension, fever", [(0, 8, both[0]), (10, 22, both[1])]),
        "d3": ("mild hypertension", [(0, 17, both[1]), (10, 17, both[1])]),
    }
    gold = [Record(i, text, tuple(Mention(*m) for m in ms)) for i, (text, ms) in spans.items()]
    path = tmp_path_factory.mktemp("gold") / "test.spacy"
    write_docbin(gold, path, spacy.blank("en").tokenizer, label_sets=["bc5cdr"])
    return path


@pytest.fixture(scope="session")
def trained_folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path, corpus: Path
) -> Path:
    """What `init-config` and `spacy train` make of configs/ner.cfg and the four sentences."""
    from spacy.cli.train import train

    from spacy_blurb.evaluation.training_config import Settings, fill_config
    from spacy_blurb.tasks import get_task

    folder = tmp_path_factory.mktemp("training")
    settings = Settings(learning_rate=1e-2, epochs=30, batch_docs=2, seed=3)
    base, task = PROJECT / "configs" / "ner.cfg", get_task("ner")
    config = fill_config(base, [corpus], str(tiny_encoder), settings, task=task)
    config.to_disk(folder / "config.cfg")
    # Evaluating every epoch would take longer than training.
    train(folder / "config.cfg", folder, overrides={"training.eval_frequency": 60})
    return folder / "model-best"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, which keeps what pages log."""
    from selenium import webdriver

    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no chromium and chromedriver here (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "window-size=1500,1000"):
        options.add_argument(f"--{flag}")
    options.add_argument("--force-prefers-reduced-motion")  # scrolls at once
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    found = webdriver.Chrome(options=options, service=service)
    yield found
    found.quit()


@pytest.fixture
def workplace(
    tmp_path: Path, project: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty project with the templates and an encoder."""
    shutil.copytree(project / "configs", tmp_path / "configs")
    (tmp_path / "encoders").mkdir()
    (tmp_path / "encoders" / "small").symlink_to(tiny_encoder)
    monkeypatch.chdir(tmp_path)
    return tmp_path
