"""Which encoders do results say that they come from?"""

import re
from collections.abc import Sequence

from .grid import SEED
from .result_files import Result


def stated_encoders(results: Sequence[Result]) -> list[str]:
    """Return the names of the encoders of results; what a result does not state is not compared.

    A grid can have an encoder for each seed, such as "pubmed-s{seed}". Results of earlier versions
    do not state it: "pubmed-s0" of seed 0 and "pubmed-s1" of seed 1 are one, so is the same name.
    Of one name there are several where the files differ, as after the encoder was trained again.
    """
    stated = [result for result in results if result.encoder]
    common = set.intersection(*map(_patterns, stated)) if stated else set()
    # The same name for all seeds is the plainest of the patterns that fit.
    names = {min(common, key=lambda name: (name.count(SEED), name))} if common else set()
    # Of a pattern that a grid states, or else by its plain name.
    names = names or {str(r.settings.get("encoder_pattern") or r.encoder) for r in stated}
    return sorted(label for name in names for label in _by_files(name, stated))


def _patterns(result: Result) -> set[str]:
    """Return an encoder's name, and with the seed in it at one place or at all of them."""
    if pattern := result.settings.get("encoder_pattern"):
        return {str(pattern)}
    name, seed = str(result.encoder), str(result.seed)
    places = list(re.finditer(rf"(?<!\d){re.escape(seed)}(?!\d)", name))
    single = {name[: place.start()] + SEED + name[place.end() :] for place in places}
    return {name, *single, re.sub(rf"(?<!\d){re.escape(seed)}(?!\d)", SEED, name)}


def _by_files(name: str, results: Sequence[Result]) -> list[str]:
    """Return an encoder's name, with the beginning of each hash where its files differ."""
    own = [r for r in results if r.encoder_sha256 and name in _patterns(r)]
    # With one encoder per seed, files are compared within a seed.
    of_seed: dict[object, set[str]] = {}
    for result in own:
        key = result.seed if SEED in name else None
        of_seed.setdefault(key, set()).add(str(result.encoder_sha256)[:12])
    differing = sorted({sha for found in of_seed.values() if len(found) > 1 for sha in found})
    return [f"{name} ({sha})" for sha in differing] or [name]
