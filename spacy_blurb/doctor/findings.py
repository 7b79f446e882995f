"""What a check says."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "breaks"]
_MARKS: dict[Level, str] = {"ok": "✔", "note": "!", "breaks": "✘"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    level (Level): "breaks" where something does not work, "note" where it is slow or left out.
    what (str): What was found, and what it does.
    fix (str): A command or a change; "" where nothing is to be done.
    """

    level: Level
    what: str
    fix: str = ""

    def __str__(self) -> str:
        """Return it as it is printed."""
        fix = f"\n    → {self.fix}" if self.fix else ""
        return f"{_MARKS[self.level]} {self.what}{fix}"
