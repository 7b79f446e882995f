"""Does text for pretraining hold evaluation data? Runs of words that both have, counted.

    python results/pretraining/overlap.py --texts FILE,FILE… --corpora FOLDER… --json COUNTS.json
        [--titles LIST.txt | --exclude LIST.txt]

Compares the dev and test splits of converted corpora with the documents that `corpus` takes from
files. A document overlaps with a text if both have the same 13 words in a row, letter case and
punctuation aside (Brown et al. 2020, appendix C). LIST.txt gets the first sentence of each such
document, for `text.exclude_titles` of a pretraining config. A second call with --exclude compares
what `corpus` keeps with such a list, and is the proof: it ends with 1 if anything is found.

Convert with the texts as they are (`--form original` for ChemProt and DDI): of a text with dummies
in the place of its entities (GAD) only the runs between them can be found.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from rich.progress import track
from spacy.tokens import DocBin

from spacy_blurb.annotations.questions import doc_questions
from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import TextConfig
from spacy_blurb.pretraining.prepared import describe_files, prepare_files
from spacy_blurb.pretraining.selection import read_split, select_documents
from spacy_blurb.pretraining.text import Document
from spacy_blurb.pretraining.workers import Workers

RUN = 13
_WORD = re.compile(r"@[\w-]+\$|[^\W_]+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Runs:
    """Hashes of all runs of words of texts; a dummy such as @GENE$ is in none."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self._words: dict[str, np.uint64] = defaultdict(
            lambda: generator.integers(1, 2**64, dtype=np.uint64)
        )

    def of(self, text: str) -> NDArray[np.uint64]:
        """RETURNS (ndarray): A hash per run, shape (words - 12 or fewer,)."""
        words = _WORD.findall(text.lower())
        is_dummy = np.fromiter((word[0] == "@" for word in words), bool, len(words))
        values = np.fromiter(map(self._words.__getitem__, words), np.uint64, len(words))
        n_runs = len(values) - RUN + 1
        if n_runs < 1:
            return np.zeros(0, dtype=np.uint64)
        hashes, broken = np.zeros(n_runs, dtype=np.uint64), np.zeros(n_runs, dtype=bool)
        for place in range(RUN):
            hashes = hashes * _FACTOR + values[place : place + n_runs]
            broken |= is_dummy[place : place + n_runs]
        return hashes[~broken]


def read_texts(corpus: Path) -> dict[str, list[str]]:
    """Return the texts of dev and test, a question's with it."""
    vocab = spacy.blank("en").vocab
    texts = {}
    for split in ("dev", "test"):
        path = corpus / f"{split}.spacy"
        if path.exists():
            docs = DocBin().from_disk(path).get_docs(vocab)
            texts[split] = [
                text for d in docs for text in (d.text, *(q.question for q in doc_questions(d)))
            ]
    if not texts:
        sys.exit(f"{corpus} has neither dev.spacy nor test.spacy.")
    return texts


def read_kept(paths: Iterable[Path], exclude: Path | None) -> Iterator[Document]:
    """Yield the documents that `corpus` keeps, with a list as its `text.exclude_titles` or none."""
    lists = (str(exclude),) if exclude else ()
    config = TextConfig(tuple(map(str, paths)), held_out=0.0, exclude_titles=lists)
    with tempfile.TemporaryDirectory(prefix="spacy-blurb-overlap-") as folder:
        with Workers(0) as workers:
            files = describe_files(config, workers, Path(folder))
            prepare_files(files, workers, print)
        selection = select_documents(files, config)
        yield from read_split(files, selection, "train")


def find(
    documents: Iterable[Document], evaluation: dict[str, NDArray[np.uint64]], runs: Runs
) -> tuple[int, dict[str, dict[str, int]], list[str]]:
    """Compare all documents.

    evaluation (dict): Split's name → sorted hashes.
    RETURNS (tuple): Documents read; split's name → documents and runs found; first sentences.
    """
    everything = np.unique(np.concatenate(list(evaluation.values())))
    found = {name: {"documents": 0, "runs": 0} for name in evaluation}
    titles, n_documents = [], 0
    for sentences in track(documents, description="Comparing"):
        n_documents += 1
        hashes = np.unique(runs.of(" ".join(sentences)))
        shared = hashes[_is_in(hashes, everything)]
        if not len(shared):
            continue
        titles.append(sentences[0])
        for name, own in evaluation.items():
            n_runs = int(_is_in(shared, own).sum())
            found[name]["documents"] += bool(n_runs)
            found[name]["runs"] += n_runs
    return n_documents, found, titles


def _is_in(hashes: NDArray[np.uint64], table: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """As numpy's `isin`, which would sort the table at every call."""
    if not len(table):
        return np.zeros(len(hashes), dtype=bool)
    places = np.minimum(np.searchsorted(table, hashes), len(table) - 1)
    found: NDArray[np.bool_] = table[places] == hashes
    return found


def main(arguments: Iterable[str] | None = None) -> int:
    """Compare, write, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--texts", required=True, help="commas between")
    parser.add_argument("--corpora", nargs="+", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--titles", type=Path, help="list to write")
    group.add_argument("--exclude", type=Path, help="list of documents to leave out")
    given = parser.parse_args(arguments)
    runs, evaluation, counts = Runs(), {}, {}
    for corpus in given.corpora:
        for split, texts in read_texts(corpus).items():
            name = f"{corpus.name} {split}"
            evaluation[name] = np.unique(np.concatenate([runs.of(text) for text in texts]))
            counts[name] = {"texts": len(texts), "runs": len(evaluation[name])}
    paths = [Path(name) for name in given.texts.split(",")]
    documents = read_kept(paths, given.exclude)
    n_documents, found, titles = find(documents, evaluation, runs)
    report: dict[str, Any] = {
        "run": RUN,
        "texts": [path.name for path in paths],
        "without_listed": given.exclude is not None,
        "documents": n_documents,
        "overlapping": len(titles),
        "evaluation": {
            name: {**counts[name], "shared_runs": row["runs"], "documents": row["documents"]}
            for name, row in found.items()
        },
    }
    given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if given.titles:
        given.titles.write_text("".join(f"{title}\n" for title in titles), encoding="utf-8")
    for name, row in report["evaluation"].items():
        print(f"{name}: {row['documents']} documents, {row['shared_runs']} of {row['runs']} runs")
    print(f"{len(titles)} of {n_documents} documents overlap.")
    return int(bool(titles) and not given.titles)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BlurbError as error:
        sys.exit(f"✘ {error}")
