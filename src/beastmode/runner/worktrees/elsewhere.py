"""Elsewhere: the user's checkout and branches, looked at before and after an attempt that changed nothing in its own
worktree. An agent may have worked there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from beastmode.runner.code.git import Git

_OURS = "refs/heads/beast/"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What stood there.   branches: commits by name.   files: that differ from their commit."""

    branches: Mapping[str, str]
    files: frozenset[str]

    def changed(self, now: Elsewhere) -> list[str]:
        """What is different now, as a person calls it."""
        moved = [name for name, commit in now.branches.items() if self.branches.get(name) != commit]
        return moved + [f"{name} in the checkout" for name in sorted(now.files - self.files)]


async def look_elsewhere(git: Git, files: frozenset[str] | None = None) -> Elsewhere:
    """As it is now.   git: of the checkout.   files: those that differ, where that is known."""
    out = await git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
    rows = (line.rsplit(" ", 1) for line in out.splitlines() if not line.startswith(_OURS))
    branches = {ref.removeprefix("refs/heads/"): commit for ref, commit in rows}
    if files is None:
        status = await git("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty")
        files = frozenset(row[3:] for row in status.split("\0") if row)
    return Elsewhere(branches, files)
