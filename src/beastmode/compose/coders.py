"""Coders: the parts that a run which writes code has beside those of every run, joined."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from beastmode import events
from beastmode.compose.coding_opening import Code
from beastmode.compose.opening import Opened
from beastmode.compose.run_gateway import RunGateway
from beastmode.errors import PreconditionError
from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.words import last_lines
from beastmode.runner.execute import Verdict
from beastmode.runner.fields import fill
from beastmode.runner.home import log_path
from beastmode.runner.kinds.agent import AgentKind
from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.environment import field_values
from beastmode.runner.kinds.generate import GenerateKind
from beastmode.runner.kinds.protocol import Attempt, Kind
from beastmode.runner.merge import MergeQueue
from beastmode.runner.model_access import ModelAccess, OwnAccess
from beastmode.runner.prompt import Brief, prompt_of
from beastmode.runner.proof import Proof, slots_by_cores
from beastmode.runner.roadmap import Task
from beastmode.runner.supervisor import Supervisor
from beastmode.runner.work import GENERATE, Coding, Command
from beastmode.runner.workspace import Place, Workspaces


class Coders:
    """Everything that tasks which write code share, from `begin` to `end`.

    on_budget: called, from any thread, when a budget is used up.   note_of: a person's word on a task.
    """

    def __init__(
        self,
        opened: Opened,
        code: Code,
        supervisor: Supervisor,
        on_budget: Callable[[str], None],
        note_of: Callable[[str], str],
    ) -> None:
        settings = code.settings
        self._opened, self._code, self._note_of = opened, code, note_of
        self._command = CommandKind(supervisor, hidden=_hidden(code))
        self.workspaces = Workspaces(
            code.repository,
            f"r{opened.run}",
            worktrees_root(code, opened.key),
            _list_of(opened),
            self._set_up,
        )
        self.access, self._gateway = _access(opened, code, on_budget)
        slots = asyncio.Semaphore(settings.check_at_once or slots_by_cores())
        check = Command(shell=settings.check) if settings.check else None
        self._proof = Proof(self._command, slots, check)
        self.merge = None
        if settings.merge == "queue":
            self.merge = MergeQueue(self.workspaces, self._check_again if check else None, self._record)
        parts = self.workspaces, self.access, settings, self._prompt
        self._agent = AgentKind(supervisor, *parts)
        self._generate = GenerateKind(*parts)

    async def begin(self) -> None:
        """The gateway runs, the result branch is there, and the check is green on it. Raises BeastError."""
        await self.workspaces.begin()
        await self._see_base()
        if self._gateway is not None:
            await self._gateway.start()

    async def end(self) -> None:
        """All attempts have ended: nothing of them is left but their branches and worktrees."""
        if self._gateway is not None:
            await self._gateway.stop()
        await self.workspaces.end()

    def kind_of(self, work: Coding) -> Kind:
        """Who does this work."""
        return self._generate if work.agent == GENERATE else self._agent

    def folder_of(self, task: Task, work: Coding) -> Path:
        """Where its commands run."""
        return self.workspaces.path_of(task.id) / self._code.repository.inside / work.cwd

    async def verify(self, attempt: Attempt) -> Verdict:
        """Check and verify in the worktree; answers on the way to a red one are not used again."""
        verdict = await self._proof(self._in_place(attempt))
        if self._gateway is not None:
            await self._gateway.judged(attempt, ok=verdict.failure is None)
        return verdict

    def _in_place(self, attempt: Attempt) -> Attempt:
        place = self.workspaces.place_of(attempt.task.id)
        return replace(attempt, root=place.folder, env={**attempt.env, **place.env})

    async def _check_again(self, attempt: Attempt, place: Place, name: str) -> Verdict:
        assert self._proof.check
        return await self._proof.run(self._in_place(attempt), self._proof.check, f"{name}.check")

    async def _record(self, task: str, attempt: int, commit: str) -> None:
        await self._opened.journal.append(
            events.MERGING, self._opened.run, task, attempt, data={"commit": commit}
        )

    async def _set_up(self, setup: Command, place: Place, log: Path) -> Failure | None:
        """Run the setup of a new worktree."""
        attempt = self._bare(Task(place.task), place, log)
        exit_ = await self._command.run(attempt, setup)
        if exit_.timed_out:
            return classify.timed_out(attempt.timeout_s, where="the setup")
        if exit_.code:
            cause = f"the setup ended with exit code {exit_.code}: {last_lines(exit_.tail)}"
            return classify.of_coding("setup_failed", cause, where=str(place.folder), code=exit_.code)
        return None

    def _bare(self, task: Task, place: Place, log: Path) -> Attempt:
        """What runs in a place without being an attempt."""
        settings = self._opened.settings
        run, limit = f"r{self._opened.run}", settings.log_limit_bytes
        where = place.folder, place.folder
        return Attempt(run, task, (), 1, settings.timeout_s, log, limit, *where, env=dict(place.env))

    async def _see_base(self) -> None:
        """A check that is red before anything was done would call every task a failure."""
        check, settings = self._proof.check, self._code.settings
        tip = await self.workspaces.tip()
        known = self._opened.progress.green
        if (
            check is None
            or settings.red_base
            or (known.get("commit"), known.get("check")) == (tip, check.shell)
        ):
            return
        task = Task("base")
        log = log_path(self._opened.folder, task.id, 0)
        place = await self.workspaces.at_base(task.id)
        verdict = await self._proof.run(self._bare(task, place, log), check, "check")
        if verdict.failure is not None:
            what = f"`{check.shell}` is red before any task began: {verdict.failure.cause}"
            tip = f"Mend it first, or begin all the same with --allow-red-base. All that it said: {log.with_suffix('.check.log')}"
            raise PreconditionError(what, where="--check", tip=tip)
        self._opened.journal.append(
            events.BASE_GREEN, self._opened.run, data={"commit": tip, "check": check.shell}
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
            self._note_of(task.id),
            attempt.feedback,
        )
        return prompt_of(brief, self._code.chosen.template)


def worktrees_root(code: Code, key: str) -> Path:
    """Where the worktrees of this list lie, the same in every run of it."""
    raise NotImplementedError


def _named(verify: Command | None, attempt: Attempt) -> Command | None:
    """A verification with the fields of its task filled in, as it will be run."""
    if verify is None or verify.shell:
        return verify
    return replace(verify, arguments=tuple(fill(verify.arguments, field_values(attempt))))


def _hidden(code: Code) -> frozenset[str]:
    """The variable of the key that the gateway shows: no code of a model is to see it."""
    server = code.settings.server
    return frozenset([server.key_env] if server is not None and server.key_env else [])


def _list_of(opened: Opened) -> Path | None:
    source = opened.request.source
    return source.resolve() if isinstance(source, Path) else None


def _access(
    opened: Opened, code: Code, on_budget: Callable[[str], None]
) -> tuple[ModelAccess, RunGateway | None]:
    if code.settings.server is None:
        return OwnAccess(), None
    gateway = RunGateway(
        code.settings.server,
        code.settings,
        opened.request.home,
        f"r{opened.run}",
        opened.settings.max_wait_s,
        on_budget,
    )
    return gateway, gateway
