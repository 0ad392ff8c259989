"""A journal told by hand: events one after the other, at the times that a test gives."""

from __future__ import annotations

from typing import Any

from beastmode import events
from beastmode.events import Event
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Phase, Roadmap, Task
from beastmode.settings import Rate

UNIX_S = 1_800_000_000.0
"""What the wall clock shows when the monotonic clock shows 0."""


class Story:
    """Collects the events of run 1. Times are seconds of the monotonic clock; `now` stays until it is moved."""

    def __init__(self, **data: Any) -> None:
        self.events: list[Event] = []
        self.now = 0.0
        self.add(events.RUN_STARTED, data={"roadmap": "/lists/list.yaml", "format": "native", **data})

    def add(self, kind: str, task: str = "", attempt: int = 0, data: dict[str, Any] | None = None) -> Story:
        mono_us = round(self.now * 1e6)
        unix_us = round((UNIX_S + self.now) * 1e6)
        event = Event(kind, 1, task, attempt, data or {}, unix_us, mono_us, len(self.events) + 1)
        self.events.append(event)
        return self

    def session(
        self, concurrency: int | None = 3, *rates: Rate, boot: str = "b", at: float | None = None
    ) -> Story:
        self.now = self.now if at is None else at
        settings = {
            "concurrency": concurrency,
            "retries": 2,
            "rates": [{"starts": rate.starts, "span_s": rate.span_s} for rate in rates],
        }
        return self.add(events.SESSION_STARTED, data={"boot": boot, "settings": settings, "order": "needs"})

    def plan(self, *tasks: str, **more: dict[str, Any]) -> Story:
        """Tasks by id.   more: facts of some of them, by id."""
        records = [{"id": task, **more.get(task, {})} for task in tasks]
        return self.add(events.PLANNED, data={"tasks": records})

    def start(self, task: str, attempt: int = 1, at: float | None = None, **waited_s: float) -> Story:
        self.now = self.now if at is None else at
        return self.add(events.ATTEMPT_STARTED, task, attempt, {"waited_s": waited_s} if waited_s else {})

    def step(self, task: str, step: str, attempt: int = 1, at: float | None = None) -> Story:
        """`verifying` or `merging`."""
        self.now = self.now if at is None else at
        return self.add(events.STEP, task, attempt, {"step": step})

    def stop(
        self, task: str, attempt: int = 1, at: float | None = None, end: str = "done", **data: Any
    ) -> Story:
        """The end of an attempt.   left: when it really left, in seconds."""
        self.now = self.now if at is None else at
        if "left" in data:
            data["left_us"] = round(data.pop("left") * 1e6)
        return self.add(events.ATTEMPT_ENDED, task, attempt, {"end": end, **data})

    def attempt(self, task: str, begin: float, until: float, number: int = 1, **data: Any) -> Story:
        """Started, left and ended."""
        return self.start(task, number, begin).stop(task, number, until, **{"left": begin, **data})

    def end(self, state: str = "done", exit_code: int = 0, at: float | None = None, **data: Any) -> Story:
        self.now = self.now if at is None else at
        return self.add(events.SESSION_ENDED, data={"state": state, "exit_code": exit_code, **data})

    def told(self) -> Progress:
        """What it adds up to."""
        return Progress(1, keep_attempts=True).apply_all(self.events)


def failure(
    class_: str = "exit_code", cause: str = "exit code 1", tip: str = "Read the log."
) -> dict[str, Any]:
    """A failure as `attempt_ended` records it."""
    return {"class": class_, "cause": cause, "tip": tip, "retryable": True}


def flat(*tasks: Task | Phase, **more: Any) -> Roadmap:
    """A roadmap of tasks without phases."""
    return Roadmap(list(tasks), **more)
