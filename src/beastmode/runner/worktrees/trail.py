"""Trail: where a worktree has stood, by git's own log of its HEAD. It tells what was made by whoever works in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MADE = re.compile(
    r"commit|cherry-pick|revert|am\b|rebase \((pick|continue|squash|fixup|reword|edit)|merge .*Merge made"
)
"""What git writes where a commit was made, not only gone to."""
_WENT = re.compile(r"checkout: moving from (\S+) to (\S+)")
_DETACHED = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Trail:
    """What was done in a worktree.   made: commits.   branches: that it went to.   left: commits made on no branch, on
    which it stood when it went on to something else."""

    made: frozenset[str]
    branches: frozenset[str]
    left: tuple[str, ...]


def begins(admin: Path) -> int:
    """Where a trail begins now.   admin: the folder of a worktree in its repository."""
    try:
        return _log_of(admin).stat().st_size
    except OSError:
        return 0


def trail_of(admin: Path, begun: int) -> Trail:
    """The trail since it began there; empty where git keeps none."""
    made, branches, left = set[str](), set[str](), list[str]()
    for old, new, message in _entries(_log_of(admin), begun):
        if _MADE.match(message):
            made.add(new)
        if went := _WENT.match(message):
            branches.add(went[2])
            left += [old] if _DETACHED.fullmatch(went[1]) and old in made else []
    return Trail(frozenset(made), frozenset(branches), tuple(dict.fromkeys(left)))


def _log_of(admin: Path) -> Path:
    return admin / "logs" / "HEAD"


def _entries(file: Path, begun: int) -> Iterator[tuple[str, str, str]]:
    """Old commit, new commit, message."""
    try:
        with file.open("rb") as log:
            log.seek(begun)
            text = log.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        head, _, message = line.partition("\t")
        words = head.split(" ", 2)
        if len(words) == 3:
            yield words[0], words[1], message
