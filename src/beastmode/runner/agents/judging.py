"""Judging: what an attempt of an agent comes to, from what it said, what it left, and what its model said. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.words import one_line
from beastmode.runner.agents import complaints
from beastmode.runner.agents.protocol import Said
from beastmode.runner.code.workspace import Saved
from beastmode.runner.model_access import Usage
from beastmode.runner.worktrees.oddities import named
from beastmode.runner.worktrees.strays import Stray, as_facts

_FOR_WANT_OF_LEAVE = ("no_change", "agent_failed")
_MOST_REFUSED = 20
_ELSEWHERE = "nothing changed in the worktree, but elsewhere it did meanwhile"
_ELSEWHERE_TIP = (
    "If it was not you, the agent left its worktree: take back what it did; say in the task where to work."
)


@dataclass(frozen=True, slots=True)
class Result:
    """What is known at the end of an attempt.

    agent: its name.   own_login: it showed its own key or login.   saved: what is on the task's branch; None where
    nothing could be saved, and `unsaved` says why.   strays: what changed elsewhere meanwhile.
    """

    agent: str
    said: Said
    usage: Usage
    own_login: bool = False
    saved: Saved | None = None
    unsaved: Failure | None = None
    strays: Sequence[Stray] = ()


def failure_of(result: Result) -> Failure | None:
    """Why the attempt failed; None where the agent says that it is done, and has changed something.

    What the gateway saw of its model is known better than what the agent made of it. A model that could not be had, but
    was not needed in the end, fails nothing.
    """
    failure = result.said.failure or result.unsaved or _unchanged(result)
    if failure is None:
        return None
    if result.usage.failure is not None:
        return result.usage.failure
    if failure.class_ == "auth" and result.own_login:
        return complaints.of_login(result.agent, failure.cause)
    if result.said.refused and failure.class_ in _FOR_WANT_OF_LEAVE:
        return complaints.refused(result.agent, result.said.refused)
    return failure


def facts_of(result: Result) -> dict[str, Any]:
    """What is recorded with the end of the attempt: what the agent said, its commit, what the gateway counted."""
    said = result.said
    told = {
        "result": one_line(said.result),
        "cost_usd": said.cost_usd,
        "turns": said.turns,
        "tokens_in": said.tokens_in,
        "tokens_out": said.tokens_out,
        "refused": [one_line(what) for what in said.refused[:_MOST_REFUSED]],
    }
    facts: dict[str, Any] = {"agent": {"name": result.agent} | {k: v for k, v in told.items() if v}}
    if result.saved is not None:
        facts["commit"] = result.saved.commit
    if result.usage.known:
        facts["usage"] = result.usage.as_facts()
    return facts | as_facts(result.strays)


def _unchanged(result: Result) -> Failure | None:
    if result.saved is None or result.saved.changed:
        return None
    if result.strays:
        found = named([stray.told for stray in result.strays])
        return classify.of_coding("workspace", f"{_ELSEWHERE}: {found}", _ELSEWHERE_TIP, where=result.agent)
    cause = f"{result.agent} says that it is done, and nothing was changed"
    return classify.of_coding("no_change", cause, where=result.agent)
