"""Encoders as files: from a Hugging Face folder, and to and from the bytes in a pipeline.

Foreign names stand here and nowhere else. transformers is not needed.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from ..errors import BlurbError, Errors

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
VOCAB = "vocab.txt"
WEIGHTS = "model.safetensors"
PICKLED_WEIGHTS = "pytorch_model.bin"

OPTIONAL = (TOKENIZER, TOKENIZER_CONFIG, VOCAB)

# Ours → Hugging Face's. Those of a layer have "layers.N." and "encoder.layer.N." before them.
_EMBEDDINGS = {
    "embeddings.pieces": "embeddings.word_embeddings",
    "embeddings.positions": "embeddings.position_embeddings",
    "embeddings.types": "embeddings.token_type_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
}
_LAYER = {
    "attended": "attention.output.dense",
    "attended_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "output": "output.dense",
    "output_norm": "output.LayerNorm",
}
_QKV = ("attention.self.query", "attention.self.key", "attention.self.value")
# Names of BERT's first TensorFlow checkpoints.
_OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}


@dataclass(frozen=True, slots=True)
class Source:
    """An encoder as it is stored.

    config: Hugging Face's `config.json`.
    tensors: Weights by Hugging Face's names, without a prefix and without heads.
    """

    config: dict[str, Any]
    tokenizer: Tokenizer
    cls_id: int
    sep_id: int
    tensors: dict[str, Any]


def read_source(name: str) -> Source:
    """Read an encoder.

    name (str): A Hugging Face folder, or the name of a model on the hub, which is taken from the
        local cache or, unless HF_HUB_OFFLINE is set, downloaded.
    RAISES (BlurbError): B300 nothing under this name, B301 not a BERT, B302 a file is damaged,
        B303 weights are missing, B304 no tokenizer, B305 the tokenizer has no special pieces.
    """
    folder = find_folder(name)
    config = _read_json(folder / CONFIG)
    if config.get("model_type") != "bert":
        raise BlurbError(Errors.B301.format(folder=folder, found=config.get("model_type")))
    tokenizer, cls_id, sep_id = read_tokenizer(folder)
    return Source(config, tokenizer, cls_id, sep_id, _read_tensors(folder))


def find_folder(name: str) -> Path:
    """Return the folder of a model; see `read_source`."""
    folder = Path(name)
    if folder.is_dir():
        if not (folder / CONFIG).is_file():
            raise BlurbError(Errors.B300.format(name=name, reason=f"the folder has no {CONFIG}"))
        return folder
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

    try:
        folder = Path(hf_hub_download(name, CONFIG)).parent
        for file in OPTIONAL:
            _download_if_there(name, file)
        if not _download_if_there(name, WEIGHTS):
            _download_if_there(name, PICKLED_WEIGHTS)
    except (EntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BlurbError(Errors.B300.format(name=name, reason=reason)) from error
    return folder


def _download_if_there(name: str, file: str) -> bool:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        hf_hub_download(name, file)
    except EntryNotFoundError:
        return False
    return True


def read_tokenizer(folder: Path) -> tuple[Tokenizer, int, int]:
    """Return a folder's tokenizer and the ids of [CLS] and [SEP].

    RAISES (BlurbError): B302 a file is damaged, B304 no tokenizer, B305 no special pieces.
    """
    path = folder / TOKENIZER_CONFIG
    settings = _read_json(path) if path.is_file() else {}
    if (folder / TOKENIZER).is_file():
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # tokenizers raises plain Exception
            reason = str(error)
            raise BlurbError(Errors.B302.format(path=folder / TOKENIZER, reason=reason)) from error
        # Some ship with the settings of their training, which would cut texts.
        tokenizer.no_padding()
        tokenizer.no_truncation()
    elif (folder / VOCAB).is_file():
        tokenizer = _build_word_piece(folder / VOCAB, settings)
    else:
        raise BlurbError(Errors.B304.format(folder=folder))
    names = [_special(settings, key, piece) for key, piece in (("cls", "[CLS]"), ("sep", "[SEP]"))]
    ids = [tokenizer.token_to_id(piece) for piece in names]
    if None in ids:
        raise BlurbError(Errors.B305.format(folder=folder, names=" and ".join(names)))
    return tokenizer, ids[0], ids[1]


def _special(settings: dict[str, Any], key: str, default: str) -> str:
    found = settings.get(f"{key}_token", default)
    return found["content"] if isinstance(found, dict) else found


def _build_word_piece(path: Path, settings: dict[str, Any]) -> Tokenizer:
    """Build BERT's tokenizer from a vocabulary, with the defaults of its first release.

    Warns (B319) where lower case is such a default and the vocabulary does not look like it.
    """
    special = {key: f"[{key.upper()}]" for key in ("unk", "sep", "pad", "cls", "mask")}
    special = {key: _special(settings, key, piece) for key, piece in special.items()}
    # Not a check of the text: the file's lines are the pieces.
    tokenizer = Tokenizer(models.WordPiece.from_file(str(path), unk_token=special["unk"]))
    if "do_lower_case" not in settings:
        _warn_of_capitals(path, tokenizer)
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=settings.get("do_lower_case", True),
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        strip_accents=settings.get("strip_accents"),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    known = [piece for piece in special.values() if tokenizer.token_to_id(piece) is not None]
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False) for piece in known])
    return tokenizer


def _warn_of_capitals(path: Path, tokenizer: Tokenizer) -> None:
    """Warn of pieces that lower-cased text never gives; special ones are in brackets."""
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    capital = [p for p in pieces if p != p.lower() and p[:1] not in ("[", "<", "#")]
    if capital:
        message = Errors.B319.format(path=path, example=capital[0], count=len(capital))
        warnings.warn(message, stacklevel=3)


def _read_tensors(folder: Path) -> dict[str, Any]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if (folder / WEIGHTS).is_file():
            path = folder / WEIGHTS
            tensors = load_file(path)
        elif (folder / PICKLED_WEIGHTS).is_file():
            path = folder / PICKLED_WEIGHTS
            tensors = torch.load(path, map_location="cpu", weights_only=True)
        else:
            raise BlurbError(
                Errors.B303.format(where=folder, missing=f"{WEIGHTS} or {PICKLED_WEIGHTS}")
            )
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        if isinstance(error, BlurbError):
            raise
        reason = str(error).strip().splitlines()[0]
        raise BlurbError(Errors.B302.format(path=path, reason=reason)) from error
    return _without_heads(tensors)


def _without_heads(tensors: dict[str, Any]) -> dict[str, Any]:
    """Keep the encoder's weights under the names that they have in a bare BertModel."""
    # A model with a head keeps its encoder under "bert.".
    prefix = "bert." if any(name.startswith("bert.") for name in tensors) else ""
    kept = {}
    for name, tensor in tensors.items():
        short = name.removeprefix(prefix)
        if name.startswith(prefix) and short.startswith(("embeddings.", "encoder.layer.")):
            for old, new in _OLD_NAMES.items():
                short = short.removesuffix(old) + new if short.endswith(old) else short
            kept[short] = tensor
    return kept


def from_hugging_face(tensors: dict[str, Any], n_layers: int) -> dict[str, Any]:
    """Return weights under our names, as float32.

    RAISES (BlurbError): B303 some are missing.
    """
    import torch

    single, joined = _name_table(n_layers)
    wanted = [*single.values(), *(name for names in joined.values() for name in names)]
    missing = sorted(set(wanted) - set(tensors))
    if missing:
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        raise BlurbError(Errors.B303.format(where="the checkpoint", missing=shown))
    state = {ours: tensors[theirs].float() for ours, theirs in single.items()}
    for ours, names in joined.items():
        state[ours] = torch.cat([tensors[name].float() for name in names])
    return state


def to_hugging_face(state: dict[str, Any], n_layers: int) -> dict[str, Any]:
    """Return weights under Hugging Face's names; the inverse of `from_hugging_face`."""
    single, joined = _name_table(n_layers)
    tensors = {theirs: state[ours] for ours, theirs in single.items()}
    for ours, names in joined.items():
        tensors.update(zip(names, state[ours].chunk(len(names)), strict=True))
    return tensors


def _name_table(n_layers: int) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return our names → theirs, and our names → those of the parts that we keep joined."""
    pairs = dict(_EMBEDDINGS)
    for number in range(n_layers):
        for ours, theirs in _LAYER.items():
            pairs[f"layers.{number}.{ours}"] = f"encoder.layer.{number}.{theirs}"
    single = {
        f"{ours}.{kind}": f"{theirs}.{kind}"
        for ours, theirs in pairs.items()
        for kind in ("weight", "bias")
        # Embeddings have no bias, their norm has.
        if kind == "weight" or not theirs.endswith("_embeddings")
    }
    joined = {
        f"layers.{number}.qkv.{kind}": [f"encoder.layer.{number}.{part}.{kind}" for part in _QKV]
        for number in range(n_layers)
        for kind in ("weight", "bias")
    }
    return single, joined


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BlurbError(Errors.B302.format(path=path, reason=error)) from error
