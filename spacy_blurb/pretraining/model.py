"""What is trained? BERT with its masked-language-modelling head on the masked places alone."""

from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForMaskedLM

from .config import ModelConfig


class RowModel(BertForMaskedLM):
    """`BertForMaskedLM` that reads full rows and returns the loss.

    The same weights under the same names; only the way through them is shorter. The head is the
    widest product of a small encoder, so it is computed for the 15 % of places that need it.
    """

    main_input_name = "piece_ids"

    def forward(self, piece_ids: Tensor, positions: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Compute the mean loss over the masked places.

        piece_ids (Tensor[int64]): Rows without padding. Shape: (n_rows, seq_len)
        positions (Tensor[int64]): Masked places in the flattened batch. Shape: (n_targets,)
        targets (Tensor[int64]): The pieces that stood there. Shape: (n_targets,)
        RETURNS (dict[str, Tensor]): "loss", cross-entropy in nats; 0 for a batch without targets.
        """
        # No attention mask: every place of a full row is real.
        hidden = self.bert(input_ids=piece_ids)[0]
        logits = self.cls(hidden.flatten(0, 1)[positions]).float()
        total = cross_entropy(logits, targets, reduction="sum")
        return {"loss": total / max(1, len(targets))}


def build_model(config: ModelConfig, n_pieces: int, seed: int) -> RowModel:
    """Build an encoder with random weights.

    config (ModelConfig): Its shape.
    n_pieces (int): Size of the vocabulary.
    seed (int): Of the weights; torch's own generator is left as it was.
    RETURNS (RowModel): The model, on the CPU in float32.
    """
    shape = BertConfig(
        vocab_size=n_pieces,
        hidden_size=config.hidden_width,
        num_hidden_layers=config.n_layers,
        num_attention_heads=config.n_heads,
        intermediate_size=config.intermediate_width,
        max_position_embeddings=config.max_positions,
        hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RowModel(shape)


def to_plain(model: RowModel) -> BertForMaskedLM:
    """Copy the weights into a `BertForMaskedLM`, the class that other programs know.

    model (RowModel): The trained model.
    RETURNS (BertForMaskedLM): The same weights on the CPU, in evaluation mode.
    """
    plain = BertForMaskedLM(model.config)
    plain.load_state_dict(model.state_dict())
    return cast(BertForMaskedLM, plain.eval())
