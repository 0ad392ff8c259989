"""A run of three tasks as it stands in the morning, made with the real parts: one merged, one that conflicts with it
and needs a person, one that failed. The repository, its home and the worktrees lie in one folder."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, MERGING, PLANNED, SESSION_ENDED, SESSION_STARTED
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.merge import MergeQueue
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.execute import Verdict
from beastmode.runner.home import journal_path, log_path, prepare_home, run_folder
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding
from beastmode.runner.worktrees.roots import worktrees_root
from beastmode.store.journal.journal import Journal, JournalReader
from beastmode.testing import attempt_of
from tests.repositories import git, repository
from tests.runner.merging import no_setup

CHECK = 'test "$(cat broken 2>/dev/null)" != yes'
ROADMAP = "tasks: [{id: good, agent: x}, {id: stuck, agent: x}, {id: lost, agent: x}]\n"
TASKS = {"good": "hello you\n", "stuck": "hello me\n", "lost": "hello\n"}
"""And what each leaves in `page`; each adds a file of its own name too."""
FAILED = {"class": "verify_failed", "cause": "3 != 4", "tip": "Read it.", "retryable": True}


@dataclass
class Morning:
    """The folder `top` is the checkout; `beast` is to be run there."""

    top: Path
    trees: Path = Path()

    @property
    def home(self) -> Path:
        return self.top / ".beast"

    def progress(self) -> Progress:
        reader = JournalReader(journal_path(self.home))
        try:
            return Progress(1).apply_all(reader.events(1))
        finally:
            reader.close()

    def git(self, *arguments: str) -> str:
        return git(self.top, *arguments)

    def path(self, task: str) -> Path:
        """Its worktree."""
        return self.trees / task


def morning_of(folder: Path) -> Morning:
    """The run, over and recorded."""
    morning = Morning(repository(folder / "shop", {"page": "hello\n"}))
    prepare_home(morning.home)
    (morning.top / ".git" / "info" / "exclude").write_text("list.yaml\n", encoding="ascii")
    (morning.top / "list.yaml").write_text(ROADMAP, encoding="ascii")
    asyncio.run(_run(morning))
    return morning


async def _run(morning: Morning) -> None:
    key = str((morning.top / "list.yaml").resolve())
    found = await repository_of(morning.top, CodingSettings())
    morning.trees = worktrees_root(found.common, key)
    journal = Journal(journal_path(morning.home), "process")
    journal.new_run({"roadmap": key, "title": "Shop"})
    workspaces = Workspaces(found, "r1", morning.trees, None, no_setup)
    await workspaces.begin()
    settings = {"concurrency": 3, "retries": 0, "rates": []}
    await journal.append(
        SESSION_STARTED, 1, data={"boot": "b", "settings": settings, "code": {"check": CHECK}}
    )
    records = [{"id": task, "title": f"Make it {task}", "kind": "agent"} for task in TASKS]
    await journal.append(PLANNED, 1, data={"tasks": records})
    for task in TASKS:
        await _work(morning.home, journal, workspaces, task)
    for task in TASKS:
        await _end(morning.home, journal, workspaces, task)
    await journal.append(SESSION_ENDED, 1, data={"state": "failed", "exit_code": 1})
    await journal.close()
    await workspaces.end()


async def _work(home: Path, journal: Journal, workspaces: Workspaces, task: str) -> None:
    await journal.append(ATTEMPT_STARTED, 1, task, 1)
    place = await workspaces.enter(_attempt(home, task), Coding())
    (place.path / "page").write_text(TASKS[task], encoding="ascii")
    (place.path / task).write_text("x\n", encoding="ascii")
    await workspaces.save(place, "wip\n")


async def _end(home: Path, journal: Journal, workspaces: Workspaces, task: str) -> None:
    async def record(task: str, attempt: int, commit: str) -> None:
        await journal.append(MERGING, 1, task, attempt, {"commit": commit})

    facts: dict[str, Any] = {"end": "failed", "failure": FAILED, "branch": "beast/r1/task/lost"}
    if task != "lost":
        verdict = await MergeQueue(workspaces, _green, record)(_attempt(home, task))
        facts = {"end": "done", **verdict.facts}
        if (failure := verdict.failure) is not None:
            plain = {"class": failure.class_, "cause": failure.cause, "tip": failure.tip}
            facts |= {"end": "needs_person", "failure": plain}
    await journal.append(ATTEMPT_ENDED, 1, task, 1, {"usage": {"requests": 3, "cost_usd": 0.25}, **facts})


def _attempt(home: Path, task: str) -> Attempt:
    """Of a task that was sent back before: a conflict is for a person now."""
    attempt = attempt_of(Task(task, Coding(), title=f"Make it {task}"))
    return replace(attempt, log_path=log_path(run_folder(home, 1), task, 1), sent_back=1)


async def _green(attempt: Attempt, place: Place, suffix: str) -> Verdict:
    return Verdict(None)
