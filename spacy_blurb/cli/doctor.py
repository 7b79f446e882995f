"""`spacy blurb doctor`: the environment against the known version traps."""

from .app import command


@command("doctor")
def doctor() -> None:
    """Check versions, imports, processor and data folders, and print the fix for what is wrong.

    Exit code 1 where something breaks; what is only slower or left out is a note ("!"). Where no
    spacy command starts any more, 'python -m spacy_blurb.doctor' does the same.

    Example: python -m spacy blurb doctor
    """
    from ..doctor.report import report

    report()
