"""NCBI-disease (Dogan et al. 2014): 793 PubMed abstracts with disease mentions."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from ..formats.annotations import counted
from ..formats.pubtator import read_pubtator
from ..records import Mention, Record, Split
from .crichton import read_crichton
from .distribution import require_file

LABEL = "Disease"
_FILES = {
    "train": "NCBItrainset_corpus.txt",
    "dev": "NCBIdevelopset_corpus.txt",
    "test": "NCBItestset_corpus.txt",
}


def read_ncbi_disease(folder: Path, split: str, form: str) -> Split[Record]:
    """Read one split, by abstract from the original files or by sentence from the BLURB copy.

    The four mention classes of the original (SpecificDisease, DiseaseClass, Modifier,
    CompositeMention) become Disease. One training abstract is in the original file twice and is
    taken once, which gives the paper's 5,134 training mentions. Two of these stop a letter before
    the end of their word ("autosomal dominant disorde"); as in the BLURB copy they take the whole
    word, since no tokenizer should divide it.

    RAISES (BlurbError): B109 the file is missing, and what the format's reader raises.
    """
    if form == "blurb":
        return read_crichton(folder, split, task="ncbi_disease", label=LABEL)
    name = _FILES[split]
    path = require_file(
        folder, [f"original/{name}", name], task="ncbi_disease", form=form, anywhere=True
    )
    records: dict[str, Record] = {}
    left_out = Counter[str]()
    for record in read_pubtator(path, left_out=left_out):
        ends = [_word_end(record.text, mention.end) for mention in record.mentions]
        mentions = [
            Mention(m.start, end, LABEL) for m, end in zip(record.mentions, ends, strict=True)
        ]
        if record.id in records:
            left_out["repeated documents"] += 1
            continue
        records[record.id] = replace(record, mentions=tuple(mentions))
        if cut := sum(m.end != end for m, end in zip(record.mentions, ends, strict=True)):
            left_out["mentions that ended inside a word, extended to its end"] += cut
    return Split(list(records.values()), counted(left_out))


def _word_end(text: str, end: int) -> int:
    """Return the end of the word that a mention stops in, or its own end."""
    if text[end - 1].isalpha():
        while text[end : end + 1].isalpha():
            end += 1
    return end
