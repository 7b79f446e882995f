"""How is an encoder born? Text to vocabulary, rows, masked rows, trained Hugging Face folder."""
