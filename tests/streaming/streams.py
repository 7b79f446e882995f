"""What the tests of streams share: small inputs of every format, and one call."""

import gzip
import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_blurb.annotations import set_record
from spacy_blurb.streaming.run import Summary, annotate

TEXTS = [
    "aspirin causes fever",
    "naloxone reduces fever in rats",
    "nothing here",
    "β-aspirin 😀 und e\u0301 fever\u2028naloxone",
    "=aspirin, -fever",
    "fever fever aspirin",
    "rats",
]
SUFFIXES = {
    "jsonl": ".jsonl",
    "docbin": ".spacy",
    "pubtator": ".pubtator",
    "bioc": ".json",
    "graph": "",
}


def write_jsonl(path: Path, texts: Sequence[str], **more: Any) -> Path:
    rows = [{"id": f"d{n}", "text": text, **more} for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def pubmed_xml(articles: Sequence[tuple[str, str, str]]) -> bytes:
    """PMID, title and abstract of each article, in the shape of a baseline file."""
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD '
        'PubMedArticle, 1st January 2024//EN" "https://dtd.nlm.nih.gov/pubmed.dtd">\n'
        "<PubmedArticleSet>\n"
    ]
    for pmid, title, abstract in articles:
        parts.append(
            f'<PubmedArticle>\n<MedlineCitation Status="X">\n<PMID Version="1">{pmid}</PMID>\n'
            f"<Article><ArticleTitle>{title}</ArticleTitle>\n<Abstract><AbstractText>{abstract}"
            "</AbstractText></Abstract></Article>\n</MedlineCitation>\n<PubmedData><ArticleIdList>"
            f'<ArticleId IdType="pubmed">{pmid}</ArticleId></ArticleIdList></PubmedData>\n'
            "</PubmedArticle>\n"
        )
    return "".join([*parts, "</PubmedArticleSet>\n"]).encode("utf-8")


def docbin_bytes(texts: Sequence[str]) -> bytes:
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(text) for text in texts]
    for number, doc in enumerate(docs):
        set_record(doc, f"d{number}")
    return DocBin(docs=docs).to_bytes()


def compress(content: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(content, mtime=0)
    return lzma.compress(content) if suffix == ".xz" else content


def run(pipeline: Path | Language, source: Path, output: Path, **settings: Any) -> Summary:
    nlp = pipeline if isinstance(pipeline, Language) else spacy.load(pipeline)
    name = str(nlp.path or "")
    return annotate(nlp, name, source, output, **settings)


def read_rows(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def rejected(output: Path) -> list[tuple[str, int, str]]:
    """File, record and code of each rejected record."""
    rows = read_rows(output.with_name(output.name + ".rejected.jsonl"))
    return [(row["file"], row["record"], row["reason"][1:5]) for row in rows]


def read_everything(output: Path) -> dict[str, bytes]:
    """All files that an output consists of, those beside it too: name → content."""
    paths = [p for p in output.parent.rglob("*") if p.is_file()]
    return {p.relative_to(output.parent).as_posix(): p.read_bytes() for p in paths}
