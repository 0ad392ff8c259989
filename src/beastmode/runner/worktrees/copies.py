"""Copies: files of the checkout that no commit has, like `.env` or `node_modules`, for a worktree."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from beastmode.errors import PreconditionError
from beastmode.runner.worktrees.files import delete


def matches(top: Path, patterns: Iterable[str]) -> list[str]:
    """What of a checkout the patterns mean, relative to it, sorted; a folder stands for all in it.

    `*`, `?`, `[…]` and `**` are as in a shell. Raises PreconditionError for one that leaves the checkout.
    """
    found: set[str] = set()
    for pattern in patterns:
        plain = _inside(pattern)
        found |= {path.relative_to(top).as_posix() for path in top.glob(plain)}
    return [path for path in sorted(found) if path != "." and not _in_git(path) and not _covered(path, found)]


def _inside(pattern: str) -> str:
    path = PurePosixPath(pattern.strip())
    if path.is_absolute() or ".." in path.parts or not path.parts:
        tip = "Write it relative to the top of the checkout, like .env or web/node_modules."
        raise PreconditionError(
            f"`copy` cannot take {pattern!r}: it names nothing inside the checkout", tip=tip
        )
    return str(path)


def _in_git(path: str) -> bool:
    return PurePosixPath(path).parts[0] == ".git"


def _covered(path: str, found: set[str]) -> bool:
    return any(str(parent) in found for parent in PurePosixPath(path).parents)


def copy_all(top: Path, into: Path, paths: Iterable[str]) -> None:
    """Copy files and folders, links as links, where the disk can without taking more room. Raises OSError."""
    for path in paths:
        _make_folders(into, PurePosixPath(path).parent)
        delete(into / path)
        _copy(top / path, into / path)


def _make_folders(into: Path, folder: PurePosixPath) -> None:
    """A link in the way goes: a copy must not land outside of the worktree."""
    at = into
    for part in folder.parts:
        at /= part
        if at.is_symlink() or (at.exists() and not at.is_dir()):
            at.unlink()
        at.mkdir(exist_ok=True)


def _copy(source: Path, target: Path) -> None:
    """Sockets and pipes are left out: nobody would be at their other end."""
    mode = source.lstat().st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISDIR(mode):
        target.mkdir()
        for name in sorted(os.listdir(source)):
            _copy(source / name, target / name)
        shutil.copystat(source, target)
    elif stat.S_ISREG(mode):
        shutil.copy2(source, target)


def sizes(top: Path, paths: Iterable[str]) -> int:
    """Bytes of all that `copy_all` would copy."""
    return sum(_size(top / path) for path in paths)


def _size(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        return sum(entry for entry in _sizes_in(path))
    return path.lstat().st_size


def _sizes_in(folder: Path) -> Iterator[int]:
    for at, _, names in os.walk(folder):
        for name in names:
            yield os.lstat(os.path.join(at, name)).st_size
