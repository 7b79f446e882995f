"""What is said where a backend's package cannot be imported."""

from ..errors import BlurbError, Errors, first_line


def import_failed(error: ImportError, *, package: str, extra: str) -> BlurbError:
    """Make the error: B703 the package is not installed, B707 it is, and something in it fails.

    package (str): Its name as it is imported.
    """
    is_missing = isinstance(error, ModuleNotFoundError) and error.name == package
    if is_missing:
        return BlurbError(Errors.B703.format(package=package, extra=extra))
    return BlurbError(Errors.B707.format(package=package, reason=first_line(error)))
