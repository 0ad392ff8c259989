"""Odd files: what an agent may leave that a commit cannot hold, or should not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.worktrees.worktree import Row

LARGEST_FILE_BYTES = 100_000_000
"""Of one file in a commit. The common hosts of git take no push with a larger one, and it would stay in the history."""


@dataclass(frozen=True, slots=True)
class Odd:
    """One such file or folder.   path: relative to the worktree.   why: as a person is told."""

    path: str
    why: str


def odd_among(top: Path, rows: Iterable[Row]) -> Iterator[Odd]:
    """What among the changed paths of a worktree no commit should hold."""
    for row in rows:
        if row.is_repository:
            yield Odd(row.path.rstrip("/"), "is a git repository of its own")
            continue
        try:
            status = os.lstat(top / row.path)
        except OSError:
            continue  # deleted
        if not stat.S_ISREG(status.st_mode):
            continue
        if status.st_size > LARGEST_FILE_BYTES:
            yield Odd(row.path, f"has {status.st_size / 1e6:.0f} MB")
        elif not os.access(top / row.path, os.R_OK):
            yield Odd(row.path, "cannot be read")
