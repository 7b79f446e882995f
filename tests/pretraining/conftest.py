import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_blurb.pretraining.config import PretrainingConfig, read_config
from spacy_blurb.pretraining.corpus import build_corpus
from spacy_blurb.pretraining.vocab import train_vocab

SETTINGS: dict[str, dict[str, Any]] = {
    "text": {"held_out": 0.2},
    "vocab": {"size": 100, "lowercase": True},
    "corpus": {"shard_words": 500, "n_processes": 1},
    "model": {
        "n_layers": 1,
        "hidden_width": 32,
        "n_heads": 2,
        "intermediate_width": 64,
        "dropout": 0.1,
    },
    "objective": {"seq_len": 24},
    "training": {
        "max_steps": 6,
        "batch_rows": 4,
        "accumulate": 1,
        "learning_rate": 0.01,
        "weight_decay": 0.01,
        "dropout": 0.1,
        "seed": 1,
        "precision": "fp32",
        "save_every": 3,
        "log_every": 3,
        "eval_every": 3,
    },
}


def make_text(n_documents: int) -> str:
    """Documents of one pattern: who sees `binds` knows that the two words beside it are alike."""
    generator = random.Random(0)
    names = ["aspirin", "ibuprofen", "warfarin", "insulin"]
    documents = []
    for number in range(n_documents):
        chosen = generator.choices(names, k=4)
        sentences = [f"{name} binds {name} receptor strongly ." for name in chosen]
        documents.append("\n".join([*sentences, f"Study {number} ended ."]))
    return "\n\n".join(documents) + "\n"


def write_config(folder: Path) -> Path:
    """Write a tiny config and its text; paths are absolute."""
    (folder / "text.txt").write_text(make_text(60), encoding="utf-8")
    settings = json.loads(json.dumps(SETTINGS))
    settings["text"]["files"] = [str(folder / "text.txt")]
    settings["vocab"]["folder"] = str(folder / "vocab")
    settings["corpus"]["folder"] = str(folder / "corpus")
    settings["training"]["output"] = str(folder / "encoder")
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        # JSON's strings, numbers, lists and truth values are TOML's too.
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def config_path(tmp_path: Path) -> Path:
    return write_config(tmp_path)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., PretrainingConfig]:
    """Settings over one shared text, vocabulary and corpus; the output folder is the test's."""
    path = write_config(tmp_path_factory.mktemp("pretraining"))
    train_vocab(read_config(path))
    build_corpus(read_config(path), lambda line: None)

    def configure(
        output: Path,
        model: dict[str, Any] | None = None,
        objective: dict[str, Any] | None = None,
        corpus: dict[str, Any] | None = None,
        text: dict[str, Any] | None = None,
        **training: Any,
    ) -> PretrainingConfig:
        overrides = {f"training.{key}": value for key, value in training.items()}
        sections = {"model": model, "objective": objective, "corpus": corpus, "text": text}
        for section, values in sections.items():
            overrides |= {f"{section}.{key}": value for key, value in (values or {}).items()}
        return read_config(path, {"training.output": str(output), **overrides})

    return configure
