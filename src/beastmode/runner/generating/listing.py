"""Listing: a map of the repository in a bounded number of bytes, the same for the same tree. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from beastmode.runner.generating.outlines import is_code

_MOST_OUTLINES = 400
"""Files that are opened for it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the tree.   size: in bytes."""

    path: str
    size: int


def listing(files: Sequence[Listed], most_bytes: int, outline: Callable[[str], str]) -> str:
    """One line for each file: its path, its size, and the names that it defines.

    Where they do not all fit, the deepest folders are one line each with the number of their files, then the folders
    above; names come as far as there is room, nearest to the top first, those of tests last.   files: sorted by path.
    outline: the names that a file defines, "" for none.
    """
    rows = _folded(files, most_bytes)
    left = most_bytes - sum(len(row.encode()) + 1 for row in rows.values())
    near = sorted((file for file in files if file.path in rows and is_code(file.path)), key=_rank)
    for file in near[:_MOST_OUTLINES]:
        if left <= 0:
            break
        names = outline(file.path)
        added = f": {names}"
        if names and len(added.encode()) <= left:
            rows[file.path] += added
            left -= len(added.encode())
    return "\n".join(rows.values())


def _folded(files: Sequence[Listed], most_bytes: int) -> dict[str, str]:
    """Rows by path, folded as far as needed; of rows that do not fit even so, the first."""
    deepest = max((file.path.count("/") for file in files), default=0)
    for depth in range(deepest, -1, -1):
        rows = _rows(files, depth)
        if sum(len(row.encode()) + 1 for row in rows.values()) <= most_bytes:
            return rows
    kept: dict[str, str] = {}
    left = most_bytes - 60
    for path, row in rows.items() if files else ():
        left -= len(row.encode()) + 1
        if left < 0:
            kept[""] = f"… and {len(rows) - len(kept)} more"
            break
        kept[path] = row
    return kept


def _rows(files: Sequence[Listed], depth: int) -> dict[str, str]:
    """Files down to a depth; deeper ones as their folder at that depth."""
    rows: dict[str, str] = {}
    below: Counter[str] = Counter()
    for file in files:
        parts = file.path.split("/")
        if len(parts) - 1 <= depth:
            rows[file.path] = f"{file.path} ({file.size} bytes)"
        else:
            folder = "/".join(parts[: depth + 1]) + "/"
            below[folder] += 1
            rows[folder] = f"{folder} ({below[folder]} files)"
    return rows


def _rank(file: Listed) -> tuple[bool, int, str]:
    return "test" in file.path, file.path.count("/"), file.path
