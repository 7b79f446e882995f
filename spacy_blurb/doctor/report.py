"""The findings, printed."""

from ..errors import BlurbError, Errors
from .checks import examine
from .facts import gather_facts


def report() -> None:
    """Print what the checks find.

    RAISES (BlurbError): B800 something breaks.
    """
    findings = examine(gather_facts())
    for finding in findings:
        print(finding)
    broken = sum(finding.level == "breaks" for finding in findings)
    notes = sum(finding.level == "note" for finding in findings)
    if broken:
        raise BlurbError(Errors.B800.format(count=broken))
    print(f"Nothing breaks; {notes} notes.")
