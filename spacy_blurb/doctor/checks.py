"""The checks, each a function of `Facts`."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from packaging.requirements import Requirement

from .facts import DISTRIBUTION, Facts, normalise
from .findings import Finding
from .traps import find_traps, sprung_traps

_FOR = {
    "train": "pretraining, fine-tuning, and pipelines with a torch encoder",
    "data": "'convert' of ChemProt, DDI and BIOSSES from the originals",
    "app": "'serve'",
    "ray": "'annotate --ray'",
    "openvino": "exported pipelines, such as en_blurb_sm",
}
"""Extra → what needs it; others are not looked at."""
_BROKEN = {
    "spacy": "spaCy cannot be imported",
    "commands": "No 'spacy' command starts",
    "pipeline": "spacy.blank('en') fails, and so does every spacy.load",
    "transformers": "transformers cannot be imported",
    "spacy_transformers": "spacy-transformers cannot be imported",
    "trainer": "transformers' Trainer cannot be imported, which 'pretrain' needs",
    "openvino": "OpenVINO does not work, on which exported pipelines run",
}
_NEEDS = {"transformers": "transformers", "trainer": "transformers", "openvino": "openvino"}
_NEEDS["spacy_transformers"] = "spacy-transformers"
_ABI = (
    # In double quotes, which Windows knows too.
    'pip install --force-reinstall --no-deps "spacy>=3.8,<3.9" "thinc>=8.3.4,<8.4" '
    '"blis>=1.3,<1.4", so that they fit this numpy'
)
_ABI_OF_OTHERS = (
    "pip install --force-reinstall --no-deps PACKAGE for the one that the error names, such as "
    "scikit-learn or pandas, so that it fits this numpy"
)
_FACTORY = re.compile(r"the factory '.*' of (?P<package>[\w.-]+) \(")
"""As `probe.py` names the package that spaCy stumbles over."""
_OTHER_NUMPY = (
    "numpy.dtype size changed",
    "compiled using NumPy 1",
    "numpy.core.multiarray failed to import",
)


def check_python(facts: Facts) -> Iterator[Finding]:
    """Compare the interpreter with the versions that are tested."""
    version = ".".join(map(str, facts.python))
    if facts.python < (3, 10):
        yield Finding("breaks", f"Python {version} is too old.", "use Python 3.10 to 3.13")
    elif facts.python > (3, 13):
        yield Finding("note", f"Python {version} is newer than any that was tried: 3.10 to 3.13.")
    else:
        yield Finding("ok", f"Python {version}")


def check_requirements(facts: Facts) -> Iterator[Finding]:
    """Compare what is installed with what the package asks for."""
    explained = {name for trap in sprung_traps(facts) for name in trap.versions}
    for requirement in _requirements(facts, ""):
        found = facts.versions.get(normalise(requirement.name))
        if found is None:
            yield Finding(
                "breaks", f"{requirement.name} is missing.", f"pip install '{requirement}'"
            )
        elif not requirement.specifier.contains(found, prereleases=True):
            if normalise(requirement.name) in explained:
                continue  # the trap says why, and what to do about it
            yield Finding(
                "breaks",
                f"{requirement.name} {found} is outside of {requirement.specifier}.",
                f"pip install '{requirement.name}{requirement.specifier}'",
            )
        else:
            yield Finding("ok", f"{requirement.name} {found}")


def check_extras(facts: Facts) -> Iterator[Finding]:
    """Say which extras are incomplete, and what for they would be needed."""
    for extra, purpose in _FOR.items():
        missing, outside = [], []
        wanted = _requirements(facts, extra)
        for requirement in wanted:
            found = facts.versions.get(normalise(requirement.name))
            if found is None:
                missing.append(requirement.name)
            elif not requirement.specifier.contains(found, prereleases=True):
                outside.append(f"{requirement.name} {found} ({requirement.specifier})")
        install = f"pip install '{DISTRIBUTION}[{extra}]'"
        if missing:
            names = ", ".join(missing)
            yield Finding("note", f"Not installed: {names}. They are for {purpose}.", install)
        if outside:
            names = ", ".join(outside)
            yield Finding("note", f"Not tried in this version: {names}, for {purpose}.", install)
        if wanted and not missing and not outside:
            yield Finding("ok", f"[{extra}]: {purpose}")


def _requirements(facts: Facts, extra: str) -> list[Requirement]:
    """Return what is asked for without any extra (""), or by one extra alone."""
    found = []
    for line in facts.requirements:
        requirement = Requirement(line)
        marker = requirement.marker
        base = marker is None or marker.evaluate({"extra": ""})
        if base if not extra else not base and marker and marker.evaluate({"extra": extra}):
            requirement.marker = None
            found.append(requirement)
    return found


def check_imports(facts: Facts) -> Iterator[Finding]:
    """Say which libraries are installed and do not work."""
    for name, reason in facts.failures.items():
        package = _NEEDS.get(name, "spacy")
        if package not in facts.versions:
            continue  # missing is another finding than broken
        if name == "trainer" and "accelerate" not in facts.versions:
            continue
        fix = f"pip install --force-reinstall --no-deps {package}=={facts.versions[package]}"
        if blamed := _FACTORY.search(reason):
            other = blamed["package"]
            fix = f"pip install --force-reinstall --no-deps {other}, or pip uninstall {other}"
        elif any(sign in reason for sign in _OTHER_NUMPY):
            fix = _ABI_OF_OTHERS if name in _NEEDS else _ABI
        yield Finding("breaks", f"{_BROKEN[name]}: {reason}", fix)


def check_torch(facts: Facts) -> Iterator[Finding]:
    """Compare the build of torch with the machine."""
    if "torch" not in facts.versions:
        return
    build = facts.versions["torch"]
    cuda = facts.cuda
    if cuda is None:  # it cannot be imported
        # PyPI's build for Linux has no suffix, and brings libraries of CUDA as packages.
        cuda = "+cu" in build or ("+" not in build and any(map(_is_cuda_library, facts.versions)))
    if cuda and not facts.gpu and facts.system == "Linux":
        plain = build.split("+")[0]
        yield Finding(
            "note",
            f"torch {build} is the CUDA build and there is no NVIDIA GPU: gigabytes for nothing.",
            # A version without a suffix would be satisfied by what is installed.
            f"pip install --force-reinstall --no-deps torch=={plain}+cpu --index-url "
            "https://download.pytorch.org/whl/cpu, then pip uninstall the nvidia-* packages",
        )
    if facts.gpu and not cuda:
        yield Finding(
            "note",
            f"torch {build} does not know this machine's GPU.",
            "pip install --force-reinstall torch from https://pytorch.org for your CUDA version",
        )
    if facts.gpu and cuda and not any(name.startswith("cupy") for name in facts.versions):
        yield Finding(
            "note",
            "CuPy is missing: 'spacy train --gpu-id 0' needs it beside torch. Prediction does not.",
            "pip install cupy-cuda13x, or cupy-cuda12x where torch.version.cuda is 12; "
            'or device = "cuda" in [components.transformer.model]',
        )


def _is_cuda_library(name: str) -> bool:
    return name.startswith("nvidia-") and name != "nvidia-ml-py"


def check_precision(facts: Facts) -> Iterator[Finding]:
    """Say in which number formats encoders compute here."""
    if facts.vnni is False and not {"openvino", "onnxruntime"}.isdisjoint(facts.versions):
        yield Finding(
            "note",
            "This processor does not multiply 8-bit numbers (no VNNI): pipelines exported with 8 "
            "bits, such as en_blurb_sm, compute them as float32, several times slower.",
        )
    if facts.bf16 is None:
        return
    if facts.bf16:
        yield Finding("ok", "bfloat16 is fast here; the encoder uses it.")
    else:
        yield Finding(
            "note",
            "No fast bfloat16 in this processor (no AMX): the encoder computes in float32. "
            "Results are the same or closer to the paper's.",
        )


def check_folders(facts: Facts) -> Iterator[Finding]:
    """Look at where data are said to be."""
    data = facts.environ.get("BLURB_DATA")
    if data is None:
        yield Finding("note", "BLURB_DATA is not set: tests on real data sets are skipped.")
    elif not Path(data).is_dir():
        yield Finding(
            "breaks",
            f"BLURB_DATA is {data!r}, and there is no such folder.",
            "set it to the folder that holds a folder per data set, or unset it",
        )
    else:
        yield Finding("ok", f"BLURB_DATA: {data}")
    if "nltk" in facts.versions and facts.punkt is False:
        yield Finding(
            "note",
            "NLTK's punkt_tab model is not found: 'convert chemprot' from the originals stops.",
            "python -m nltk.downloader punkt_tab, or set NLTK_DATA to a folder that holds "
            "tokenizers/punkt_tab",
        )


_CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    check_python,
    check_requirements,
    find_traps,
    check_imports,
    check_extras,
    check_torch,
    check_precision,
    check_folders,
)


def examine(facts: Facts) -> list[Finding]:
    """Run all checks."""
    return [finding for check in _CHECKS for finding in check(facts)]
