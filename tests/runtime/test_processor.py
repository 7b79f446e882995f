"""Processors without fast bfloat16 or VNNI, simulated by the variable that oneDNN reads."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from spacy_blurb.runtime import processor
from spacy_blurb.runtime.openvino_network import OpenVinoNetwork

Exported = Callable[[str], Path]
PROGRAM = """
import json, sys, warnings
import spacy
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    nlp = spacy.load(sys.argv[1], disable=["doc_cleaner"])
    docs = list(nlp.pipe(["aspirin causes fever in rats", "fever in rats"]))
codes = [str(w.message)[:6] for w in said if str(w.message).startswith("[B7")]
states = docs[0]._.trf_data.model_output.last_hidden_state
ents = [ent.text for ent in docs[0].ents]
print(json.dumps({"codes": codes, "ents": ents, "states": states.tolist()}))
"""


def run_limited(folder: Path, limit: str | None) -> dict:
    env = {k: v for k, v in os.environ.items() if k != "ONEDNN_MAX_CPU_ISA"}
    env |= {"ONEDNN_MAX_CPU_ISA": limit} if limit else {}
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("limit", ["AVX2", "AVX512_CORE_VNNI", "AVX512_CORE_BF16"])
def test_without_amx_it_computes_in_float32_and_says_so(limit: str, exported: Exported) -> None:
    if limit.startswith("AVX512") and "avx512_vnni" not in processor_flags():
        pytest.skip("this processor has no AVX-512 VNNI")
    found = run_limited(exported("openvino-bf16"), limit)
    assert found["codes"] == ["[B710]"]
    assert found["ents"] == ["aspirin", "fever"]


@pytest.mark.parametrize("limit", ["AVX2", "AVX512_CORE"])
def test_without_vnni_8_bit_weights_are_multiplied_as_float32(
    limit: str, exported: Exported
) -> None:
    if limit.startswith("AVX512") and "avx512bw" not in processor_flags():
        pytest.skip("this processor has no AVX-512")
    folder = exported("openvino-int8")
    found = run_limited(folder, limit)
    assert found["codes"] == ["[B711]"]
    assert found["ents"] == ["aspirin", "fever"]


def test_onnxruntime_without_vnni_says_so(exported: Exported) -> None:
    assert run_limited(exported("onnx-int8"), "AVX2")["codes"] == ["[B712]"]


def processor_flags() -> set[str]:
    path = Path("/proc/cpuinfo")
    return set(path.read_text("utf-8").split()) if path.is_file() else set()


@pytest.mark.parametrize(
    ("limit", "bf16", "vnni"),
    [
        ("AVX2", False, False),
        ("avx512_core", False, False),
        ("AVX512_CORE_VNNI", False, True),
        ("AVX512_CORE_BF16", False, True),
        ("AVX512_CORE_AMX", True, True),
        ("DEFAULT", True, True),
    ],
)
def test_limits(
    limit: str, bf16: bool, vnni: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("flags : fpu avx512_vnni amx_bf16\n", encoding="utf-8")
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert (processor.has_fast_bf16(), processor.has_vnni()) == (bf16, vnni)


def test_vnni_is_read_from_the_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    info = tmp_path / "cpuinfo"
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    assert processor.has_vnni()  # not known
    info.write_text("flags : fpu avx2\n", encoding="utf-8")
    assert not processor.has_vnni()


def test_bf16_without_amx_is_used_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    info = tmp_path / "cpuinfo"
    info.write_text("flags : fpu avx512_vnni avx512_bf16\n", encoding="utf-8")
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")
    core = SimpleNamespace(get_property=lambda device, name: ["FP32", "BF16"])
    model = SimpleNamespace(get_ops=list)
    asked = OpenVinoNetwork(model, precision="bf16", threads=1)
    assert asked._choose_precision(core) == "bf16"
    with pytest.warns(UserWarning, match="B710"):
        found = OpenVinoNetwork(model, precision="auto", threads=1)._choose_precision(core)
    assert found == "f32"


def test_beside_products_of_8_bits_bf16_is_used_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package finds the same on processors with AMX and without."""
    monkeypatch.setattr("spacy_blurb.runtime.openvino_network.has_fast_bf16", lambda: True)
    core = SimpleNamespace(get_property=lambda device, name: ["FP32", "BF16", "INT8"])
    node = SimpleNamespace(get_type_name=lambda: "FakeQuantize")
    quantised, plain = (SimpleNamespace(get_ops=lambda nodes=n: nodes) for n in ([node], []))
    chosen = {
        (name, precision): OpenVinoNetwork(model, precision=precision, threads=1)._choose_precision(
            core
        )
        for name, model in (("quantised", quantised), ("plain", plain))
        for precision in ("auto", "bf16", "fp32")
    }
    assert [key for key, hint in chosen.items() if hint == "bf16"] == [
        ("quantised", "bf16"),
        ("plain", "auto"),
        ("plain", "bf16"),
    ]


def test_without_x86_openvino_knows_whether_bf16_is_fast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    info = tmp_path / "cpuinfo"
    info.write_text("Features : asimddp bf16\n", encoding="utf-8")
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    monkeypatch.setattr(processor.platform, "machine", lambda: "aarch64")
    assert processor.has_fast_bf16()
