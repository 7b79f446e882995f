"""What is trained? BERT with its heads on the places that are asked about, and nowhere else."""

from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, pad, scaled_dot_product_attention
from transformers import BertConfig, BertForMaskedLM, BertForPreTraining
from transformers.models.bert.modeling_bert import BertLayer

from .adversarial import adversarial_sum
from .config import ModelConfig, ObjectiveConfig
from .dropout import Dropout
from .masked_loss import masked_loss

TARGETS_MULTIPLE = 64


class RowLayer(BertLayer):
    """`BertLayer` for rows without padding: the same weights under the same names.

    A class of its own, so that FSDP can shard layer by layer.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.drop_hidden = Dropout(config.hidden_dropout_prob)
        self.drop_probs = Dropout(config.attention_probs_dropout_prob)

    def forward(self, hidden: Tensor, attends: Tensor | None) -> Tensor:
        """Compute one layer.

        hidden (Tensor): Shape: (n_rows, seq_len, width)
        attends (Tensor[bool] | None): Which place may look at which, None for all.
            Shape: (n_rows, 1, seq_len, seq_len)
        RETURNS (Tensor): Shape: (n_rows, seq_len, width)
        """
        first, second = self.attention.output, self.output
        context = first.dense(self._attend(hidden, attends))
        hidden = first.LayerNorm(self.drop_hidden(context) + hidden)
        inner = second.dense(gelu(self.intermediate.dense(hidden)))
        normed: Tensor = second.LayerNorm(self.drop_hidden(inner) + hidden)
        return normed

    def _attend(self, hidden: Tensor, attends: Tensor | None) -> Tensor:
        shape = (*hidden.shape[:2], self.attention.self.num_attention_heads, -1)
        maps = self.attention.self
        query, key, value = (
            part(hidden).view(shape).transpose(1, 2) for part in (maps.query, maps.key, maps.value)
        )
        dropout = self.drop_probs.probability if self.training else 0.0
        if dropout and hidden.device.type == "cpu":
            # Torch's fused attention for CPUs has no dropout, and its way around it costs more.
            logits = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
            if attends is not None:
                logits = logits.masked_fill(~attends, -torch.inf)
            context = self.drop_probs(logits.softmax(-1)) @ value
        else:
            context = scaled_dot_product_attention(
                query, key, value, attn_mask=attends, dropout_p=dropout
            )
        return context.transpose(1, 2).flatten(2)


class RowModel(BertForPreTraining):
    """BERT's pretraining model that reads full rows and returns sums of losses.

    The weights have the names of `BertForPreTraining`; without next-sentence prediction its
    second head and the pooler are left out, and the names are those of `BertForMaskedLM`. The head
    over the vocabulary is the widest product of a small encoder, so it is computed for the 15 % of
    places that need it.
    """

    main_input_name = "piece_ids"
    # Tied to the embeddings, so checkpoints lack them; the engine would warn at every resumption.
    _keys_to_ignore_on_save: ClassVar[list[str]] = [
        "cls.predictions.decoder.weight",
        "cls.predictions.decoder.bias",
    ]

    def __init__(self, config: BertConfig, *, next_sentence: bool, adversarial: bool) -> None:
        super().__init__(config)
        if not next_sentence:
            # Weights without gradients would stop distributed training.
            self.bert.pooler = None
            del self.cls.seq_relationship
        layers = (RowLayer(config) for _ in range(config.num_hidden_layers))
        self.bert.encoder.layer = nn.ModuleList(layers)
        self.drop_embedded = Dropout(config.hidden_dropout_prob)
        self.next_sentence = next_sentence
        self.adversarial = adversarial
        self.post_init()

    def forward(
        self,
        piece_ids: Tensor,
        positions: Tensor,
        targets: Tensor,
        type_ids: Tensor | None = None,
        document_ids: Tensor | None = None,
        is_next: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Sum the losses of a batch.

        piece_ids (Tensor[int64]): Rows without padding. Shape: (n_rows, seq_len)
        positions (Tensor[int64]): Masked places in the flattened batch. Shape: (n_targets,)
        targets (Tensor[int64]): The pieces that stood there. Shape: (n_targets,)
        type_ids (Tensor[int64] | None): 0 in the first segment, 1 in the second; None for all 0.
            Shape: (n_rows, seq_len)
        document_ids (Tensor[int64] | None): Places see only places with the same number; None
            where they see the whole row. Shape: (n_rows, seq_len)
        is_next (Tensor[int64] | None): 1 where the second segment follows the first. Read by
            models with next-sentence prediction. Shape: (n_rows,)
        RETURNS (dict[str, Tensor]): "masked" and, with next-sentence prediction, "next": sums of
            cross-entropies in nats over targets and over rows, and "next_right", rows judged right;
            in training, with the adversarial term, "moved", its sum over targets.
        """
        embedded = self.embed(piece_ids, type_ids)
        hidden = self.encode(embedded, document_ids)
        losses = {"masked": self.masked_sum(hidden, positions, targets)}
        if self.next_sentence and is_next is not None:
            # Hugging Face's order, so that its classes read the head: 0 follows, 1 is random.
            logits = self.cls.seq_relationship(self.bert.pooler(hidden)).float()
            losses["next"] = cross_entropy(logits, 1 - is_next, reduction="sum")
            losses["next_right"] = (logits.detach().argmax(1) == 1 - is_next).sum()
        if self.adversarial and self.training:
            losses["moved"] = adversarial_sum(
                embedded,
                lambda vectors: self.masked_logits(self.encode(vectors, document_ids), positions),
            )
        return losses

    def embed(self, piece_ids: Tensor, type_ids: Tensor | None) -> Tensor:
        """Look up the vectors of pieces; position and segment are added in `encode`.

        RETURNS (Tensor[float32]): Shape: (n_rows, seq_len, width)
        """
        tables = self.bert.embeddings
        types = torch.zeros_like(piece_ids) if type_ids is None else type_ids
        places = tables.position_embeddings.weight[: piece_ids.shape[1]]
        embedded: Tensor = (
            tables.word_embeddings(piece_ids) + places + tables.token_type_embeddings(types)
        )
        return embedded

    def encode(self, embedded: Tensor, document_ids: Tensor | None) -> Tensor:
        """Compute the last layer's vectors.

        embedded (Tensor): From `embed`. Shape: (n_rows, seq_len, width)
        document_ids (Tensor | None): See `forward`.
        RETURNS (Tensor): Shape: (n_rows, seq_len, width)
        """
        hidden = self.drop_embedded(self.bert.embeddings.LayerNorm(embedded))
        device = embedded.device.type
        if torch.is_autocast_enabled(device):
            # From here on, as in the products: the sums along the layers in half the memory.
            hidden = hidden.to(torch.get_autocast_dtype(device))
        attends = None
        if document_ids is not None:
            attends = (document_ids[:, None, :] == document_ids[:, :, None])[:, None]
        for layer in self.bert.encoder.layer:
            hidden = layer(hidden, attends)
        return hidden

    def masked_sum(self, hidden: Tensor, positions: Tensor, targets: Tensor) -> Tensor:
        """Sum the cross-entropy of the masked pieces, in nats. Shape: ()"""
        # torch keeps code and memory for every shape that it has multiplied, a thousand at most.
        missing = -len(positions) % TARGETS_MULTIPLE
        positions, targets = pad(positions, (0, missing)), pad(targets, (0, missing), value=-1)
        chosen = hidden.flatten(0, 1)[positions]
        vectors = self.cls.predictions.transform(chosen).to(chosen.dtype)
        head = self.cls.predictions.decoder
        return masked_loss(vectors, head.weight, head.bias, targets)

    def masked_logits(self, hidden: Tensor, positions: Tensor) -> Tensor:
        """Compute the logits of the masked pieces. Shape: (n_targets, n_pieces)"""
        logits: Tensor = self.cls.predictions(hidden.flatten(0, 1)[positions]).float()
        return logits


def build_model(
    config: ModelConfig, objective: ObjectiveConfig, n_pieces: int, seed: int
) -> RowModel:
    """Build an encoder with random weights.

    config (ModelConfig): Its shape.
    objective (ObjectiveConfig): Decides on the head for next-sentence prediction and on the
        adversarial term.
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
        return RowModel(
            shape,
            next_sentence=objective.next_sentence,
            adversarial=objective.adversarial > 0,
        )


def to_plain(config: BertConfig, weights: dict[str, Tensor]) -> BertForMaskedLM:
    """Copy weights of a `RowModel` into the class that other programs know.

    config (BertConfig): Of the model.
    weights (dict[str, Tensor]): Its state.
    RETURNS (BertForMaskedLM | BertForPreTraining): The same weights on the CPU, in evaluation
        mode; with the head for next-sentence prediction where they have one.
    """
    has_next = "cls.seq_relationship.weight" in weights
    shape = BertConfig(**{**config.to_dict(), "architectures": None})
    plain: Any = BertForPreTraining(shape) if has_next else BertForMaskedLM(shape)
    plain.load_state_dict(weights)
    return cast(BertForMaskedLM, plain.eval())
