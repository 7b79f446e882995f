"""Pipelines with another runtime: the same Docs, from commands to a package."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import spacy_transformers  # noqa: F401 - adds the registry of setters
from confection import Config
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_blurb.encoder.pieces import read_docs
from spacy_blurb.errors import BlurbError
from spacy_blurb.evaluation import export as export_module
from spacy_blurb.evaluation.export import check_losses, export_pipeline, summarise
from spacy_blurb.evaluation.export_config import read_calibration
from spacy_blurb.evaluation.parity import deciding_scores, score_dev
from spacy_blurb.evaluation.pipeline_identity import pipeline_encoder
from spacy_blurb.evaluation.results import describe_pipeline
from spacy_blurb.runtime.processor import has_vnni
from spacy_blurb.runtime.quantise import calibration_rows

Exported = Callable[[str], Path]
BACKENDS = ["openvino-bf16", "openvino-int8", "onnx-int8"]
TEXTS = [
    "aspirin causes fever in rats",
    "",
    "naloxone reduces hypertension. " * 40,
    "fever \N{GREEK SMALL LETTER ALPHA}\u0301 in\u200brats \U0001f400 \ud7ff\n\n ",
    "   ",
]


@pytest.fixture(scope="module")
def trained(trained_folder: Path) -> Language:
    config = {"components": {"transformer": {"model": {"precision": "fp32"}}}}
    return spacy.load(trained_folder, config=config)


def entities(nlp: Language, texts: list[str]) -> list[list[tuple[int, int, str]]]:
    return [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(texts)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_same_entities(backend: str, exported: Exported, trained: Language) -> None:
    nlp = spacy.load(exported(backend))
    assert nlp.pipe_names == trained.pipe_names
    assert nlp.get_pipe_meta("transformer").factory == "blurb_runtime"
    expected, found = entities(trained, TEXTS), entities(nlp, TEXTS)
    assert len(expected[0]) == 2
    assert len(expected[2]) > 50
    if backend == "openvino-bf16":
        assert found == expected
    else:
        # Forty times the same sentence is nothing that ranges were calibrated for.
        assert found[:2] == expected[:2]
        assert len(set(found[2]) ^ set(expected[2])) < 0.1 * len(expected[2])
    # One by one as well.
    assert [(e.start, e.end, e.label_) for e in nlp(TEXTS[0]).ents] == expected[0]


# Without VNNI onnxruntime adds up pairs of products in 16 bits, and cuts them off (B712).
_ONNX_TOLERANCE = 0.3 if has_vnni() else 0.6


@pytest.mark.parametrize(
    ("backend", "tolerance"), [("openvino-bf16", 0.06), ("onnx-int8", _ONNX_TOLERANCE)]
)
def test_vectors_are_close_to_float32(
    backend: str, tolerance: float, exported: Exported, trained: Language
) -> None:
    nlp = spacy.load(exported(backend))
    for text in TEXTS:
        found, expected = (
            side.get_pipe("transformer")(side.make_doc(text))._.trf_data  # type: ignore[operator]
            for side in (nlp, trained)
        )
        assert found.model_output.keys() == expected.model_output.keys()
        assert list(found.wordpieces.lengths) == list(expected.wordpieces.lengths)
        assert found.wordpieces.strings == expected.wordpieces.strings
        np.testing.assert_array_equal(found.align.lengths, expected.align.lengths)
        np.testing.assert_array_equal(found.align.dataXd, expected.align.dataXd)
        if "last_hidden_state" in found.model_output:
            states = found.model_output.last_hidden_state
            assert states.dtype == np.float32
            np.testing.assert_allclose(
                states, expected.model_output.last_hidden_state, atol=tolerance
            )


def test_float32_is_exact_but_for_the_stored_half_precision(
    exported: Exported, trained: Language
) -> None:
    config = {"components": {"transformer": {"precision": "fp32"}}}
    nlp = spacy.load(exported("openvino-bf16"), config=config)
    docs = [
        side.get_pipe("transformer")(side.make_doc(TEXTS[2]))  # type: ignore[operator]
        for side in (nlp, trained)
    ]
    states = [doc._.trf_data.model_output.last_hidden_state for doc in docs]
    np.testing.assert_allclose(*states, atol=4e-3)
    assert np.abs(states[0] - states[1]).mean() < 5e-4


def test_the_report(exported: Exported) -> None:
    folder = exported("openvino-int8")
    report = json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    assert report["backend"] == "openvino-int8"
    (row,) = report["scores"]
    assert (row["score"], row["before"], row["change"]) == ("ents_f", 1, 0)
    assert re.fullmatch(r"corpus\d+/dev\.spacy", row["dev"])
    assert 0 < report["vectors"]["mean cosine distance"] < 0.02
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert f"ents_f on {row['dev']}: 100.00 before, 100.00 after" in meta["notes"]
    (requirement,) = meta["requirements"]
    assert requirement.startswith("spacy-blurb[openvino]>=")


def test_words_of_the_training_are_left_out(exported: Exported, trained: Language) -> None:
    """Labels stay, and Docs are stored and restored as before."""
    nlp = spacy.load(exported("openvino-bf16"))
    labels = set(nlp.get_pipe("ner").labels)  # type: ignore[attr-defined]
    assert labels
    assert "naloxone" in trained.vocab.strings
    assert "naloxone" not in nlp.vocab.strings
    assert labels <= set(nlp.vocab.strings)
    stored = DocBin(docs=[nlp("naloxone causes fever in rats")], store_user_data=True).to_bytes()
    (doc,) = DocBin().from_bytes(stored).get_docs(spacy.blank("en").vocab)
    assert doc[0].text == "naloxone"
    assert {ent.label_ for ent in doc.ents} <= labels


def test_they_stay_where_others_components_may_need_them(
    trained_folder: Path, tmp_path: Path
) -> None:
    nlp = spacy.load(trained_folder)
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "DRUG", "pattern": "naloxone"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "trained")
    export_pipeline(str(tmp_path / "trained"), tmp_path / "exported", "openvino-bf16")
    assert "naloxone" in spacy.load(tmp_path / "exported").vocab.strings


def test_what_was_not_compared_is_said() -> None:
    lines = summarise({"backend": "openvino-bf16", "vectors": None, "scores": []}).splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "No vectors were compared",
        "No task was scored",
    ]


def test_calibration_takes_texts_of_all_lengths(
    trained: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of short texts come first; they must not be all that there is room for."""
    monkeypatch.setattr("spacy_blurb.runtime.quantise.MAX_CALIBRATION_CELLS", 1_000)
    shim: Any = trained.get_pipe("transformer").model.shims[0]  # type: ignore[attr-defined]
    texts = ["fever in rats"] * 400 + ["naloxone reduces hypertension. " * 12] * 40
    pieces = list(read_docs(map(trained.make_doc, texts), shim.reader).values())
    rows = list(calibration_rows(pieces))
    lengths = [int(row["positions"].max()) + 1 for row in rows]
    assert max(lengths) == max(max(text.lengths) for text in pieces)
    assert sum(row["piece_ids"].size for row in rows) < 2_000


def test_a_dev_file_that_compares_nothing_is_refused(
    trained_folder: Path, trained: Language, tmp_path: Path
) -> None:
    dev = tmp_path / "dev.spacy"
    DocBin(docs=[trained.make_doc("fever")]).to_disk(dev)
    with pytest.raises(BlurbError, match=r"B728.*dev\.spacy is annotated for nothing.*ents_f"):
        export_pipeline(str(trained_folder), tmp_path / "out", "openvino-bf16", dev=[dev])
    assert not (tmp_path / "out").exists()


def test_the_scores_of_the_training_are_compared(trained_folder: Path, corpus: Path) -> None:
    """Not only those that components have by default."""
    nlp = spacy.load(trained_folder)
    nlp.config["training"]["score_weights"] = {"ents_p": 0.5, "ents_r": 0.0}
    (scores,) = score_dev(nlp, [corpus / "dev.spacy"], deciding_scores(nlp)).values()
    assert set(scores) == {"ents_p", "ents_f"}


def test_scores_that_no_component_has_by_default_are_compared(
    trained_folder: Path, corpus: Path, tmp_path: Path
) -> None:
    """Such as those of PICO: the exported config does not say them."""
    shutil.copytree(trained_folder, tmp_path / "trained")
    path = tmp_path / "trained" / "config.cfg"
    config = Config().from_disk(path, interpolate=False)
    config["training"]["score_weights"] = {"sents_f": 0.0, "ents_p": 1.0}
    config.to_disk(path)
    dev, out = [corpus / "dev.spacy"], tmp_path / "out"
    report = export_pipeline(str(tmp_path / "trained"), out, "openvino-bf16", dev=dev)
    found = {row["score"]: row["after"] for row in report["scores"]}
    assert found == {"ents_p": 1, "ents_f": 1}


def test_what_this_processor_does_not_compute_is_said(
    trained_folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for capable in (True, False):
        monkeypatch.setattr(export_module, "has_fast_bf16", lambda capable=capable: capable)
        report = export_pipeline(str(trained_folder), out, "openvino-bf16")
        assert report["processor"]
        notes = json.loads((out / "meta.json").read_text(encoding="utf-8"))["notes"]
        assert ("Not measured: bfloat16" in notes) == (not capable)


def test_files_of_another_backend_do_not_stay(exported: Exported, tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    for backend, names in (
        ("openvino-bf16", {"network.xml", "network.bin"}),
        ("onnx-int8", {"network.onnx"}),
        ("openvino-int8", {"network.xml", "network.bin"}),
    ):
        spacy.load(exported(backend)).to_disk(folder)
        found = {path.name for path in (folder / "transformer").iterdir()}
        assert found == {"encoder.json", "tokenizer.json"} | names


def test_calibration_lines_are_not_without_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\n".join(f"text {i}\n" for i in range(10_001)), encoding="utf-8")
    texts = read_calibration(path)
    assert (len(texts), texts[0], texts[-1]) == (3334, "text 0", "text 9999")
    for nothing in ("", "\n \n"):
        path.write_text(nothing, encoding="utf-8")
        with pytest.raises(BlurbError, match="B721"):
            read_calibration(path)
    path.write_text("x" * 2_000_000, encoding="utf-8")
    assert [len(text) for text in read_calibration(path)] == [100_000]


def test_an_exported_pipeline_is_not_exported_again(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(BlurbError, match=r"B722.*exported already"):
        export_pipeline(str(exported("openvino-bf16")), tmp_path / "again", "openvino-bf16")


def test_an_earlier_export_stays_until_the_new_one_is_there(
    trained_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a link too, as deployments have it."""
    link, output = tmp_path / "current", tmp_path / "v1"
    export_pipeline(str(trained_folder), output, "openvino-bf16")
    link.symlink_to(output)
    weights = output / "transformer" / "network.bin"

    def fail(*arguments: Any) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copytree", fail)
        with pytest.raises(OSError, match="no room"):
            export_pipeline(str(trained_folder), link, "openvino-bf16")
    assert weights.is_file()
    rename = Path.rename

    def stop(path: Path, target: Path) -> Any:
        if path.name == "new":
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", stop)
        with pytest.raises(KeyboardInterrupt):
            export_pipeline(str(trained_folder), link, "openvino-bf16")
    assert weights.is_file()
    before = weights.stat().st_ino
    export_pipeline(str(trained_folder), link, "openvino-bf16")
    assert weights.stat().st_ino != before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_with_a_report_is_no_exported_pipeline(
    exported: Exported, trained_folder: Path, tmp_path: Path
) -> None:
    """As `results/` has some; all that was in it was deleted."""
    shutil.copy(exported("openvino-bf16") / "parity.json", tmp_path)
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(BlurbError, match=r"B726.*no config\.cfg of an exported pipeline"):
        export_pipeline(str(trained_folder), tmp_path, "openvino-bf16")
    shutil.copy(trained_folder / "config.cfg", tmp_path)
    with pytest.raises(BlurbError, match="B726"):
        export_pipeline(str(trained_folder), tmp_path, "openvino-bf16")
    assert (tmp_path / "thesis.txt").is_file()


def test_a_tolerance_that_is_no_number_tolerates_nothing() -> None:
    row = {"dev": "d", "score": "ents_f", "before": 0.9, "after": 0.0, "change": -0.9}
    for tolerance in (float("nan"), 0.5):
        with pytest.raises(BlurbError, match="B724"):
            check_losses([row], tolerance)
    check_losses([row], 0.9)


def test_annotations_that_would_be_lost(trained_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained_folder, tmp_path / "trained")
    config = Config().from_disk(folder / "config.cfg", interpolate=False)
    setter = {"@annotation_setters": "tests.no_setter"}
    config["components"]["transformer"]["set_extra_annotations"] = setter
    config.to_disk(folder / "config.cfg")
    with pytest.raises(BlurbError, match=r"B722.*extra annotations by 'tests\.no_setter'"):
        export_pipeline(str(folder), tmp_path / "exported", "openvino-bf16")


@spacy.registry.annotation_setters("tests.no_setter")
def make_no_setter() -> Callable[..., None]:
    return lambda docs, data: None


def test_texts_of_the_calibration_are_named_as_such(trained_folder: Path, tmp_path: Path) -> None:
    texts = ["aspirin causes fever in rats"]
    for backend, of, counted in (
        ("openvino-int8", "calibration texts", 1),
        ("openvino-bf16", "given texts", 0),  # bfloat16 takes no ranges
    ):
        folder = tmp_path / backend
        report = export_pipeline(str(trained_folder), folder, backend, calibration=texts)
        assert report["vectors"]["of"] == of
        assert report["calibration"] == {"texts": counted}
        assert ("others may be further apart" in summarise(report)) == bool(counted)


@pytest.mark.parametrize("name", ["network.bin", "encoder.json", "tokenizer.json", "network.xml"])
def test_damaged_files_are_said(exported: Exported, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(exported("openvino-bf16"), tmp_path / "damaged")
    path = folder / "transformer" / name
    path.write_bytes(b"{}" if name == "encoder.json" else path.read_bytes()[:100])
    with pytest.raises(BlurbError, match=r"B302.*transformer: (?!Exception from)"):
        spacy.load(folder)


def test_a_result_names_what_computed_it(exported: Exported, trained: Language) -> None:
    found = describe_pipeline(spacy.load(exported("openvino-int8")))
    assert found["backend"] == "openvino-int8"
    assert "openvino" in found["versions"]
    assert not {"torch", "transformers", "onnxruntime"} & set(found["versions"])
    assert "versions" not in describe_pipeline(trained)


def test_callbacks_and_requirements_of_the_pipeline_stay(
    trained_folder: Path, tmp_path: Path
) -> None:
    nlp = spacy.load(trained_folder)
    nlp.config["nlp"]["after_pipeline_creation"] = {"@callbacks": "tests.note_creation"}
    nlp.meta["requirements"] = ["my-tools>=2.0", "torch-tools", "spacy-transformers>=1.3", "torch"]
    nlp.to_disk(tmp_path / "trained")
    export_pipeline(str(tmp_path / "trained"), tmp_path / "exported", "openvino-bf16")
    CREATED.clear()
    exported = spacy.load(tmp_path / "exported")
    assert exported.meta["name"] in CREATED
    ours, *others = exported.meta["requirements"]
    assert ours.startswith("spacy-blurb[openvino]")
    assert others == ["my-tools>=2.0", "torch-tools"]


CREATED: list[str] = []


@spacy.registry.callbacks("tests.note_creation")
def make_note_creation() -> Callable[[Language], Language]:
    def note(nlp: Language) -> Language:
        CREATED.append(nlp.meta["name"])
        return nlp

    return note


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"window": 64}, "B306"),
        ({"overlap": -10}, "B306"),
        ({"threads": 0}, "B706"),
        ({"threads": "2"}, "B706"),
    ],
)
def test_settings_that_cannot_be(exported: Exported, settings: dict[str, Any], code: str) -> None:
    """Said at once, and not when the first long text comes."""
    with pytest.raises(BlurbError, match=code):
        spacy.load(exported("openvino-bf16"), config={"components": {"transformer": settings}})


def test_calibration_texts_of_a_corpus(nlp: Language, tmp_path: Path) -> None:
    """At most 200, from the first to the last."""
    for n_docs, expected in ((3, 3), (200, 200), (201, 101), (1000, 200)):
        path = tmp_path / f"{n_docs}.spacy"
        DocBin(docs=[nlp.make_doc(f"text {i}") for i in range(n_docs)]).to_disk(path)
        texts = read_calibration(path)
        assert (len(texts), texts[0]) == (expected, "text 0")
        assert int(texts[-1].split()[1]) >= n_docs - 5
    with pytest.raises(BlurbError, match="B100"):
        read_calibration(tmp_path / "none.spacy")


def test_the_seed_of_the_training_is_kept(exported: Exported, trained: Language) -> None:
    seed = trained.config.interpolate()["training"]["seed"]
    assert seed is not None
    nlp = spacy.load(exported("openvino-bf16"))
    assert nlp.config["training"]["seed"] == seed
    # And the name of the encoder, which the exported config does not have.
    assert pipeline_encoder(nlp) == pipeline_encoder(trained)
    assert pipeline_encoder(nlp)


def test_both_sides_are_scored_and_a_loss_is_a_loss(
    trained: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other export here keeps a perfect score, which hides who is compared with whom."""
    scored = []

    def score(side: Language, dev: Any, wanted: Any) -> dict[str, dict[str, float]]:
        scored.append(side)
        return {"corpus/dev.spacy": {"ents_f": 0.9 if side is trained else 0.5}}

    monkeypatch.setattr(export_module, "score_dev", score)
    other = spacy.blank("en")
    found = export_module._compare(trained, other, "transformer", [], [Path("corpus/dev.spacy")])
    assert scored == [trained, other]
    (row,) = found["scores"]
    assert (row["before"], row["after"], row["change"]) == (0.9, 0.5, -0.4)
    with pytest.raises(BlurbError, match="B724"):
        check_losses(found["scores"], 0.3)
