"""A place to write code in, for tests of kinds: one git repository, entered by every attempt, saved as a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from beastmode.failures import classify
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.place import Place, Saved, WorkspaceError
from beastmode.runner.work import Coding


def git(folder: Path, *arguments: str) -> str:
    """What git says there."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path) -> Path:
    """A new one with one commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    (folder / "README.md").write_text("# A project\n", encoding="ascii")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


class OnePlace:
    """Real git in one folder.   env: of the place."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder, self.env = folder, env
        self.base = git(repository(folder), "rev-parse", "HEAD")

    async def enter(self, attempt: Attempt, work: Coding) -> Place:
        if not self.folder.is_dir():
            raise WorkspaceError(
                classify.of_coding("workspace", "there is no folder", where=str(self.folder))
            )
        inside = self.folder / work.cwd
        return Place(attempt.task.id, self.folder, inside, self.base, "beast/r1/task/t", self.env)

    async def save(self, place: Place, message: str) -> Saved:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", message)
        files = tuple(git(self.folder, "diff", "--name-only", self.base, "HEAD").split())
        return Saved(git(self.folder, "rev-parse", "HEAD"), bool(files), files)
