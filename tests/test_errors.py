"""Messages of other programs, inside ours."""

import pytest

from spacy_blurb.errors import first_line


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("\n no such key.\nconfig:\n x"), "no such key"),
        (ValueError(), "ValueError"),
        (OSError(" \n"), "OSError"),
        (ValueError("x" * 1000), "x" * 300),
    ],
)
def test_first_line(error: Exception, expected: str) -> None:
    assert first_line(error) == expected
