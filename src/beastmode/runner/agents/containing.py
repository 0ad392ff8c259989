"""Containing: an agent in a sandbox of bubblewrap, in which it can write where it works and not where others do. Pure.

What it keeps from harm: the system, the user's checkout, the worktrees of other tasks, and, where the agent needs no
login of the user's, keys that lie in the home. What it does not: the rest of the home, where caches of every tool lie,
the repository's folder of git, and the network. Processes see each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROBE = ("bwrap", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--", "true")
"""Succeeds where there is bubblewrap and the kernel lets it work."""
_SECRET = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config/gcloud", ".config/gh")
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 (nothing is written there, but by the agent)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What lies where.

    checkout: of the user.   git: the folder of git that all worktrees share.   worktrees: the folder of all of them.
    worktree: of this task.   own: further folders of this attempt.   home: of the user.   hides: keys in the home are
    not seen.
    """

    checkout: Path
    git: Path
    worktrees: Path
    worktree: Path
    own: Sequence[Path]
    home: Path
    hides: bool


def contained(arguments: Sequence[str], bounds: Bounds) -> tuple[str, ...]:
    """The command that runs `arguments` within the bounds. What does not exist is left out.

    It ends as every command does, by the supervisor: `--die-with-parent` would leave it no time to tidy up.
    """
    return ("bwrap", *_mounts(bounds), "--", *arguments)


def _mounts(bounds: Bounds) -> Iterator[str]:
    """In this order: what comes later lies on top."""
    yield from ("--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc")
    for folder in (*_TEMPORARY, bounds.home):
        yield from _bound("--bind", folder) if folder != Path("/") else ()
    if bounds.hides:
        for name in _SECRET:
            if (bounds.home / name).is_dir():
                yield from ("--tmpfs", str(bounds.home / name))
    yield from _bound("--ro-bind", bounds.checkout)
    yield from _bound("--bind", bounds.git)
    yield from _bound("--ro-bind", bounds.worktrees)
    for folder in (bounds.worktree, *bounds.own):
        yield from _bound("--bind", folder)


def _bound(how: str, folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (how, str(folder), str(folder))
