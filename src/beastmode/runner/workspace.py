"""Stand-in, to be replaced by the branch `worktrees`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from beastmode.failures.failure import Failure
from beastmode.runner.git import Git
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.refs import base_ref, result_ref, safe_name, task_ref
from beastmode.runner.work import Coding, Command


@dataclass(frozen=True, slots=True)
class Repository:
    top: Path
    git: Git
    inside: str
    base: str
    branch: str


@dataclass(frozen=True, slots=True)
class Place:
    task: str
    path: Path
    folder: Path
    base: str
    branch: str
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    commit: str
    changed: bool
    files: tuple[str, ...]


class WorkspaceError(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


class Workspaces:
    def __init__(
        self,
        repository: Repository,
        run: str,
        root: Path,
        list_file: Path | None,
        run_setup: Callable[[Command, Place, Path], Awaitable[Failure | None]],
    ) -> None:
        self.repository, self.run, self._root = repository, run, root
        self._places: dict[str, Place] = {}

    async def begin(self) -> None:
        git = self.repository.git
        if not await git.succeeds("rev-parse", "--verify", "--quiet", result_ref(self.run)):
            await git("update-ref", result_ref(self.run), self.repository.base)

    def path_of(self, task: str) -> Path:
        return self._root / safe_name(task)

    async def enter(self, attempt: Attempt, work: Coding) -> Place:
        git, task, path = self.repository.git, attempt.task.id, self.path_of(attempt.task.id)
        ref = task_ref(self.run, task)
        branch = ref.removeprefix("refs/heads/")
        if not path.exists():
            tip = await git("rev-parse", result_ref(self.run))
            await git("update-ref", base_ref(self.run, task), tip)
            await git("worktree", "add", "--quiet", "-B", branch, str(path), tip)
        else:
            await git.at(path)("checkout", "--quiet", "--force", branch)
        base = await git("rev-parse", base_ref(self.run, task))
        place = self._places[task] = Place(task, path, path, base, branch)
        return place

    def place_of(self, task: str) -> Place:
        return self._places[task]

    async def save(self, place: Place, message: str) -> Saved:
        git = self.repository.git.at(place.path)
        await git("add", "--all")
        env = {
            f"GIT_{w}_{k}": v for w in ("AUTHOR", "COMMITTER") for k, v in (("NAME", "b"), ("EMAIL", "b@b"))
        }
        if not await git.succeeds("diff", "--cached", "--quiet"):
            await git("commit", "--quiet", "-m", message, env=env)
        commit = await git("rev-parse", "HEAD")
        return Saved(commit, commit != place.base, ())

    async def finish(self, task: str) -> None:
        git = self.repository.git
        await git("worktree", "remove", "--force", str(self.path_of(task)))

    async def end(self) -> None:
        pass
