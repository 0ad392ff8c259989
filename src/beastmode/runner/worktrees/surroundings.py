"""Surroundings: what a task has for itself beside its files: ports, a folder for temporary files, a name in git."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from beastmode.runner.code.commits import EMAIL, NAME
from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.excludes import as_environment
from beastmode.runner.worktrees.files import delete
from beastmode.runner.worktrees.ports import PortBlocks
from beastmode.safeguards.host.folder import limits_folder


class Surroundings:
    """Gives tasks what is their own, by the path of their worktree, and takes it back."""

    def __init__(self, git: Git) -> None:
        self._git, self._ports = git, PortBlocks()
        self._identity: dict[str, str] | None = None

    async def enter(self, path: Path, exclude_file: Path) -> dict[str, str]:
        """The variables of a task whose worktree is at a path; its temporary folder is there, and empty.

        Raises OSError.
        """
        folder = temporary_folder(path)
        if folder.exists():
            delete(folder)
        folder.mkdir(parents=True, mode=0o700)
        return {
            "BEAST_PORT_BASE": str(self._ports.take(str(path))),
            "BEAST_WORKTREE": str(path),
            "BEAST_TMP": str(folder),
            "TMPDIR": str(folder),
            **await self._name(),
            **as_environment(exclude_file, os.environ),
        }

    def leave(self, path: Path) -> None:
        """Nobody is at work there any more."""
        self._ports.give_back(str(path))
        folder = temporary_folder(path)
        if folder.exists():
            delete(folder)

    def end(self) -> None:
        """All of them leave. Their temporary folders stay for a person to look at, until they are entered again."""
        self._ports.close()

    async def _name(self) -> dict[str, str]:
        """Without a name, git refuses an agent's commits; a name that the user has told git is left alone."""
        if self._identity is None:
            known = await self._git.identity()
            names = {"NAME": NAME, "EMAIL": EMAIL} if known is None else {}
            self._identity = {
                f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in names.items()
            }
        return self._identity


def temporary_folder(path: Path) -> Path:
    """Of the task whose worktree is at a path: the same in every run, and short, for sockets lie in such folders and
    their paths may have 107 letters."""
    return limits_folder() / "tmp" / hashlib.blake2b(os.fsencode(path), digest_size=5).hexdigest()
