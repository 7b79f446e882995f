"""How many documents have the id of an earlier one? Eight bytes for each, until the run is done.

PubMed's files hold an article once for each of its versions, and a folder may hold a file packed
beside itself. Of 40 million documents the hashes take 320 MB, on disk while the run lasts and in
memory at its end; the chance that two different ids have one hash is then 1 in 20,000.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

ID_BYTES = 8


def hash_ids(ids: Iterable[str]) -> bytes:
    """Return a hash of `ID_BYTES` for each id, one behind the other."""
    encoded = (own_id.encode("utf-8", "surrogatepass") for own_id in ids)
    return b"".join(hashlib.blake2b(name, digest_size=ID_BYTES).digest() for name in encoded)


def count_repeated(path: Path) -> int:
    """Return how many hashes of a file are equal to one before."""
    hashes = np.fromfile(path, dtype=f"u{ID_BYTES}")
    hashes.sort()
    return int(np.count_nonzero(hashes[1:] == hashes[:-1]))
