"""Room: whether the disk holds as many worktrees as a run will have, looked at before anything costs."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from beastmode.errors import PreconditionError
from beastmode.runner.code.repository import Repository
from beastmode.runner.worktrees.copies import matches, sizes

_SPARE = 2
"""Worktrees beyond those at work: one that is made ahead, and one that is being cleaned."""
_BLOCK_BYTES = 4096
"""What even an empty file takes on most disks."""
_MARGIN = 1.1


async def check_room(
    repository: Repository, root: Path, at_once: int, copy: Sequence[str] = (), free_bytes: int | None = None
) -> None:
    """Raises PreconditionError where the disk has no room for the worktrees of `at_once` tasks.

    root: where they will lie; those that are there already need no more.   copy: patterns of what each gets beside the
    files of its commit.   free_bytes: None: as the disk says. What a setup makes is not known before.
    """
    each = await asyncio.to_thread(_bytes_of_one, repository, await _files(repository), copy)
    free = shutil.disk_usage(_existing(root)).free if free_bytes is None else free_bytes
    fit = int(free / _MARGIN / max(1, each)) - _SPARE
    fit += _there(root)
    if fit >= at_once:
        return
    need = f"{at_once + _SPARE} worktrees of {_shown(each)} each do not fit: {_shown(free)} are free"
    fewer = f"run fewer tasks at once (--max-concurrency {fit}), " if fit > 0 else ""
    tip = f"Free space there, {fewer}or name a folder on a larger disk in XDG_DATA_HOME."
    raise PreconditionError(need, where=str(root), tip=tip)


def _there(root: Path) -> int:
    """Worktrees of the list that a run before has left."""
    return (
        sum(path.is_dir() and not path.name.startswith(".") for path in root.iterdir())
        if root.is_dir()
        else 0
    )


async def _files(repository: Repository) -> list[str]:
    out = await repository.git("ls-files", "-z")
    return [name for name in out.split("\0") if name]


def _bytes_of_one(repository: Repository, files: Iterable[str], copy: Sequence[str]) -> int:
    """As the files of the checkout are: those of the base will hardly differ."""
    top = repository.top
    return sum(_size(top / name) for name in files) + sizes(top, matches(top, copy))


def _size(path: Path) -> int:
    try:
        return -(-os.lstat(path).st_size // _BLOCK_BYTES) * _BLOCK_BYTES
    except OSError:
        return 0  # in a sparse checkout, or deleted


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _shown(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
