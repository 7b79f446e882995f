"""A thousand mutated inputs: none stops the run, each bad one is listed, the rest annotated."""

import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from spacy.language import Language

from .streams import docbin_bytes, pubmed_xml, read_rows, run

N_INPUTS = 1_000
JUNK = [b"<", b"&lol;", b"]]>", b"<!--", b"<![CDATA[", b"\xff\xfe", b"\x00", b'"', b"{", b"\\ud800"]
JUNK += [
    "😀\u202e\u0301\u2028".encode(),
    b"<PubmedArticle>",
    b"\xed\xa0\x80",
    b"[" * 2000,
    b"1e999",
]
JSON_LINES = [
    json.dumps({"id": f"d{n}", "text": f"aspirin {n} β😀 fever", "k": {"n": [1.5, None]}}).encode()
    for n in range(5)
]
ARTICLES = [(f"d{n}", f"Fever {n}", f"aspirin &amp; fever <i>β</i> {n}") for n in range(5)]


def mutate(record: bytes, generator: random.Random) -> bytes:
    """Overwrite, cut out or insert bytes, one to three times."""
    for _ in range(generator.randint(1, 3)):
        at = generator.randrange(len(record) + 1)
        length = generator.choice([1, 1, 2, 5, 20])
        kind = generator.randrange(4)
        new = generator.choice(JUNK) if kind == 0 else generator.randbytes(length)
        keep = b"" if kind == 1 else new
        record = record[:at] + keep.replace(b"\n", b" ") + record[at + (kind > 0) * length :]
    return record


def make_jsonl(generator: random.Random) -> tuple[bytes, set[str]]:
    """Five lines, one of them mutated; the ids of the others."""
    lines, bad = list(JSON_LINES), generator.randrange(5)
    lines[bad] = mutate(lines[bad], generator)
    return b"\n".join(lines) + b"\n", {f"d{n}" for n in range(5) if n != bad}


def make_xml(generator: random.Random) -> tuple[bytes, set[str]]:
    """Five articles, one of them mutated anywhere; the ids of the others."""
    content = pubmed_xml(ARTICLES)
    start, length = content.index(b"<PubmedArticle>"), len(b"<PubmedArticle>")
    articles = [
        b"<PubmedArticle>" + part for part in content[start + length :].split(b"<PubmedArticle>")
    ]
    bad = generator.randrange(5)
    end = b"</PubmedArticleSet>\n"
    articles[-1] = articles[-1].removesuffix(end)
    articles[bad] = mutate(articles[bad], generator)
    return content[:start] + b"".join(articles) + end, {f"d{n}" for n in range(5) if n != bad}


def make_truncated(generator: random.Random) -> tuple[bytes, set[str]]:
    """A compressed file without its end; nothing is known of what is left."""
    make = generator.choice([make_jsonl, make_xml])
    content = gzip.compress(make(generator)[0], mtime=0)
    return content[: generator.randrange(len(content))], set()


def make_docbin(generator: random.Random) -> tuple[bytes, set[str]]:
    return mutate(docbin_bytes(["aspirin", "fever"]), generator), set()


KINDS: dict[str, Callable[[random.Random], tuple[bytes, set[str]]]] = {
    ".jsonl": make_jsonl,
    ".xml": make_xml,
    ".jsonl.gz": make_truncated,
    ".xml.gz": make_truncated,
    ".spacy": make_docbin,
}
SHARES = [8, 8, 1, 1, 1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, set[str]]]:
    """The inputs, and for each the ids of documents that are not touched."""
    generator = random.Random(12)
    path, intact = tmp_path_factory.mktemp("fuzz"), {}
    for number in range(N_INPUTS):
        suffix = generator.choices(list(KINDS), SHARES)[0]
        content, ids = KINDS[suffix](generator)
        name = f"{number:04}{suffix}"
        (path / name).write_bytes(content)
        intact[name] = ids
    return path, intact


def test_mutated_inputs(
    tmp_path: Path, rules: Language, folder: tuple[Path, dict[str, set[str]]]
) -> None:
    source, intact = folder
    output = tmp_path / "out.jsonl"
    summary = run(rules, source, output, batch_size=100)
    assert summary.left_out == []
    reasons = read_rows(tmp_path / f"{output.name}.rejected.jsonl")
    assert all(set(row) == {"file", "record", "reason"} for row in reasons)
    assert all(row["reason"].startswith("[B") and row["record"] > 0 for row in reasons)
    assert summary.done.rejected == len(reasons) > N_INPUTS / 2
    rows = read_rows(output)
    assert len(rows) == summary.done.documents > 4 * N_INPUTS / 2
    for row in rows:
        for entity in row["entities"]:
            assert row["text"][entity["start"] : entity["end"]] == entity["text"]
    found = Counter(row["id"] for row in rows)
    wanted = Counter(doc_id for ids in intact.values() for doc_id in ids)
    assert all(found[doc_id] >= count for doc_id, count in wanted.items())


def test_each_input_by_itself(
    tmp_path: Path, rules: Language, folder: tuple[Path, dict[str, set[str]]]
) -> None:
    """Every untouched record is annotated, every input that another parser refuses is listed."""
    from spacy_blurb.streaming.batches import read_batches
    from spacy_blurb.streaming.inputs import list_inputs
    from spacy_blurb.streaming.items import START

    source, intact = folder
    files, _ = list_inputs(source, None)
    ids, listed = defaultdict(set), Counter()
    for batch in read_batches(files, START, 100):
        for item in batch.items:
            ids[item.file].add(item.id)
        listed.update(rejected.file for rejected in batch.rejected)
    refused = 0
    for file in files:
        assert intact[file.name] <= ids[file.name], file.name
        content = file.path.read_bytes()
        if file.name.endswith(".jsonl"):
            bad = sum(not is_document(line) for line in content.split(b"\n") if line.strip())
            assert listed[file.name] == bad, file.name
            refused += bad
        elif file.name.endswith(".gz"):
            assert listed[file.name] > 0, file.name
        elif file.name.endswith(".xml") and not is_xml(content):
            assert listed[file.name] > 0, file.name
            refused += 1
    assert refused > N_INPUTS / 2


def is_document(line: bytes) -> bool:
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=lambda name: 1 / 0)
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return type(row["text"]) is str and type(row.get("id", "")) in (str, int, type(None))
    except (ValueError, KeyError, TypeError, RecursionError, ZeroDivisionError, AttributeError):
        return False


def is_xml(content: bytes) -> bool:
    try:
        ElementTree.fromstring(content)
    except ElementTree.ParseError:
        return False
    return True
