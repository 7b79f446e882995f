"""A user's own files in every format: convert, train, evaluate, with no code."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)
from spacy_blurb.annotations import gold_entities
from spacy_blurb.data.docbin import read_docbin

from .howtos import run

# Title, abstract, and what is to be found in them.
Document = tuple[str, str, list[tuple[str, str]]]
DOCUMENTS: list[Document] = [
    ("aspirin causes fever", "fever in rats", [("aspirin", "Drug"), ("fever", "Disease")]),
    ("naloxone in rats", "naloxone reduces hypertension", [("naloxone", "Drug")]),
    ("hypertension", "rats in rats", [("hypertension", "Disease")]),
    ("no entity here", "rats", []),
    ("fever reduces aspirin", "in rats", [("aspirin", "Drug"), ("fever", "Disease")]),
    ("naloxone", "causes hypertension", [("naloxone", "Drug"), ("hypertension", "Disease")]),
]


def mentions(document: Document) -> list[tuple[int, int, str]]:
    """The first occurrence of each, in text order."""
    title, abstract, found = document
    text = f"{title} {abstract}"
    return sorted((text.index(w), text.index(w) + len(w), label) for w, label in found)


def write_conll(folder: Path, documents: list[Document]) -> Path:
    lines = []
    for document in documents:
        offset, labels = 0, {start: label for start, _, label in mentions(document)}
        for word in f"{document[0]} {document[1]}".split(" "):
            tag = f"B-{labels[offset]}" if offset in labels else "O"
            lines.append(f"{word}\t{tag}")
            offset += len(word) + 1
        lines.append("")
    return save(folder / "a.tsv", "\n".join(lines))


def write_pubtator(folder: Path, documents: list[Document]) -> Path:
    lines = []
    for number, document in enumerate(documents, start=1):
        title, abstract, _ = document
        text = f"{title} {abstract}"
        lines += [f"{number}|t|{title}", f"{number}|a|{abstract}"]
        for start, end, label in mentions(document):
            lines.append(f"{number}\t{start}\t{end}\t{text[start:end]}\t{label}")
        lines.append("")
    return save(folder / "a.txt", "\n".join(lines))


def bioc_documents(documents: list[Document]) -> list[dict]:
    return [
        {
            "id": str(number),
            "passages": [
                {"offset": 0, "text": document[0]},
                {"offset": len(document[0]) + 1, "text": document[1]},
            ],
            "annotations": [
                {
                    "id": str(n),
                    "infons": {"type": label},
                    "locations": [{"offset": start, "length": end - start}],
                }
                for n, (start, end, label) in enumerate(mentions(document))
            ],
        }
        for number, document in enumerate(documents, start=1)
    ]


def write_bioc_json(folder: Path, documents: list[Document]) -> Path:
    return save(folder / "a.json", json.dumps({"documents": bioc_documents(documents)}))


def write_bioc_xml(folder: Path, documents: list[Document]) -> Path:
    xml = "<collection>"
    for document in bioc_documents(documents):
        xml += f"<document><id>{document['id']}</id>"
        for passage in document["passages"]:
            xml += f"<passage><offset>{passage['offset']}</offset><text>{passage['text']}</text>"
            xml += "</passage>"
        for annotation in document["annotations"]:
            (place,) = annotation["locations"]
            xml += f"<annotation id='{annotation['id']}'><infon key='type'>"
            xml += f"{annotation['infons']['type']}</infon><location offset='{place['offset']}' "
            xml += f"length='{place['length']}'/></annotation>"
        xml += "</document>"
    return save(folder / "a.xml", f"{xml}</collection>")


def write_brat(folder: Path, documents: list[Document]) -> Path:
    for number, document in enumerate(documents, start=1):
        text = f"{document[0]} {document[1]}"
        lines = [
            f"T{n}\t{label} {start} {end}\t{text[start:end]}\n"
            for n, (start, end, label) in enumerate(mentions(document), start=1)
        ]
        save(folder / "brat" / f"{number}.txt", text)
        save(folder / "brat" / f"{number}.ann", "".join(lines))
    return folder / "brat"


def write_jsonl(folder: Path, documents: list[Document]) -> Path:
    keys = ("start", "end", "label")
    rows = [
        {
            "id": str(number),
            "text": f"{document[0]} {document[1]}",
            "entities": [dict(zip(keys, mention, strict=True)) for mention in mentions(document)],
        }
        for number, document in enumerate(documents, start=1)
    ]
    return save(folder / "a.jsonl", "\n".join(map(json.dumps, rows)))


def save(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


WRITERS: dict[str, tuple[str, Callable[[Path, list[Document]], Path]]] = {
    "conll": ("conll", write_conll),
    "pubtator": ("pubtator", write_pubtator),
    "bioc_xml": ("bioc", write_bioc_xml),
    "bioc_json": ("bioc", write_bioc_json),
    "brat": ("brat", write_brat),
    "jsonl": ("jsonl", write_jsonl),
}


def convert(name: str, folder: Path) -> Path:
    format_name, write = WRITERS[name]
    train, test = write(folder / "train", DOCUMENTS), write(folder / "test", DOCUMENTS[:3])
    out = folder / "corpus"
    output = run("blurb", "convert-own", format_name, train, out, "--test", test, "--dev", test)
    assert "train  6 Docs, 8 mentions, 0 not on token boundaries" in output
    return out


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path, project: Path) -> Path:
    """A pipeline from JSONL files, by commands alone."""
    folder = tmp_path_factory.mktemp("own")
    corpus = convert("jsonl", folder)
    settings = ["--base", project / "configs" / "ner.cfg", "--corpus", corpus]
    settings += ["--encoder", tiny_encoder, "--epochs", 1, "--batch-docs", 3]
    run("blurb", "init-config", "ner", folder / "own.cfg", *settings)
    run("train", folder / "own.cfg", "--output", folder)
    return folder / "model-best"


@pytest.mark.parametrize("name", WRITERS)
def test_own_files_convert_train_and_evaluate(tmp_path: Path, trained: Path, name: str) -> None:
    corpus = convert(name, tmp_path)
    vocab = spacy.blank("en").vocab
    # The same gold in all formats, so a pipeline that was trained on one was trained on all.
    for split, documents in (("train", DOCUMENTS), ("dev", DOCUMENTS[:3]), ("test", DOCUMENTS[:3])):
        docs = read_docbin(corpus / f"{split}.spacy", vocab)
        assert [gold_entities(doc) for doc in docs] == [mentions(d) for d in documents]
        assert [doc.text.strip() for doc in docs] == [f"{d[0]} {d[1]}" for d in documents]
    result = tmp_path / "result.json"
    output = run("blurb", "evaluate", trained, "ner", corpus / "test.spacy", "-o", result)
    assert "4 gold" in output
    found = json.loads(result.read_text(encoding="utf-8"))
    assert (found["task"], found["n"], found["gold"]) == ("ner", 3, 4)
    assert set(found["per_label"]) >= {"Drug", "Disease"}
    assert (tmp_path / found["predictions"]).is_file()


def test_relations_travel_with_the_docs(tmp_path: Path) -> None:
    row = json.loads(write_jsonl(tmp_path, DOCUMENTS[:1]).read_text(encoding="utf-8"))
    row["relations"] = [{"head": 0, "tail": 1, "label": "Causes"}]
    train = save(tmp_path / "b.jsonl", json.dumps(row))
    run("blurb", "convert-own", "jsonl", train, tmp_path, "--dev", train)
    (doc,) = read_docbin(tmp_path / "train.spacy", spacy.blank("en").vocab)
    assert doc.spans["blurb"].attrs["relations"] == [[0, 1, "Causes", ""]]


def test_a_label_for_no_relation_is_no_relation(tmp_path: Path) -> None:
    entities = [{"start": 0, "end": 1, "label": "A"}, {"start": 2, "end": 3, "label": "B"}]
    lines = [
        {"text": "a b", "entities": entities, "relations": [{"head": h, "tail": t, "label": label}]}
        for h, t, label in [(0, 1, "r"), (0, 1, "false"), (1, 1, "r"), (1, 0, "NONE")]
    ]
    path = save(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    arguments = ["blurb", "convert-own", "jsonl", str(path), str(tmp_path / "c")]
    arguments += ["--dev", str(path), "--none", "false"]
    result = CliRunner().invoke(app, [*arguments, "--none", "NONE"])
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "1 relations" in words
    assert "2 relations whose label means none" in words
    assert "1 relations of a mention with itself" in words
    result = CliRunner().invoke(app, [*arguments, "--none", "None"])
    assert result.exit_code == 1
    assert "B176" in result.output
    assert "NONE, false, r" in " ".join(result.output.split())


def test_pubtator_relations_are_counted_as_left_out(tmp_path: Path) -> None:
    path = write_pubtator(tmp_path, DOCUMENTS[:1])
    save(path, path.read_text(encoding="utf-8").rstrip() + "\n1\tCID\tC1\tD1\n")
    output = run("blurb", "convert-own", "pubtator", path, tmp_path, "--dev", path)
    assert output.count("1 relations between concepts") == 2


def test_the_howto_runs(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    howto = (project / "docs" / "howto" / "own_data.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"^`(\S+)`:\n\n```\w*\n(.*?)\n```$", howto, re.M | re.S):
        save(tmp_path / name, content)
    monkeypatch.chdir(tmp_path)
    shown = re.findall(r"^```\n\$ python -m spacy (.*?)\n(.*?)^```$", howto, re.M | re.S)
    assert len(shown) == len(WRITERS)
    for command, report in shown:
        assert run(*command.split()) == report


JUNK = {"empty": b"", "not UTF-8": b"\x80\x81\xff", "not text": b"\0\1\2\3"}


def convert_fails(format_name: str, source: Path, out: Path) -> str:
    arguments = ["blurb", "convert-own", format_name, str(source), str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert not out.exists()
    (line,) = result.output.strip().splitlines()
    return line


@pytest.mark.parametrize("kind", JUNK)
@pytest.mark.parametrize("format_name", ["conll", "pubtator", "bioc", "jsonl"])
def test_junk_is_one_line(tmp_path: Path, format_name: str, kind: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(JUNK[kind])
    line = convert_fails(format_name, path, tmp_path / "out")
    assert line.startswith("✘ [B1")
    assert str(path) in line


@pytest.mark.parametrize("kind", ["not UTF-8", "not text"])
def test_junk_in_a_brat_folder_is_one_line(tmp_path: Path, kind: str) -> None:
    save(tmp_path / "brat" / "a.txt", "text")
    (tmp_path / "brat" / "a.ann").write_bytes(JUNK[kind])
    assert "a.ann" in convert_fails("brat", tmp_path / "brat", tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "second", "first"),
    [
        ("pubtator", "\n2", "\n1"),
        ("bioc_xml", "<id>2<", "<id>1<"),
        ("bioc_json", '"id": "2"', '"id": "1"'),
        ("jsonl", '"id": "2"', '"id": "1"'),
    ],
)
def test_an_id_twice_is_one_line(tmp_path: Path, name: str, second: str, first: str) -> None:
    format_name, write = WRITERS[name]
    path = write(tmp_path, DOCUMENTS[:2])
    save(path, path.read_text(encoding="utf-8").replace(second, first))
    line = convert_fails(format_name, path, tmp_path / "out")
    assert "[B111] Two documents with the id '1'" in line
