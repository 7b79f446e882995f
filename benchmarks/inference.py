"""Pieces per second of `spacy_blurb.Encoder.v1` beside spacy-transformers and Hugging Face.

    python benchmarks/inference.py [--quick] [--two-threads] [--encoder FOLDER] --json FILE

"bf16" and "int8" are the exported sides (`spacy blurb export`, OpenVINO), "torch_bf16" and
"torch_fp32" those that can be trained. 8 bits are calibrated on abstracts and sentences of the dev
split, which are not measured.

All sides have the same weights and the same texts, in one process, one after the other in every
round; another one begins each round. Ratios are medians over the rounds of our pieces per CPU
second over theirs with one thread, larger is better for us. Pieces are real ones, `[CLS]` and
`[SEP]` included: what a side pads or reads twice does not count, nor what it cuts off.

spaCy's sides are `nlp.pipe` with the component `transformer` alone, spaCy's tokenizer included. The
stock ones have their default of `max_batch_items` (4,096) and, as further sides, that of ours
(16,384). Hugging Face's are the pipeline "feature-extraction", which returns tensors, with
truncation to 512 pieces. Texts are the abstracts of NCBI-disease in $BLURB_DATA and their
sentences, or the demo's. Without --encoder the weights are random ones of MiniLM's size, and the
drift says nothing.

With --two-threads it measures only what a second core gives us, in wall time: nothing else may run
on the machine then.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import spacy
import spacy_transformers  # noqa: F401 its registry must be there before a pipeline is built
import torch
import transformers
from environment import describe_machine, list_versions
from random_encoder import make_random_encoder
from spacy.language import Language
from spacy.tokens import Doc

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.records import Record
from spacy_blurb.evaluation.export import export_pipeline

DEMO_TEXT = Path(__file__).parent.parent / "assets" / "demo" / "text" / "articles.txt"
MAX_PIECES = 512
MAX_BATCH_ITEMS = 16384
STRIDED = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96}
DOC_SPANS = {"@span_getters": "spacy-transformers.doc_spans.v1"}
Side = Callable[[list[str]], None]


def read_texts(quick: bool, notes: list[str], split: str = "train") -> dict[str, list[str]]:
    """Return sentences and abstracts."""
    root = os.environ.get("BLURB_DATA")
    if root:
        folder = Path(root) / "ncbi_disease"
        records = READERS["ncbi_disease"](folder, split, "original").records
        abstracts = [record.text for record in records if isinstance(record, Record)]
    else:
        notes.append("BLURB_DATA is not set: texts are the demo's")
        abstracts = [t for t in DEMO_TEXT.read_text(encoding="utf-8").split("\n\n") if t.strip()]
    nlp = spacy.blank("en")
    nlp.add_pipe("blurb_sentencizer")
    sentences = [sent.text for doc in nlp.pipe(abstracts) for sent in doc.sents]
    n_sentences, n_abstracts = (100, 10) if quick else (1000, 100)
    return {"sentences": sentences[:n_sentences], "abstracts": abstracts[:n_abstracts]}


def build_pipeline(encoder: Path, **model: Any) -> Language:
    """Build a pipeline of `transformer` alone."""
    nlp = spacy.blank("en")
    settings = {"name": str(encoder), **model}
    nlp.add_pipe("transformer", config={"max_batch_items": MAX_BATCH_ITEMS, "model": settings})
    nlp.initialize()
    return nlp


def build_stock(encoder: Path, get_spans: dict[str, Any], **settings: Any) -> Language:
    """Build the stock encoder, by default with its own batching."""
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(encoder),
        "tokenizer_config": {"use_fast": True, "model_max_length": MAX_PIECES},
        "get_spans": get_spans,
    }
    nlp.add_pipe("transformer", config={"model": model, **settings})
    nlp.initialize()
    return nlp


def run_spacy(nlp: Language, texts: list[str]) -> None:
    """Encode texts and let go of the output, as packaged pipelines do."""
    for doc in nlp.pipe(texts, batch_size=256):
        doc._.trf_data = None


def build_hugging_face(encoder: Path) -> Callable[..., Side]:
    """Return a function from batch size to a side."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder, model_max_length=MAX_PIECES)
    # Some ship with the padding that they were trained with.
    tokenizer.backend_tokenizer.no_padding()
    model = transformers.AutoModel.from_pretrained(encoder)
    pipe = transformers.pipeline(
        "feature-extraction",
        model=model,
        tokenizer=tokenizer,
        framework="pt",
        device="cpu",
        tokenize_kwargs={"truncation": True, "max_length": MAX_PIECES},
    )

    def make(batch_size: int) -> Side:
        def run(texts: list[str]) -> None:
            pipe(texts, batch_size=batch_size, return_tensors=True)

        return run

    return make


def measure(
    sides: dict[str, Side], texts: list[str], rounds: int
) -> dict[str, dict[str, list[float]]]:
    """Return side → CPU and wall seconds of every round."""
    seconds: dict[str, dict[str, list[float]]] = {name: {"cpu": [], "wall": []} for name in sides}
    names = list(sides)
    for run in sides.values():
        run(texts[: max(2, len(texts) // 20)])
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            wall, cpu = time.perf_counter(), time.process_time()
            sides[name](texts)
            seconds[name]["cpu"].append(time.process_time() - cpu)
            seconds[name]["wall"].append(time.perf_counter() - wall)
    return seconds


def measure_peak(dtype: torch.dtype) -> float:
    """Return the most FLOP per CPU second of a large multiplication, best of nine."""
    X, W = (torch.randn(rows, 1536).to(dtype) for rows in (4096, 1536))
    best = 0.0
    with torch.inference_mode():
        for _ in range(9):
            start = time.process_time()
            torch.nn.functional.linear(X, W)
            best = max(best, 2 * 4096 * 1536 * 1536 / (time.process_time() - start))
    return best


def count_flops(nlp: Language, lengths: list[int]) -> float:
    """Return the multiplications and additions that texts of these lengths need."""
    config = get_shim(nlp).network.config
    width, inner = config.hidden_width, config.inner_width
    per_piece = 8 * width * width + 4 * width * inner
    return config.n_layers * sum(n * (per_piece + 4 * n * width) for n in lengths)


def get_shim(nlp: Language) -> Any:
    """Return the encoder of a pipeline of ours."""
    component: Any = nlp.get_pipe("transformer")
    return component.model.shims[0]


def profile(nlp: Language, texts: list[str]) -> dict[str, float]:
    """Return what share of the CPU time goes where; Python, tokenizers and numpy are "other"."""
    kinds = {
        "linear": ("addmm", "linear", "mm"),
        "attention": ("scaled_dot_product", "flash_attention"),
        "norm": ("layer_norm",),
        "activation": ("gelu",),
    }
    activities = [torch.profiler.ProfilerActivity.CPU]
    start = time.process_time()
    with torch.profiler.profile(activities=activities) as profiler:
        run_spacy(nlp, texts)
        total = time.process_time() - start
    shares = dict.fromkeys([*kinds, "other torch"], 0.0)
    for event in profiler.key_averages():
        kind = next((k for k, parts in kinds.items() if any(p in event.key for p in parts)), None)
        shares[kind or "other torch"] += event.self_cpu_time_total / 1e6 / total
    shares["other"] = 1 - sum(shares.values())
    return {name: round(share, 3) for name, share in shares.items()}


def piece_vectors(doc: Doc) -> Any:
    """Return the vectors of the pieces of a Doc's tokens, without special pieces and padding."""
    data = doc._.trf_data
    states = data.model_output.last_hidden_state
    return states.reshape(-1, states.shape[-1])[data.align.dataXd.reshape(-1)]


def measure_drift(one: Language, other: Language, texts: list[str]) -> dict[str, float]:
    """Return how far apart the vectors of pieces are."""
    cosines, largest = [], 0.0
    for docs in zip(one.pipe(texts), other.pipe(texts), strict=True):
        A, B = (piece_vectors(doc) for doc in docs)
        lengths = np.linalg.norm(A, axis=1) * np.linalg.norm(B, axis=1)
        cosines.append(1 - (A * B).sum(1) / lengths)
        largest = max(largest, float(np.abs(A - B).max()))
    distances = np.concatenate(cosines)
    return {
        "mean cosine distance": float(distances.mean()),
        "max cosine distance": float(distances.max()),
        "max difference": largest,
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer texts and two rounds")
    parser.add_argument("--two-threads", action="store_true", help="a second core, nothing else")
    parser.add_argument("--encoder", type=Path, help="a Hugging Face folder with a BERT")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    notes: list[str] = []
    texts = read_texts(args.quick, notes)
    with tempfile.TemporaryDirectory() as folder:
        encoder = args.encoder or make_random_encoder(texts["abstracts"], Path(folder))
        measured = (compare_threads if args.two_threads else compare)(
            encoder, texts, 2 if args.quick else 3, read_texts(args.quick, notes, "dev")
        )
    result = {**describe_environment(), "encoder": encoder.name, **measured, "notes": notes}
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    shown = ("ratios", "share of peak", "notes")
    print(json.dumps({key: result[key] for key in shown if key in result}, indent=2))


def build_ours(encoder: Path) -> dict[str, Language]:
    """Build our pipeline in both precisions."""
    return {
        f"torch_{precision}": build_pipeline(
            encoder, **{"@architectures": "spacy_blurb.Encoder.v1", "precision": precision}
        )
        for precision in ("bf16", "fp32")
    }


def build_exported(nlp: Language, calibration: dict[str, list[str]]) -> dict[str, Language]:
    """Export a pipeline in both ways of OpenVINO; all numbers are with one thread."""
    texts = [text for chosen in calibration.values() for text in chosen]
    exported = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nlp.to_disk(folder / "trained")
        for precision in ("bf16", "int8"):
            output = folder / precision
            backend: Any = f"openvino-{precision}"
            export_pipeline(str(folder / "trained"), output, backend, calibration=texts)
            config = {"components": {"transformer": {"threads": 1}}}
            exported[precision] = spacy.load(output, config=config)
    return exported


def as_sides(pipelines: dict[str, Language]) -> dict[str, Side]:
    """Return what each pipeline does with texts."""
    return {name: lambda t, nlp=nlp: run_spacy(nlp, t) for name, nlp in pipelines.items()}  # type: ignore[misc]


def count_pieces(nlp: Language, texts: list[str]) -> list[int]:
    """Return the pieces of each text, `[CLS]` and `[SEP]` included."""
    tokenizer = get_shim(nlp).reader.tokenizer
    return [len(tokenizer.encode(text, add_special_tokens=False)) + 2 for text in texts]


def compare_threads(
    encoder: Path, texts: dict[str, list[str]], rounds: int, calibration: dict[str, list[str]]
) -> dict[str, Any]:
    """Run our sides with one thread and with two, in turns."""
    ours = build_ours(encoder)
    sides = as_sides(ours)
    runs: dict[str, list[int]] = {}
    ratios: dict[str, float] = {}
    n: dict[str, Any] = {"rounds": rounds}
    for kind, chosen in texts.items():
        lengths = count_pieces(ours["torch_bf16"], chosen)
        n[kind] = {"texts": len(chosen), "pieces": sum(lengths)}
        for _ in range(rounds):
            for threads in (1, 2):
                torch.set_num_threads(threads)
                for name, clocks in measure(sides, chosen, 1).items():
                    key = f"{kind}, {name}, threads: {threads}, pieces per wall second"
                    runs.setdefault(key, []).append(round(sum(lengths) / clocks["wall"][0]))
        for name in sides:
            one, two = (
                np.array(runs[f"{kind}, {name}, threads: {k}, pieces per wall second"])
                for k in (1, 2)
            )
            ratios[f"{name}/two_threads/{kind}"] = round(float(np.median(two / one)), 3)
    return {"n": n, "runs": runs, "ratios": ratios}


def compare(
    encoder: Path, texts: dict[str, list[str]], rounds: int, calibration: dict[str, list[str]]
) -> dict[str, Any]:
    """Run all sides on all texts with one thread."""
    trained = build_ours(encoder)
    ours = {**build_exported(trained["torch_bf16"], calibration), **trained}
    stock = {}
    for name, spans in (("spacy_strided", STRIDED), ("spacy_doc_spans", DOC_SPANS)):
        stock[name] = build_stock(encoder, spans)
        larger = build_stock(encoder, spans, max_batch_items=MAX_BATCH_ITEMS)
        stock[f"{name}_{MAX_BATCH_ITEMS}"] = larger
    make_hf = build_hugging_face(encoder)
    sides: dict[str, Side] = {
        **as_sides({**ours, **stock}),
        **{name: make_hf(size) for name, size in (("hf_default", 1), ("hf_8", 8), ("hf_32", 32))},
    }
    torch.set_num_threads(1)
    peaks = {"bf16": measure_peak(torch.bfloat16), "fp32": measure_peak(torch.float32)}
    runs: dict[str, Any] = {}
    ratios: dict[str, float] = {}
    shares: dict[str, Any] = {}
    n: dict[str, Any] = {"rounds": rounds}
    for kind, chosen in texts.items():
        lengths = count_pieces(trained["torch_bf16"], chosen)
        n[kind] = {"texts": len(chosen), "pieces": sum(lengths)}
        cut = sum(min(length, MAX_PIECES) for length in lengths)
        pieces = {s: cut if "hf" in s or "doc_spans" in s else sum(lengths) for s in sides}
        seconds = measure(sides, chosen, rounds)
        for name, clocks in seconds.items():
            for clock, values in clocks.items():
                key = f"{kind}, {name}, pieces per {clock} second"
                runs[key] = [round(pieces[name] / value) for value in values]
        for precision in ours:
            speeds = np.array(runs[f"{kind}, {precision}, pieces per cpu second"])
            for peer in (side for side in sides if side not in ours):
                theirs = np.array(runs[f"{kind}, {peer}, pieces per cpu second"])
                ratios[f"{precision}/{peer}/{kind}"] = round(float(np.median(speeds / theirs)), 3)
        for precision, peak in peaks.items():
            flops = count_flops(trained[f"torch_{precision}"], lengths)
            spent = statistics.median(seconds[f"torch_{precision}"]["cpu"])
            shares[f"torch_{precision}, {kind}"] = round(flops / spent / peak, 3)
        shown = profile(trained["torch_bf16"], chosen)
        runs[f"{kind}, torch_bf16, share of CPU time"] = shown
        for name in ("bf16", "int8", "torch_bf16"):
            drift = measure_drift(ours[name], ours["torch_fp32"], chosen)
            runs[f"{kind}, drift of {name}"] = drift
    runs["short texts, drift of fp32 from spacy-transformers"] = measure_drift(
        ours["torch_fp32"],
        stock["spacy_doc_spans"],
        [t for t in texts["sentences"] if len(t) < 400],
    )
    return {
        "n": n,
        "peaks, GFLOP per CPU second": {k: round(v / 1e9) for k, v in peaks.items()},
        "share of peak": shares,
        "runs": runs,
        "ratios": ratios,
    }


def describe_environment() -> dict[str, Any]:
    """Say what everything ran on."""
    return {
        "machine": describe_machine(
            OpenVINO=openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
            ONEDNN_MAX_CPU_ISA=os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
        ),
        "versions": list_versions(
            *("torch", "openvino", "nncf", "transformers"),
            *("spacy", "spacy-transformers", "spacy-blurb"),
        ),
    }


if __name__ == "__main__":
    main()
