"""Entry points `spacy blurb` and `spacy-blurb`: importing a command's file registers it."""

from . import (  # noqa: F401
    annotate,
    calibrate,
    check_data,
    convert,
    convert_own,
    corpus,
    doctor,
    evaluate,
    export,
    init_config,
    leaderboard,
    package,
    pretrain,
    render,
    run_grid,
    score,
    serve,
    tasks,
    vocab,
    zero_shot,
)
from .app import app

# spaCy's own application object is not public; without it the console script still works.
try:
    from spacy.cli._util import app as _spacy_app
except ImportError:
    pass
else:
    _spacy_app.add_typer(app, name="blurb")


def run() -> None:
    """Run the console script `spacy-blurb`."""
    app()
