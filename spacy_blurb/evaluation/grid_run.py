"""Run a grid: choose on dev, train, score on test; what is finished is not repeated."""

import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import BlurbError, Errors
from .corpora import find_corpus
from .families import get_family
from .grid import Cell, Group
from .grid_cell import (
    Place,
    PreparedCell,
    check_encoder,
    check_evaluation,
    dev_score,
    drop_model,
    evaluate,
    finished_result,
    prepare,
    restate,
    train,
)
from .processes import Processes


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a grid reads and writes.

    data (Path | None): Raw data sets; None where all corpora are converted.
    work (Path): Corpora (`corpus/TASK`) and trainings (`TASK/HASH`).
    results (Path): Result files, `TASK/MODEL-sSEED.json`, and the predictions beside them.
    """

    data: Path | None
    work: Path
    results: Path


@dataclass(slots=True)
class Outcome:
    """What became of a grid.

    finished, skipped (int): Cells that were run, and that were there already.
    failed (list[str]): A line for each cell that failed.
    """

    finished: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A setting that competes on dev: the first cell of one of its group's alternatives."""

    group: Group
    position: int

    @property
    def cell(self) -> Cell:
        return self.group.alternatives[self.position][0]


class GridRun:
    """A grid on its way; `report` gets a line whenever a cell is done.

    overwrite (bool): Replace results with another encoder.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        folders: Folders,
        places: Sequence[Place],
        *,
        report: Callable[[str], None],
        keep_models: bool = False,
        overwrite: bool = False,
    ) -> None:
        self._groups = groups
        self._folders = folders
        self._report = report
        self._keep_models = keep_models
        self._overwrite = overwrite
        self._processes = Processes()
        self._places: queue.SimpleQueue[Place] = queue.SimpleQueue()
        for place in places:
            self._places.put(place)
        self._n_places = len(places)
        self._encoders: dict[str, str] = {}
        self._preparing = threading.Lock()
        self._telling = threading.Lock()
        # Cells with the same settings and other names share a training.
        self._trainings_of: dict[str, threading.Lock] = defaultdict(threading.Lock)
        # Training → cells that are not scored from it yet.
        self._pending: Counter[str] = Counter()
        # Of each group the score, place (the first of equals wins) and training of the best so far.
        self._best: dict[tuple[str, str], tuple[float, int, PreparedCell]] = {}
        self._choosing = threading.Lock()
        self._total = sum(len(group.alternatives[0]) for group in groups)
        self._done = 0
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Run what is not finished.

        RETURNS (Outcome): A failed cell stops no other.
        RAISES (BlurbError): B646 another grid is in the folder of trainings.
        """
        self._folders.work.mkdir(parents=True, exist_ok=True)
        try:
            # The system unlocks it when a process dies. Two grids would delete each other's
            # trainings for those of a grid that was killed.
            with FileLock(self._folders.work / ".lock", timeout=0):
                return self._run()
        except Timeout as error:
            raise BlurbError(Errors.B646.format(folder=self._folders.work)) from error

    def _run(self) -> Outcome:
        ready = [group for group in self._groups if self._prepare_corpus(group)]
        try:
            chosen = self._choose([group for group in ready if len(group.alternatives) > 1])
            work: list[tuple[Cell, dict[str, Any]]] = []
            for group in ready:
                if len(group.alternatives) == 1:
                    work += [(cell, {}) for cell in group.alternatives[0]]
                elif selection := chosen.get((group.task, group.model)):
                    best, remarks = selection
                    work += [(cell, remarks) for cell in group.alternatives[best]]
            self._count_cells(cell for cell, _ in work)
            self._in_parallel(self._run_cell, work)
        except BaseException:
            self._processes.stop()
            raise
        return self.outcome

    def _prepare_corpus(self, group: Group) -> bool:
        cell = group.alternatives[0][0]
        try:
            get_family(cell.task)  # what cannot be scored is not trained
            corpora = self._folders.work / "corpus"
            find_corpus(cell.task, corpora, self._folders.data, form=cell.form)
            for cell in group.alternatives[0]:
                if not self._overwrite and self._output(cell).is_file():
                    check_encoder(self._prepare(cell), self._output(cell))
        except (BlurbError, ModuleNotFoundError, OSError, ValueError, KeyError) as error:
            for failed in group.alternatives[0]:
                self._fail(failed, error)
            return False
        return True

    def _choose(self, groups: Sequence[Group]) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
        """Train each alternative with the first seed and take the best on dev."""
        candidates = [
            _Candidate(group, position)
            for group in groups
            for position in range(len(group.alternatives))
        ]
        scores = iter(self._in_parallel(self._score_candidate, candidates))
        chosen = {}
        for group in groups:
            found = [next(scores) for _ in group.alternatives]
            if any(score is None for score in found):
                for cell in group.alternatives[0]:
                    self._fail(cell, "no choice on dev: a training that it needs failed")
                continue
            best = found.index(max(found))
            tried = [
                {**cells[0].describe(), "dev": score}
                for cells, score in zip(group.alternatives, found, strict=True)
            ]
            seed = group.alternatives[0][0].settings.seed
            remarks = {"selection": {"split": "dev", "seed": seed, "tried": tried}}
            chosen[group.task, group.model] = best, remarks
        return chosen

    def _score_candidate(self, candidate: _Candidate) -> float | None:
        """Train a candidate and, of it and the best of its group so far, keep the better model."""
        score = self._score_on_dev(candidate.cell)
        if score is not None and not self._keep_models:
            self._drop_worse(candidate, score)
        return score

    def _drop_worse(self, candidate: _Candidate, score: float) -> None:
        name = candidate.group.task, candidate.group.model
        new = score, -candidate.position, self._prepare(candidate.cell)
        with self._choosing:
            old = self._best.get(name)
            if old is None or new[:2] > old[:2]:
                self._best[name], worse = new, old
            else:
                worse = new
            # Another group may have the same training, as its best.
            kept = {prepared.key for _, _, prepared in self._best.values()}
        if worse is not None and worse[2].key not in kept:
            with self._trainings_of[worse[2].key]:
                drop_model(worse[2], self._trainings(candidate.cell))

    def _score_on_dev(self, cell: Cell) -> float | None:
        folder = self._trainings(cell)
        try:
            prepared = self._prepare(cell)
            check_evaluation(prepared)
            if (score := dev_score(prepared, folder)) is not None:
                return score
            with self._trainings_of[prepared.key], self._place() as place:
                # Perhaps another cell has trained it meanwhile, and its model is dropped again.
                if dev_score(prepared, folder) is None:
                    train(prepared, folder, place, self._processes)
            score = dev_score(prepared, folder)
        except (BlurbError, OSError, ValueError, KeyError, TypeError) as error:
            if not self._processes.stopped:
                self._report(f"{cell.task.name} {cell.name}, to choose on dev: {error}")
            return None
        settings = f"learning rate {cell.settings.learning_rate:g}, {cell.settings.epochs} epochs"
        settings += f", batches of {cell.settings.batch_docs}"
        self._report(f"{cell.task.name} {cell.name}, {settings}: dev {100 * (score or 0):.2f}")
        return score

    def _run_cell(self, work: tuple[Cell, dict[str, Any]]) -> None:
        cell, remarks = work
        output = self._output(cell)
        folder = self._trainings(cell)
        try:
            prepared = self._prepare(cell)
            result = finished_result(prepared, output)
            if result is not None:
                restate(output, result, remarks)
                self._tell(cell, f"{_describe(result)}, finished before", skipped=1)
                return
            with self._trainings_of[prepared.key], self._place() as place:
                train(prepared, folder, place, self._processes)
                result = evaluate(prepared, folder, output, place, self._processes, remarks)
                if not self._keep_models and self._is_last(prepared.key):
                    drop_model(prepared, folder)
        except (BlurbError, OSError, ValueError, KeyError) as error:
            self._fail(cell, error)
            return
        seconds = result["run"]["train_seconds"] + result["run"]["evaluate_seconds"]
        self._tell(cell, f"{_describe(result)}, {seconds:.0f} s", finished=1)

    def _count_cells(self, cells: Iterable[Cell]) -> None:
        """Note how many cells are still to be scored from each training."""
        for cell in cells:
            try:
                prepared = self._prepare(cell)
            except (BlurbError, OSError, ValueError, KeyError):
                continue  # `_run_cell` says it
            if finished_result(prepared, self._output(cell)) is None:
                self._pending[prepared.key] += 1

    def _is_last(self, key: str) -> bool:
        """Tell whether no other cell waits for a training; to be called once for each cell."""
        self._pending[key] -= 1
        return self._pending[key] <= 0

    def _prepare(self, cell: Cell) -> PreparedCell:
        with self._preparing:
            return prepare(cell, self._folders.work / "corpus" / cell.task.name, self._encoders)

    def _trainings(self, cell: Cell) -> Path:
        return self._folders.work / cell.task.name

    def _output(self, cell: Cell) -> Path:
        return self._folders.results / cell.task.name / f"{cell.name}.json"

    def _fail(self, cell: Cell, error: object) -> None:
        if self._processes.stopped:
            return
        self.outcome.failed.append(f"{cell.task.name} {cell.name}: {error}")
        self._tell(cell, f"failed: {error}")

    def _tell(self, cell: Cell, what: str, *, finished: int = 0, skipped: int = 0) -> None:
        with self._telling:
            self.outcome.finished += finished
            self.outcome.skipped += skipped
            self._done += 1
            self._report(f"[{self._done}/{self._total}] {cell.task.name} {cell.name}: {what}")

    def _place(self) -> "_Borrowed":
        return _Borrowed(self._places)

    def _in_parallel(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        with ThreadPoolExecutor(self._n_places) as pool:
            futures = [pool.submit(function, item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                self._processes.stop()
                pool.shutdown(cancel_futures=True)
                raise


class _Borrowed:
    """A place that one cell has at a time."""

    def __init__(self, places: "queue.SimpleQueue[Place]") -> None:
        self._places = places

    def __enter__(self) -> Place:
        self._place = self._places.get()
        return self._place

    def __exit__(self, *error: object) -> None:
        self._places.put(self._place)


def _describe(result: dict[str, Any]) -> str:
    low, high = (100 * bound for bound in result["ci95"])
    return f"{result['metric']} {100 * result['score']:.2f} (95 % {low:.2f}–{high:.2f})"
