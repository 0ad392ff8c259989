"""Hearing: the end of what an agent prints, kept in memory however much that is, and the JSON objects in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from beastmode.runner.processes.output import AttemptLog

MOST_BYTES = 1 << 21
"""An agent's last word is one line of JSON that may hold all it wrote; what it printed long before decides nothing."""
_BEGINS = re.compile(r"^\{", re.MULTILINE)
_MOST_STARTS = 50


class HeardLog(AttemptLog):
    """A log whose last 2 MiB are also at hand, whatever becomes of its file.

    over: what is looked for in its last 4 KiB each time something comes; `is_over` once it was there, which `on_over`
    is told.
    """

    def __init__(self, path: Path, limit_bytes: int, over: re.Pattern[bytes] | None = None) -> None:
        super().__init__(path, limit_bytes)
        self.is_over = False
        self.on_over: Callable[[], object] = lambda: None
        self._over, self._heard = over, bytearray()

    def write(self, data: bytes) -> None:
        super().write(data)
        self._heard += data
        if self._over is not None and not self.is_over and self._over.search(self.tail):
            self.is_over = True
            self.on_over()
        if len(self._heard) > 2 * MOST_BYTES:
            del self._heard[:-MOST_BYTES]

    @property
    def heard(self) -> str:
        """The end of all that was written."""
        return self._heard[-MOST_BYTES:].decode("utf-8", "replace")


def objects_in(output: str) -> list[dict[str, Any]]:
    """The JSON objects that stand on lines of their own, in order; what else stands between them is left out."""
    found = (_object(line) for line in output.splitlines() if line.startswith("{"))
    return [one for one in found if one is not None]


def last_object_in(output: str) -> dict[str, Any]:
    """The JSON object that the output ends with, on however many lines; empty where it ends with none."""
    starts = [match.start() for match in _BEGINS.finditer(output)]
    found = (_object(output[start:].strip()) for start in starts[-_MOST_STARTS:])
    return next((one for one in found if one is not None), {})


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return value if isinstance(value, dict) else None


def number(value: object) -> float | None:
    """A number that an agent gave; None for anything else."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """A count that an agent gave; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def part(value: object, *names: str) -> dict[str, Any]:
    """An object within an object, by the names on the way; empty where one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """A list that an agent gave; empty for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """A text that an agent gave; "" for anything else."""
    return value if isinstance(value, str) else ""
