import itertools
import math
from pathlib import Path

import pytest

from spacy_blurb.cli.overrides import parse_overrides
from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import read_config

CONFIGS = Path(__file__).parents[2] / "configs" / "pretrain"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configs_are_complete(path: Path) -> None:
    config = read_config(path)
    assert config.training.output == f"encoders/{path.stem}"
    for before, line in itertools.pairwise(path.read_text().splitlines()):
        if "=" in line and not line.startswith("#"):
            assert before.startswith("#"), f"{line} has no comment"


def test_shipped_configs_differ_in_values_only() -> None:
    keys = {}
    for path in CONFIGS.glob("*.toml"):
        lines = path.read_text().splitlines()
        keys[path.stem] = [line.partition("=")[0] for line in lines if line[:1] not in ("#", "")]
    assert keys.keys() == {"demo", "tiny", "mini", "small", "continued", "base"}
    assert all(found == keys["base"] for found in keys.values())


def test_base_is_the_papers() -> None:
    config = read_config(CONFIGS / "base.toml")
    training, model = config.training, config.model
    assert training.max_steps == 62_500
    assert training.batch_rows * training.accumulate == 8192
    assert (training.learning_rate, training.warmup) == (6e-4, 0.1)
    assert (model.n_layers, model.hidden_width, model.n_heads) == (12, 768, 12)
    assert (config.text.min_words, config.vocab.size) == (128, 30522)
    assert config.objective.next_sentence
    assert config.objective.whole_word


def test_defaults_and_overrides(config_path: Path) -> None:
    config = read_config(config_path)
    assert (config.objective.mask_rate, config.objective.whole_word) == (0.15, True)
    assert (config.training.warmup, config.model.max_positions) == (0.1, 512)
    overrides = {"training.max_steps": 7, "text.files": "a.txt,b.txt", "training.learning_rate": 1}
    config = read_config(config_path, overrides)
    assert config.training.max_steps == 7
    assert config.text.files == ("a.txt", "b.txt")
    assert isinstance(config.training.learning_rate, float)


@pytest.mark.parametrize(
    ("overrides", "code", "named"),
    [
        ({"training.steps": 1}, "B202", "max_steps"),
        ({"trainer.max_steps": 1}, "B202", "objective"),
        ({"text": 1}, "B202", "held_out"),
        ({"training.max_steps": "five"}, "B204", "a whole number"),
        ({"training.max_steps": 5.0}, "B204", "a whole number"),
        ({"training.max_steps": True}, "B204", "a whole number"),
        ({"training.max_steps": 0}, "B204", "above 0"),
        ({"training.precision": "fp16"}, "B204", "bf16"),
        ({"vocab.lowercase": 1}, "B204", "true or false"),
        ({"vocab.folder": 1}, "B204", "a string"),
        ({"vocab.folder": " "}, "B204", "a folder"),
        ({"corpus.folder": ""}, "B204", "a folder"),
        ({"training.output": ""}, "B204", "a folder"),
        ({"training.max_steps": 10**30}, "B204", "below 2**32"),
        ({"training.learning_rate": math.inf}, "B204", "below 2**32"),
        ({"training.weight_decay": math.nan}, "B204", "below 2**32"),
        ({"text.files": [1]}, "B204", "a list of strings"),
        ({"text.files": []}, "B204", "at least one"),
        ({"text.held_out": 0.9}, "B204", "0.5"),
        ({"objective.mask_rate": 1.5}, "B204", "below 1"),
        ({"objective.seq_len": 513}, "B204", "512"),
        ({"model.n_heads": 5}, "B204", "n_heads"),
    ],
)
def test_mistakes_name_key_and_remedy(
    config_path: Path, overrides: dict[str, object], code: str, named: str
) -> None:
    with pytest.raises(BlurbError) as error:
        read_config(config_path, overrides)
    message = str(error.value)
    assert message.startswith(f"[{code}]")
    assert str(config_path) in message
    assert named in message


def test_unreadable_files(tmp_path: Path, config_path: Path) -> None:
    with pytest.raises(BlurbError, match="B200"):
        read_config(tmp_path / "none.toml")
    text = config_path.read_text()
    config_path.write_text(text.replace("n_layers = 1", ""))
    with pytest.raises(BlurbError, match=r"B203.*model\.n_layers"):
        read_config(config_path)
    config_path.write_text("text = 1")
    with pytest.raises(BlurbError, match=r"B204.*text"):
        read_config(config_path)
    config_path.write_text("[text")
    with pytest.raises(BlurbError, match="B201"):
        read_config(config_path)


def test_command_line_overrides() -> None:
    arguments = ["--text.files", '["a.txt"]', "--training.output=run", "--training.seed", "3"]
    expected = {"text.files": ["a.txt"], "training.output": "run", "training.seed": 3}
    assert parse_overrides(arguments) == expected
    for wrong in (["a.b", "1"], ["--seed", "1"], ["--training.seed"]):
        with pytest.raises(BlurbError, match="B210"):
            parse_overrides(wrong)
