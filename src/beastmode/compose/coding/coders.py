"""Coders: the parts that a run which writes code has beside those of every run, joined."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from beastmode import events
from beastmode.compose.coding.base import look_at_base
from beastmode.compose.coding.elsewhere import GatewayElsewhere
from beastmode.compose.coding.gateway import RunGateway, way_to_model
from beastmode.compose.coding.reviewing import begin_anew
from beastmode.compose.opening.code import Code
from beastmode.compose.opening.run import Opened
from beastmode.errors import PreconditionError
from beastmode.failures.failure import Failure
from beastmode.gateway.run_door import Spent
from beastmode.runner.code.coding import ModelServer, work_of
from beastmode.runner.code.merge import MergeQueue
from beastmode.runner.code.prompt import Brief, prompt_of
from beastmode.runner.code.proof import Proof, slots_by_cores
from beastmode.runner.code.setup import set_up
from beastmode.runner.code.workspace import Workspaces
from beastmode.runner.execute import Verdict
from beastmode.runner.fields import fill
from beastmode.runner.kinds.agent import AgentKind
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.environment import field_values
from beastmode.runner.kinds.generate import GenerateKind
from beastmode.runner.kinds.protocol import Attempt, Kind
from beastmode.runner.model_access import OwnAccess
from beastmode.runner.processes.supervisor import Supervisor
from beastmode.runner.roadmap import Task
from beastmode.runner.work import GENERATE, Coding, Command
from beastmode.runner.worktrees.place import Place, in_place
from beastmode.runner.worktrees.room import check_room
from beastmode.runner.worktrees.roots import worktrees_root
from beastmode.settings import Auto


class Coders:
    """Everything that tasks which write code share, from `begin` to `end`.

    warn: told what a person should know.   on_budget: called when the budget of the run is used up.
    """

    def __init__(
        self, opened: Opened, code: Code, supervisor: Supervisor, warn: Callable[[Sequence[str]], None]
    ) -> None:
        settings, repository = code.settings, code.repository
        self._opened, self._code, self._warn = opened, code, warn
        self._ends = AsyncExitStack()
        self.on_budget: Callable[[], None] = lambda: None
        self._command = CommandKind(supervisor, _hidden(code))
        check = Command(shell=settings.check) if settings.check else None
        slots = asyncio.Semaphore(settings.check_at_once or slots_by_cores())
        self._proof = Proof(self._command, slots, check)
        root = worktrees_root(repository.common, opened.key)
        self._workspaces = Workspaces(repository, opened.name, root, opened.request.list_file, self._set_up)
        self._gateway = self._gateway_for(settings.server) if settings.server else None
        again = self._check_again if check else None
        self.merge = MergeQueue(self._workspaces, again, self._record) if settings.merge == "queue" else None
        parts = self._workspaces, self._gateway or OwnAccess(), settings, self._prompt
        self._agent = AgentKind(supervisor, *parts)
        self._generate = GenerateKind(*parts, list_file=opened.request.list_file)

    def _gateway_for(self, server: ModelServer) -> RunGateway | GatewayElsewhere:
        opened = self._opened
        where = opened.request.home, opened.name, opened.settings.max_wait_s
        return way_to_model(
            server, self._code.settings, *where, self._spent, tell=self._tell, limited=self._limited
        )

    @property
    def line(self) -> Callable[[], Awaitable[tuple[int, int] | None]] | None:
        """Asks how many requests wait at the gateway of this run, and how many are at work; None where it has none."""
        return self._gateway.line if isinstance(self._gateway, RunGateway) else None

    def _limited(self, upstream: str, data: dict[str, Any]) -> None:
        """How many requests at once has found another level there."""
        told = {
            "upstream": upstream,
            "at_once": data["concurrency"],
            "reason": data["reason"],
            "why": data["why"],
        }
        self._opened.journal.append(events.LIMITS, self._opened.run, data=told)

    def _tell(self, words: str) -> None:
        self._warn([words])

    def _spent(self, spent: Spent) -> None:
        """A budget is used up. Where it is that of a task, the others go on."""
        self._tell(spent.words)
        if not spent.task:
            self.on_budget()

    async def begin(self) -> None:
        """The result branch is there, the check is green on it, and the gateway runs. Raises BeastError."""
        await self._see_room()
        await self._workspaces.begin()
        self._ends.push_async_callback(self._workspaces.end)
        await self._workspaces.prepare(self._to_do, self._first_at_once)
        self._warn(await self._look_at_base())
        if self._gateway is not None:
            await self._gateway.start()
            self._ends.push_async_callback(self._gateway.stop)
            refused = await self._gateway.refusal()
            if refused is not None:
                raise PreconditionError(refused.cause, where="--upstream", tip=refused.tip)

    async def _look_at_base(self) -> Sequence[str]:
        nowhere = Path(os.devnull)
        bare = self._bare(Place("", nowhere, nowhere, "", "", {}), nowhere)
        return await look_at_base(self._opened, self._code, self._workspaces, self._proof, bare)

    @property
    def _to_do(self) -> list[str]:
        """The tasks that are to be done."""
        plan = self._opened.plan
        return [task.id for at, task in enumerate(plan.tasks) if plan.states.get(at, "pending") == "pending"]

    @property
    def _first_at_once(self) -> int:
        """How many of them begin at once."""
        most = self._opened.settings.concurrency
        return most.start if isinstance(most, Auto) else most or len(self._opened.plan.tasks)

    async def _see_room(self) -> None:
        """The disk holds the worktrees of as many tasks as will be at work. Raises PreconditionError."""
        tasks = len(self._opened.plan.tasks)
        at_once = min(tasks, self._opened.settings.concurrency or tasks)
        await check_room(self._code.repository, self._workspaces.root, at_once, self._code.settings.work.copy)

    async def end(self) -> None:
        """All attempts have ended: nothing of them is left but their branches, and worktrees with work in them."""
        await self._ends.aclose()

    def work_of(self, task: Task) -> Coding:
        """How the code of a task is written, all said. A program named by a path is that of the checkout."""
        work = work_of(task.work, self._code.settings)
        program = Path(work.command[0]) if work.command and "/" in work.command[0] else None
        if program is None or not program.exists():
            return work
        return replace(work, command=(str(program.absolute()), *work.command[1:]))

    def comes(self, task: Task) -> None:
        """Its turn has come."""
        if isinstance(self._gateway, RunGateway):
            self._gateway.comes(task.id)

    def kind_of(self, work: Coding) -> Kind:
        """Who does this work."""
        return self._generate if work.agent == GENERATE else self._agent

    def folder_of(self, task: Task, work: Coding) -> Path:
        """Where its commands run."""
        return self._workspaces.path_of(task.id) / self._code.repository.inside / work.cwd

    async def verify(self, attempt: Attempt) -> Verdict:
        """Check and verify in the worktree; answers on the way to a red one are not used again."""
        verdict = await self._proof(self._in_place(attempt))
        if verdict.failure is None and self.merge is not None:
            self._workspaces.proven(attempt.task.id)  # it is looked at again when it is merged
        else:
            await self._workspaces.tidy(attempt.task.id)
        if self._gateway is not None:
            await self._gateway.judged(attempt, ok=verdict.failure is None)
        return verdict

    def _in_place(self, attempt: Attempt) -> Attempt:
        return in_place(attempt, self._workspaces.place_of(attempt.task.id))

    async def _check_again(self, attempt: Attempt, place: Place, when: str) -> Verdict:
        assert self._proof.check
        return await self._proof.run(self._in_place(attempt), self._proof.check, "check", when)

    async def begin_anew(self, task: str) -> str:
        """Let a task that is not at work begin at the tip of the result; the branch that keeps what it had made."""
        return await begin_anew(self._code.repository.git, self._opened.name, task)

    async def set_server_limits(self, limits: Mapping[str, Any]) -> None:
        """What the model server bears from now on; what is not named stays."""
        if isinstance(self._gateway, RunGateway):
            await self._gateway.set_limits(limits)

    async def _record(self, task: str, attempt: int, commit: str) -> None:
        await self._opened.journal.append(
            events.MERGING, self._opened.run, task, attempt, data={"commit": commit}
        )

    async def _set_up(self, setup: Command, place: Place, log: Path) -> Failure | None:
        return await set_up(self._command, setup, self._bare(place, log))

    def _bare(self, place: Place, log: Path) -> Attempt:
        """What runs in a place without being an attempt."""
        settings, run = self._opened.settings, self._opened.name
        limit, where = settings.log_limit_bytes, place.folder
        return Attempt(
            run, Task(place.task), (), 1, settings.timeout_s, log, limit, where, where, env=place.env
        )

    def _prompt(self, attempt: Attempt) -> str:
        task, work = attempt.task, attempt.task.work
        assert isinstance(work, Coding)
        brief = Brief(
            task,
            work,
            attempt.phases,
            self._opened.roadmap.title,
            self._proof.check,
            _named(task.options.verify, attempt),
            self._opened.notes.get(task.id, ""),
            attempt.feedback,
            has_work=self._workspaces.place_of(task.id).has_work,
        )
        return prompt_of(brief, self._code.chosen.template)


def _named(verify: Command | None, attempt: Attempt) -> Command | None:
    """A verification with the fields of its task filled in, as it will be run."""
    if verify is None or verify.shell:
        return verify
    return replace(verify, arguments=tuple(fill(verify.arguments, field_values(attempt))))


def _hidden(code: Code) -> frozenset[str]:
    """The variable of the key that the gateway shows: no code of a model is to see it."""
    server = code.settings.server
    return frozenset([server.key_env] if server is not None and server.key_env else [])
