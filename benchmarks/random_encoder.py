"""An encoder that costs what a real one does: MiniLM's shape, random weights."""

from pathlib import Path

import transformers
from tokenizers import BertWordPieceTokenizer


def make_random_encoder(texts: list[str], folder: Path) -> Path:
    """Write a BERT in Hugging Face's format, with a vocabulary of the texts; RETURNS its folder."""
    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=8000, show_progress=False)
    tokenizer.save_model(str(folder))
    fast = transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=512)
    fast.save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(fast),
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder
