"""Which pieces is text made of? Learn a WordPiece vocabulary, and read one back."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import BertWordPieceTokenizer, Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from ..data.formats.whole_files import write_whole
from ..errors import BlurbError, Errors, first_line
from .config import PretrainingConfig
from .folder_lock import lock_folder
from .prepared import TEXT_FOLDER, PreparedFile, Report, describe_files, prepare_files
from .selection import describe_selection, read_split, require_documents, select_documents
from .shards import read_manifest
from .text import Document
from .workers import Workers

PAD, UNK, CLS, SEP, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CONTINUES = "##"
MODEL_MAX_LENGTH = 512
TOKENIZER_FILES = (
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
NEEDED_FILES = ("tokenizer.json", "tokenizer_config.json")
"""Of these; transformers 5 saves no others."""
MODEL_FILES = ("config.json", "model.safetensors", "pytorch_model.bin")
MAX_ALPHABET = 1000  # as in the tokenizers library; rarer characters become [UNK]
VOCAB_VERSION = 1
"""Goes up when the same text and settings give another vocabulary."""
RECORD = "learnt_from.json"
"""Beside the tokenizer: what it was learnt from, so that the same is not learnt twice."""


@dataclass(frozen=True)
class VocabCounts:
    """What a vocabulary was learnt from, and what came out.

    documents (int): Training documents read.
    asked (int): Pieces asked for.
    reached (int): Pieces in the vocabulary; fewer where the text has too few words.
    """

    documents: int
    asked: int
    reached: int


@dataclass(frozen=True)
class Pieces:
    """A vocabulary, as the making of rows and masks needs it.

    tokenizer (Tokenizer): Cuts text into pieces.
    cls_id, sep_id, mask_id (int): Ids of special pieces.
    is_special (NDArray[bool]): By piece id, true for special pieces and for ids without a piece.
        Shape: (n_pieces,)
    continues (NDArray[bool]): By piece id, true where the piece continues a word (`##`).
        Shape: (n_pieces,)
    """

    tokenizer: Tokenizer
    cls_id: int
    sep_id: int
    mask_id: int
    is_special: NDArray[np.bool_]
    continues: NDArray[np.bool_]


def train_vocab(
    config: PretrainingConfig, report: Report = lambda line: None, *, overwrite: bool = False
) -> VocabCounts:
    """Learn a WordPiece vocabulary from the training documents and save it as a tokenizer folder.

    These are the documents that `corpus` makes shards of: filtered, without repetitions, without
    those held out. `AutoTokenizer` loads the folder. The same text gives the same file, and one
    that was learnt from the same text with the same settings is not learnt again.

    config (PretrainingConfig): Uses its sections `text`, `vocab` and `corpus`.
    report (Callable[[str], None]): Takes lines about the reading of text.
    overwrite (bool): Replace a vocabulary that the finished corpus in `corpus.folder` uses, or one
        that this did not learn.
    RETURNS (VocabCounts): What was read and reached.
    RAISES (BlurbError): B205 a file is missing, B213 a model lies in the vocabulary's folder, B215
        a finished corpus uses the vocabulary that is there, which is another one, B218 a tokenizer
        that this did not learn lies there, B227 no document is left, B247 another process reads
        into the corpus's folder, and what `read_source` raises.
    """
    output, folder = Path(config.vocab.folder), Path(config.corpus.folder)
    if holds_model(output):
        raise BlurbError(Errors.B213.format(folder=output))
    is_ours = (output / RECORD).is_file()
    others = not is_ours and any((output / name).is_file() for name in TOKENIZER_FILES)
    if others and not overwrite:
        raise BlurbError(Errors.B218.format(folder=output))
    with (
        lock_folder(folder, "corpus.folder"),
        Workers(config.corpus.n_processes) as workers,
    ):
        files = describe_files(config.text, workers, folder / TEXT_FOLDER)
        settings = _describe_settings(config, files)
        if (counts := _read_finished(output, settings)) is not None:
            report(f"{output} holds this vocabulary: nothing to do")
            return counts
        prepare_files(files, workers, report)
    pieces, n_documents = _learn(config, files)
    manifest = read_manifest(folder) if (output / "tokenizer.json").is_file() else None
    # Known only now: other text can give the same pieces, and then nothing is lost.
    fits = manifest is None or manifest["tokenizer"] == hash_tokenizer(
        _build_tokenizer(pieces, config.vocab.lowercase)
    )
    if not fits and not overwrite:
        raise BlurbError(Errors.B215.format(folder=output, corpus=folder))
    counts = VocabCounts(documents=n_documents, asked=config.vocab.size, reached=len(pieces))
    # A vocabulary that a kill has cut is vouched for by none, is learnt again and still is ours.
    write_whole(output / RECORD, json.dumps({"settings": settings}, indent=2) + "\n")
    _save_tokenizer(output, pieces, config.vocab.lowercase)
    vouched = {"settings": settings, "tokenizer": _hash_folder(output), "counts": asdict(counts)}
    write_whole(output / RECORD, json.dumps(vouched, indent=2) + "\n")
    return counts


def _describe_settings(config: PretrainingConfig, files: list[PreparedFile]) -> dict[str, Any]:
    """Describe all that a vocabulary depends on."""
    return {
        **describe_selection(config.text, files),
        "vocab.size": config.vocab.size,
        "vocab.lowercase": config.vocab.lowercase,
        "version": VOCAB_VERSION,
    }


def _read_finished(folder: Path, settings: dict[str, Any]) -> VocabCounts | None:
    """Return the counts of a vocabulary that is there, was learnt from this and is unchanged."""
    path = folder / RECORD
    if not path.is_file() or any(not (folder / name).is_file() for name in TOKENIZER_FILES):
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["settings"] != settings or record["tokenizer"] != _hash_folder(folder):
            return None
        return VocabCounts(**record["counts"])
    except (ValueError, KeyError, TypeError):
        return None  # a bad copy: learnt anew


def _hash_folder(folder: Path) -> str:
    return hash_tokenizer(read_tokenizer(folder))


def _learn(config: PretrainingConfig, files: list[PreparedFile]) -> tuple[list[str], int]:
    """Return the pieces in the order of their ids, and of how many documents they were learnt."""
    selection = select_documents(files, config.text)
    require_documents(files, selection, "train")
    lowercase = config.vocab.lowercase
    n_documents, alphabet = _read_alphabet(read_split(files, selection, "train"), lowercase)
    # The library numbers the characters that continue a word in the order of a hash map that
    # changes from run to run, and breaks ties between equally frequent pairs by number. Listed
    # beside the special pieces they get their numbers first.
    splitter = BertPreTokenizer()
    inner = [c for c in alphabet if len(splitter.pre_tokenize_str("a" + c)) == 1]
    learner = BertWordPieceTokenizer(lowercase=lowercase)
    learner.train_from_iterator(
        (sentence for document in read_split(files, selection, "train") for sentence in document),
        vocab_size=config.vocab.size,
        limit_alphabet=len(alphabet),
        initial_alphabet=alphabet,
        special_tokens=[*SPECIAL, *(CONTINUES + c for c in inner)],
        show_progress=False,
    )
    ids = learner.get_vocab(with_added_tokens=True)
    return sorted(ids, key=ids.__getitem__), n_documents


def _build_tokenizer(pieces: list[str], lowercase: bool) -> BertWordPieceTokenizer:
    ids = {piece: number for number, piece in enumerate(pieces)}
    return BertWordPieceTokenizer(ids, lowercase=lowercase)


def read_pieces(folder: Path) -> Pieces:
    """Read the vocabulary of a tokenizer folder.

    folder (Path): A folder with a WordPiece `tokenizer.json`.
    RETURNS (Pieces): The vocabulary.
    RAISES (BlurbError): B206 no tokenizer there, B211 not a tokenizer of BERT's kind, B214 a model
        without all of its tokenizer.
    """
    if missing := [name for name in NEEDED_FILES if not (folder / name).is_file()]:
        message = Errors.B214 if holds_model(folder) else Errors.B206
        raise BlurbError(message.format(folder=folder, missing=", ".join(missing)))
    tokenizer = read_tokenizer(folder)
    vocab = tokenizer.get_vocab(with_added_tokens=True)
    # Ids can have holes, which are no targets and come in the place of no other piece.
    is_special = np.ones(max(vocab.values()) + 1, dtype=bool)
    is_special[list(vocab.values())] = False
    is_special[[vocab[piece] for piece in SPECIAL]] = True
    continues = np.zeros(len(is_special), dtype=bool)
    continues[[number for piece, number in vocab.items() if piece.startswith(CONTINUES)]] = True
    return Pieces(tokenizer, vocab[CLS], vocab[SEP], vocab[MASK], is_special, continues)


def holds_model(folder: Path) -> bool:
    """Tell whether there is a model in Hugging Face's format in a folder."""
    return any((folder / name).is_file() for name in MODEL_FILES)


def read_tokenizer(folder: Path) -> Tokenizer:
    """Load the WordPiece tokenizer of a folder, without the truncation and padding set in it.

    folder (Path): A folder with a `tokenizer.json`.
    RAISES (BlurbError): B206 no tokenizer there, B217 a damaged one, B211 not a tokenizer of BERT's
        kind.
    """
    if not (folder / "tokenizer.json").is_file():
        raise BlurbError(Errors.B206.format(folder=folder, missing="tokenizer.json"))
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # it has no other
        reason = first_line(error)
        raise BlurbError(Errors.B217.format(folder=folder, reason=reason)) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocab = tokenizer.get_vocab(with_added_tokens=True)
    if absent := [piece for piece in SPECIAL if piece not in vocab]:
        raise BlurbError(Errors.B211.format(folder=folder, absent=", ".join(absent)))
    return tokenizer


def hash_tokenizer(tokenizer: Tokenizer | BertWordPieceTokenizer) -> str:
    """Return the SHA-256 of all that decides how text is cut into pieces, in hexadecimal.

    tokenizer (Tokenizer): Of `read_pieces`, or one without truncation and padding.
    """
    return hashlib.sha256(tokenizer.to_str().encode("utf-8")).hexdigest()


def _read_alphabet(documents: Iterable[Document], lowercase: bool) -> tuple[int, list[str]]:
    """Count documents, and list the most frequent characters after normalising, sorted."""
    raw = np.zeros(0x110000, dtype=np.int64)  # one place per Unicode code point
    n_documents = 0
    for document in documents:
        n_documents += 1
        points = np.frombuffer("".join(document).encode("utf-32-le"), dtype="<u4")
        found = np.bincount(points)
        raw[: len(found)] += found
    normalizer = BertNormalizer(lowercase=lowercase)
    counts: Counter[str] = Counter()
    for point in np.flatnonzero(raw):
        for character in normalizer.normalize_str(chr(point)):
            if not character.isspace():
                counts[character] += int(raw[point])
    frequent = sorted(counts, key=lambda character: (-counts[character], character))
    return n_documents, sorted(frequent[:MAX_ALPHABET])


def _save_tokenizer(folder: Path, pieces: list[str], lowercase: bool) -> None:
    """Write the files by hand: their form is the same for transformers 4 and 5."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    # Not its own `save`, which fails with a bare Exception.
    content = _build_tokenizer(pieces, lowercase).to_str(pretty=True)
    (folder / "tokenizer.json").write_text(content, encoding="utf-8")
    named = dict(zip(("pad", "unk", "cls", "sep", "mask"), SPECIAL, strict=True))
    special = {f"{name}_token": piece for name, piece in named.items()}
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": lowercase,
        "model_max_length": MODEL_MAX_LENGTH,
        **special,
    }
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "special_tokens_map.json", special)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
