"""A pipeline becomes the same pipeline without torch, and says what that cost."""

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import spacy
from confection import Config
from spacy.language import Language
from spacy.strings import StringStore
from spacy.tokens import Doc

from ..data.readers import read_examples
from ..encoder.pieces import read_docs
from ..errors import BlurbError, Errors
from ..runtime.encoder import Backend, RuntimeEncoder, Sizes
from ..runtime.processor import has_fast_bf16, has_vnni, name_processor
from ..runtime.quantise import make_network
from .export_config import EXTRAS, RUNTIME, exported_config, find_encoder, requirement
from .parity import (
    N_COMPARED,
    compare_scores,
    compare_vectors,
    deciding_scores,
    encode,
    score_dev,
)
from .pipeline_identity import pipeline_encoder
from .pipelines import load_pipeline

PARITY = "parity.json"
TOLERANCE = {"openvino-bf16": 0.001, "openvino-int8": 0.003, "onnx-int8": 0.003}
"""What a task may lose of its score (0-1) by default."""
_LEFT_BEHIND = re.compile(
    r"(spacy[-_]blurb|spacy[-_]transformers|transformers|torch)\b(?!-)", re.IGNORECASE
)
"""Requirements that an exported pipeline does not have."""
_PLAIN = ("transformer", "sentencizer")
"""Components of other makers that keep no strings."""


def export_pipeline(
    pipeline: str,
    output: Path,
    backend: Backend,
    *,
    calibration: Sequence[str] = (),
    dev: Sequence[Path] = (),
    tolerance: float | None = None,
) -> dict[str, Any]:
    """Write a pipeline with `blurb_runtime` in the place of its encoder.

    Scores before are those of the pipeline in float32.

    pipeline (str): Folder or package name.
    output (Path): Folder to write; the parity report is in it. One that an earlier export wrote is
        replaced.
    calibration (Sequence[str]): Texts like those that will be read.
    dev (Sequence[Path]): Gold .spacy files.
    tolerance (float | None): What each score may lose, 0-1; None for the backend's.
    RETURNS (dict): The parity report.
    RAISES (BlurbError): B501 no pipeline, B703 a package is missing, B720 no calibration text, B722
        it cannot be exported, B724 a score loses more than that, B725 no such backend, B726 the
        output is something else than an exported pipeline.
    """
    if backend not in EXTRAS:
        known = ", ".join(get_args(Backend))
        raise BlurbError(Errors.B725.format(backend=backend, known=known))
    if output.exists() and not _is_exported(output):
        raise BlurbError(Errors.B726.format(path=output, parity=PARITY))
    allowed = TOLERANCE[backend] if tolerance is None else tolerance
    nlp = load_pipeline(pipeline)
    config = exported_config(nlp.config.interpolate(), backend, pipeline)
    encoder = find_encoder(nlp.config, pipeline)
    shim: Any = nlp.get_pipe(encoder).model.shims[0]  # type: ignore[attr-defined]
    in_float32(shim)
    texts = [nlp.make_doc(text) for text in calibration]
    docs = [example.x for path in dev for example in read_examples(nlp, paths=[path])]
    compared = [doc for doc in (docs or texts) if len(doc)][:N_COMPARED]
    runtime = make_runtime_encoder(shim, config["components"][encoder], texts)
    with tempfile.TemporaryDirectory(prefix="spacy-blurb-") as name:
        folder = Path(name, "pipeline")
        nlp.to_disk(folder)
        _forget_words(nlp, folder)
        _write_exported(folder, config, encoder, runtime, backend)
        exported = spacy.load(folder)
        report = _compare(nlp, exported, encoder, compared, dev)
        if report["vectors"]:
            calibrated = backend == "openvino-int8"
            of_texts = "calibration texts" if calibrated else "given texts"
            report["vectors"]["of"] = "dev" if docs else of_texts
        report = {
            "backend": backend,
            "encoder": pipeline_encoder(nlp),
            "tolerance": allowed,
            "calibration": {"texts": len(texts) if backend == "openvino-int8" else 0},
            "processor": name_processor(),
            "not_measured": _not_measured(backend),
            **report,
            "versions": {"spacy-blurb": version("spacy-blurb"), **_backend_versions(backend)},
        }
        check_losses(report["scores"], allowed)
        _write_report(folder, report)
        _put_in_place(folder, output.resolve())
    return report


def _is_exported(folder: Path) -> bool:
    """Tell whether `export` wrote a folder, and not only its report: it is to be replaced."""
    config = folder / "config.cfg"
    if not ((folder / PARITY).is_file() and config.is_file()):
        return False
    return f'"{RUNTIME}"' in config.read_text(encoding="utf-8", errors="replace")


def _put_in_place(folder: Path, output: Path) -> None:
    """Copy a folder to where it is to be; an earlier one stays until the new one is whole."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.parent) as name:
        new, old = Path(name, "new"), Path(name, "old")
        shutil.copytree(folder, new)
        if output.exists():
            output.rename(old)
        try:
            new.rename(output)
        except BaseException:
            if old.exists():
                old.rename(output)
            raise


def in_float32(shim: Any) -> None:
    """Let an encoder predict in float32: what other precisions are compared with."""
    shim.settings["precision"] = "fp32"
    shim._place(shim.network, shim.device)


def make_runtime_encoder(
    shim: Any, settings: dict[str, Any], texts: Sequence[Doc]
) -> RuntimeEncoder:
    """Make the encoder of `blurb_runtime` from that of a pipeline.

    shim (EncoderShim): The pipeline's.
    settings (dict): Of the new component.
    """
    from ..encoder.weights import to_hugging_face

    network = shim.network
    state = {name: weight.detach().cpu() for name, weight in network.state_dict().items()}
    tensors = to_hugging_face(state, network.config.n_layers)
    arrays = {name: tensor.float().numpy() for name, tensor in tensors.items()}
    names = ("precision", "window", "overlap", "threads")
    runtime = RuntimeEncoder(settings["backend"], **{name: settings[name] for name in names})
    pieces = list(read_docs(texts, shim.reader).values())
    made = make_network(
        settings["backend"], shim._config, arrays, pieces, **runtime.network_settings()
    )
    sizes = Sizes(
        backend=settings["backend"],
        hidden_width=network.config.hidden_width,
        n_types=network.config.n_types,
        n_positions=network.config.n_positions,
        cls_id=shim.reader.cls_id,
        sep_id=shim.reader.sep_id,
    )
    runtime.fill(sizes, shim.reader.tokenizer, made)
    return runtime


def check_losses(scores: Sequence[dict[str, Any]], tolerance: float) -> None:
    """Refuse what loses too much.

    RAISES (BlurbError): B724 some score does.
    """
    losses = [
        f"{row['score']} on {row['dev']} falls from {row['before']:.4f} to {row['after']:.4f}"
        for row in scores
        if not -row["change"] <= tolerance  # also where one of them is not a number
    ]
    if losses:
        raise BlurbError(Errors.B724.format(losses="; ".join(losses), tolerance=tolerance))


def _forget_words(nlp: Language, folder: Path) -> None:
    """Leave out of a saved pipeline the words that its training met.

    `spacy.load` would read them all, and a package would publish the words of its corpora. Our
    components need no string but their labels; what others need is not known, so with others
    everything stays.
    """
    factories = {nlp.get_pipe_meta(name).factory for name in nlp.component_names}
    if not all(factory.startswith("blurb_") or factory in _PLAIN for factory in factories):
        return
    labels = [label for _, part in nlp.components for label in getattr(part, "labels", ())]
    strings = StringStore([*type(nlp)().vocab.strings, *labels])
    strings.to_disk(folder / "vocab" / "strings.json")


def _write_exported(
    folder: Path, config: dict[str, Any], encoder: str, runtime: RuntimeEncoder, backend: str
) -> None:
    """Turn the folder of a saved pipeline into that of the exported one."""
    Config(config).to_disk(folder / "config.cfg")
    shutil.rmtree(folder / encoder)
    runtime.to_disk(folder / encoder)
    path = folder / "meta.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    # A package lists what it requires; the exported one requires another of ours, and no torch.
    others = [line for line in meta.get("requirements", ()) if not _LEFT_BEHIND.match(line)]
    meta["requirements"] = [requirement(backend), *others]
    path.write_text(json.dumps(meta, indent=2), encoding="utf-8")


def _compare(
    nlp: Language, exported: Language, encoder: str, docs: Sequence[Doc], dev: Sequence[Path]
) -> dict[str, Any]:
    vectors = None
    if docs:
        vectors = compare_vectors(*(encode(side, encoder, docs) for side in (nlp, exported)))
    wanted = deciding_scores(nlp)
    before, after = (score_dev(side, dev, wanted) for side in (nlp, exported))
    return {"vectors": vectors, "scores": compare_scores(before, after)}


def _not_measured(backend: str) -> str | None:
    """Return what the backend computes on other processors and not on this one."""
    if backend == "openvino-bf16" and not has_fast_bf16():
        return "bfloat16: this processor computed in float32"
    if backend == "openvino-int8" and not has_vnni():
        return "products of 8 bits: this processor multiplied the 8-bit weights as float32"
    return None


def _write_report(folder: Path, report: dict[str, Any]) -> None:
    (folder / PARITY).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    path = folder / "meta.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    meta["notes"] = "\n\n".join(filter(None, [meta.get("notes"), summarise(report)]))
    if report["encoder"]:
        # The exported config does not know it; result files name it.
        meta["encoder"] = report["encoder"]
    path.write_text(json.dumps(meta, indent=2), encoding="utf-8")


def summarise(report: dict[str, Any]) -> str:
    """Say in a few lines what an export has changed."""
    lines = [f"Exported for {report['backend']}, without torch."]
    if report["vectors"]:
        mean, most = (report["vectors"][f"{key} cosine distance"] for key in ("mean", "max"))
        lines.append(
            f"Vectors of {report['vectors']['pieces']:,} pieces are {mean:.1e} from float32's on "
            f"average, {most:.1e} at most (cosine distance)."
        )
        if report["vectors"].get("of") == "calibration texts":
            lines.append("These are texts that it was calibrated on: others may be further apart.")
    else:
        lines.append("No vectors were compared: neither texts nor a dev file were given.")
    for row in report["scores"]:
        lines.append(
            f"{row['score']} on {row['dev']}: {100 * row['before']:.2f} before, "
            f"{100 * row['after']:.2f} after."
        )
    if not report["scores"]:
        lines.append("No task was scored: no dev file was given.")
    if report.get("not_measured"):
        lines.append(f"Not measured: {report['not_measured']}. Export where it is to run, to know.")
    return "\n".join(lines)


def _backend_versions(backend: str) -> dict[str, str]:
    packages = {
        "openvino-bf16": ["openvino"],
        "openvino-int8": ["openvino", "nncf"],
        "onnx-int8": ["onnx", "onnxruntime"],
    }
    return {name: version(name) for name in packages[backend]}
