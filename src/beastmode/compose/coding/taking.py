"""Taking: the work that a person accepts goes through the steps of the merge queue, in the worktree of its task."""

from __future__ import annotations

import asyncio
import shlex
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from beastmode.compose.coding.desk import Desk
from beastmode.errors import BeastError, PreconditionError
from beastmode.events import MERGING
from beastmode.failures.failure import Failure
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.merge import Check, MergeQueue
from beastmode.runner.code.proof import Proof
from beastmode.runner.code.refs import result_ref
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.setup import set_up
from beastmode.runner.code.workspace import Place, WorkspaceError, Workspaces
from beastmode.runner.execute import Verdict
from beastmode.runner.formats.asked import file_of
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.home import log_path, run_folder, watchdog_folder
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.processes.supervisor import Supervisor
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding, Command
from beastmode.runner.worktrees import task_refs
from beastmode.runner.worktrees.place import in_place
from beastmode.runner.worktrees.roots import worktrees_root
from beastmode.runner.worktrees.salvage import ours
from beastmode.runner.worktrees.worktree import find

_TIMEOUT_S, _LOG_BYTES = 3600.0, 10 * 1024 * 1024


async def take(desk: Desk, task: str) -> tuple[str, str]:
    """Merge what is on a task's branch: the commit that it became, and the branch. Raises PreconditionError."""
    token = uuid.uuid4().hex
    supervisor = Supervisor(token, watchdog_folder(desk.home) / f"{token}.lock")
    hands = _Hands(CommandKind(supervisor), _attempt(desk, task))
    repository = await repository_of(desk.folder, CodingSettings(base=result_ref(desk.run)))
    root, (file, _) = worktrees_root(repository.common, desk.roadmap), file_of(desk.roadmap)
    workspaces = Workspaces(repository, desk.run, root, file if file.is_file() else None, hands.set_up)
    try:
        await workspaces.begin()
        await _take_up(workspaces, task)
        verdict = await _through_the_queue(desk, workspaces, hands)
    finally:
        await workspaces.end()
        await supervisor.close()
    if verdict.failure is not None:
        raise _not_taken(desk, task, verdict.failure, workspaces.path_of(task))
    return verdict.facts["commit"], verdict.facts["branch"]


def _attempt(desk: Desk, task: str) -> Attempt:
    """A person's own, number 0: nothing is sent back, whatever comes of it."""
    log = log_path(run_folder(desk.home, desk.progress.run), task, 0).absolute()
    made = Task(task, Coding(), title=desk.view(task).title)
    return Attempt(desk.run, made, (), 0, _TIMEOUT_S, log, _LOG_BYTES, desk.folder, desk.folder, sent_back=1)


async def _take_up(workspaces: Workspaces, task: str) -> None:
    """What a person has committed to the task's branch is its work now; what is not committed is theirs to commit."""
    refs = await task_refs.read(workspaces.git, workspaces.run, task)
    if not refs.tip:
        tip = "Have it done again: beast review RUN TASK --redo 'why'."
        raise PreconditionError(f"the branch of {task!r} is gone", tip=tip)
    path = workspaces.path_of(task)
    if await _is_changed(workspaces, task, path):
        tip = f"Commit it there, or take it back: cd {shlex.quote(str(path))} && git status"
        raise PreconditionError("something in its worktree is not committed", where=str(path), tip=tip)
    await task_refs.save(workspaces.git, workspaces.run, task, refs.tip)


async def _is_changed(workspaces: Workspaces, task: str, path: Path) -> bool:
    """Whether the worktree of a task holds what no commit does. False where it has none."""
    worktree = find(workspaces.git, workspaces.repository.common, path)
    state = worktree.state if worktree is not None and worktree.is_there else None
    if worktree is None or state is None or (state.run, state.task) != (workspaces.run, task):
        return False
    return bool(ours(await worktree.rows(), state.excluded))


async def _through_the_queue(desk: Desk, workspaces: Workspaces, hands: _Hands) -> Verdict:
    """Checked as it stands, as after an attempt, and then as any other."""

    async def record(task: str, number: int, commit: str) -> None:
        await desk.journal.append(MERGING, desk.progress.run, task, number, {"commit": commit})

    check = hands.check(desk.check)
    try:
        place = await workspaces.enter(hands.attempt, _work_of(desk, hands.attempt.task.id))
        verdict = await check(hands.attempt, place, "") if check else Verdict(None)
        await workspaces.tidy(place.task)
        return verdict if verdict.failure else await MergeQueue(workspaces, check, record)(hands.attempt)
    except WorkspaceError as error:
        return Verdict(error.failure)


def _work_of(desk: Desk, task: str) -> Coding:
    """As the list has it now; without a word of its own where the list cannot be read, or has it no longer."""
    with suppress(BeastError, OSError):
        for one in read_roadmap(*file_of(desk.roadmap)).tasks():
            if one.id == task and isinstance(one.work, Coding):
                return one.work
    return Coding()


def _not_taken(desk: Desk, task: str, failure: Failure, path: Path) -> PreconditionError:
    by_hand = f"cd {shlex.quote(str(path))} && git merge beast/{desk.run}/result"
    tips = {
        "merge_conflict": f"Resolve it there, commit, and accept it again: {by_hand}",
        "merge_red": f"Mend it there, commit, and accept it again: {by_hand}",
        "verify_failed": f"Mend it there, commit, and accept it again: cd {shlex.quote(str(path))}",
    }
    tip = tips.get(failure.class_, failure.tip)
    return PreconditionError(f"{task!r} was not taken: {failure.cause}", tip=tip)


@dataclass(frozen=True, slots=True)
class _Hands:
    """Runs commands in the worktree of one task."""

    kind: CommandKind
    attempt: Attempt

    def check(self, line: str) -> Check | None:
        """A shell line that must be green; None where there is none."""
        return (
            partial(self._checked, Proof(self.kind, asyncio.Semaphore(1)), Command(shell=line))
            if line
            else None
        )

    async def set_up(self, command: Command, place: Place, log: Path) -> Failure | None:
        """A worktree that had to be made anew is prepared as the first was."""
        return await set_up(self.kind, command, in_place(replace(self.attempt, log_path=log), place))

    async def _checked(
        self, proof: Proof, line: Command, attempt: Attempt, place: Place, when: str
    ) -> Verdict:
        return await proof.run(in_place(attempt, place), line, "check", when)
