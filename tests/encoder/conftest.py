"""Tiny encoders, with the Hugging Face model and tokenizer that they must agree with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

EncoderSettings = dict[str, Any]


@pytest.fixture(scope="session")
def uneven_encoder(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT whose settings are none of the defaults, and whose weights are large enough for
    mistakes to show: 3 layers, 4 heads of 6, tanh GELU, dropout.
    """
    import shutil

    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("uneven-encoder")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(tiny_encoder / name, folder / name)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len((tiny_encoder / "vocab.txt").read_text("utf-8").split()),
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=512,
        hidden_act="gelu_new",
        layer_norm_eps=1e-3,
        hidden_dropout_prob=0.2,
        attention_probs_dropout_prob=0.3,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def make_encoder() -> Callable[..., Language]:
    """Build a pipeline of `transformer` alone; settings go to the architecture."""

    def make(name: Path, *, initialize: bool = True, **settings: Any) -> Language:
        nlp = spacy.blank("en")
        model = {
            "@architectures": "spacy_blurb.Encoder.v1",
            "name": str(name),
            "precision": "fp32",
            **settings,
        }
        nlp.add_pipe("transformer", config={"model": model})
        if initialize:
            nlp.initialize()
        return nlp

    return make


@pytest.fixture(scope="session")
def uneven(make_encoder: Callable[..., Language], uneven_encoder: Path) -> Language:
    return make_encoder(uneven_encoder)


@pytest.fixture(scope="session")
def hugging_face(uneven_encoder: Path) -> tuple[Any, Any]:
    """The oracle: model in evaluation mode and tokenizer."""
    from transformers import AutoTokenizer, BertModel

    model = BertModel.from_pretrained(uneven_encoder, add_pooling_layer=False).eval()
    return model, AutoTokenizer.from_pretrained(uneven_encoder)
