"""The `spacy blurb` application: registers one command per file and prints errors in one line.

This module is imported on every `spacy` command (entry point `spacy_cli`), so nothing heavy is
imported here or at the top of a command's file: a command imports what it needs when it runs.
"""

import functools
import io
import os
import select
import sys
from collections.abc import Callable
from typing import Any

import typer

from ..errors import BlurbError, Errors

app = typer.Typer(
    name="blurb",
    help="Biomedical encoders, BLURB tasks and pipelines: pretrain, convert, evaluate, package.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_EXTRAS = {"flask": "app", "werkzeug": "app"}
"""Missing package → the extra that has it, where that is not [train]."""

_ENDED_BY_SIGPIPE = 128 + 13
"""Exit code that a shell gives a program whose reader has gone."""


def command(name: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as `spacy blurb NAME`; a `BlurbError` in it becomes one line, exit 1."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            if isinstance(sys.stdout, io.TextIOWrapper):
                # Else the progress of a long run stands in no log until the run is over; and where
                # the output is not UTF-8, as in a pipe on Windows, an arrow would end it.
                sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
            try:
                function(*args, **kwargs)
            except BlurbError as error:
                print(f"✘ {error}", file=sys.stderr)
                raise typer.Exit(1) from error
            except ModuleNotFoundError as error:
                if (error.name or "").startswith("spacy_blurb"):
                    raise  # a fault of ours, not a package that the user lacks
                extra = _EXTRAS.get(error.name or "", "train")
                print(f"✘ {Errors.B602.format(name=error.name, extra=extra)}", file=sys.stderr)
                raise typer.Exit(1) from error
            except OSError as error:
                if isinstance(error, BrokenPipeError) and _reader_is_gone():
                    raise typer.Exit(_ENDED_BY_SIGPIPE) from error
                message = Errors.B601.format(
                    reason=error.strerror or error, path=error.filename or "a file"
                )
                print(f"✘ {message}", file=sys.stderr)
                raise typer.Exit(1) from error

        app.command(name, **settings)(run)
        return function

    return register


def _reader_is_gone() -> bool:
    """Tell whether nobody reads our output any more, as behind `| head`; then nothing is written.

    It may be another pipe that broke, such as that to a process of ours.
    """
    try:
        stdout, poll = sys.stdout.fileno(), select.poll()
    except (OSError, AttributeError):  # the output of a test; Windows, which cannot tell
        return False
    poll.register(stdout, 0)
    gone = any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
    if gone:
        # What is left would be written at the end, with another error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout)
    return gone
