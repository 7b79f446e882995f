"""What all heads cost beside the bare encoder, and beside separate Hugging Face pipelines.

    python benchmarks/joint.py [--quick] [--encoder FOLDER] --json FILE

The pipeline is that of configs/joint.cfg: entities, PICO elements, relations by the shared pass,
labels, the vector of a Doc, and a component for questions. All sides have the same encoder weights
and the same abstracts, in one process with one thread, one after the other in every round; another
one begins each round. Each is called once before. Ours multiply in bfloat16 where that is faster
(`precision = "auto"`), Hugging Face's compute in float32. Ratios are medians over the rounds of CPU
seconds:

- `five_heads/encoder`, a cost, smaller is better: the pipeline without a question over its
  component `transformer` alone, tokenizers and all that is written to Docs included; `.../fp32` the
  same in float32.
- `question/pair_pass`, a cost: a question on every abstract over the bare encoder's pass over the
  same pairs, made beforehand; `.../one_by_one` with a call for each.
- `pipeline/hf_pipelines`, a speed-up, larger is better: separate Hugging Face pipelines for
  entities and for PICO elements ("token-classification", with aggregation), labels
  ("text-classification"), the vector ("feature-extraction") and the relations
  ("text-classification" on the sentence of every pair that ours judges, with dummies made
  beforehand) over our pipeline; `.../with_question` adds a question to both,
  `.../without_relations` takes the relations out of theirs alone.

Heads are trained for some seconds on the encoder as it is, so that there is as much to decode and
to write as elsewhere: entities and relations on BC5CDR, PICO elements on EBM-NLP in $BLURB_DATA,
else on the demo's passages, with their entities under other names. `n` says how many are found and
annotated. Labels, similarity and answers learn nothing that means something; they cost the same.
Hugging Face's heads for entities and PICO elements have the same weights as ours; each of its
pipelines has the faster one of batches of 1, the default, and of 8, each tried once; texts are cut
off at 512 pieces. Without --encoder the weights are random ones of MiniLM's size, and so is what is
found.
"""

import argparse
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import spacy_transformers  # noqa: F401 its registry must be there before a pipeline is built
import torch
import transformers
from environment import describe_machine, list_versions
from random_encoder import make_random_encoder
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_blurb.annotations import PICO, set_gold_pair, set_questions
from spacy_blurb.components.marked_docs import Marker
from spacy_blurb.components.pair_docs import make_pair_doc
from spacy_blurb.components.question_docs import make_text_doc
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.docbin import RelationScheme, read_docbin, write_docbin
from spacy_blurb.data.readers import make_predicted
from spacy_blurb.data.records import Record

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "assets" / "demo" / "bc5cdr"
CONFIG = ROOT / "configs" / "joint.cfg"
QUESTION = "Does the drug cause the disease?"
AS_PICO = {"Chemical": "Intervention", "Disease": "Outcome"}
N_LABELS = 10
MAX_PIECES = 512
HEADS = ("ner", "rel", "textcat", "qa", "sts")
BATCH_SIZES = (1, 8)
Side = Callable[[], Any]
Batched = Callable[[int], Any]
"""Runs with batches of so many texts."""


def read_corpus(quick: bool, notes: list[str]) -> tuple[list[Record], list[Record], list[Record]]:
    """Return abstracts to teach entities and relations, sentences with PICO elements, and texts."""
    root = os.environ.get("BLURB_DATA")
    n_train, n_pico, n_test = (40, 100, 6) if quick else (200, 600, 50)
    folder = Path(root) / "bc5cdr" if root else DEMO
    train, test = (
        [
            replace(r, concepts=None, relations=tuple(x for x in r.relations if x.label != "false"))
            for r in READERS["bc5cdr_cid"](folder, split, "original").records
            if isinstance(r, Record)
        ]
        for split in ("train", "test")
    )
    if root:
        records = READERS["ebm_pico"](Path(root) / "ebm_nlp", "dev", "blurb").records
        pico = [r for r in records[:n_pico] if isinstance(r, Record)]
    else:
        notes.append("BLURB_DATA is not set: texts are the demo's")
        pico = [
            replace(
                *(r,), mentions=tuple(replace(m, label=AS_PICO[m.label]) for m in r.mentions),
                relations=(),
            )
            for r in train
        ]  # fmt: skip
    return train[:n_train], pico[:n_pico], test[:n_test]


def build_pipeline(encoder: Path, precision: str) -> Language:
    """Build the pipeline of the template, not initialised."""
    overrides: dict[str, Any] = {
        f"paths.{key}": str(encoder) for key in ("encoder", "train", "dev")
    }
    overrides["components.transformer.model.precision"] = precision
    overrides["training.optimizer.learn_rate.total_steps"] = 1
    config = util.load_config(CONFIG, overrides=overrides)
    return util.load_model_from_config(config, auto_fill=True)


def to_docs(nlp: Language, records: Sequence[Record], folder: Path, **settings: Any) -> list[Doc]:
    """Make gold Docs as `convert` does, with sentences."""
    path = folder / "docs.spacy"
    write_docbin(records, path, nlp.tokenizer, **settings)
    sentencizer: Any = nlp.get_pipe("sentencizer")
    return list(sentencizer.pipe(read_docbin(path, nlp.vocab)))


def make_examples(
    nlp: Language, train: Sequence[Record], pico: Sequence[Record], folder: Path
) -> list[Example]:
    """Return Examples for all heads; labels, pairs and answers are made up."""
    docs = to_docs(nlp, train, folder, label_sets=["bc5cdr"], relations=RelationScheme())
    docs += to_docs(nlp, pico, folder, label_sets=["ebm_pico"], entities_key=PICO)
    for number, doc in enumerate(docs[: 2 * N_LABELS]):
        doc.cats = {f"label {i}": float(i == number % N_LABELS) for i in range(N_LABELS)}
    for label, (first, second) in zip(("yes", "no"), (docs[:2], docs[2:4]), strict=True):
        pair = make_pair_doc(first, second)
        set_gold_pair(pair, len(first.text) + 1, 4.0 * (label == "yes"))
        asked = nlp.make_doc(first.text)
        row = {"id": label, "question": QUESTION, "label": label, "answers": [], "options": []}
        set_questions(asked, [row])
        docs += [pair, asked]
    return [Example(make_predicted(nlp, doc), doc) for doc in docs]


def teach(nlp: Language, examples: list[Example], epochs: int) -> None:
    """Train entities, PICO elements and relations on the encoder as it is, read once."""
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    transformer: Any = nlp.get_pipe("transformer")
    list(transformer.pipe((eg.predicted for eg in examples), batch_size=32))
    order = np.random.default_rng(0)
    for name in ("ner", "rel"):
        head: Any = nlp.get_pipe(name)
        sgd = Adam(0.003)
        for _ in range(epochs):
            shuffled = [examples[i] for i in order.permutation(len(examples))]
            for some in util.minibatch(shuffled, 16):
                head.update(some, sgd=sgd)


def copy_heads(source: Language, target: Language, examples: list[Example]) -> None:
    """Give a pipeline the heads of another one."""
    docs = [Example(make_predicted(target, eg.reference), eg.reference) for eg in examples]
    target.initialize(lambda: docs)
    for name in HEADS:
        one, other = (nlp.get_pipe(name) for nlp in (source, target))
        other.from_bytes(one.to_bytes())  # type: ignore[attr-defined]


def run_pipeline(nlp: Language, texts: Iterable[Any]) -> list[Doc]:
    """Let texts, or Docs, through a pipeline."""
    return list(nlp.pipe(texts))


def run_encoder(nlp: Language, texts: Iterable[Any]) -> None:
    """Let them through the encoder alone, and let go of its output as packaged pipelines do."""
    with nlp.select_pipes(enable=["transformer", "doc_cleaner"]):
        for _ in nlp.pipe(texts):
            pass


def ask_all(nlp: Language, docs: list[Doc], *, together: bool) -> None:
    """Put the question on all Docs."""
    qa: Any = nlp.get_pipe("qa")
    for some in [docs] if together else [[doc] for doc in docs]:
        qa.ask(some, QUESTION)


def read_pairs(nlp: Language, pairs: list[Doc], *, together: bool) -> None:
    """Compute the encoder's output of pairs, as `qa` asks for it."""
    transformer: Any = nlp.get_pipe("transformer")
    for some in [pairs] if together else [[pair] for pair in pairs]:
        transformer.model.predict(some)


def build_hugging_face(
    encoder: Path, nlp: Language, texts: list[str], pairs: list[str]
) -> dict[str, Batched]:
    """Build a pipeline for each of our heads; they take a batch size."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder, model_max_length=MAX_PIECES)
    # Some ship with the padding that they were trained with.
    tokenizer.backend_tokenizer.no_padding()
    cut = {"truncation": True, "max_length": MAX_PIECES}

    def build(task: str, model: Any, **settings: Any) -> Any:
        return transformers.pipeline(
            task, model=model, tokenizer=tokenizer, framework="pt", device="cpu", **settings
        )

    def tagger(columns: list[int]) -> Any:
        ner: Any = nlp.get_pipe("ner")
        head = ner.model.get_ref("output_layer")
        names = ["O", *(f"{p}-{i}" for i in range(len(columns) // 2) for p in "BI")]
        model = transformers.BertForTokenClassification.from_pretrained(
            encoder, num_labels=len(columns), id2label=dict(enumerate(names))
        )
        with torch.no_grad():
            model.classifier.weight.copy_(torch.from_numpy(head.get_param("W")[columns]))
            model.classifier.bias.copy_(torch.from_numpy(head.get_param("b")[columns]))
        return build("token-classification", model, aggregation_strategy="simple")

    def classifier(n_labels: int) -> Any:
        model = transformers.BertForSequenceClassification.from_pretrained(
            encoder, num_labels=n_labels
        )
        return build("text-classification", model)

    entities, pico = tagger([0, 1, 2, 3, 4]), tagger([5, 6, 7, 9, 10, 12, 13])
    labels, relations, answers = classifier(N_LABELS), classifier(2), classifier(2)
    vectors = build("feature-extraction", transformers.BertModel.from_pretrained(encoder))
    questions = [{"text": QUESTION, "text_pair": text} for text in texts]
    return {
        "entities": lambda size: entities(texts, batch_size=size),
        "pico": lambda size: pico(texts, batch_size=size),
        "labels": lambda size: labels(texts, top_k=None, batch_size=size, **cut),
        "vector": lambda size: [
            rows[0, 0]
            for rows in vectors(texts, return_tensors=True, tokenize_kwargs=cut, batch_size=size)
        ],
        "relations": lambda size: relations(pairs, batch_size=size, **cut),
        "question": lambda size: answers(questions, batch_size=size, **cut),
    }


def choose_sizes(sides: dict[str, Batched]) -> dict[str, int]:
    """Return the faster batch size of each, after a first call that is not timed."""
    chosen = {}
    for name, run in sides.items():
        run(BATCH_SIZES[0])
        seconds = {}
        for size in BATCH_SIZES:
            start = time.process_time()
            run(size)
            seconds[size] = time.process_time() - start
        chosen[name] = min(seconds, key=seconds.__getitem__)
    return chosen


def dummy_texts(nlp: Language, docs: list[Doc]) -> list[str]:
    """Return what one pass per pair would read of the pairs that our pipeline judges."""
    rel: Any = nlp.get_pipe("rel")
    texts = []
    for doc in docs:
        pairs = rel.collect(doc)
        marker = Marker(pairs, "dummies")
        texts += [marker.mark(row).doc.text for row in range(len(pairs.pairs))]
    return texts


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


def measure_components(nlp: Language, texts: list[str], rounds: int) -> dict[str, float]:
    """Return component → milliseconds of CPU time per text, the median over rounds."""
    spent: dict[str, list[float]] = {"tokenizer": [], **{name: [] for name in nlp.pipe_names}}
    for _ in range(rounds):
        start = time.process_time()
        docs = [nlp.make_doc(text) for text in texts]
        for name in spent:
            if name != "tokenizer":
                component: Any = nlp.get_pipe(name)
                start = time.process_time()
                docs = list(component.pipe(docs, batch_size=nlp.batch_size))
            spent[name].append(1000 * (time.process_time() - start) / len(texts))
    return {name: round(float(np.median(values)), 2) for name, values in spent.items()}


def compare(encoder: Path, folder: Path, quick: bool, notes: list[str]) -> dict[str, Any]:
    """Teach the heads and run all sides."""
    torch.set_num_threads(1)
    train, pico, test = read_corpus(quick, notes)
    texts = [record.text for record in test]
    nlp, exact = (build_pipeline(encoder, precision) for precision in ("auto", "fp32"))
    examples = make_examples(nlp, train, pico, folder)
    teach(nlp, examples, epochs=5 if quick else 20)
    copy_heads(nlp, exact, make_examples(exact, train, pico, folder))
    docs = run_pipeline(nlp, texts)
    pairs = dummy_texts(nlp, docs)
    question = make_text_doc(nlp.vocab, QUESTION)
    asked = [make_pair_doc(question, doc) for doc in docs]
    theirs = build_hugging_face(encoder, nlp, texts, pairs)
    found = [len(theirs[name](1)[0]) for name in ("entities", "pico")]
    assert all(found) or quick, "the heads have learned nothing"
    rounds = 2 if quick else 5
    sides: dict[str, Side] = {
        "encoder": lambda: run_encoder(nlp, texts),
        "five heads": lambda: run_pipeline(nlp, texts),
        "encoder fp32": lambda: run_encoder(exact, texts),
        "five heads fp32": lambda: run_pipeline(exact, texts),
        "question": lambda: ask_all(nlp, docs, together=True),
        "pair pass": lambda: read_pairs(nlp, asked, together=True),
        "questions one by one": lambda: ask_all(nlp, docs, together=False),
        "pair passes one by one": lambda: read_pairs(nlp, asked, together=False),
    }
    for run in sides.values():
        run()  # warms up
    seconds = measure(sides, rounds)
    sizes = choose_sizes(theirs)
    hugging_face: dict[str, Side] = {
        f"hf {name}": partial(run, sizes[name]) for name, run in theirs.items()
    }
    ours = {name: sides[name] for name in ("five heads", "question")}
    beside = measure({**ours, **hugging_face}, 2 if quick else 3)
    return {
        "n": count(nlp, test, docs, len(pairs), rounds),
        "runs": {
            **{f"{name}, CPU seconds": [round(v, 3) for v in vs] for name, vs in seconds.items()},
            **{
                f"beside Hugging Face: {name}, CPU seconds": [round(v, 3) for v in vs]
                for name, vs in beside.items()
            },
            "beside Hugging Face: batch sizes": sizes,
            "CPU milliseconds per text": measure_components(nlp, texts, rounds),
        },
        "ratios": {**costs(seconds), **speed_ups(beside)},
    }


def costs(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Return the ratios of costs."""
    return {
        key: _median_ratio(seconds[one], seconds[other])
        for key, one, other in (
            ("five_heads/encoder", "five heads", "encoder"),
            ("five_heads/encoder/fp32", "five heads fp32", "encoder fp32"),
            ("question/pair_pass", "question", "pair pass"),
            ("question/pair_pass/one_by_one", "questions one by one", "pair passes one by one"),
        )
    }


def speed_ups(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Return the ratios of Hugging Face's time to ours."""
    times = {name: np.array(values) for name, values in seconds.items()}
    heads = [f"hf {name}" for name in ("entities", "pico", "labels", "vector", "relations")]
    theirs = sum(times[name] for name in heads)
    return {
        "pipeline/hf_pipelines": _median_ratio(theirs, times["five heads"]),
        "pipeline/hf_pipelines/with_question": _median_ratio(
            theirs + times["hf question"], times["five heads"] + times["question"]
        ),
        "pipeline/hf_pipelines/without_relations": _median_ratio(
            theirs - times["hf relations"], times["five heads"]
        ),
    }


def _median_ratio(one: Any, other: Any) -> float:
    return round(float(np.median(np.asarray(one) / np.asarray(other))), 3)


def count(
    nlp: Language, test: list[Record], docs: list[Doc], n_pairs: int, rounds: int
) -> dict[str, Any]:
    """Say what was read and found."""
    transformer: Any = nlp.get_pipe("transformer")
    tokenizer = transformer.model.shims[0].reader.tokenizer
    return {
        "rounds": rounds,
        "texts": len(docs),
        "pieces": sum(len(tokenizer.encode(doc.text).ids) for doc in docs),
        "entities": sum(len(doc.spans["blurb"]) for doc in docs),
        "annotated entities": sum(len(record.mentions) for record in test),
        "PICO elements": sum(len(doc.spans[PICO]) for doc in docs),
        "candidate pairs": n_pairs,
        "relations": sum(len(doc._.relations) for doc in docs),
        "labels": N_LABELS,
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer texts and two rounds")
    parser.add_argument("--encoder", type=Path, help="a Hugging Face folder with a BERT")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = [r.text for records in read_corpus(True, []) for r in records]
        encoder = args.encoder or make_random_encoder(texts, folder)
        result = compare(encoder, folder, args.quick, notes)
    result = {
        "machine": describe_machine(threads=1),
        "versions": list_versions(
            "torch", "transformers", "spacy", "spacy-transformers", "spacy-blurb"
        ),
        "encoder": encoder.name,
        **result,
        "notes": notes,
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("n", "runs", "ratios", "notes")}, indent=2))


if __name__ == "__main__":
    main()
