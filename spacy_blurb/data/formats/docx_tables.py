"""Tables of Word documents."""

import zipfile
import zlib
from pathlib import Path

from ...errors import BlurbError, Errors

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError),
    *(SyntaxError, KeyError, ValueError, AttributeError),
)


def read_docx_table(path: Path) -> list[list[str]]:
    """Return the cells of a document's first table, row by row, with single blanks in them.

    path (Path): A `.docx` file.
    RAISES (BlurbError): B100 no such file, B101 not a Word document, B107 no table in it, B157 the
        package python-docx is not installed.
    """
    try:
        import docx
        from docx.opc.exceptions import PackageNotFoundError
    except ImportError as error:
        raise BlurbError(Errors.B157.format(path=path)) from error
    if not path.is_file():
        raise BlurbError(Errors.B100.format(path=path))
    try:
        tables = docx.Document(str(path)).tables
    # lxml reports broken XML as SyntaxError; a zip that is no document lacks parts (KeyError), or
    # has XML of other kinds in their places (AttributeError).
    except (*_DAMAGE, PackageNotFoundError) as error:
        raise BlurbError(Errors.B101.format(path=path, reason=error)) from error
    if not tables:
        raise BlurbError(Errors.B107.format(path=path))
    return [[" ".join(cell.text.split()) for cell in row.cells] for row in tables[0].rows]
