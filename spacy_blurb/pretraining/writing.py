"""How is a long file or array written so that a kill leaves the whole of it or nothing?"""

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


class ArrayWriter:
    """Streams rows to an `.npy` file, or bytes to any file, that gets its name when it is whole.

    path (Path): The file; what lies there is replaced when the block ends without an error.
    row_type (dtype | None): Of the rows of a one-dimensional array; None for plain bytes.
    """

    def __init__(self, path: Path, row_type: np.dtype[Any] | None) -> None:
        self._path = path
        self._row_type = row_type
        # Two processes that write the same file, one of them left over, do not mix.
        self._partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
        self.rows = 0

    def __enter__(self) -> "ArrayWriter":
        try:
            self._file = self._partial.open("wb")
            self._write_header()
        except OSError as error:
            raise self._named(error) from error
        return self

    def write(self, content: bytes | NDArray[Any]) -> None:
        """Append bytes or rows."""
        if isinstance(content, np.ndarray):
            self.rows += len(content)
            content = content.astype(self._row_type, copy=False).tobytes()
        try:
            self._file.write(content)
        except OSError as error:
            raise self._named(error) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
        except OSError as failure:
            raise self._named(failure) from failure
        finally:
            self._discard()

    def _finish(self) -> None:
        # Numpy leaves room in the header for the axis to grow to its largest value.
        self._file.seek(0)
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._path)

    def _discard(self) -> None:
        """Free the space of a file that did not become whole."""
        # What is buffered may find no room either; the first error is on its way.
        with contextlib.suppress(OSError):
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _write_header(self) -> None:
        if self._row_type is not None:
            descr = npy.dtype_to_descr(self._row_type)
            header = {"descr": descr, "fortran_order": False, "shape": (self.rows,)}
            npy.write_array_header_1_0(self._file, header)

    def _named(self, error: OSError) -> OSError:
        return OSError(error.errno, error.strerror, error.filename or str(self._path))
