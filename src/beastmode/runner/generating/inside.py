"""Inside: the files of one folder, reached step by step from its descriptor, so that no link leads out of it.

Every folder on the way is opened without following links, and what is asked of a file is asked of the folder that was
opened, not of a path that somebody may have changed meanwhile.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.generating.paths import refused, same_name

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class RefusedPathError(Exception):
    """A path that no edit may touch; says why, in words for the model."""


@dataclass(frozen=True, slots=True)
class File:
    """What lies at a path.   mode: its permissions."""

    content: bytes
    mode: int


class Inside:
    """Files below `root`/`below`.   root: trusted; `below` is not, for the repository may hold a link there."""

    def __init__(self, root: Path, below: str = "") -> None:
        self._root = root
        self._below = [name for name in below.split("/") if name not in ("", ".")]

    @property
    def name(self) -> str:
        """Of the root, in the folder that holds it."""
        return self._root.name

    def check(self) -> None:
        """Raises RefusedPathError or OSError where the folder cannot be used."""
        os.close(self._open_top())

    def read(self, path: str, most_bytes: int) -> File | None:
        """The file at a path, None where nothing is.

        Raises RefusedPathError for a path that must not be used, for all that is no plain file, for a file of more
        than `most_bytes`, and for one that differs from an existing name only in case or composition.
        """
        with self.folder_of(path) as (folder, name):
            if folder is None or name not in names_in(folder, name):
                return None
            return _read(folder, name, most_bytes)

    @contextmanager
    def folder_of(self, path: str, *, create: list[str] | None = None) -> Iterator[tuple[int | None, str]]:
        """The folder that holds a path, opened, with the file's name; None where the folder does not exist.

        create: missing folders are made, and their paths added to it. Raises RefusedPathError.
        """
        if why := refused(path):
            raise RefusedPathError(why)
        *folders, name = path.split("/")
        folder = self._open_top()
        try:
            for depth, each in enumerate(folders):
                if each not in names_in(folder, each):
                    if create is None:
                        yield None, name
                        return
                    os.mkdir(each, dir_fd=folder)
                    create.append("/".join(folders[: depth + 1]))
                inner = _enter(folder, each)
                os.close(folder)
                folder = inner
                if ".git" in os.listdir(folder):
                    raise RefusedPathError(f"{'/'.join(folders[: depth + 1])} is another repository")
            yield folder, name
        finally:
            os.close(folder)

    def remove_folder(self, path: str) -> bool:
        """Was the folder empty, and is now gone?"""
        try:
            with self.folder_of(path) as (folder, name):
                if folder is not None:
                    os.rmdir(name, dir_fd=folder)
                return folder is not None
        except (OSError, RefusedPathError):
            return False

    def _open_top(self) -> int:
        if ".." in self._below:
            raise RefusedPathError("the folder to work in leads out of the worktree")
        folder = os.open(self._root, _FOLDER)
        for name in self._below:
            try:
                inner = _enter(folder, name)
            finally:
                os.close(folder)
            folder = inner
        return folder


def names_in(folder: int, wanted: str) -> list[str]:
    """What an opened folder holds. Raises RefusedPathError where that has `wanted` in other letters only."""
    names = os.listdir(folder)
    if wanted not in names:
        key = same_name(wanted)
        if other := next((name for name in names if same_name(name) == key), ""):
            raise RefusedPathError(
                f"{other!r} exists, and differs from {wanted!r} only in case or composition"
            )
    return names


def kind_of(folder: int, name: str) -> str:
    """What lies there, in a word; "" for a plain file."""
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(mode) else "no plain file"


def _enter(folder: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        with suppress(OSError):
            if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise RefusedPathError(f"{name!r} on the way to it is a symbolic link") from None
        raise RefusedPathError(f"{name!r} on the way to it is no folder: {error.strerror}") from None


def _read(folder: int, name: str, most_bytes: int) -> File:
    try:
        if kind := kind_of(folder, name):
            raise RefusedPathError(f"it is {kind}")
        file = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        raise RefusedPathError(f"it cannot be read: {error.strerror}") from None
    with open(file, "rb") as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise RefusedPathError("it is no plain file")
        if found.st_size > most_bytes:
            raise RefusedPathError(
                f"it has {found.st_size} bytes, more than the {most_bytes} that are edited"
            )
        return File(opened.read(most_bytes + 1)[:most_bytes], stat.S_IMODE(found.st_mode) & 0o777)
