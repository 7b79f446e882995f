"""Vectors of texts beside Sentence Transformers, the same weights and texts.

    pip install --no-deps sentence-transformers     # only for this
    TOKENIZERS_PARALLELISM=false python benchmarks/vectors.py --encoder FOLDER [--quick] --json FILE

FOLDER is a Hugging Face folder with an encoder of Sentence Transformers' whose vector is the mean
of all pieces, such as all-MiniLM-L6-v2. Ours is `nlp.pipe` with `transformer` and `blurb_sts`
(`compare = "vectors"`), spaCy's tokenizer and the Doc included; "torch_fp32" can be trained, "bf16"
and "int8" are exported (OpenVINO; bfloat16 only where the processor has AMX, 8 bits calibrated on
the dev split, which is not measured). Theirs is `SentenceTransformer.encode` with its default
batches of 32 texts sorted by length, cut at 512 pieces, where ours are parted.

One process, one thread; in every round one side after the other, another one begins each round.
Ratios are medians over the rounds of their CPU seconds over ours: larger is better for us. Texts
are abstracts of NCBI-disease in $BLURB_DATA and their sentences, or the demo's. "drift" is one
minus the cosine of our vector of a text with theirs; of a text that is cut it is left out.
"""

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch
import transformers
from environment import describe_machine, list_versions
from inference import MAX_PIECES, build_exported, count_pieces, measure, read_texts
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
from spacy.language import Language
from spacy.training import Example

HEAD = {
    "@architectures": "spacy_blurb.SequenceHead.v1",
    "nO": 1,
    "tok2vec": {"@architectures": "spacy_blurb.MeanVector.v1", "upstream": "transformer"},
}


def build_pipeline(encoder: Path) -> Language:
    """Build the pipeline that needs no training."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_blurb.Encoder.v1", "name": str(encoder), "precision": "fp32"}
    nlp.add_pipe("transformer", config={"max_batch_items": 16384, "model": model})
    nlp.add_pipe(
        "blurb_sts", name="sts", config={"compare": "vectors", "vectors": True, "model": HEAD}
    )
    nlp.add_pipe("blurb_doc_cleaner", name="doc_cleaner")
    nlp.initialize(lambda: [Example(nlp.make_doc("fever"), nlp.make_doc("fever"))])
    return nlp


def build_theirs(encoder: Path) -> SentenceTransformer:
    """Build a SentenceTransformer that reads texts as long as ours does; not scaled to length 1."""
    words = Transformer(str(encoder), max_seq_length=MAX_PIECES)
    return SentenceTransformer(modules=[words, Pooling(words.get_word_embedding_dimension())])


def encode(nlp: Language, texts: list[str]) -> Any:
    """Return vectors, shape (texts, width)."""
    return np.array([doc.vector for doc in nlp.pipe(texts, batch_size=256)])


def measure_drift(ours: Any, theirs: Any) -> dict[str, float]:
    """Return the cosine distances of the rows of two arrays."""
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    distances = 1 - (ours * theirs).sum(axis=1) / lengths
    return {"mean": float(distances.mean()), "max": float(distances.max())}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--encoder", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--quick", action="store_true", help="fewer texts and two rounds")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    notes: list[str] = []
    texts, rounds = read_texts(args.quick, notes), 2 if args.quick else 5
    calibration = read_texts(args.quick, notes, "dev")
    trained, theirs = build_pipeline(args.encoder), build_theirs(args.encoder)
    pipelines = {**build_exported(trained, calibration), "torch_fp32": trained}
    sides: dict[str, Any] = {
        name: lambda t, nlp=nlp: encode(nlp, t) for name, nlp in pipelines.items()
    }
    sides["sentence_transformers"] = lambda t: theirs.encode(t, show_progress_bar=False)
    n: dict[str, Any] = {"rounds": rounds}
    runs: dict[str, Any] = {}
    ratios: dict[str, float] = {}
    for kind, chosen in texts.items():
        pieces = np.array(count_pieces(trained, chosen))
        n[kind] = {"texts": len(chosen), "pieces": int(pieces.sum())}
        seconds = {name: clocks["cpu"] for name, clocks in measure(sides, chosen, rounds).items()}
        whole = pieces <= MAX_PIECES
        expected = sides["sentence_transformers"](chosen)[whole]
        for name, values in seconds.items():
            runs[f"{kind}, {name}, texts per CPU second"] = [
                round(len(chosen) / value, 1) for value in values
            ]
            if name in pipelines:
                ratio = np.array(seconds["sentence_transformers"]) / np.array(values)
                ratios[f"{name}/sentence_transformers/{kind}"] = round(float(np.median(ratio)), 3)
                runs[f"{kind}, drift of {name}"] = measure_drift(
                    sides[name](chosen)[whole], expected
                )
    versions = list_versions(
        *("sentence-transformers", "torch", "openvino", "transformers", "spacy", "spacy-blurb")
    )
    result = {
        "machine": describe_machine(threads=1),
        "versions": versions,
        "encoder": args.encoder.name,
        **{"n": n, "runs": runs, "ratios": ratios, "notes": notes},
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({"ratios": ratios, "notes": notes}, indent=2))


if __name__ == "__main__":
    main()
