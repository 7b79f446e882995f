"""`spacy blurb leaderboard`: results beside the published ones."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BlurbError, Errors
from .app import command


@command("leaderboard")
def leaderboard(
    results: Annotated[Path, typer.Argument(help="Folder with TASK/MODEL-sSEED.json files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="FILE.html, .md or .json.")],
    against: Annotated[
        Path | None, typer.Option(help="Other results folder: paired differences to its models.")
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(help="Folder with TASK/test.spacy, for views of wrong predictions (.html)."),
    ] = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="A mean also for rows that lack tasks.")
    ] = False,
    mixed: Annotated[
        bool, typer.Option("--mixed", help="Also put together what was made differently.")
    ] = False,
) -> None:
    """Write the BLURB table, published rows beside those of a folder.

    A row has a BLURB score if it has all 13 tasks, trained on all their training data from one
    encoder; results that do not state their settings are marked. Runs that differ in more than the
    seed are not averaged. What --incomplete and --mixed allow is marked.

    Example: python -m spacy blurb leaderboard results/minilm -o leaderboard.html
    --gold training/minilm/corpus
    """
    from ..data.formats.whole_files import write_whole
    from ..evaluation.leaderboard import build_board
    from ..evaluation.leaderboard_json import board_to_json
    from ..evaluation.leaderboard_markdown import board_to_markdown
    from ..evaluation.leaderboard_page import board_to_html
    from ..evaluation.result_files import read_results
    from ..evaluation.results import spare_inputs

    if output.suffix not in (".html", ".md", ".json"):
        raise BlurbError(Errors.B639.format(path=output))
    found = read_results(results)
    others = [] if against is None else read_results(against)
    spare_inputs([result.path for result in (*found, *others)], [output])
    board = build_board(found, against=others, incomplete=incomplete, mixed=mixed)
    if output.suffix == ".html":
        text = board_to_html(board, gold)
    elif output.suffix == ".md":
        text = board_to_markdown(board)
    else:
        text = json.dumps(board_to_json(board), indent=2, ensure_ascii=False) + "\n"
    write_whole(output, text)
    for row in board.own:
        what = "no BLURB score" if row.blurb is None else f"BLURB {row.blurb:.2f}"
        reasons = f" ({'; '.join(row.refused)})" if row.refused else ""
        print(f"{row.model}: {what}{reasons}", file=sys.stderr if row.refused else sys.stdout)
    n_published = len(board.rows) - len(board.own)
    print(f"{len(board.own)} rows of {results}, {n_published} published → {output}")
