"""Versions that are known to break or slow something, as a table."""

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet

from .facts import Facts
from .findings import Finding, Level


@dataclass(frozen=True, slots=True)
class Trap:
    """Distributions that do not go together.

    versions (dict[str, str]): Name → specifier; it is sprung where all of them match.
    what (str): What it does; a name in braces stands for the installed version.
    """

    versions: dict[str, str]
    level: Level
    what: str
    fix: str


TRAPS = (
    Trap(
        {"transformers": ">=5", "spacy-transformers": "<1.5"},
        "breaks",
        "transformers {transformers}: spacy-transformers {spacy-transformers} cannot be imported "
        "with it, so no pipeline with a torch encoder loads.",
        "pip install 'transformers>=4.41,<4.53.3'",
    ),
    Trap(
        {"datasets": ">=5", "transformers": "<5"},
        "breaks",
        "datasets {datasets}: transformers {transformers} cannot import its Trainer with it, so "
        "'pretrain' does not start. spacy-blurb does not need datasets.",
        "pip uninstall datasets, or pip install 'datasets<5'",
    ),
    Trap(
        {"thinc": ">=9", "spacy": "<4"},
        "breaks",
        "thinc {thinc} is for spaCy 4; spacy-curated-transformers 2 brings it along.",
        "pip install 'thinc>=8.3.4,<8.4' 'spacy-curated-transformers<1'",
    ),
    Trap(
        {"spacy": "<3.8"},
        "breaks",
        "spaCy {spacy} is too old. medspacy (below Python 3.12) and spacy-experimental ask for it.",
        "pip install 'spacy>=3.8,<3.9'; keep those two in an environment of their own",
    ),
    Trap(
        {"typer": "<0.12"},
        "breaks",
        "typer {typer}: with a new click every 'spacy' command crashes. spacy-huggingface-hub asks "
        "for this typer.",
        "pip install -U typer; then pip install --no-deps spacy-huggingface-hub",
    ),
    Trap(
        {"cupy": ">=14", "numpy": "<2"},
        "breaks",
        "CuPy {cupy} needs numpy 2, and numpy {numpy} is installed, so --gpu-id does not work.",
        "pip install 'cupy-cuda12x==13.6.0', which goes with either numpy",
    ),
    Trap(
        {"scispacy": "<0.6"},
        "note",
        "scispaCy {scispacy} is what pip falls back to on Python 3.13; its nmslib does not build.",
        "use Python 3.12 or older for scispaCy; blurb_abbreviations needs none of it",
    ),
    Trap(
        {"scispacy": ">=0", "numpy": ">=2"},
        "note",
        "scispaCy asks for numpy below 2, and numpy {numpy} is installed. 'pip check' complains; "
        "abbreviations, tokenizer and linker were tried with it and work.",
        "nothing, or pip install 'numpy<2'",
    ),
)


def find_traps(facts: Facts) -> Iterator[Finding]:
    """Yield the traps that are sprung."""
    for trap in sprung_traps(facts):
        yield Finding(trap.level, trap.what.format_map(_versions(facts)), trap.fix)


def sprung_traps(facts: Facts) -> list[Trap]:
    """Return the traps of which all versions match."""
    found = _versions(facts)
    return [
        trap
        for trap in TRAPS
        if all(_matches(found.get(name), wanted) for name, wanted in trap.versions.items())
    ]


def _versions(facts: Facts) -> dict[str, str]:
    """Return all versions; CuPy has a distribution per CUDA version."""
    cupy = [version for name, version in facts.versions.items() if name.startswith("cupy-cuda")]
    return {**facts.versions, **({"cupy": cupy[0]} if cupy else {})}


def _matches(version: str | None, wanted: str) -> bool:
    return version is not None and SpecifierSet(wanted).contains(version, prereleases=True)
