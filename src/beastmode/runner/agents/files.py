"""Files of the user that tell how an agent is logged in: read, never changed, never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

_MOST_BYTES = 4 << 20


def json_in(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none, or none that can be read."""
    try:
        with path.open("rb") as file:
            value = msgspec.json.decode(file.read(_MOST_BYTES))
    except (OSError, msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def variables_in(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of an env file; empty where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace")[:_MOST_BYTES].splitlines()
    except OSError:
        return {}
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines)
    return {name.strip(): value.strip().strip("'\"") for name, found, value in pairs if found}
