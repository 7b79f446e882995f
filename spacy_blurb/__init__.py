"""spacy-blurb: biomedical transformers and the BLURB tasks as spaCy pipelines."""

__version__ = "0.1.0"
