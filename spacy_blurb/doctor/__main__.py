"""`python -m spacy_blurb.doctor`: for environments in which no `spacy` command starts."""

import sys

from ..errors import BlurbError
from .report import report

if __name__ == "__main__":
    try:
        report()
    except BlurbError as error:
        sys.exit(f"✘ {error}")
