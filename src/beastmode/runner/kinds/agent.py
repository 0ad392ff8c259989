"""Coding agents: one attempt, from entering its worktree to what it left there. Its word is heard and not believed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from beastmode.errors import SettingError
from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.words import one_line
from beastmode.runner.agents.asking import asked, furnish, variables_of
from beastmode.runner.agents.containing import Bounds, contained
from beastmode.runner.agents.environment import environment_for
from beastmode.runner.agents.find import agent_of
from beastmode.runner.agents.fitness import Fitness
from beastmode.runner.agents.hearing import HeardLog
from beastmode.runner.agents.judging import Result, facts_of, failure_of
from beastmode.runner.agents.protocol import Agent, Ask, Heard, Launch, Said
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.git import GitError
from beastmode.runner.code.workspace import Place, Saved, WorkspaceError, Workspaces
from beastmode.runner.kinds.command import not_started
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.model_access import Access, ModelAccess
from beastmode.runner.processes.supervisor import Exit, Supervisor
from beastmode.runner.work import Coding
from beastmode.runner.worktrees.strays import Stray

_MOST_ANSWER_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Errand:
    """An attempt on its way.   leaves: to be called when its agent exists."""

    attempt: Attempt
    agent: Agent
    work: Coding
    place: Place
    access: Access
    leaves: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Told:
    """What an agent said, and how it ended.   walled: it could not write in the user's checkout."""

    said: Said
    exit: Exit
    walled: bool


class AgentKind:
    """Has coding agents do the tasks of one run.

    prompt: what is asked of them; it raises no error.   environment: of this process.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        workspaces: Workspaces,
        access: ModelAccess,
        settings: CodingSettings,
        prompt: Callable[[Attempt], str],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._supervisor, self._workspaces, self._access = supervisor, workspaces, access
        self._settings, self._prompt, self._environment = settings, prompt, environment
        self._fitness = Fitness()

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Success is an agent that says so and has changed something. Whatever it says, what it left is saved."""
        work = attempt.task.work
        if not isinstance(work, Coding):
            raise TypeError(f"no code to be written: {work!r}")
        try:
            agent = agent_of(work)
            place = await self._workspaces.enter(attempt, work)
        except SettingError as error:
            return Outcome(classify.bad_request(error.what, error.tip))
        except WorkspaceError as error:
            return Outcome(error.failure)
        access = await self._access.open(attempt)
        try:
            told = await self._ask(_Errand(attempt, agent, work, place, access, leaves))
        finally:
            usage = await self._access.close(attempt)
        saved, unsaved = await self._save(agent, attempt, place)
        strays = await self._strays(place, walled=told.walled)
        result = Result(agent.name, told.said, usage, not access.key, saved, unsaved, strays)
        return _outcome(failure_of(result), told.exit, {**facts_of(result), "branch": place.branch})

    async def _ask(self, errand: _Errand) -> _Told:
        """Start the agent in a home of its own, and hear it to its end."""
        prompt = self._prompt(errand.attempt)
        ask = asked(errand.attempt, errand.work, errand.place, errand.access, self._settings, prompt)
        launch = errand.agent.launch(ask)
        env = self._variables(errand, launch)
        try:
            furnish(ask, launch)
            unfit = await self._fitness.lacks(errand.agent, ask, env)
            if unfit is not None:
                return _Told(Said(unfit), Exit(0), walled=True)
            bounded = await self._bounded(errand, ask, launch, env)
            said, exit_ = await self._hear(errand, bounded, env)
            return _Told(said, exit_, walled=bounded is not launch)
        except OSError as error:
            return _Told(Said(_homeless(errand.agent, ask, error)), Exit(0), walled=True)
        finally:
            shutil.rmtree(ask.home, ignore_errors=True)

    def _variables(self, errand: _Errand, launch: Launch) -> dict[str, str]:
        """The key that the gateway shows is in none of them, whoever names it."""
        server = self._settings.server
        hidden = [server.key_env] if server is not None and server.key_env else []
        given = {**variables_of(errand.attempt), **errand.work.env, **errand.place.env, **launch.env}
        own = () if errand.access.key else errand.agent.own
        return environment_for(self._environment, own, given, hidden)

    async def _bounded(self, errand: _Errand, ask: Ask, launch: Launch, env: Mapping[str, str]) -> Launch:
        """The same in a sandbox, where there is one and the agent has none of its own."""
        has_own = errand.agent.sandbox and ask.permissions == "edits"
        if self._settings.sandbox == "none" or has_own or not await self._fitness.contains(env):
            return launch
        repository, place = self._workspaces.repository, errand.place
        bounds = Bounds(
            checkout=repository.top,
            git=repository.common,
            worktrees=self._workspaces.root,
            worktree=place.path,
            own=[ask.home, *(Path(env[name]) for name in ("TMPDIR",) if env.get(name))],
            home=Path(env.get("HOME", "/")),
            hides=bool(ask.access.key),
        )
        return replace(launch, arguments=contained(launch.arguments, bounds))

    async def _hear(self, errand: _Errand, launch: Launch, env: Mapping[str, str]) -> tuple[Said, Exit]:
        attempt, agent = errand.attempt, errand.agent
        log = HeardLog(attempt.log_path, attempt.log_limit_bytes, launch.over)
        try:
            exit_ = await self._run(errand, launch, env, log)
        except (OSError, ValueError) as error:
            exit_ = not_started(error, launch.arguments[0], errand.place.folder, log)
            return Said(classify.from_exit(exit_.code, tail=exit_.tail)), exit_
        said = agent.read(Heard(log.heard, exit_.code, _text_of(launch.answer), time.time()))
        if exit_.timed_out and not (said.failure and said.failure.throttle):
            said = replace(said, failure=classify.timed_out(attempt.timeout_s, where=agent.name))
        _sweep(errand.place, launch)
        return said, exit_

    async def _run(self, errand: _Errand, launch: Launch, env: Mapping[str, str], log: HeardLog) -> Exit:
        """Run it until it ends, its time is over, or it says that it waits for what is not coming."""
        running = asyncio.ensure_future(
            self._supervisor.run(
                launch.arguments,
                env=env,
                cwd=errand.place.folder,
                log=log,
                timeout_s=errand.attempt.timeout_s,
                on_started=errand.leaves,
                stdin=launch.stdin,
            )
        )
        log.on_over = running.cancel
        try:
            return await running
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not log.is_over or task is None or task.cancelling():
                raise  # the attempt itself is cancelled
            return Exit(-signal.SIGTERM, log_error=log.error)

    async def _save(
        self, agent: Agent, attempt: Attempt, place: Place
    ) -> tuple[Saved | None, Failure | None]:
        """What the agent left, as a commit; or why there is none."""
        if not place.path.is_dir():
            return None, _deleted(agent, place)
        try:
            return await self._workspaces.save(place, attempt.task.title or attempt.task.id), None
        except WorkspaceError as error:
            return None, error.failure

    async def _strays(self, place: Place, *, walled: bool) -> Sequence[Stray]:
        """None where git does not answer: what it did to the repository is met by all that follows."""
        with suppress(GitError, OSError):
            return await self._workspaces.strays(place, walled=walled)
        return ()


def _text_of(path: Path | None) -> str:
    """What a file holds; "" where there is none, or something that is no file, or more than can be meant."""
    if path is not None and path.is_file() and path.stat().st_size <= _MOST_ANSWER_BYTES:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_ANSWER_BYTES)
    return ""


def _sweep(place: Place, launch: Launch) -> None:
    """Take away what the agent leaves for itself: at the top of the worktree, or where it works."""
    for folder in {place.path, place.folder}:
        for name in launch.litter:
            for path in folder.glob(name):
                shutil.rmtree(path, ignore_errors=True)


def _homeless(agent: Agent, ask: Ask, error: OSError) -> Failure:
    cause = f"{agent.name} could not be given its home, {ask.home}: {error.strerror or error}"
    return classify.of_coding("workspace", cause, where=str(ask.home))


def _deleted(agent: Agent, place: Place) -> Failure:
    tip = f"Read the log for why {agent.name} did; the next attempt gets a new one."
    cause = f"{agent.name} deleted the worktree that it works in, {place.path}"
    return classify.of_coding("workspace", cause, tip, passing=True, where=agent.name)


def _outcome(failure: Failure | None, exit_: Exit, facts: dict[str, object]) -> Outcome:
    if failure is None:
        return Outcome(None, "ignored", exit_.cpu_s, exit_.max_rss_kib, facts)
    if exit_.log_error:
        failure = replace(failure, cause=one_line(f"{failure.cause} ({exit_.log_error})"))
    return Outcome(failure, failure.effect, exit_.cpu_s, exit_.max_rss_kib, facts)
