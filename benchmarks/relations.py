"""Candidate pairs per CPU second: the shared pass, re-encoding, and a Hugging Face pipeline.

    python benchmarks/relations.py [--quick] [--encoder FOLDER] --json FILE

All sides judge the same pairs with the same encoder weights, in one process with one thread, one
after the other in every round; another one begins each round. Ratios are medians over the rounds.

`shared` and `reencoded` are `nlp.pipe` over Docs with given entities, with the components
`transformer` and `rel`: encoding the Doc, finding candidates, making their Docs and writing what
was found are included. `hf_pipeline` is the pipeline "text-classification" on the texts with
dummies, made beforehand, with its defaults (`hf_pipeline_32`: batches of 32). It computes in
float32, ours multiply in bfloat16 where that is faster (`precision` is "auto").

Documents are abstracts of ChemProt in $BLURB_DATA with at least 10 entities, or passages of the
demo. Pairs are those of a chemical and a gene (disease) in one sentence, as BLURB's; for the ratio
`shared/reencoded/any_distance` those in one abstract, without Hugging Face.
Without --encoder the weights are random ones of MiniLM's size.
"""

import argparse
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import spacy_transformers  # noqa: F401 its registry must be there before a pipeline is built
import torch
import transformers
from environment import describe_machine, list_versions
from random_encoder import make_random_encoder
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_blurb.components.marked_docs import Marker
from spacy_blurb.components.rel import BlurbRel
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.docbin import RelationScheme, read_docbin, write_docbin
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.data.records import Record

DEMO = Path(__file__).parent.parent / "assets" / "demo" / "bc5cdr"
MIN_ENTITIES = 10
MAX_PIECES = 512
VECTORS = {
    "@architectures": "spacy_blurb.SpanVectors.v1",
    "upstream": "*",
    "pooling": {"@layers": "reduce_max.v1"},
}
MODELS: dict[str, dict[str, Any]] = {
    "shared": {"@architectures": "spacy_blurb.SharedRelations.v1", "tok2vec": VECTORS},
    "reencoded": {"@architectures": "spacy_blurb.ReencodedRelations.v1", "tok2vec": VECTORS},
}
Side = Callable[[], None]


def read_records(quick: bool, notes: list[str]) -> list[Record]:
    """Return abstracts with enough entities, and pairs between them."""
    root = os.environ.get("BLURB_DATA")
    if root:
        records = READERS["chemprot"](Path(root) / "chemprot", "dev", "original").records
    else:
        notes.append("BLURB_DATA is not set: texts are the demo's")
        records = READERS["bc5cdr_cid"](DEMO, "train", "original").records
    found = [
        # Only the types between which there are relations are taken from these; no concepts.
        replace(r, concepts=None, relations=tuple(x for x in r.relations if x.label != "false"))
        for r in records
        if isinstance(r, Record) and len(r.mentions) >= MIN_ENTITIES
    ]
    return found[: 4 if quick else 60]


def build_pipeline(
    encoder: Path, model: dict[str, Any], docs: list[Doc], same_sentence: bool
) -> Language:
    """Build `transformer` and `rel`, with a head that has not learned."""
    nlp = spacy.blank("en")
    candidates = {"@misc": "spacy_blurb.candidates.v1", "same_sentence": same_sentence}
    settings = {"@architectures": "spacy_blurb.Encoder.v1", "name": str(encoder)}
    nlp.add_pipe("transformer", config={"max_batch_items": 16384, "model": settings})
    nlp.add_pipe("blurb_rel", name="rel", config={"model": model, "candidates": candidates})
    nlp.initialize(lambda: [Example(make_predicted(nlp, doc), doc) for doc in docs])
    return nlp


def run_spacy(nlp: Language, references: list[Doc]) -> None:
    """Judge all pairs, and let go of the encoder's output as packaged pipelines do."""
    docs = (make_predicted(nlp, reference) for reference in references)
    for doc in nlp.pipe(docs, batch_size=64):
        doc._.trf_data = None


def texts_of_pairs(nlp: Language, references: list[Doc]) -> list[str]:
    """Return what re-encoding reads of every pair."""
    rel = nlp.get_pipe("rel")
    assert isinstance(rel, BlurbRel)
    texts = []
    for reference in references:
        pairs = rel.collect(make_predicted(nlp, reference))
        marker = Marker(pairs, "dummies")
        texts += [marker.mark(row).doc.text for row in range(len(pairs.pairs))]
    return texts


def build_hugging_face(encoder: Path, n_labels: int) -> Callable[[list[str], int], None]:
    """Return a function of texts and batch size."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder, model_max_length=MAX_PIECES)
    # Some ship with the padding that they were trained with.
    tokenizer.backend_tokenizer.no_padding()
    model = transformers.BertForSequenceClassification.from_pretrained(encoder, num_labels=n_labels)
    pipe = transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer, framework="pt", device="cpu"
    )

    def run(texts: list[str], batch_size: int) -> None:
        pipe(texts, batch_size=batch_size, truncation=True, max_length=MAX_PIECES)

    return run


def measure(sides: dict[str, Side], rounds: int) -> dict[str, list[float]]:
    """Return side → CPU seconds of every round."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = time.process_time()
            sides[name]()
            seconds[name].append(time.process_time() - start)
    return seconds


def compare(
    encoder: Path, references: list[Doc], rounds: int, *, same_sentence: bool
) -> dict[str, Any]:
    """Run the sides; the first documents warm them up."""
    pipelines = {
        name: build_pipeline(encoder, model, references, same_sentence)
        for name, model in MODELS.items()
    }
    texts = texts_of_pairs(pipelines["reencoded"], references)
    rel: Any = pipelines["reencoded"].get_pipe("rel")
    run_hf = build_hugging_face(encoder, len(rel.labels) + 1)
    for nlp in pipelines.values():
        run_spacy(nlp, references[:2])
    run_hf(texts[:4], 1)
    sides: dict[str, Side] = {
        n: lambda nlp=nlp: run_spacy(nlp, references)  # type: ignore[misc]
        for n, nlp in pipelines.items()
    }
    if same_sentence:
        sides["hf_pipeline"] = lambda: run_hf(texts, 1)
        sides["hf_pipeline_32"] = lambda: run_hf(texts, 32)
    seconds = measure(sides, rounds)
    speeds = {name: np.array([len(texts) / s for s in values]) for name, values in seconds.items()}

    def ratio(one: str, other: str) -> float:
        return round(float(np.median(speeds[one] / speeds[other])), 3)

    transformer: Any = pipelines["reencoded"].get_pipe("transformer")
    tokenizer = transformer.model.shims[0].reader.tokenizer
    n_pieces = sum(len(tokenizer.encode(text).ids) for text in texts)
    return {
        "n": {
            "rounds": rounds,
            "documents": len(references),
            "entities": sum(len(doc.spans["blurb"].attrs["mentions"]) for doc in references),
            "pairs": len(texts),
            "pieces of pairs": n_pieces,
        },
        "runs": {
            f"{name}, pairs per CPU second": [round(float(v), 1) for v in values]
            for name, values in speeds.items()
        },
        "ratios": {
            f"{one}/{other}": ratio(one, other)
            for one in pipelines
            for other in sides
            if one != other and (one, other) != ("reencoded", "shared")
        },
    }


def compare_distances(encoder: Path, references: list[Doc], quick: bool) -> dict[str, Any]:
    """Run all sides on pairs in one sentence, and ours on pairs of any distance."""
    torch.set_num_threads(1)
    near = compare(encoder, references, 2 if quick else 5, same_sentence=True)
    some = references[: 2 if quick else 10]
    far = compare(encoder, some, 2 if quick else 3, same_sentence=False)
    return {
        "n": {**near["n"], "any distance": far["n"]},
        "runs": {**near["runs"], **{f"any distance, {k}": v for k, v in far["runs"].items()}},
        "ratios": {
            **near["ratios"],
            "shared/reencoded/any_distance": far["ratios"]["shared/reencoded"],
        },
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="few documents and two rounds")
    parser.add_argument("--encoder", type=Path, help="a Hugging Face folder with a BERT")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    notes: list[str] = []
    records = read_records(args.quick, notes)
    with tempfile.TemporaryDirectory() as folder:
        texts = [record.text for record in records]
        encoder = args.encoder or make_random_encoder(texts, Path(folder))
        nlp = spacy.blank("en")
        path = Path(folder) / "docs.spacy"
        write_docbin(records, path, nlp.tokenizer, label_sets=[], relations=RelationScheme())
        references = read_docbin(path, nlp.vocab)
        sentencizer: Any = nlp.add_pipe("blurb_sentencizer")
        references = list(sentencizer.pipe(references))
        result = compare_distances(encoder, references, args.quick)
    result = {
        "machine": describe_machine(threads=1),
        "versions": list_versions("torch", "transformers", "spacy", "spacy-blurb"),
        "encoder": encoder.name,
        **result,
        "notes": notes,
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("n", "runs", "ratios", "notes")}, indent=2))


if __name__ == "__main__":
    main()
