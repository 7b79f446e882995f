"""What the tests of several howtos share: running what a reader would."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_blurb.cli.main  # noqa: F401  (adds `blurb` to spaCy's own commands)


def run(*words: object) -> str:
    """Call a command as `python -m spacy` does, in this process; RETURNS what it has printed."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


def run_line(line: str) -> str:
    """Call the command of a line, whose words are separated as in a shell."""
    return run(*shlex.split(line))


def run_howto(page: Path, encoder: Path, run: Callable[..., str]) -> dict[str, Any]:
    """Run a page's Python blocks and `spacy` commands, in their order, in the current folder.

    encoder (Path): Stands for ENCODER in the commands, and for the string "ENCODER" in Python.
    run (Callable): Runs the words of a command behind `python -m spacy`.
    RETURNS (dict): The names that the Python blocks have left.
    """
    blocks = re.findall(
        r"^```(python|bash)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S
    )
    assert blocks
    names: dict[str, Any] = {}
    for kind, block in blocks:
        if kind == "python":
            code = block.replace('"ENCODER"', repr(str(encoder)))
            exec(compile(code, "howto", "exec"), names)
            continue
        for line in block.replace("\\\n", " ").splitlines():
            command = line.replace("ENCODER", str(encoder)).split()
            assert command[:3] == ["python", "-m", "spacy"]
            run(*command[3:])
    return names
