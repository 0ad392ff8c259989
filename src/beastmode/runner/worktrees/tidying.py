"""Tidying: what git does not see goes from a worktree: sockets, pipes, devices, empty folders.

Git would leave them to the next task. Folders that nobody has touched since are not read again: to read 10,000 names
takes 15 ms of CPU, and most tasks touch a few folders.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_SETTLED_NS = 3_000_000_000
"""A folder that was changed less than this ago may change again with the same stamp: some disks count in steps of two
seconds."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a folder held.   stamp: changes with what is in it.   folders: names.   files: whether there were any."""

    stamp: tuple[int, int]
    folders: tuple[str, ...]
    files: bool


class Tidying:
    """For one worktree, wherever it is moved to. Remembers what its folders held.

    settled_ns: as long a folder must have stayed as it is, to be remembered.
    """

    def __init__(self, settled_ns: int = _SETTLED_NS) -> None:
        self._settled_ns = settled_ns
        self._held: dict[str, _Held] = {}
        self._settled: dict[str, _Held] = {}

    def __call__(self, top: Path) -> None:
        """Delete sockets, pipes, devices and empty folders below a folder. Raises OSError."""
        self._settled = {}
        self._is_empty(str(top), "")
        self._held = self._settled

    def _is_empty(self, top: str, folder: str) -> bool:
        """Whether nothing is left in it."""
        held = self._look(top, folder)
        empty = [name for name in held.folders if self._is_empty(top, f"{folder}/{name}")]
        for name in empty:
            os.rmdir(f"{top}{folder}/{name}")
        return not held.files and len(empty) == len(held.folders)

    def _look(self, top: str, folder: str) -> _Held:
        status = os.stat(f"{top}{folder}")
        stamp = status.st_ino, status.st_ctime_ns  # that nobody can set, as they can the other times
        held = self._held.get(folder)
        if held is None or held.stamp != stamp:
            held = _Held(stamp, *_read(f"{top}{folder}"))
        if time.time_ns() - status.st_ctime_ns > self._settled_ns:
            self._settled[folder] = held
        return held


def _read(path: str) -> tuple[tuple[str, ...], bool]:
    """The folders in a folder, and whether it has files; what is neither is gone."""
    folders, files = [], False
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                files = True
            else:
                os.unlink(entry.path)
    return tuple(folders), files
