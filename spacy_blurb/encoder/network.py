"""The torch network of a stored encoder: built, filled, and written back."""

from typing import Any

import torch
from safetensors.torch import load, save

from ..errors import BlurbError, Errors
from .bert import ACTIVATIONS, Bert, BertConfig
from .weights import from_hugging_face, to_hugging_face


def read_config(config: dict[str, Any]) -> BertConfig:
    """Read the sizes of an encoder from Hugging Face's `config.json`.

    RAISES (BlurbError): B302 a size is missing, B307 a form of BERT that is not computed here.
    """
    activation = config.get("hidden_act", "gelu")
    positions = config.get("position_embedding_type", "absolute")
    if activation not in ACTIVATIONS:
        raise BlurbError(Errors.B307.format(key="hidden_act", found=activation))
    if positions != "absolute":
        raise BlurbError(Errors.B307.format(key="position_embedding_type", found=positions))
    try:
        return BertConfig(
            n_pieces=config["vocab_size"],
            n_positions=config["max_position_embeddings"],
            n_types=config.get("type_vocab_size", 2),
            hidden_width=config["hidden_size"],
            n_layers=config["num_hidden_layers"],
            n_heads=config["num_attention_heads"],
            inner_width=config["intermediate_size"],
            activation=activation,
            norm_eps=config.get("layer_norm_eps", 1e-12),
            hidden_dropout=config.get("hidden_dropout_prob", 0.1),
            attention_dropout=config.get("attention_probs_dropout_prob", 0.1),
        )
    except KeyError as error:
        raise BlurbError(
            Errors.B302.format(path="config.json", reason=f"{error} is missing")
        ) from error


def build_network(config: dict[str, Any], tensors: dict[str, Any]) -> Bert:
    """Build an encoder with these weights.

    config (dict): Hugging Face's `config.json`.
    tensors (dict): Weights by Hugging Face's names.
    RAISES (BlurbError): B302 a weight has another shape than the config says, B303 one is missing,
        and those of `read_config`.
    """
    sizes = read_config(config)
    state = from_hugging_face(tensors, sizes.n_layers)
    # The stored weights take the place of random ones that are never drawn.
    with torch.device("meta"):
        network = Bert(sizes)
    try:
        network.load_state_dict(state, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BlurbError(Errors.B302.format(path="the checkpoint", reason=reason)) from error
    return network.requires_grad_()


def reinitialise_top(network: Bert, n_layers: int, deviation: float) -> None:
    """Draw the weights of the uppermost layers anew, as BERT's are before training.

    deviation (float): Standard deviation of the normal distribution, `initializer_range` in
        Hugging Face's `config.json`.
    """
    for layer in network.layers[len(network.layers) - n_layers :]:
        for module in layer.modules():
            if isinstance(module, torch.nn.Linear):
                torch.nn.init.normal_(module.weight, std=deviation)
                torch.nn.init.zeros_(module.bias)
            elif isinstance(module, torch.nn.LayerNorm):
                module.reset_parameters()


def weights_to_bytes(network: Bert, dtype: torch.dtype) -> bytes:
    """Write an encoder's weights as safetensors by Hugging Face's names."""
    state = {name: weight.detach() for name, weight in network.state_dict().items()}
    tensors = to_hugging_face(state, network.config.n_layers)
    return save({name: w.to("cpu", dtype).contiguous() for name, w in tensors.items()})


def weights_from_bytes(data: bytes) -> dict[str, Any]:
    """Read weights that `weights_to_bytes` wrote; shape as written, always on the CPU."""
    return load(data)


def narrow_copy(network: Bert) -> Bert:
    """Return a bfloat16 copy for prediction, with no gradients."""
    state = {name: weight.detach().bfloat16() for name, weight in network.state_dict().items()}
    with torch.device("meta"):
        copy = Bert(network.config)
    copy.load_state_dict(state, assign=True)
    return copy.requires_grad_(False).eval()


def narrow_linear_weights(network: Bert) -> dict[str, torch.Tensor]:
    """Return the weights of multiplications as bfloat16, through which gradients flow back.

    Norms, embeddings and what is added up between them stay float32.
    """
    return {
        f"{name}.{kind}": getattr(module, kind).bfloat16()
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Linear)
        for kind in ("weight", "bias")
    }
