"""Coding agents: one attempt, from entering its worktree to what it left there. Its word is heard and not believed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beastmode.errors import SettingError
from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.words import one_line
from beastmode.runner.agents import complaints
from beastmode.runner.agents.asking import asked, furnish, variables_of
from beastmode.runner.agents.environment import environment_for
from beastmode.runner.agents.find import agent_of
from beastmode.runner.agents.fitness import Fitness
from beastmode.runner.agents.hearing import HeardLog
from beastmode.runner.agents.protocol import Agent, Heard, Launch, Said
from beastmode.runner.coding import CodingSettings
from beastmode.runner.kinds.command import not_started
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.model_access import Access, ModelAccess, Usage
from beastmode.runner.supervisor import Exit, Supervisor
from beastmode.runner.work import Coding
from beastmode.runner.workspace import Place, Saved, WorkspaceError, Workspaces


@dataclass(frozen=True, slots=True)
class _Ran:
    """One run of an agent.   exit: None where it was not even started."""

    said: Said
    exit: Exit | None = None


class AgentKind:
    """Has coding agents do the tasks of one run.   prompt: what is asked of them.   environment: of this process."""

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
            ran = await self._ask(agent, attempt, work, place, access, leaves)
        finally:
            usage = await self._access.close(attempt)
        failure, saved = await self._saved(agent, attempt, place, ran)
        if failure is not None and usage.failure is not None:
            failure = (
                usage.failure
            )  # what the gateway saw of its model is known better than what the agent made of it
        return _outcome(failure, agent, place, ran, usage, saved)

    async def _ask(
        self,
        agent: Agent,
        attempt: Attempt,
        work: Coding,
        place: Place,
        access: Access,
        leaves: Callable[[], None],
    ) -> _Ran:
        ask = asked(attempt, work, place, access, self._settings, self._prompt(attempt))
        launch = agent.launch(ask)
        given = {**work.env, **place.env, **launch.env}
        own = () if access.key else agent.own
        env = environment_for(self._environment, own, variables_of(attempt) | given, _hidden(self._settings))
        try:
            furnish(ask, launch)
            unfit = await self._fitness.lacks(agent, ask, env)
            if unfit is not None:
                return _Ran(Said(unfit))
            return await self._run(agent, attempt, place, launch, env, leaves)
        except OSError as error:
            cause = f"{agent.name} could not be given its home, {ask.home}: {error.strerror or error}"
            return _Ran(Said(classify.of_coding("workspace", cause, where=str(ask.home))))
        finally:
            shutil.rmtree(ask.home, ignore_errors=True)

    async def _run(
        self,
        agent: Agent,
        attempt: Attempt,
        place: Place,
        launch: Launch,
        env: Mapping[str, str],
        leaves: Callable[[], None],
    ) -> _Ran:
        log = HeardLog(attempt.log_path, attempt.log_limit_bytes, launch.over)
        running = asyncio.ensure_future(
            self._supervisor.run(
                launch.arguments,
                env=env,
                cwd=place.folder,
                log=log,
                timeout_s=attempt.timeout_s,
                on_started=leaves,
                stdin=launch.stdin,
            )
        )
        log.on_over = running.cancel
        try:
            exit_ = await running
        except asyncio.CancelledError:
            if not log.is_over or _is_cancelled():
                raise
            exit_ = Exit(-signal.SIGTERM)
        except (OSError, ValueError) as error:
            exit_ = not_started(error, launch.arguments[0], place.folder, log)
            return _Ran(Said(classify.from_exit(exit_.code, tail=exit_.tail)), exit_)
        said = agent.read(Heard(log.heard, exit_.code, _text_of(launch.answer), time.time()))
        if exit_.timed_out:
            said = replace(said, failure=classify.timed_out(attempt.timeout_s, where=agent.name))
        for name in launch.litter:
            for path in place.folder.glob(name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return _Ran(said, exit_)

    async def _saved(
        self, agent: Agent, attempt: Attempt, place: Place, ran: _Ran
    ) -> tuple[Failure | None, Saved | None]:
        """What it left, committed; and what the attempt failed by, if it did."""
        if not place.path.is_dir():
            return _deleted(agent, place), None
        try:
            saved = await self._workspaces.save(place, attempt.task.title or attempt.task.id)
        except WorkspaceError as error:
            return ran.said.failure or error.failure, None
        failure = ran.said.failure
        if failure is None and not saved.changed:
            cause = f"{agent.name} says that it is done, and nothing was changed"
            failure = classify.of_coding("no_change", cause, where=agent.name)
        if ran.said.refused and failure is not None and failure.class_ in ("no_change", "agent_failed"):
            failure = complaints.refused(agent.name, ran.said.refused)
        return failure, saved


def _hidden(settings: CodingSettings) -> list[str]:
    """The variable of the key that the gateway shows the model server: no agent gets it, whoever names it."""
    return [settings.server.key_env] if settings.server is not None and settings.server.key_env else []


def _is_cancelled() -> bool:
    """Whether it is the attempt that is cancelled, and not only its agent that is ended."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _text_of(path: Path | None) -> str:
    """What a file holds; "" where there is none."""
    if path is not None:
        with suppress(OSError):
            return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _deleted(agent: Agent, place: Place) -> Failure:
    tip = f"Read the log for why {agent.name} did; the next attempt gets a new one."
    cause = f"{agent.name} deleted the worktree that it works in, {place.path}"
    return classify.of_coding("workspace", cause, tip, passing=True, where=agent.name)


def _outcome(
    failure: Failure | None, agent: Agent, place: Place, ran: _Ran, usage: Usage, saved: Saved | None
) -> Outcome:
    said, exit_ = ran.said, ran.exit or Exit(0)
    told = {
        "name": agent.name,
        "result": one_line(said.result),
        "cost_usd": said.cost_usd,
        "turns": said.turns,
        "tokens_in": said.tokens_in,
        "tokens_out": said.tokens_out,
        "refused": [one_line(what) for what in said.refused[:20]],
    }
    facts: dict[str, Any] = {
        "agent": {name: value for name, value in told.items() if value},
        "branch": place.branch,
    }
    facts |= {"commit": saved.commit} if saved is not None else {}
    facts |= {"usage": usage.as_facts()} if usage.known else {}
    if failure is not None and exit_.log_error:
        failure = replace(failure, cause=one_line(f"{failure.cause} ({exit_.log_error})"))
    return Outcome(failure, failure.effect if failure else "ignored", exit_.cpu_s, exit_.max_rss_kib, facts)
