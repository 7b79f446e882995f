"""Which settings does the command line change? `--section.key VALUE` behind a config."""

import json
from collections.abc import Sequence
from typing import Any

from ..errors import BlurbError, Errors


def parse_overrides(arguments: Sequence[str]) -> dict[str, Any]:
    """Read the overrides that a command got besides its own options.

    arguments (Sequence[str]): `--section.key VALUE` or `--section.key=VALUE`, repeated.
    RETURNS (dict[str, Any]): Value by dotted key: parsed as JSON, or the string where it is none.
    RAISES (BlurbError): B210 anything else.
    """
    overrides: dict[str, Any] = {}
    waiting = iter(arguments)
    for argument in waiting:
        key, equals, text = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or "." not in key:
            raise BlurbError(Errors.B210.format(found=argument))
        if not equals:
            value = next(waiting, None)
            if value is None:
                raise BlurbError(Errors.B210.format(found=argument))
            text = value
        overrides[key] = _parse_value(text)
    return overrides


def _parse_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
