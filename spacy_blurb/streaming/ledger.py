"""What is done, and what if the process dies now? The output, its rejected records, a checkpoint.

Results of a batch are appended to three files. From time to time they are brought to disk, and then
a checkpoint is put beside them in one step: it names the input's position and the length of all
files. Whatever was written behind it is cut off when a run goes on. So the checkpoint is true at
whatever moment the process ends. Files of OUTPUT:

    OUTPUT                  the annotations; of formats with a last step only when it is done
    OUTPUT.work             payloads of formats with a last step, until it is done
    OUTPUT.ids              a hash of each document's id, until the repeated ones are counted
    OUTPUT.rejected.jsonl   records that could not be annotated
    OUTPUT.checkpoint.json  while the run is not finished
    OUTPUT.manifest.json    when it is: what was annotated by what
"""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from ..errors import BlurbError, Errors
from .files import printable, sync, sync_folder, told_write_errors, write_json
from .ids import ID_BYTES, count_repeated, hash_ids
from .items import START, Annotated, Batch, Position
from .outputs.format import OutputFormat, WorkFileFormat
from .outputs.jsonl import to_json

_SECONDS = 1.0
"""Between checkpoints, each of which waits for the disk; what a kill loses."""


@dataclass(frozen=True, slots=True)
class Done:
    """How far a run has come.

    position (Position): Where the next batch begins.
    documents, rejected, words (int): Annotated, set aside, divided by white space.
    output_bytes, rejected_bytes (int): Lengths of the two files; that of the ids follows from
        `documents`.
    repeated (int): Documents with the id of an earlier one; counted when the run is finished.
    """

    position: Position = START
    documents: int = 0
    rejected: int = 0
    words: int = 0
    output_bytes: int = 0
    rejected_bytes: int = 0
    repeated: int = 0


def written_paths(output: Path) -> list[Path]:
    """Return the output and what lies beside it.

    RETURNS (list[Path]): Output, checkpoint, manifest, rejected records, work, ids.
    """
    suffixes = ("", ".checkpoint.json", ".manifest.json", ".rejected.jsonl", ".work", ".ids")
    return [output.with_name(output.name + suffix) for suffix in suffixes]


def check_place(output: Path, output_format: OutputFormat) -> None:
    """Refuse an output that cannot be written, or not gone on with, before anything is computed.

    RAISES (BlurbError): B776 it has no name, or is a folder in place of a file or the reverse.
    """
    wanted = "a file" if output_format.files(output) == [output] else "a folder"
    is_named = output.name not in ("", "-", "..")
    found = _kind(output) if is_named else "no name of a file or folder"
    if found not in (None, wanted):
        wanted = wanted if is_named else "a named file or folder"
        raise BlurbError(Errors.B776.format(path=output, found=found, wanted=wanted))


class Ledger:
    """Appends results and remembers what is safe. To be used in a `with` block.

    output (Path): What the user named.
    output_format (OutputFormat): How payloads are put together.
    identity (dict): What must be the same for a run to go on: pipeline, input, settings.
    overwrite (bool): Start again whatever there is.
    RAISES (BlurbError): B753 the output is of something else, B754 the identity differs, B755 the
        output is not what the checkpoint or the manifest names, B756 another process writes it;
        from then on B783 the system cannot write.
    """

    def __init__(
        self,
        output: Path,
        output_format: OutputFormat,
        identity: dict[str, Any],
        *,
        overwrite: bool = False,
    ) -> None:
        self._output = output
        self._format = output_format
        self._identity = identity
        self._overwrite = overwrite
        _, self._checkpoint, self._manifest, *others = written_paths(output)
        self.rejected_path, work, self._ids_path = others
        self._target = work if isinstance(output_format, WorkFileFormat) else output
        self._work = work
        self.is_finished = False
        self.done = Done() if overwrite else self._find_done()
        self.written = self.done
        self._saved_at = time.monotonic()

    def __enter__(self) -> "Ledger":
        if not self.is_finished:
            with told_write_errors(self._output):
                self._open()
        return self

    def _open(self) -> None:
        self._output.parent.mkdir(parents=True, exist_ok=True)
        # "a" leaves alone what another process may be writing. Before the checkpoint stands there
        # must be no output, which would be anybody's; the rejected records hold the lock.
        self._rejected = self.rejected_path.open("ab")
        try:
            _lock(self._rejected, self._output)
            self._check_unchanged()
            _check_length(self._target, self.done.output_bytes)
            _check_length(self.rejected_path, self.done.rejected_bytes)
            _check_length(self._ids_path, ID_BYTES * self.done.documents)
            self._save()
            self._manifest.unlink(missing_ok=True)
            if self._overwrite:
                # Also of a run with another format, whose work file no later run would remove.
                self._work.unlink(missing_ok=True)
            self._rejected.truncate(self.done.rejected_bytes)
            self._file = self._target.open("ab")
            self._file.truncate(self.done.output_bytes)
            self._ids = self._ids_path.open("ab")
            self._ids.truncate(ID_BYTES * self.done.documents)
        except BaseException:
            self._rejected.close()
            raise
        if self.done.output_bytes == 0:
            self._file.write(self._format.header)
            self.written = replace(self.done, output_bytes=len(self._format.header))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if not self.is_finished:
            self._close()

    def add(self, batch: Batch, annotated: Annotated) -> None:
        """Append what became of a batch."""
        payload = annotated.payload
        if payload and self.written.documents:
            payload = self._format.separator + payload
        # Files are read in the order of their names.
        rejected = sorted([*batch.rejected, *annotated.rejected], key=lambda r: (r.file, r.record))
        lines = b"".join(
            to_json({**asdict(record), "reason": printable(record.reason)}) for record in rejected
        )
        failed = {(record.file, record.record) for record in annotated.rejected}
        ids = [item.id for item in batch.items if (item.file, item.record) not in failed]
        with told_write_errors(self._output):
            self._file.write(payload)
            self._rejected.write(lines)
            self._ids.write(hash_ids(ids))
        so_far = self.written
        self.written = Done(
            position=batch.end,
            documents=so_far.documents + annotated.documents,
            rejected=so_far.rejected + len(rejected),
            words=so_far.words + annotated.words,
            output_bytes=so_far.output_bytes + len(payload),
            rejected_bytes=so_far.rejected_bytes + len(lines),
        )
        if time.monotonic() - self._saved_at >= _SECONDS:
            with told_write_errors(self._output):
                self._commit()

    def _commit(self) -> None:
        """Make what was appended safe."""
        sync(self._file)
        sync(self._rejected)
        sync(self._ids)
        self.done = self.written
        self._save()
        self._saved_at = time.monotonic()

    def finish(self) -> None:
        """Complete the output and put the manifest in the checkpoint's place."""
        with told_write_errors(self._output):
            self._finish()
        self.is_finished = True

    def _finish(self) -> None:
        self._commit()
        self._file.write(self._format.footer)
        sync(self._file)
        if isinstance(self._format, WorkFileFormat):
            self._format.finish(self._target, self._output)
        self._file.close()
        self._ids.close()
        self.done = replace(self.done, repeated=count_repeated(self._ids_path))
        files = {path.name: path.stat().st_size for path in self._format.files(self._output)}
        write_json(self._manifest, {**self._content(), "files": files})
        self._checkpoint.unlink()
        self._clean()
        # What another process finds from now on is finished.
        self._rejected.close()

    def _find_done(self) -> Done:
        if self._checkpoint.is_file():
            return self._read(self._checkpoint, [])
        if self._manifest.is_file() and self._output.exists():
            done = self._read(self._manifest, self._format.files(self._output))
            self.is_finished = True
            self._clean()
            return done
        if _is_there(self._output):
            raise BlurbError(Errors.B753.format(path=self._output))
        return Done()

    def _check_unchanged(self) -> None:
        """Look again: another process may have written between the first look and the lock."""
        if not self._overwrite and (self._find_done() != self.done or self.is_finished):
            raise BlurbError(Errors.B756.format(path=self._output))

    def _read(self, path: Path, files: Sequence[Path]) -> Done:
        """Return what a checkpoint or manifest names, of a manifest if the files are as it says."""
        try:
            content = json.loads(path.read_bytes())
            identity, done = content["identity"], Done(**content["done"])
            sizes = [content["files"][file.name] for file in files]
        except (ValueError, KeyError, TypeError) as error:
            raise BlurbError(Errors.B753.format(path=path)) from error
        for key, value in self._identity.items():
            if identity.get(key) != value:
                raise BlurbError(Errors.B754.format(path=self._output, key=key))
        for file, size in zip(files, sizes, strict=True):
            if (found := _length(file)) != size:
                raise BlurbError(Errors.B755.format(path=file, found=found, expected=size))
        return replace(done, position=Position(*done.position))

    def _save(self) -> None:
        write_json(self._checkpoint, self._content())

    def _content(self) -> dict[str, Any]:
        return {"identity": self._identity, "done": asdict(self.done)}

    def _clean(self) -> None:
        """Remove the work file and the ids, which a kill behind the last step may have left."""
        self._ids_path.unlink(missing_ok=True)
        if isinstance(self._format, WorkFileFormat):
            self._target.unlink(missing_ok=True)
        sync_folder(self._output.parent)

    def _close(self) -> None:
        for file in (self._file, self._ids, self._rejected):
            # What a full disk does not take now stands behind the checkpoint and is cut off.
            with suppress(OSError):
                file.close()


def _is_there(path: Path) -> bool:
    return path.exists() and not (path.is_dir() and not any(path.iterdir()))


def _kind(path: Path) -> str | None:
    """Return what is at a path, None where nothing is."""
    if path.is_dir():
        return "a folder"
    if path.is_file():
        return "a file"
    return "neither a file nor a folder" if path.exists() else None


def _check_length(path: Path, expected: int) -> None:
    if (found := _length(path)) < expected:
        raise BlurbError(Errors.B755.format(path=path, found=found, expected=expected))


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _lock(file: BinaryIO, output: Path) -> None:
    """Keep a second run from writing the same file, where the system can.

    It unlocks the file when a process dies.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlurbError(Errors.B756.format(path=output)) from error
    except OSError:  # a file system without locks, as some of a network are
        return
