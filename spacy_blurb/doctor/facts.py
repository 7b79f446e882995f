"""What is true of this environment: the only module of the room that looks."""

import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "spacy-blurb"
PROBES = (
    *("spacy", "commands", "pipeline", "transformers", "spacy_transformers", "trainer"),
    "openvino",
)
"""What `probe.py` tries, in this order."""
_TOLD = (*PROBES, "bf16", "vnni", "cuda", "punkt")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks look at, so that a test can make up any environment.

    python (tuple[int, int]): Version of the interpreter.
    versions (Mapping[str, str]): Installed distributions by normalised name ("spacy-blurb").
    requirements (tuple[str, ...]): Of spacy-blurb, those of its extras with a marker.
    environ (Mapping[str, str]): Environment variables.
    failures (Mapping[str, str]): Which probes failed, and their error in one line.
    bf16 (bool | None): Whether the encoder would compute in bfloat16; None where torch is missing.
    vnni (bool | None): Whether the processor multiplies 8-bit numbers; None where it is not known.
    cuda (bool | None): Whether torch was built for GPUs; None where it could not be asked.
    gpu (bool): Whether the machine has an NVIDIA GPU.
    punkt (bool | None): Whether NLTK's sentence model is found; None where it could not be tried.
    system (str): "Linux", "Darwin" or "Windows".
    """

    python: tuple[int, int] = (3, 11)
    versions: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    bf16: bool | None = True
    vnni: bool | None = True
    cuda: bool | None = None
    gpu: bool = False
    punkt: bool | None = True
    system: str = "Linux"


def gather_facts() -> Facts:
    """Look at this environment; imports are tried in a process of their own."""
    versions: dict[str, str] = {}
    for found in metadata.distributions():
        # What an interrupted pip leaves behind has no name. Of two, Python imports the first.
        if found.metadata["Name"]:
            versions.setdefault(normalise(found.metadata["Name"]), found.version)
    probed = probe()
    return Facts(
        python=sys.version_info[:2],
        versions=versions,
        requirements=tuple(metadata.requires(DISTRIBUTION) or ()),
        environ=dict(os.environ),
        failures={name: reason for name, reason in probed.items() if name in PROBES and reason},
        bf16={"yes": True, "no": False}.get(probed.get("bf16", "")),
        vnni={"yes": True, "no": False}.get(probed.get("vnni", "")),
        cuda={"yes": True, "no": False}.get(probed.get("cuda", "")),
        gpu=Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi") is not None,
        punkt=None if probed.get("punkt") in (None, "begun") else probed["punkt"] == "yes",
        system=platform.system(),
    )


def normalise(name: str) -> str:
    """Write the name of a distribution as PyPI does: "Spacy_Blurb" is "spacy-blurb"."""
    return re.sub(r"[-_.]+", "-", name).lower()


def probe(command: tuple[str, ...] = ("-m", "spacy_blurb.doctor.probe")) -> dict[str, str]:
    """Try imports in another process, which may also die or hang of them.

    RETURNS (dict[str, str]): Probe → "" where it succeeded, or the error in one line.
    """
    try:
        run = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        output, end = run.stdout, f"the interpreter ended with code {run.returncode}"
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout or ""
        end = "it did not end within 5 minutes"
    found: dict[str, str] = {}
    for line in output.splitlines():
        # A library may print lines of its own.
        with contextlib.suppress(ValueError):
            told = json.loads(line) if line.startswith("{") else {}
            found.update({name: told[name] for name in told if name in _TOLD})
    # A probe says its name before it begins: one without a result is what it ended in.
    return {name: end if reason == "begun" else reason for name, reason in found.items()}
