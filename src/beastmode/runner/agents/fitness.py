"""Fitness: why an agent could not do a task, as far as that is known before it is started; and whether this machine can
contain it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from beastmode.failures.failure import Failure
from beastmode.runner.agents import complaints
from beastmode.runner.agents.containing import PROBE
from beastmode.runner.agents.find import program_of, said_by
from beastmode.runner.agents.protocol import Agent, Ask


class Fitness:
    """Looks at agents for one session. What a machine lets an agent have is looked at once."""

    def __init__(self) -> None:
        self._sandboxes: dict[str, Failure | None] = {}
        self._contains: bool | None = None

    async def contains(self, env: Mapping[str, str]) -> bool:
        """Whether bubblewrap is here and works."""
        if self._contains is None:
            code, _ = await said_by(list(PROBE), env)
            self._contains = code == 0
        return self._contains

    async def lacks(self, agent: Agent, ask: Ask, env: Mapping[str, str]) -> Failure | None:
        """What it lacks for what it is asked.   env: what it would get."""
        access = ask.access
        within = "/" in agent.program and not agent.program.startswith("/")  # of its worktree
        if not within and program_of(agent, env) is None:
            return complaints.not_there(agent.program, agent.install)
        if access.url and agent.needs_model and not ask.model:
            return complaints.needs_model(agent.name)
        if access.dialects and agent.speaks and not set(agent.speaks) & set(access.dialects):
            return complaints.other_dialect(agent.name, agent.speaks, access.dialects)
        if access.url and not access.key:
            login = agent.login(env, Path(env.get("HOME", "/")))
            if login.how != "none" and not login.passes_gateway:
                return complaints.cannot_pass(agent.name, login)
        return await self._without_sandbox(agent, env) if ask.permissions == "edits" else None

    async def _without_sandbox(self, agent: Agent, env: Mapping[str, str]) -> Failure | None:
        if agent.sandbox and agent.name not in self._sandboxes:
            code, words = await said_by(list(agent.sandbox), env)
            self._sandboxes[agent.name] = complaints.no_sandbox(agent.name, words) if code else None
        return self._sandboxes.get(agent.name)
