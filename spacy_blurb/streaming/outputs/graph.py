"""A graph of all documents: entities are nodes, relations and common documents are edges.

`nodes.csv`: id, label, name, mentions, documents. Mentions with one concept (`kb_id`) are one node;
without concepts those of one label that differ only in case and white space. The name is that of
the first mention.

`edges.csv`: source, target, type, documents, mentions, score, first_document. A relation has its
label for a type, its number of mentions and its highest probability. CO_MENTION joins two nodes
that are named in the same document, each pair once, the smaller id first.

The last step counts in an SQLite file beside the output, so memory does not grow with the graph.
"""

import csv
import errno
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import TextIOWrapper
from itertools import combinations
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..files import replaced_file
from ..rows import to_row
from .format import WorkFileFormat
from .jsonl import to_json

CO_MENTION = "CO_MENTION"

NODE_COLUMNS = ("id", "label", "name", "mentions", "documents")
EDGE_COLUMNS = ("source", "target", "type", "documents", "mentions", "score", "first_document")

_SCHEMA = """
create table nodes (id text primary key, label text, name text, mentions int, documents int)
without rowid;
create table edges (source text, target text, type text, documents int, mentions int, score real,
first_document text, primary key (source, target, type)) without rowid;
"""
_ADD_NODE = """
insert into nodes values (?, ?, ?, ?, 1) on conflict (id) do update set
mentions = mentions + excluded.mentions, documents = documents + 1
"""
_ADD_EDGE = """
insert into edges values (?, ?, ?, 1, ?, ?, ?) on conflict (source, target, type) do update set
documents = documents + 1, mentions = mentions + excluded.mentions,
score = max(score, excluded.score)
"""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


class GraphOutput(WorkFileFormat):
    """A folder with `nodes.csv` and `edges.csv`."""

    def files(self, output: Path) -> list[Path]:
        """Return the two tables."""
        return [output / "nodes.csv", output / "edges.csv"]

    def encode(self, docs: Sequence[Doc]) -> bytes:
        """Return a line per Doc: its id, its mentions, its relations."""
        return b"".join(to_json(_to_line(to_row(doc))) for doc in docs)

    def finish(self, work: Path, output: Path) -> None:
        """Count nodes and edges, and write them in the order of their ids.

        RAISES (OSError): The file in which they are counted cannot be written.
        """
        path = work.with_name(work.name + ".sqlite")
        path.unlink(missing_ok=True)
        output.mkdir(parents=True, exist_ok=True)
        graph = None
        try:
            graph = sqlite3.connect(path, isolation_level=None)
            # The file is made anew after an interruption, so nothing of it has to be safe.
            graph.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
            graph.execute("begin")
            with work.open("rb") as lines:
                for line in lines:
                    _count(graph, *json.loads(line))
            graph.execute("commit")
            nodes, edges = self.files(output)
            _write(nodes, NODE_COLUMNS, graph.execute("select * from nodes"))
            _write(edges, EDGE_COLUMNS, graph.execute("select * from edges"))
        except sqlite3.Error as error:  # the disk is full, for one
            raise OSError(errno.EIO, str(error), str(path)) from error
        finally:
            if graph is not None:
                graph.close()
            path.unlink(missing_ok=True)


def _to_line(row: dict[str, Any]) -> list[Any]:
    mentions = [*row["entities"], *row.get("pico", ())]
    nodes = [_to_node(mention) for mention in mentions]
    # What several label sets find is one mention.
    once = {(m["start"], m["end"], n[0]): n for m, n in zip(mentions, nodes, strict=True)}
    relations = [
        (nodes[r["head"]][0], nodes[r["tail"]][0], r["label"], r["score"])
        for r in row.get("relations", ())
    ]
    return [row["id"], list(once.values()), relations]


def _to_node(entity: dict[str, Any]) -> tuple[str, str, str]:
    name = " ".join(entity["text"].split())
    return entity.get("kb_id") or f"{entity['label']}:{name.casefold()}", entity["label"], name


def _count(
    graph: sqlite3.Connection, doc_id: str, nodes: list[list[str]], relations: list[list[Any]]
) -> None:
    mentions = Counter(node for node, _, _ in nodes)
    # Reversed, so that the first mention stays.
    named = {node: (label, name) for node, label, name in reversed(nodes)}
    graph.executemany(_ADD_NODE, [(node, *named[node], n) for node, n in mentions.items()])
    edges: dict[tuple[str, str, str], list[float]] = {}
    for head, tail, label, score in relations:
        edges.setdefault((head, tail, label), []).append(score)
    graph.executemany(_ADD_EDGE, _edge_rows(doc_id, edges))
    pairs = combinations(sorted(mentions), 2)
    graph.executemany(_ADD_EDGE, ((*pair, CO_MENTION, 1, None, doc_id) for pair in pairs))


def _edge_rows(
    doc_id: str, edges: dict[tuple[str, str, str], list[float]]
) -> Iterator[tuple[Any, ...]]:
    for key, scores in edges.items():
        yield (*key, len(scores), max(scores), doc_id)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with replaced_file(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows([safe_cell(value) for value in row] for row in rows)
        text.flush()
        text.detach()


def safe_cell(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula.

    Text that begins as one ("=1+1", "-omics") gets an apostrophe in front, and so does text that
    begins with one: whoever takes off one apostrophe has the text again.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
