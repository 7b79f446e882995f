"""Pieces per word of several vocabularies, the first beside the others.

    python benchmarks/vocabulary.py [--vocabulary NAME=FOLDER]... [--quick] --json FILE

`--vocabulary` names tokenizer folders. `pubmed`, which is compared with the others, and `general`
are learnt where no folder is given: by `spacy blurb vocab` from the folders of $BLURB_DATA with
these names, with configs/pretrain/small.toml and 30,522 pieces, as many as BERT has.

Text is what that config holds out of `pubmed`, and every BLURB data set in $BLURB_DATA: all splits,
each different text once. A word is what stands between white space. A saving is one minus the ratio
of pieces, and `ratios` are theirs over ours, larger is better for `pubmed`. Also cuts the terms of
Table 1 of arXiv 2007.15779.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from environment import describe_machine, list_versions
from tokenizers import Tokenizer

from spacy_blurb.data.datasets import READERS
from spacy_blurb.data.records import LabelledText, Question, Record, TextPair
from spacy_blurb.errors import BlurbError
from spacy_blurb.pretraining.config import PretrainingConfig, read_config
from spacy_blurb.pretraining.text import find_files, is_held_out, read_documents
from spacy_blurb.pretraining.vocab import hash_tokenizer, train_vocab

DATASETS = {
    "bc5cdr": ("bc5cdr", "original"),
    "ncbi_disease": ("ncbi_disease", "original"),
    "bc2gm": ("bc2gm", "original"),
    "jnlpba": ("jnlpba", "original"),
    "ebm_pico": ("ebm_nlp", "original"),
    "chemprot": ("chemprot", "original"),
    "ddi": ("ddi2013", "original"),
    "gad": ("gad", "original"),
    "biosses": ("biosses", "original"),
    "hoc": ("hoc", "original"),
    "pubmedqa": ("pubmedqa", "original"),
    "bioasq": ("bioasq", "original"),
}
"""Task → (folder under $BLURB_DATA, form). The other form is taken where that one is not there."""

TERMS = (
    "diabetes leukemia lithium insulin DNA promoter hypertension nephropathy lymphoma lidocaine "
    "oropharyngeal cardiomyocyte chloramphenicol RecA acetyltransferase clonidine naloxone"
)
"""Table 1 of arXiv 2007.15779; all of them are whole words for its own vocabulary."""

SPLITS = ("train", "dev", "test")


CONFIG = Path(__file__).parent.parent / "configs" / "pretrain" / "small.toml"
LEARNT = ("pubmed", "general")


def configure(data: Path, name: str, folder: Path) -> PretrainingConfig:
    """Return the settings of a vocabulary that is learnt here."""
    overrides = {
        "text.files": [str(data / name / "*.txt.xz")],
        "vocab.size": 30522,
        "vocab.folder": str(folder / name),
        "corpus.folder": str(folder / f"{name}-corpus"),
    }
    return read_config(CONFIG, overrides)


def load_tokenizers(arguments: list[str], data: Path, learnt: Path) -> dict[str, Tokenizer]:
    """Return the tokenizers by name, `pubmed` first; what is not given is learnt."""
    folders = {name: Path(folder) for name, _, folder in (a.partition("=") for a in arguments)}
    for name in LEARNT:
        if name not in folders:
            config = configure(data, name, learnt)
            train_vocab(config, print)
            folders[name] = Path(config.vocab.folder)
    return {
        name: _load(folders[name])
        for name in [*LEARNT, *(name for name in folders if name not in LEARNT)]
    }


def _load(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def read_texts(folder: Path, task: str, form: str, splits: Iterable[str]) -> Iterator[str]:
    """Yield the texts of a data set."""
    for split in splits:
        for record in READERS[task](folder, split, form).records:
            match record:
                case Record() | LabelledText():
                    yield record.text
                case TextPair():
                    yield record.first
                    yield record.second
                case Question():
                    yield record.question
                    yield record.context


def read_datasets(root: Path, quick: bool, notes: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (task, different texts), of the test splits if quick."""
    for task, (folder, form) in DATASETS.items():
        splits = ("test",) if quick else SPLITS
        forms = (form, "blurb")
        for number, tried in enumerate(forms):
            try:
                yield task, list(dict.fromkeys(read_texts(Path(root, folder), task, tried, splits)))
                break
            except BlurbError as error:
                if number == len(forms) - 1:
                    notes.append(f"{task} left out: {error}")


def count_pieces(tokenizers: dict[str, Tokenizer], texts: list[str]) -> dict[str, Any]:
    """Return words, pieces per word of each vocabulary, savings in percent and unknown pieces."""
    n_words = sum(len(text.split()) for text in texts)
    pieces, unknown = {}, {}
    for name, tokenizer in tokenizers.items():
        unk = tokenizer.token_to_id("[UNK]")
        encoded = [e.ids for e in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        pieces[name] = sum(map(len, encoded))
        unknown[name] = sum(ids.count(unk) for ids in encoded)
    ours, *others = tokenizers
    return {
        "texts": len(texts),
        "words": n_words,
        "pieces_per_word": {name: round(pieces[name] / n_words, 4) for name in tokenizers},
        "saved_percent": {n: round(100 * (1 - pieces[ours] / pieces[n]), 1) for n in others},
        "unknown_pieces": unknown,
    }


def cut_terms(tokenizers: dict[str, Tokenizer]) -> dict[str, dict[str, str]]:
    """Return term → vocabulary → its pieces, joined as the paper prints them."""
    return {
        term: {
            name: "-".join(
                piece.removeprefix("##")
                for piece in tokenizer.encode(term, add_special_tokens=False).tokens
            )
            for name, tokenizer in tokenizers.items()
        }
        for term in TERMS.split()
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--vocabulary", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--quick", action="store_true", help="test splits, one text file")
    parser.add_argument("--json", type=Path, required=True, help="where to write the result")
    args = parser.parse_args()
    if not (root := os.environ.get("BLURB_DATA")):
        sys.exit("BLURB_DATA is not set: this benchmark needs text of PubMed and data sets.")
    data = Path(root)
    with tempfile.TemporaryDirectory() as name:
        tokenizers = load_tokenizers(args.vocabulary, data, Path(name))
    text = configure(data, "pubmed", Path()).text
    files = find_files(text.files)[: 1 if args.quick else None]
    documents = (d for d in read_documents(files) if is_held_out(d, text.held_out))
    notes: list[str] = []
    runs = {"held-out text": count_pieces(tokenizers, [s for d in documents for s in d])}
    for task, texts in read_datasets(data, args.quick, notes):
        runs[task] = count_pieces(tokenizers, texts)
    ours, *others = tokenizers
    terms = cut_terms(tokenizers)
    result: dict[str, Any] = {
        "machine": describe_machine(),
        "versions": list_versions("tokenizers", "spacy-blurb"),
        "n": {
            "text files": [file.name for file in files],
            "held_out": text.held_out,
            "vocabularies": {
                name: {"pieces": t.get_vocab_size(), "sha256": hash_tokenizer(t)}
                for name, t in tokenizers.items()
            },
        },
        "runs": runs,
        "ratios": {
            f"{other}/{ours}/{text}": round(
                run["pieces_per_word"][other] / run["pieces_per_word"][ours], 3
            )
            for other in others
            for text, run in runs.items()
        },
        "terms": terms,
        "whole_terms": {
            name: sum("-" not in cut[name] for cut in terms.values()) for name in tokenizers
        },
        "notes": notes,
    }
    args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("runs", "whole_terms", "notes")}, indent=2))


if __name__ == "__main__":
    main()
