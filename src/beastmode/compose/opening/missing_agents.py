"""Agents that a run needs and this machine has not: told before anything begins, with those that it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from beastmode.compose.opening.code_choice import Chosen
from beastmode.errors import PreconditionError
from beastmode.runner.agents.find import KNOWN, agent_of, program_of
from beastmode.runner.agents.protocol import Agent
from beastmode.runner.roadmap import Task
from beastmode.runner.work import GENERATE


def see_agents(tasks: Iterable[Task], chosen: Chosen, environment: Mapping[str, str]) -> None:
    """Every program that is to write code is on PATH. Raises PreconditionError for the first that is not.

    tasks: that are to be run. A program named by a path is not looked for: it may be one of the worktree.
    """
    for task in tasks:
        work = chosen.work_of(task)
        if work is None or work.agent == GENERATE:
            continue
        agent = agent_of(work)
        if "/" not in agent.program and program_of(agent, {**environment, **work.env}) is None:
            raise _missing(agent, environment)


def _missing(agent: Agent, environment: Mapping[str, str]) -> PreconditionError:
    there = [known.name for known in KNOWN.values() if program_of(known, environment)]
    named = f"There is: {', '.join(there)}." if there else f"None is there; --agent {GENERATE} needs none."
    how = f"Install it: {agent.install}. " if agent.install else "Correct its name, or PATH. "
    return PreconditionError(f"the agent {agent.program!r} is not on PATH", where="--agent", tip=how + named)
