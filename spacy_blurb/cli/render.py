"""`spacy blurb render`: an annotated file as a page to look at."""

from pathlib import Path
from typing import Annotated

import typer

from .app import command


@command("render")
def render(
    file: Annotated[Path, typer.Argument(help="A .spacy file, or JSONL from 'annotate'.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="FILE.html.")],
    limit: Annotated[int, typer.Option(min=1, help="Documents to show.")] = 100,
) -> None:
    """Write entities, PICO elements, relations, labels and answers as one HTML file.

    The page needs no network. All documents are counted, and it says how many are not shown.

    Example: python -m spacy blurb render corpus/ncbi_disease/dev.spacy -o dev.html
    """
    from spacy.vocab import Vocab

    from ..data.docbin import read_docbin
    from ..errors import BlurbError, Errors
    from ..render.from_docs import from_doc
    from ..render.from_jsonl import read_annotated
    from ..render.report import write_report

    if output.suffix.lower() not in (".html", ".htm") or output.resolve() == file.resolve():
        raise BlurbError(Errors.B805.format(path=output))
    if file.suffix == ".spacy":
        docs = enumerate(read_docbin(file, Vocab()), start=1)
        documents = (from_doc(doc, str(number)) for number, doc in docs)
    else:
        documents = (document for document in read_annotated(file))
    page, shown, total = write_report(documents, title=file.name, most=limit)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8", errors="replace")
    print(f"{shown:,} of {total:,} documents → {output}")
