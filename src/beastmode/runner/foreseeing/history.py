"""History: what attempts of earlier runs have taken, read off their events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, PLANNED, RUN_STARTED, SESSION_STARTED, Event
from beastmode.runner.roadmap import Task
from beastmode.runner.work import GENERATE, Call, Coding, Command, Http

_LONGER = (300, 1_200, 4_800)
"""Characters of a task's words from which it counts as larger: a title, a paragraph, a page, more."""
_KINDS: dict[type, str] = {Command: "command", Http: "http", Call: "python"}
_TAUGHT = ("done", "retry", "failed")
"""Ends of attempts that say how long such a task takes."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What tasks are compared by.   list: the roadmap's key.   kind: as the native format calls it.   agent, model: of
    code.   size: by its words, 0 to 3; 0 where words are not what is done."""

    list: str = ""
    task: str = ""
    fingerprint: str = ""
    kind: str = ""
    agent: str = ""
    model: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """One attempt that has ended by itself.

    seconds: that it held its place, without what it waited there for others.   asked_s: of them, at the model server.
    check_s, merge_s: being checked, being merged.   over: it was done, or failed for good.   usage: as
    `model_access.Usage` names it; empty where nobody counted.
    """

    run: int
    like: Likeness
    seconds: float
    over: bool = True
    asked_s: float = 0.0
    check_s: float = 0.0
    merge_s: float = 0.0
    usage: Mapping[str, float] = field(default_factory=dict)

    @property
    def usd(self) -> float | None:
        """What it would have cost had nothing been answered from memory; None where nobody can tell."""
        usage = self.usage
        asked = usage.get("requests", 0) - usage.get("hits", 0)
        if asked <= 0 or usage.get("unpriced") or not usage.get("cost_usd"):
            return None
        return float(usage["cost_usd"] * usage["requests"] / asked)


def size_of(task: Task) -> int:
    """How much a task's words say, 0 to 3."""
    prompt = len(task.work.prompt) if isinstance(task.work, Coding) else 0
    letters = len(task.title) + len(task.details) + prompt
    return sum(letters >= least for least in _LONGER)


def kind_of(task: Task) -> str:
    """What the native format calls its kind; "" where the list does not say how it is done."""
    if isinstance(task.work, Coding):
        return GENERATE if task.work.agent == GENERATE else "agent"
    return _KINDS.get(type(task.work), "")


def named_in(task: Task) -> dict[str, str]:
    """The agent and the model that a list names for a task that writes code; nothing of what it leaves to the run."""
    if not isinstance(task.work, Coding):
        return {}
    named = {"agent": agent_of(task.work), "model": task.work.model}
    return {name: value for name, value in named.items() if value}


def agent_of(work: Coding) -> str:
    """What an agent is compared by: its name, or its command line."""
    return work.agent or " ".join(work.command)


class Reading:
    """What the events of one run say of its attempts; they may begin in the middle of it.

    spent: of each attempt, seconds at the model server and seconds it waited for it there, by task and number.
    """

    def __init__(self, run: int, spent: Mapping[tuple[str, int], tuple[float, float]] | None = None) -> None:
        self._run, self._spent = run, spent or {}
        self._list, self._kind, self._agent, self._model = "", "command", "", ""
        self._tasks: dict[str, dict[str, Any]] = {}
        self._same: dict[str, Any] = {}
        self._open: dict[tuple[str, int], int] = {}

    def of(self, events: Iterable[Event]) -> list[Past]:
        """The attempts that have ended by themselves, in the order of their ends. To be called with one part after the
        other."""
        found = []
        for event in events:
            if event.kind == ATTEMPT_STARTED:
                self._open[event.task, event.attempt] = event.mono_us
            elif event.kind == ATTEMPT_ENDED:
                begun = self._open.pop((event.task, event.attempt), None)
                if begun is not None and event.data["end"] in _TAUGHT:
                    found.append(self._past(event, (event.mono_us - begun) / 1e6))
            else:
                self._learn(event)
        return found

    def _learn(self, event: Event) -> None:
        if event.kind == RUN_STARTED:
            self._list = str(event.data.get("roadmap", ""))
        elif event.kind == SESSION_STARTED:
            code = event.data.get("code") or {}
            self._kind = "command"
            if code:
                self._kind = GENERATE if code.get("agent") == GENERATE else "agent"
            self._agent, self._model = code.get("agent", ""), code.get("model", "")
            self._open.clear()
        elif event.kind == PLANNED:
            same = self._same = event.data.get("same", {})
            self._tasks |= {record["id"]: {**same, **record} for record in event.data.get("tasks", ())}

    def _past(self, event: Event, seconds: float) -> Past:
        data, task = event.data, self._tasks.get(event.task, self._same)
        asked_s, queued_s = self._spent.get((event.task, event.attempt), (0.0, 0.0))
        waited_s = queued_s + data.get("check_wait_s", 0.0) + data.get("merge_wait_s", 0.0)
        kind = task.get("kind") or self._kind
        code = kind in ("agent", GENERATE)
        like = Likeness(
            self._list,
            event.task,
            task.get("fingerprint", ""),
            kind,
            (task.get("agent") or self._agent) if code else "",
            (task.get("model") or self._model) if code else "",
            task.get("size", 0),
        )
        return Past(
            self._run,
            like,
            max(seconds - waited_s, 0.0),
            data["end"] != "retry",
            asked_s,
            data.get("check_s", 0.0),
            data.get("merge_s", 0.0),
            data.get("usage", {}),
        )
