"""Put the demo's components for questions into its pipeline, each with its own encoder.

usage: join.py PIPELINE LABELS_PIPELINE SPANS_PIPELINE OUTPUT

They were trained one by one, so they have encoders of their own. Trained together, as different
components of one pipeline are elsewhere, they would share one.
"""

import sys

import spacy


def main(pipeline: str, labels: str, spans: str, output: str) -> None:
    """Load, join and save."""
    nlp = spacy.load(pipeline)
    for name, folder in (("qa", labels), ("qa_spans", spans)):
        trained = spacy.load(folder)
        trained.replace_listeners("transformer", "qa", ["model.tok2vec"])
        nlp.add_pipe("qa", source=trained, name=name)
    nlp.to_disk(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
