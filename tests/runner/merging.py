"""A run whose tasks edit one repository at the same time: real git, worktrees, journal, guard, schedule; only the work
itself is scripted, from a seed. A process of its own may play it, to be killed: `python -m tests.runner.merging`.

The repository: `check.sh` is green while every module of `mods/` has a port of its own, and is listed once in
`list.txt`. Every task adds `docs/ID`; some add a module, with the next port that is free where they stand: two at the
same time take the same one, and together they are red; some also add a line at the end of `list.txt`: two conflict.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from beastmode.clock import SYSTEM_CLOCK
from beastmode.events import MERGING, SESSION_ENDED, SESSION_STARTED
from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.git import Git
from beastmode.runner.code.landing import landed_in
from beastmode.runner.code.merge import MergeQueue
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.standing import StandingGit
from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.execute import Job, Means, Verdict
from beastmode.runner.graph import graph_of
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.policy import Tries
from beastmode.runner.progress import Progress
from beastmode.runner.resume import Selection, opening_events, plan_session
from beastmode.runner.roadmap import Roadmap, Task
from beastmode.runner.schedule import Schedule
from beastmode.runner.work import Coding, Command
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.store.journal.journal import Journal, JournalReader
from beastmode.testing import attempt_of

RUN = "r1"
AT_ONCE = 4
CHECK = """set -e
test -z "$(cat mods/* 2>/dev/null | sort | uniq -d)" || { echo "two modules have one port"; exit 1; }
for name in $(cat list.txt); do test -e docs/$name || { echo "$name is listed, but not there"; exit 1; }; done
test -z "$(sort list.txt | uniq -d)" || { echo "listed twice"; exit 1; }
"""
_CHANGING = frozenset(
    ("commit-tree", "merge-tree", "update-ref", "reset", "restore", "read-tree", "write-tree", "update-index")
)
T = TypeVar("T")
_MODULE, _LISTED = 0.3, 0.25
"""How many of the tasks add a module; how many a line to the list."""


def sh(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def make_repository(top: Path) -> None:
    """One commit on `main`."""
    top.mkdir(parents=True)
    sh(top, "git", "init", "--quiet", "--initial-branch=main")
    (top / "check.sh").write_text(CHECK, encoding="ascii")
    (top / "list.txt").write_text("", encoding="ascii")
    sh(top, "git", "add", "--all")
    sh(top, "git", "-c", "user.name=u", "-c", "user.email=u@h", "commit", "--quiet", "-m", "the beginning")


def roadmap_of(seed: int, size: int) -> Roadmap:
    """Tasks with needs among them."""
    rng, tasks = random.Random(seed), list[Task]()
    for number in range(size):
        needs = tuple(task.id for task in tasks[-6:] if rng.random() < 0.12)
        tasks.append(Task(f"t{number:02}", Coding(), title=f"Do the thing {number}", needs=needs))
    return Roadmap(tasks)


class Stage:
    """One runner's turn at the tasks.   seed: of what they do, and how long it takes."""

    def __init__(self, folder: Path, seed: int, size: int) -> None:
        self.folder, self.seed, self.top = folder, seed, folder / "repo"
        self.roadmap = roadmap_of(seed, size)
        self.git = Git(self.top)
        self.path = folder / "journal.db"
        self.unmet: list[str] = []

    def progress(self) -> Progress:
        """What the journal holds now."""
        reader = JournalReader(self.path)
        try:
            return Progress(1, keep_attempts=True).apply_all(reader.events(1))
        finally:
            reader.close()

    async def play(self) -> Progress:
        """Go on, or begin, and run to the end of the session."""
        fresh = not self.path.exists()
        self.journal = Journal(self.path, "process")
        if fresh:
            self.journal.new_run({})
        progress = self.progress()
        landed = await landed_in(self.git, RUN, progress)
        self.plan = plan_session(self.roadmap, progress, Selection(), landed)
        await self._begin()
        schedule = Schedule(graph_of(self.roadmap), self._means(), self._job, states=dict(self.plan.states))
        await schedule.run()
        blocked = {
            self.plan.tasks[index].id: "" for index, state in schedule.states.items() if state == "blocked"
        }
        data = {"state": "done", "exit_code": 0, "blocked": blocked}
        await self.journal.append(SESSION_ENDED, 1, data=data)
        await self.journal.close()
        await self.workspaces.end()
        return self.progress()

    async def _begin(self) -> None:
        settings = {"concurrency": AT_ONCE, "rates": [], "retries": 1}
        self.journal.append(SESSION_STARTED, 1, data={"boot": "b", "settings": settings})
        await asyncio.gather(
            *(
                self.journal.append(kind, 1, task, number, data)
                for kind, task, number, data in opening_events(self.plan, Selection())
            )
        )
        repository = await repository_of(self.top, CodingSettings())
        self.workspaces = Workspaces(repository, RUN, self.folder / "trees", None, no_setup)
        await self.workspaces.begin()
        self.queue = MergeQueue(self.workspaces, self._check, self._record)

    def _means(self) -> Means:
        guard = Guard(MemoryStore(AT_ONCE, ()), SYSTEM_CLOCK, concurrency=AT_ONCE, rates=(), max_wait_s=60.0)
        return Means(1, guard, self.journal, SYSTEM_CLOCK, random.Random(0), 60.0)

    async def _record(self, task: str, attempt: int, commit: str) -> None:
        await self.journal.append(MERGING, 1, task, attempt, {"commit": commit})

    def _job(self, index: int) -> Job:
        task = self.plan.tasks[index]
        attempts, tries = self.plan.history.get(index, (0, Tries()))
        return Job(
            task,
            self,
            lambda number, said: attempt_of(task, number, folder=self.folder, feedback=said),
            verify=lambda attempt: self._check(attempt, self.workspaces.place_of(task.id), "check"),
            merge=self.queue,
            retries=1,
            attempts=attempts,
            tries=replace(tries),
            feedback=self.plan.notes.get(index, ""),
        )

    async def _check(self, attempt: Attempt, place: Place, suffix: str) -> Verdict:
        process = await asyncio.create_subprocess_exec(
            "sh", "check.sh", cwd=place.path, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        failure = classify.verify_failed(process.returncode, out.decode()) if process.returncode else None
        return Verdict(failure, out.decode())

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Edit the files of the worktree, as the seed has it; a look at what the task needs comes first."""
        leaves()
        task = attempt.task
        place = await self.workspaces.enter(attempt, Coding())
        rng = random.Random(f"{self.seed} {task.id} {attempt.number}")
        self.unmet += [
            f"{task.id}: {need}" for need in task.needs if not (place.path / "docs" / need).exists()
        ]
        await asyncio.sleep(rng.uniform(0.0, 0.1))  # the work
        edit(place.path, task.id, random.Random(f"{self.seed} {task.id}"))
        saved = await self.workspaces.save(place, task.title)
        return Outcome(facts={"branch": place.branch, "commit": saved.commit})


async def no_setup(command: Command, place: Place, log: Path) -> Failure | None:
    return None


def edit(tree: Path, task: str, rng: random.Random) -> None:
    """What a task does to the files, on whatever it finds there."""
    for folder in ("docs", "mods"):
        (tree / folder).mkdir(exist_ok=True)
    (tree / "docs" / task).write_text(f"{task}\n", encoding="ascii")
    if rng.random() < _MODULE:
        ports = [int(path.read_text()) for path in (tree / "mods").iterdir() if path.name != task]
        (tree / "mods" / task).write_text(f"{max(ports, default=8000) + 1}\n", encoding="ascii")
    listed = (tree / "list.txt").read_text(encoding="ascii")
    if rng.random() < _LISTED and task not in listed.split():
        (tree / "list.txt").write_text(f"{listed}{task}\n", encoding="ascii")


def check_result(stage: Stage, progress: Progress) -> None:
    """The promises, after the last session. Raises AssertionError for one that is broken."""
    top, result = stage.top, f"beast/{RUN}/result"
    assert not stage.unmet, f"began without the code of what they need: {stage.unmet}"
    merged = sh(top, "git", "rev-list", "--reverse", f"main..{result}").split()
    tasks = [sh(top, "git", "log", "-1", "--format=%(trailers:key=Beast-Task,valueonly)", c) for c in merged]
    done = {view.id for view in progress.tasks.values() if view.state == "done"}
    assert sorted(tasks) == sorted(done), "one commit for each task that is done, and none else"
    tree = stage.folder / "walk"
    sh(top, "git", "worktree", "add", "--quiet", "--detach", str(tree), "main")
    for task, commit in zip(tasks, merged, strict=True):
        code = progress.tasks[task].code
        assert code is not None
        assert (code.commit, code.merged) == (commit, True)
        assert len(sh(top, "git", "rev-list", "--parents", "-1", commit).split()) == 2
        sh(tree, "git", "checkout", "--quiet", "--force", "--detach", commit)
        sh(tree, "sh", "check.sh")
    for view in progress.tasks.values():
        if view.state == "needs_person":
            assert view.code is not None
            assert sh(top, "git", "show", f"{view.code.branch}:docs/{view.id}") == view.id, "its work is lost"
        else:
            assert view.state in ("done", "blocked"), f"{view.id} is {view.state}"
    sh(top, "git", "worktree", "remove", "--force", str(tree))


def kill_at(count: int, only: str) -> None:
    """Let this process be killed before or after one of the commands of git that change or make something, moves of
    refs among them: the even ones before, the odd ones after.   only: count those that are told this on their input;
    "" for all."""
    left, run, move = [count], Git.run, StandingGit.move

    async def counted(call: Coroutine[Any, Any, T], told: str) -> T:
        if only not in told:
            return await call
        left[0] = mine = left[0] - 2
        if mine == -2:
            os.kill(os.getpid(), 9)
        result = await call
        if mine == -1:
            os.kill(os.getpid(), 9)
        return result

    async def counted_run(self: Git, *arguments: str, **more: Any) -> tuple[int, bytes, bytes]:
        call = run(self, *arguments, **more)
        return await (
            counted(call, str(more.get("stdin", ""))) if not _CHANGING.isdisjoint(arguments) else call
        )

    async def counted_move(self: StandingGit, *lines: str) -> None:
        await counted(move(self, *lines), "\n".join(lines))

    Git.run = counted_run  # type: ignore[method-assign]
    StandingGit.move = counted_move  # type: ignore[method-assign]


if __name__ == "__main__":
    folder, seed, size, point = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    kill_at(point, sys.argv[5])
    stage = Stage(folder, seed, size)
    asyncio.run(stage.play())
