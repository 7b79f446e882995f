"""How is a file written so that a kill leaves the earlier one or the new one?"""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text file under another name and rename it; folders on its way are made.

    RAISES: OSError that names the file, also where the system does not (a full disk).
    """
    path = path.resolve()  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a pipe or a device, which must not be replaced
        path.write_text(text, encoding="utf-8")
        return
    # Two processes that write the same file do not mix.
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, error.filename or str(path)) from error
    finally:
        partial.unlink(missing_ok=True)
