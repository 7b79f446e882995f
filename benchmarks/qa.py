"""Questions per second of `blurb_qa` beside the Hugging Face pipeline "question-answering".

    python benchmarks/qa.py [--quick] [--encoder FOLDER] --json FILE

Both sides have the same weights, encoder and head, the same questions and texts, in one process
with one thread, one after the other in every round; another one begins each round. Ratios are
medians over the rounds of our questions per CPU second over theirs, larger is better for us:
`blurb/hf_pipeline` of one question on ten abstracts each, as a search asks them, and
`blurb/hf_pipeline/one_abstract` of ten questions on one abstract. Both are questions and texts that
the Hugging Face pipeline is given in one call too, with the batch size that is its default (1) and
with 8; the better one of the two counts.

`exported bf16` and `exported int8` are the same pipeline after `spacy blurb export`, in OpenVINO.

What differs: the pipeline cuts texts to windows of 384 pieces that share 128, in float32, and takes
the best span of each text from two softmaxes; ours has windows of 512, multiplies in bfloat16 where
that is faster, and has one softmax over all spans. `runs` says how often answers agree. Texts
are abstracts of PubMedQA in $BLURB_DATA, each with its question, or the demo's. Without --encoder
the weights are random ones of MiniLM's size. The head is random in any case: what it finds means
nothing, and costs the same.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
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
from spacy.training import Example

from spacy_blurb.annotations import set_questions
from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.records import Question
from spacy_blurb.evaluation.export import export_pipeline
from spacy_blurb.tokenization.tokenizer import build_tokenizer

DEMO_TEXT = Path(__file__).parent.parent / "assets" / "demo" / "text" / "articles.txt"
DEMO_QUESTIONS = (
    "Which drug was given?",
    "Which disease was treated?",
    "How many patients were there?",
)
N_TOGETHER = 10
EXPORTED = {"exported bf16": "openvino-bf16", "exported int8": "openvino-int8"}
Pair = tuple[str, str]
Side = Callable[[list[Pair]], list[str]]


def read_pairs(notes: list[str]) -> list[Pair]:
    """Return questions and their abstracts."""
    root = os.environ.get("BLURB_DATA")
    if root:
        records = READERS["pubmedqa"](Path(root) / "pubmedqa", "test", "original").records
        return [(r.question, r.context) for r in records if isinstance(r, Question)]
    notes.append("BLURB_DATA is not set: texts are the demo's")
    texts = [t for t in DEMO_TEXT.read_text(encoding="utf-8").split("\n\n") if t.strip()]
    n = len(DEMO_QUESTIONS)
    return [(DEMO_QUESTIONS[i % n], " ".join(text.split())) for i, text in enumerate(texts)]


def build_ours(encoder: Path, precision: str) -> Language:
    """Build `transformer` and `blurb_qa` with a random head."""
    nlp = spacy.blank("en")
    nlp.tokenizer = build_tokenizer(nlp)
    model = {"@architectures": "spacy_blurb.Encoder.v1", "name": str(encoder)}
    nlp.add_pipe("transformer", config={"model": {**model, "precision": precision}})
    head = {
        "@architectures": "spacy_blurb.AnswerSpans.v1",
        "tok2vec": {"@architectures": "spacy_blurb.SequenceTokenVectors.v1"},
    }
    # As long as Hugging Face's answers, which it counts in pieces.
    nlp.add_pipe("blurb_qa", name="qa", config={"model": head, "max_answer_tokens": 15})
    doc = nlp.make_doc("one text")
    gold = {"id": "0", "question": "?", "label": "", "answers": [[0, "one"]], "options": []}
    set_questions(doc, [gold])
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])
    # The same on both sides, and large enough for answers to differ clearly.
    shape = get_head(nlp).get_param("W").shape
    get_head(nlp).set_param("W", np.random.default_rng(0).normal(size=shape).astype("f"))
    return nlp


def export(nlp: Language, texts: list[str], folder: Path) -> dict[str, Language]:
    """Return the pipeline without torch, in both forms."""
    nlp.to_disk(folder / "trained")
    exported = {}
    for name, backend in EXPORTED.items():
        output = folder / backend
        export_pipeline(str(folder / "trained"), output, backend, calibration=texts)
        exported[name] = spacy.load(output, config={"components.transformer.threads": 1})
    return exported


def get_head(nlp: Language) -> Any:
    """Return the linear layer of the answers."""
    qa: Any = nlp.get_pipe("qa")
    return qa.model.get_ref("output_layer")


def run_ours(nlp: Language, pairs: list[Pair]) -> list[str]:
    """Tokenise the texts, each once, and answer the questions."""
    docs = {text: nlp.make_doc(text) for _, text in pairs}
    qa: Any = nlp.get_pipe("qa")
    answers = qa.ask([docs[text] for _, text in pairs], [question for question, _ in pairs])
    return [answer.text for answer in answers]


def build_hugging_face(encoder: Path, head: Any, batch_size: int) -> Side:
    """Build the pipeline with the same encoder and head."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder, model_max_length=512)
    # Some ship with the padding that they were trained with.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    model = transformers.BertForQuestionAnswering.from_pretrained(encoder)
    with torch.no_grad():
        model.qa_outputs.weight.copy_(torch.from_numpy(head.get_param("W")))
        model.qa_outputs.bias.copy_(torch.from_numpy(head.get_param("b")))
    pipe = transformers.pipeline(
        "question-answering", model=model, tokenizer=tokenizer, framework="pt", device="cpu"
    )

    def run(pairs: list[Pair]) -> list[str]:
        questions, contexts = ([pair[column] for pair in pairs] for column in (0, 1))
        found = pipe(question=questions, context=contexts, batch_size=batch_size)
        return [row["answer"] for row in (found if isinstance(found, list) else [found])]

    return run


def measure(
    sides: dict[str, Side], groups: list[list[Pair]], rounds: int
) -> dict[str, list[float]]:
    """Return side → questions per CPU second of every round; a group is one call."""
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for run in sides.values():
        run(groups[0][:2])
    n = sum(map(len, groups))
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = time.process_time()
            for group in groups:
                sides[name](group)
            speeds[name].append(n / (time.process_time() - start))
    return speeds


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer texts and two rounds")
    parser.add_argument("--encoder", type=Path, help="a Hugging Face folder with a BERT")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    notes: list[str] = []
    pairs = read_pairs(notes)
    with tempfile.TemporaryDirectory() as folder:
        texts = [text for _, text in pairs]
        encoder = args.encoder or make_random_encoder(texts, Path(folder))
        groups, rounds = (1, 2) if args.quick else (4, 9)
        result = compare(encoder, pairs, groups, rounds, Path(folder))
    result["notes"] = notes
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("ratios", "notes")}, indent=2))


def compare(
    encoder: Path, pairs: list[Pair], n_groups: int, rounds: int, folder: Path
) -> dict[str, Any]:
    """Run all sides on one and on ten abstracts."""
    ours = {"blurb": build_ours(encoder, "auto"), "blurb fp32": build_ours(encoder, "fp32")}
    head = get_head(ours["blurb"])
    # Other abstracts than those that are asked about.
    ours |= export(ours["blurb fp32"], [text for _, text in pairs[-100:]], folder)
    sides: dict[str, Side] = {
        **{name: partial(run_ours, nlp) for name, nlp in ours.items()},
        "hf_pipeline": build_hugging_face(encoder, head, 1),
        "hf_pipeline batch 8": build_hugging_face(encoder, head, 8),
    }
    chosen = pairs[: n_groups * N_TOGETHER]
    ten = [chosen[start : start + N_TOGETHER] for start in range(0, len(chosen), N_TOGETHER)]
    one = [[(question, group[0][1]) for question, _ in group] for group in ten]
    runs: dict[str, Any] = {}
    ratios: dict[str, float] = {}
    for kind, groups, suffix in (
        ("ten abstracts", ten, ""),
        ("one abstract", one, "/one_abstract"),
    ):
        speeds = measure(sides, groups, rounds)
        for name, values in speeds.items():
            runs[f"{kind}, {name}, questions per cpu second"] = [round(v, 3) for v in values]
        theirs = max((n for n in speeds if n.startswith("hf")), key=lambda n: np.median(speeds[n]))
        for name in ours:
            ratio = statistics.median(np.divide(speeds[name], speeds[theirs]).tolist())
            ratios[f"{name}/hf_pipeline{suffix}"] = round(ratio, 3)
        runs[f"{kind}, Hugging Face's better one"] = theirs
        answers = {name: [a for g in groups for a in sides[name](g)] for name in sides}
        same = [a.lower() == b.lower() for a, b in
                zip(answers["blurb fp32"], answers["hf_pipeline"], strict=True)]  # fmt: skip
        runs[f"{kind}, share of equal answers, float32"] = round(sum(same) / len(same), 3)
    lengths = [len(text.split()) for _, text in chosen]
    return {
        "machine": describe_machine(threads=1),
        "versions": list_versions(
            "torch", "transformers", "spacy", "spacy-transformers", "spacy-blurb"
        ),
        "n": {"questions": len(chosen), "rounds": rounds, "words": round(statistics.mean(lengths))},
        "encoder": encoder.name,
        "runs": runs,
        "ratios": ratios,
    }


if __name__ == "__main__":
    main()
