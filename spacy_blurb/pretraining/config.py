"""What are the settings? One TOML file, shared by `vocab`, `corpus` and `pretrain`."""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BlurbError, Errors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class TextConfig:
    """Which text, and how much of it is kept for measuring. Repeated documents always go.

    files (tuple[str, ...]): Paths, or patterns with `*`; plain, `.xz` or `.gz`. PubMed's baseline
        and update files in the order of their names.
    held_out (float): Share of documents, 0-1, that is never trained on.
    format (str): "text" (one sentence per line, an empty line between documents), "jsonl" (objects
        with `text` and perhaps `id`), "pubmed" (XML), "medline" (nbib), or "auto" by name.
    min_words (int): Documents with fewer words are left out; 128 in arXiv 2007.15779.
    exclude_ids (tuple[str, ...]): Files with ids (PMIDs, `id` of JSONL) of documents to leave out.
    exclude_titles (tuple[str, ...]): Files with a title per line, compared with the first one, two
        and three sentences of each document, letters and digits alone.
    """

    files: tuple[str, ...]
    held_out: float
    format: str = "auto"
    min_words: int = 0
    exclude_ids: tuple[str, ...] = ()
    exclude_titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class VocabConfig:
    """The WordPiece vocabulary.

    folder (str): Where `vocab` writes the tokenizer and `pretrain` finds it.
    size (int): Pieces to learn, special pieces included.
    lowercase (bool): Lowercase and strip accents (uncased).
    """

    folder: str
    size: int
    lowercase: bool


@dataclass(frozen=True)
class CorpusConfig:
    """The tokenised text.

    folder (str): Where `corpus` writes its shards and `pretrain` finds them; text that was read
        lies in its folder `text`.
    shard_words (int): Words in a shard; a process works at one shard at a time.
    n_processes (int): Processes that read and tokenise, 0 for one per core.
    """

    folder: str
    shard_words: int = 4_000_000
    n_processes: int = 0


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the encoder.

    n_layers (int): Transformer layers.
    hidden_width (int): Width of a piece vector; a multiple of `n_heads`.
    n_heads (int): Attention heads per layer.
    intermediate_width (int): Width inside the feed-forward block.
    dropout (float): Share of activations dropped when the encoder is fine-tuned, 0-1; it is saved
        with the encoder. Pretraining has `training.dropout`.
    max_positions (int): Longest input in pieces that has a position vector.
    """

    n_layers: int
    hidden_width: int
    n_heads: int
    intermediate_width: int
    dropout: float
    max_positions: int = 512


@dataclass(frozen=True)
class ObjectiveConfig:
    """What is to be predicted.

    seq_len (int): Length of a row in pieces, `[CLS]` and `[SEP]` included.
    long_seq_len (int): Length of the rows at the end of the run; read where `long_share` is not 0.
    long_share (float): Share of the steps, 0-1, that read long rows; 0.1 in BERT.
    mask_rate (float): Share of pieces to predict, 0-1; 0.15 in arXiv 2007.15779.
    mask_share (float): Of these, the share that becomes `[MASK]`, 0-1; 0.8 in BERT.
    random_share (float): The share that becomes a random piece; the rest stays; 0.1 in BERT.
    whole_word (bool): Mask all pieces of a word or none (whole-word masking, same source).
    next_sentence (bool): Rows of two segments, and a second loss: does one follow the other?
    across_documents (bool): Let attention look at other documents of the row.
    adversarial (float): Weight of the adversarial term (arXiv 2007.15779, section 4.3), 0 for none.
    """

    seq_len: int
    long_seq_len: int = 512
    long_share: float = 0.0
    mask_rate: float = 0.15
    mask_share: float = 0.8
    random_share: float = 0.1
    whole_word: bool = True
    next_sentence: bool = False
    across_documents: bool = True
    adversarial: float = 0.0


@dataclass(frozen=True)
class TrainingConfig:
    """How the weights are found.

    output (str): The Hugging Face folder to write; checkpoints lie in it too.
    max_steps (int): Optimiser updates.
    batch_rows (int): Rows per micro-batch and device.
    accumulate (int): Micro-batches per step.
    learning_rate (float): Peak of the schedule.
    weight_decay (float): AdamW's decay, on all weights but biases and layer norms.
    dropout (float): Share of activations dropped, 0-1; 0.1 in BERT. A run that hardly reads a text
        twice learns more without.
    seed (int): Of the initial weights, the order of rows, the masks and the dropout.
    precision (str): "auto" (bf16 where it is faster: GPUs, AMX), "bf16" or "fp32".
    save_every (int): Steps between checkpoints.
    log_every (int): Steps between progress lines.
    eval_every (int): Steps between measurements on the held-out text.
    warmup (float): Share of the steps, 0-1, with a rising learning rate; 0.1 in arXiv 2007.15779.
    start_from (str): Hugging Face folder of a BERT-type encoder to continue; "" for random weights.
        Its vocabulary is kept where `vocab.folder` holds the same one; pieces of another
        vocabulary start from the vectors of the old pieces that they are cut into.
    sharding (str): "none" (every process holds the whole model), or "fsdp" (weights, gradients and
        optimiser are divided among the processes).
    """

    output: str
    max_steps: int
    batch_rows: int
    accumulate: int
    learning_rate: float
    dropout: float
    weight_decay: float
    seed: int
    precision: str
    save_every: int
    log_every: int
    eval_every: int
    warmup: float = 0.1
    start_from: str = ""
    sharding: str = "none"


@dataclass(frozen=True)
class PretrainingConfig:
    """All settings of one encoder, one attribute per section of the file."""

    text: TextConfig
    vocab: VocabConfig
    corpus: CorpusConfig
    model: ModelConfig
    objective: ObjectiveConfig
    training: TrainingConfig


_SECTIONS: dict[str, type[Any]] = {
    "text": TextConfig,
    "vocab": VocabConfig,
    "corpus": CorpusConfig,
    "model": ModelConfig,
    "objective": ObjectiveConfig,
    "training": TrainingConfig,
}
_TYPES: dict[Any, str] = {
    tuple[str, ...]: "a list of strings",
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
MAX_NUMBER = 2**32
"""Nothing here is larger in earnest, and libraries count with 64 bits at most."""
_ABOVE_ZERO = (
    "model.n_layers",
    "model.hidden_width",
    "model.n_heads",
    "model.intermediate_width",
    "model.max_positions",
    "training.max_steps",
    "training.batch_rows",
    "training.accumulate",
    "training.learning_rate",
    "training.save_every",
    "training.log_every",
    "training.eval_every",
)
_Range = tuple[Callable[[Any], bool], str]
_LENGTH: _Range = (lambda value: value > 4, "5 or more: three special pieces and two of text")
_FOLDER: _Range = (lambda value: bool(value.strip()), "a folder")
_SHARE: _Range = (lambda value: 0 <= value <= 1, "between 0 and 1")
_RANGES: dict[str, _Range] = {
    "text.files": (lambda value: len(value) > 0, "at least one path"),
    # At most half: a larger held-out part than training part is a slip of the decimal point.
    "text.held_out": (lambda value: 0 < value <= 0.5, "above 0 and at most 0.5"),
    "text.format": (
        lambda value: value in ("auto", "text", "jsonl", "pubmed", "medline"),
        '"auto", "text", "jsonl", "pubmed" or "medline"',
    ),
    "text.min_words": (lambda value: value >= 0, "0 or more"),
    # Offsets in a shard have 32 bits.
    "corpus.shard_words": (lambda value: 0 < value <= 10**8, "above 0 and at most 100 million"),
    "corpus.n_processes": (lambda value: value >= 0, "0 or more"),
    "vocab.folder": _FOLDER,
    "corpus.folder": _FOLDER,
    "training.output": _FOLDER,
    "vocab.size": (lambda value: value > 5, "more than the 5 special pieces"),
    "model.dropout": (lambda value: 0 <= value < 1, "0 or more and below 1"),
    "training.dropout": (lambda value: 0 <= value < 1, "0 or more and below 1"),
    "objective.seq_len": _LENGTH,
    "objective.long_seq_len": _LENGTH,
    "objective.long_share": _SHARE,
    "objective.mask_rate": (lambda value: 0 < value < 1, "above 0 and below 1"),
    "objective.mask_share": _SHARE,
    "objective.random_share": _SHARE,
    "objective.adversarial": (lambda value: value >= 0, "0 or more"),
    "training.weight_decay": (lambda value: value >= 0, "0 or more"),
    "training.seed": (lambda value: 0 <= value < 2**32, "0 or more and below 2**32"),
    "training.precision": (
        lambda value: value in ("auto", "bf16", "fp32"),
        '"auto", "bf16" or "fp32"',
    ),
    "training.warmup": (lambda value: 0 <= value < 1, "0 or more and below 1"),
    "training.sharding": (lambda value: value in ("none", "fsdp"), '"none" or "fsdp"'),
    **dict.fromkeys(_ABOVE_ZERO, (lambda value: value > 0, "above 0")),
}


def read_config(path: Path, overrides: Mapping[str, Any] | None = None) -> PretrainingConfig:
    """Read the settings of one encoder and check every one of them.

    path (Path): The TOML file.
    overrides (Mapping[str, Any]): Values that replace those of the file, by dotted key, such as
        {"training.max_steps": 5}. A list may be given as a string with commas, "" for none.
    RETURNS (PretrainingConfig): The settings.
    RAISES (BlurbError): B200 no such file, B201 not TOML, B202 unknown key, B203 missing key,
        B204 wrong type or value out of range.
    """
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except FileNotFoundError as error:
        raise BlurbError(Errors.B200.format(path=path)) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BlurbError(Errors.B201.format(path=path, reason=error)) from error
    _check_known(path, values, _SECTIONS)
    for section, content in values.items():
        if not isinstance(content, dict):
            raise _wrong_value(path, section, content, "a section: a line with its name in [ ]")
    for key, value in (overrides or {}).items():
        section, _, name = key.partition(".")
        _check_known(path, [section], _SECTIONS)
        is_list = isinstance(value, str) and _types(section).get(name) == tuple[str, ...]
        if is_list:
            value = value.split(",") if value else []
        values.setdefault(section, {})[name] = value
    config = PretrainingConfig(
        **{section: _build_section(path, section, values.get(section, {})) for section in _SECTIONS}
    )
    _check_together(path, config)
    return config


def _build_section(path: Path, section: str, values: dict[str, Any]) -> Any:
    fields = {field.name: field for field in dataclasses.fields(_SECTIONS[section])}
    _check_known(path, [f"{section}.{name}" for name in values], [f"{section}.{n}" for n in fields])
    for name, field in fields.items():
        key = f"{section}.{name}"
        if name not in values:
            if field.default is dataclasses.MISSING:
                known = ", ".join(f"{section}.{n}" for n in fields)
                raise BlurbError(Errors.B203.format(path=path, key=key, known=known))
            continue
        values[name] = _check_value(path, key, values[name], field.type)
    return _SECTIONS[section](**values)


def _check_value(path: Path, key: str, value: Any, expected: Any) -> Any:
    if expected is float and type(value) is int:
        value = float(value)
    if expected == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong_value(path, key, value, _TYPES[expected])
        value = tuple(value)
    elif type(value) is not expected:  # isinstance would take true for a whole number
        raise _wrong_value(path, key, value, _TYPES[expected])
    if type(value) in (int, float) and not abs(value) < MAX_NUMBER:  # true of NaN too
        raise _wrong_value(path, key, value, "a number below 2**32")
    holds, wording = _RANGES.get(key, (lambda value: True, ""))
    if not holds(value):
        raise _wrong_value(path, key, value, wording)
    return value


def _check_together(path: Path, config: PretrainingConfig) -> None:
    model, objective = config.model, config.objective
    if model.hidden_width % model.n_heads:
        expected = f"a multiple of model.n_heads = {model.n_heads}"
        raise _wrong_value(path, "model.hidden_width", model.hidden_width, expected)
    lengths = ["seq_len"] + ["long_seq_len"] * (objective.long_share > 0)
    for name in lengths:
        if (length := getattr(objective, name)) > model.max_positions:
            expected = f"at most model.max_positions = {model.max_positions}"
            raise _wrong_value(path, f"objective.{name}", length, expected)
    if objective.mask_share + objective.random_share > 1:
        expected = f"at most 1 - objective.mask_share = {1 - objective.mask_share:.3g}"
        raise _wrong_value(path, "objective.random_share", objective.random_share, expected)
    if objective.next_sentence and not objective.across_documents:
        # The second segment is another document's in half of the rows.
        expected = "true where objective.next_sentence is"
        raise _wrong_value(path, "objective.across_documents", False, expected)


def _types(section: str) -> dict[str, Any]:
    return {field.name: field.type for field in dataclasses.fields(_SECTIONS[section])}


def _check_known(path: Path, keys: Any, known: Any) -> None:
    for key in keys:
        if key not in known:
            raise BlurbError(Errors.B202.format(path=path, key=key, known=", ".join(known)))


def _wrong_value(path: Path, key: str, found: Any, expected: str) -> BlurbError:
    return BlurbError(Errors.B204.format(path=path, key=key, found=found, expected=expected))
