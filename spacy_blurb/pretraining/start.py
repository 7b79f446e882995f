"""Which weights does a run begin with? Random ones, or those of an encoder that is continued.

With the encoder's own vocabulary this is BioBERT's way (arXiv 1901.08746); with a new one the
second arm of arXiv 2007.15779, Table 9, which does not say how pieces get their first vectors. Here
a piece that both vocabularies have keeps its vector, and another one starts from the mean of the
old pieces that it is cut into.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import LayerNorm
from transformers import BertConfig

from ..errors import BlurbError, Errors, first_line
from .config import PretrainingConfig
from .dropout import Dropout
from .model import RowModel, build_model
from .vocab import CONTINUES, PAD, Pieces, read_tokenizer

WEIGHTS = "model.safetensors"
_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
_BIAS = "cls.predictions.bias"
_TIED = {"cls.predictions.decoder.weight": _EMBEDDINGS, "cls.predictions.decoder.bias": _BIAS}


def start_model(config: PretrainingConfig, pieces: Pieces) -> RowModel:
    """Build the model of a run with its first weights.

    config (PretrainingConfig): Uses `model`, `objective`, `training.seed`, `training.dropout`
        and `training.start_from`.
    pieces (Pieces): The vocabulary of the run.
    RETURNS (RowModel): On the CPU in float32. Heads that the checkpoint lacks are random.
    RAISES (BlurbError): B240 no such checkpoint, B216 a damaged one, B241 not of BERT's type, B242
        another shape than in `model`.
    """
    model = build_model(
        config.model, config.objective, len(pieces.is_special), config.training.seed
    )
    for part in model.modules():
        if isinstance(part, Dropout):
            part.probability = config.training.dropout
    model.config.pad_token_id = pieces.tokenizer.token_to_id(PAD)
    if config.training.start_from:
        folder = Path(config.training.start_from)
        found = _check_shape(folder, model.config)
        _set_epsilon(model, found.layer_norm_eps)
        weights = _read_weights(folder)
        old, new = read_tokenizer(folder), pieces.tokenizer
        # Ids can have holes.
        _cut_padding(weights, max(old.get_vocab().values()) + 1, folder)
        if old.get_vocab() != new.get_vocab():
            _exchange_vocabulary(weights, model.state_dict(), old, new)
        _copy(weights, model)
    return model


def _set_epsilon(model: RowModel, epsilon: float) -> None:
    """Divide as the encoder to continue does; its config is saved with the weights."""
    model.config.layer_norm_eps = epsilon
    for part in model.modules():
        if isinstance(part, LayerNorm):
            part.eps = epsilon


def _check_shape(folder: Path, wanted: BertConfig) -> BertConfig:
    if not (folder / "config.json").is_file() or not (folder / WEIGHTS).is_file():
        raise BlurbError(Errors.B240.format(folder=folder, weights=WEIGHTS))
    try:
        found = BertConfig.from_json_file(str(folder / "config.json"))
    except (ValueError, TypeError) as error:
        reason = first_line(error)
        raise BlurbError(Errors.B216.format(folder=folder, reason=reason)) from error
    kind = getattr(found, "model_type", None)
    positions = getattr(found, "position_embedding_type", "absolute")
    if positions != "absolute":
        kind = f"{kind} with {positions} positions"
    if kind != "bert" or found.hidden_act != "gelu":
        raise BlurbError(Errors.B241.format(folder=folder, kind=kind, act=found.hidden_act))
    names = {
        "n_layers": "num_hidden_layers",
        "hidden_width": "hidden_size",
        "n_heads": "num_attention_heads",
        "intermediate_width": "intermediate_size",
        "max_positions": "max_position_embeddings",
    }
    different = [
        f"model.{ours} = {getattr(found, theirs)}"
        for ours, theirs in names.items()
        if getattr(found, theirs) != getattr(wanted, theirs)
    ]
    if different:
        raise BlurbError(Errors.B242.format(folder=folder, values=", ".join(different)))
    return found


def _read_weights(folder: Path) -> dict[str, Tensor]:
    """Read weights under the names of `BertForPreTraining`."""
    try:
        weights = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError) as error:
        reason = first_line(error)
        raise BlurbError(Errors.B216.format(folder=folder, reason=reason)) from error
    is_bare = not any(name.startswith(("bert.", "cls.")) for name in weights)
    named = {f"bert.{name}" if is_bare else name: weight for name, weight in weights.items()}
    # Checkpoints of TensorFlow origin name the layer norms' weights otherwise.
    return {
        name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
            "LayerNorm.beta", "LayerNorm.bias"
        ): weight.float()
        for name, weight in named.items()
    }


def _cut_padding(weights: dict[str, Tensor], n_pieces: int, folder: Path) -> None:
    """Leave out the rows behind the vocabulary that some encoders have for speed.

    RAISES (BlurbError): B216 there are fewer rows than pieces.
    """
    for name in (_EMBEDDINGS, _BIAS):
        if name in weights and len(weights[name]) < n_pieces:
            reason = f"{len(weights[name]):,} rows in {name}, {n_pieces:,} pieces"
            raise BlurbError(Errors.B216.format(folder=folder, reason=reason))
        if name in weights:
            weights[name] = weights[name][:n_pieces]


def _exchange_vocabulary(
    weights: dict[str, Tensor], random: dict[str, Tensor], old: Tokenizer, new: Tokenizer
) -> None:
    """Replace the old vocabulary's embeddings and output biases by those of the new one."""
    sources = {number: _find_sources(piece, old) for piece, number in new.get_vocab().items()}
    for name in (_EMBEDDINGS, _BIAS):
        if name not in weights:
            continue
        replaced = random[name].clone()
        for number, source in sources.items():
            if source:
                replaced[number] = weights[name][source].mean(dim=0)
        weights[name] = replaced


def _find_sources(piece: str, old: Tokenizer) -> list[int]:
    """Ids of the old pieces that a new one starts from; none where the old ones lack a letter."""
    known = old.token_to_id(piece)
    if known is not None:
        return [known]
    # A piece inside a word is cut as if it stood alone; its parts are inside words again.
    continues = piece.startswith(CONTINUES)
    parts = old.encode(piece.removeprefix(CONTINUES), add_special_tokens=False)
    unknown = old.token_to_id("[UNK]")
    if unknown in parts.ids:
        return []
    if not continues:
        return list(parts.ids)
    inside = (old.token_to_id(CONTINUES + part.removeprefix(CONTINUES)) for part in parts.tokens)
    return [
        whole if number is None else number for whole, number in zip(parts.ids, inside, strict=True)
    ]


def _copy(weights: dict[str, Tensor], model: RowModel) -> None:
    own = model.state_dict()
    # A file can repeat what is tied, or have it untied; a run trains them as one.
    for theirs, ours in _TIED.items():
        weights[theirs] = weights[ours] if ours in weights else own[theirs]
    # The heads may be missing, as they are in `AutoModel`'s folders; layers may not.
    with torch.no_grad():
        for name, value in own.items():
            if name in weights:
                # One row would be taken for each of several without a word.
                if weights[name].shape != value.shape:
                    shapes = {"found": tuple(weights[name].shape), "wanted": tuple(value.shape)}
                    raise BlurbError(Errors.B249.format(name=name, **shapes))
                value.copy_(weights[name])
            elif name.startswith("bert.") and not name.startswith("bert.pooler."):
                raise BlurbError(Errors.B243.format(name=name))
