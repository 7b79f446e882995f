"""The leaderboard as Markdown; names are escaped, since they may be anything."""

import re
from collections.abc import Iterable, Sequence

from ..tasks import TASKS
from ..tasks.ablations import Ablation
from ..tasks.beyond import BEYOND
from ..tasks.blurb import BLURB_TASKS
from .leaderboard import Board, BoardCell, Row, own_beyond, own_others


def board_to_markdown(board: Board) -> str:
    """Return the tables: BLURB, comparisons, ablations, Beyond BLURB, each with its footnotes."""
    parts = ["# BLURB leaderboard", _blurb_table(board), *_comparisons(board)]
    parts += [_ablation(ablation, found) for ablation, found in board.ablations]
    parts += _others(board)
    parts += ["## Beyond BLURB", _beyond(board)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: no tags, links, marks or cells come of it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", " ".join(text.split()))


class Footnotes:
    """Numbers notes in the order in which they come up; the same note keeps its number."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def mark(self, notes: Iterable[str]) -> str:
        """Return the marks of some notes, such as "[1][3]"."""
        marks = []
        for note in notes:
            if note not in self.notes:
                self.notes.append(note)
            marks.append(f"[{self.notes.index(note) + 1}]")
        return "".join(marks)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _blurb_table(board: Board) -> str:
    footnotes = Footnotes()
    head = ["model", "BLURB", *(TASKS[name].dataset for name in BLURB_TASKS), "source"]
    rows = []
    for row in board.rows:
        cells = [_number(row, name, footnotes) for name in BLURB_TASKS]
        model = escape(row.model) + footnotes.mark(row.notes)
        rows.append([model, describe_blurb(row) + footnotes.mark(row.refused), *cells, row.source])
    text = (
        "Percent. Scores of this folder are means over runs, with a 95 % interval over other test "
        "items; a BLURB score is the mean of six task types' means."
    )
    return "\n\n".join([text, _table(head, rows), _list_notes(footnotes)])


def _list_notes(footnotes: Footnotes) -> str:
    return "\n".join(f"{n}. {escape(note)}" for n, note in enumerate(footnotes.notes, start=1))


def describe_blurb(row: Row) -> str:
    """Return a row's BLURB score, or a dash."""
    if row.blurb is None:
        return "–"
    low_high = "" if row.blurb_ci95 is None else f" ({_interval(row.blurb_ci95)})"
    return f"{row.blurb:.2f}{low_high}{' (partial)' if row.partial else ''}"


def _number(row: Row, task: str, footnotes: Footnotes) -> str:
    if task not in row.scores:
        return "–"
    cell = row.cells.get(task)
    return f"{row.scores[task]:.2f}" if cell is None else _cell(cell, footnotes)


def _cell(cell: BoardCell, footnotes: Footnotes) -> str:
    runs = "" if len(cell.runs) == 1 else f", {len(cell.runs)} runs"
    inside = f"{_interval(cell.ci95)}{runs}" if cell.ci95 else runs.removeprefix(", ")
    text = f"{cell.score:.2f}" + (f" ({inside})" if inside else "")
    return text + footnotes.mark(cell.notes)


def _interval(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.2f}–{bounds[1]:.2f}"


def _comparisons(board: Board) -> list[str]:
    if not board.comparisons:
        return []
    rows = []
    for row in board.comparisons:
        names = [escape(row["model"]), escape(row["against"]), TASKS[row["task"]].dataset]
        if "reason" in row:
            rows.append([*names, "–", "–", row["reason"]])
            continue
        low, high = row["ci95"]
        difference = f"{row['difference']:+.2f}"
        rows.append([*names, difference, f"{low:+.2f} to {high:+.2f}", f"p = {row['p']:.4f}"])
    head = ["model", "minus", "task", "difference", "95 % (paired bootstrap)", "randomisation"]
    return ["## Paired differences", _table(head, rows)]


def _ablation(ablation: Ablation, found: dict[str, Row]) -> str:
    """Return a table of the paper's shape: a line per task, a column per arm."""
    names = list(ablation.arms)
    tasks = [
        name
        for name in BLURB_TASKS
        if any(name in ablation.arms[arm].published for arm in names)
        or any(name in row.scores for row in found.values())
    ]
    head = ["", *(f"{ablation.arms[arm].title}: here / paper" for arm in names)]
    rows = []
    for task in tasks:
        cells = [
            f"{_two(found[arm].scores.get(task) if arm in found else None)} / "
            f"{_two(ablation.arms[arm].published.get(task))}"
            for arm in names
        ]
        rows.append([TASKS[task].dataset, *cells])
    if any(ablation.arms[arm].blurb for arm in names):
        cells = [
            f"{describe_blurb(found[arm]) if arm in found else '–'} / "
            f"{_two(ablation.arms[arm].blurb)}"
            for arm in names
        ]
        rows.append(["BLURB", *cells])
    title = f"## {ablation.title} (arXiv 2007.15779, {ablation.source})"
    return f"{title}\n\n{_table(head, rows)}"


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _others(board: Board) -> list[str]:
    footnotes = Footnotes()
    rows = [
        [TASKS[task].dataset, escape(TASKS[task].metric), escape(model), _cell(cell, footnotes)]
        for task, own in own_others(board)
        for model, cell in own
    ]
    if not rows:
        return []
    table = _table(["data set", "metric", "model", "this folder"], rows)
    return ["## Without published figures", table, _list_notes(footnotes)]


def _beyond(board: Board) -> str:
    footnotes = Footnotes()
    rows = []
    for row in BEYOND:
        published = "; ".join(f"{model} {format_score(score)}" for model, score in row.scores)
        own = own_beyond(board, row)
        ours = "; ".join(f"{escape(model)} {_cell(cell, footnotes)}" for model, cell in own)
        mark = footnotes.mark([row.note] if row.note else [])
        rows.append([row.dataset + mark, row.metric, row.protocol, published, ours or "–"])
    head = ["data set", "metric", "protocol of the published", "published", "this folder"]
    notes = _list_notes(footnotes)
    return (
        "The other rows of the papers' tables. Scores of this folder follow docs/protocol.md, not "
        "the protocol of the published ones.\n\n" + _table(head, rows) + "\n\n" + notes
    )


def format_score(score: float | tuple[float, ...]) -> str:
    """Return one score, or several with slashes between."""
    values = score if isinstance(score, tuple) else (score,)
    return " / ".join(f"{value:.2f}" for value in values)
