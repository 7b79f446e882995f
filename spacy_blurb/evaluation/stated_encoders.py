"""Which encoders do results say that they come from?"""

import re
from collections.abc import Sequence

from .result_files import Result

_SEED = "{seed}"


def stated_encoders(results: Sequence[Result]) -> list[str]:
    """Return the names of the encoders of results; what a result does not state is not compared.

    A grid can have an encoder for each seed, such as "pubmed-s{seed}"; which name a grid gave is
    not in the result. "pubmed-s0" of seed 0 and "pubmed-s1" of seed 1 are one, so is the same name.
    Of one name there are several where the files differ, as after the encoder was trained again.
    """
    stated = [result for result in results if result.encoder]
    names = {_without_seed(result) for result in stated}
    if len(names) > 1:
        names = {str(result.encoder) for result in stated}
    return sorted(label for name in names for label in _by_files(name, stated))


def _without_seed(result: Result) -> str:
    pattern = rf"(?<!\d){re.escape(str(result.seed))}(?!\d)"
    return re.sub(pattern, _SEED, str(result.encoder))


def _by_files(name: str, results: Sequence[Result]) -> list[str]:
    """Return an encoder's name, with the beginning of each hash where its files differ."""
    own = [r for r in results if r.encoder_sha256 and name in (r.encoder, _without_seed(r))]
    # With one encoder per seed, files are compared within a seed.
    of_seed: dict[object, set[str]] = {}
    for result in own:
        key = result.seed if _SEED in name else None
        of_seed.setdefault(key, set()).add(str(result.encoder_sha256)[:12])
    differing = sorted({sha for found in of_seed.values() if len(found) > 1 for sha in found})
    return [f"{name} ({sha})" for sha in differing] or [name]
