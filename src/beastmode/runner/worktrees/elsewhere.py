"""Elsewhere: all of a repository that is no business of an attempt: the user's branches, tags, stashes, checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.worktree import is_below

HEADS, TAGS, STASH = "refs/heads/", "refs/tags/", "refs/stash"
_OURS = "refs/heads/beast/"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What stood there.

    refs: ids of branches and tags by their full names, without ours.   stashes: ids, the oldest first.   head: what the
    checkout stands on, as git keeps it.   index: whether that of the checkout was written, by its stamps.   files: of
    the checkout, that differ from its commit, with what `git status` says of each.
    """

    refs: Mapping[str, str]
    stashes: Sequence[str]
    head: str
    index: tuple[int, ...]
    files: Mapping[str, str]

    @property
    def branch(self) -> str:
        """The ref of the branch that the checkout stands on; "" where it is on none."""
        return self.head.removeprefix("ref: ") if self.head.startswith("ref: ") else ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where to look.   git: of the checkout, at its top.   common: the folder of git that all worktrees share.   own:
    the part of it that is the checkout's.   lists: paths that we may write ourselves."""

    git: Git
    common: Path
    own: Path
    lists: Sequence[str]

    async def look(self, files: Mapping[str, str]) -> Elsewhere:
        """As it is now, in one command of git.   files: of the checkout, as far as known.   Raises GitError."""
        out = await self.git("for-each-ref", "--format=%(refname) %(objectname)", HEADS, TAGS, STASH)
        rows = (line.rsplit(" ", 1) for line in out.splitlines() if not line.startswith(_OURS))
        refs = dict(row for row in rows if len(row) == 2)
        stashes = self._stashes(refs.pop(STASH, ""))
        return Elsewhere(refs, stashes, _text_of(self.own / "HEAD"), _stamps_of(self.own / "index"), files)

    async def files(self) -> dict[str, str]:
        """What `git status` says of the files of the checkout. Raises GitError."""
        out = await self.git("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty")
        rows = {row[3:]: row[:2] for row in out.split("\0") if row}
        return {path: state for path, state in rows.items() if not is_below(path, self.lists)}

    def _stashes(self, newest: str) -> list[str]:
        """newest: as its ref says; the others are known by the log of that ref alone."""
        rows = _text_of(self.common / "logs" / STASH).splitlines()
        listed = [words[1] for row in rows if len(words := row.split(" ", 2)) > 1]
        return listed if not newest or newest in listed else [*listed, newest]


def outlook(git: Git, top: Path, common: Path, lists: Sequence[str]) -> Outlook:
    """Of the checkout at `top`, which may be a worktree itself."""
    link = _text_of(top / ".git") if (top / ".git").is_file() else ""
    own = (top / link.removeprefix("gitdir: ")).resolve() if link else common
    return Outlook(git, common, own, lists)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""


def _stamps_of(file: Path) -> tuple[int, ...]:
    try:
        seen = os.stat(file)
    except OSError:
        return ()
    return seen.st_ino, seen.st_size, seen.st_mtime_ns
