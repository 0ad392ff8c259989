"""Submodules: filled in a worktree from the repositories that the checkout has of them, without asking any server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.worktrees.oddities import submodules_of
from beastmode.runner.worktrees.worktree import Row, Worktree

_LOCAL = ("-c", "protocol.file.allow=always")
_LINK = "160000 "


@dataclass(frozen=True, slots=True)
class Submodules:
    """Those that the user's checkout has.   repositories: theirs inside of the checkout's, by their folder.   names: as
    git knows them, by their folder."""

    repositories: Mapping[str, Path]
    names: Mapping[str, str]

    @classmethod
    def of(cls, common: Path, names: Mapping[str, str]) -> Submodules:
        """common: the folder of git that all worktrees share.   names: by folder, of a commit."""
        all_ = {path: common / "modules" / name for path, name in names.items()}
        there = {path: module for path, module in all_.items() if (module / "HEAD").exists()}
        return cls(there, {path: names[path] for path in there})

    async def fill(self, worktree: Worktree) -> None:
        """Check them out as the worktree's commit names them; those that the checkout has not stay empty, and what a
        task before has taken out or renamed is left as it is.

        Their addresses are given by the command line alone: `git submodule init` would write them into the
        configuration that the checkout shares. Raises GitError.
        """
        if not self.repositories:
            return
        settings = [
            f"submodule.{self.names[path]}.url={module}" for path, module in self.repositories.items()
        ]
        settings += [f"submodule.{name}.active=true" for name in self.names.values()]
        words = [word for setting in settings for word in ("-c", setting)]
        git = Git(worktree.path)
        if wanted := await self._wanted(git):
            await git(*_LOCAL, *words, "submodule", "--quiet", "update", "--init", "--", *wanted)

    async def _wanted(self, git: Git) -> list[str]:
        """Those that the commit of a worktree still has, by the same name."""
        named = await submodules_of(git, "HEAD")
        out = await git("--literal-pathspecs", "ls-files", "--stage", "-z", "--", *self.repositories)
        linked = {row.partition("\t")[2] for row in out.split("\0") if row.startswith(_LINK)}
        return [path for path in self.repositories if path in linked and named.get(path) == self.names[path]]

    async def save(
        self, worktree: Worktree, rows: Sequence[Row], run: str, message: str, signature: Mapping[str, str]
    ) -> None:
        """Commit what was changed inside of them, and bring their commits to the repositories of the checkout, which
        outlive the worktree, under `refs/beast/RUN`. Raises GitError.

        rows: of the worktree.   signature: environment of the commit.
        """
        for row in rows:
            module = self.repositories.get(row.path)
            if module is None or not (worktree.path / row.path / ".git").exists():
                continue
            git = Git(worktree.path / row.path)
            if await git("status", "--porcelain"):
                await git("add", "--all")
                await git("commit", "--quiet", "--file=-", stdin=message.encode(), env=signature)
            commit = await git("rev-parse", "HEAD")
            words = (
                *_LOCAL,
                "fetch",
                "--quiet",
                "--no-tags",
                str(git.folder),
                f"HEAD:refs/beast/{run}/{commit}",
            )
            await Git(module, {"GIT_DIR": str(module)})(*words)
