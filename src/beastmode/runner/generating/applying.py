"""Applying: the changes of one answer come onto the disk, all of them or none.

Every new content is written whole beside the worktree first; then files only change their places. What goes wrong on
the way is taken back. A kill in the middle leaves a tree that the next attempt does not trust.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from beastmode.runner.generating.inside import Inside, RefusedPathError, kind_of, names_in
from beastmode.runner.generating.patching import Change

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def apply(changes: Sequence[Change], inside: Inside, beside: Path) -> None:
    """Make the changes.   beside: folder on the same disk, outside of the worktree, for what is not in place yet; one
    at a time is at work on a worktree.

    A file that has other names (hard links) is replaced; those keep what they had. Raises RefusedPathError or OSError,
    and then everything is as it was.
    """
    stage = beside / f".beast-edits-{inside.name}"
    shutil.rmtree(stage, ignore_errors=True)  # of one that was killed
    stage.mkdir(mode=0o700)
    try:
        with ExitStack() as stack:
            folder = os.open(stage, _FOLDER)
            stack.callback(os.close, folder)
            for number, change in enumerate(changes):
                _write(folder, f"new-{number}", change)
            _move(changes, inside, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _write(stage: int, name: str, change: Change) -> None:
    if change.after is None:
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(name, flags, 0o600, dir_fd=stage), "wb") as file:
        file.write(change.after.content)
        os.fchmod(file.fileno(), change.after.mode)


def _move(changes: Sequence[Change], inside: Inside, stage: int) -> None:
    undo: list[Callable[[], None]] = []
    made: list[str] = []
    try:
        for number, change in enumerate(changes):
            _put(change, number, inside, stage, made, undo)
    except BaseException:
        for step in reversed(undo):
            step()
        for path in reversed(made):
            inside.remove_folder(path)
        raise
    for change in changes:
        if change.after is None:
            _remove_emptied(change.path, inside)


def _put(
    change: Change, number: int, inside: Inside, stage: int, made: list[str], undo: list[Callable[[], None]]
) -> None:
    """What is there moves out of the way, what is new into its place."""
    old, new = f"old-{number}", f"new-{number}"
    with inside.folder_of(change.path, create=None if change.after is None else made) as (folder, name):
        if folder is None:
            return
        if name in names_in(folder, name):
            if kind := kind_of(folder, name):
                raise RefusedPathError(f"{change.path} is {kind}")
            os.rename(name, old, src_dir_fd=folder, dst_dir_fd=stage)
            undo.append(lambda: _back(inside, change.path, stage, old))
        if change.after is not None:
            os.rename(new, name, src_dir_fd=stage, dst_dir_fd=folder)
            undo.append(lambda: _back(inside, change.path, stage, None))


def _back(inside: Inside, path: str, stage: int, old: str | None) -> None:
    """Take one step back: the new file goes, or the old one comes again."""
    with suppress(OSError, RefusedPathError), inside.folder_of(path) as (folder, name):
        if folder is None:
            return
        if old is None:
            os.unlink(name, dir_fd=folder)
        else:
            os.rename(old, name, src_dir_fd=stage, dst_dir_fd=folder)


def _remove_emptied(path: str, inside: Inside) -> None:
    """As git does: a folder goes with its last file."""
    while "/" in path:
        path = path.rpartition("/")[0]
        if not inside.remove_folder(path):
            return
