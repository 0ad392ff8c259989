"""Troubles: failures of attempts over all runs, grouped, and what had changed before them. A fold of the journal."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from beastmode.events import ATTEMPT_ENDED, CONTROL, LIMITS, SESSION_STARTED, Event
from beastmode.runner.control import Control
from beastmode.runner.plain_limits import limits_words
from beastmode.store.ledger.rollups.shapes import Shape, shape_of

MOST_FAILURES, MOST_CHANGES = 200_000, 20_000
"""The latest are kept; more are no page for people."""
OF_ATTEMPTS = frozenset(
    (
        "exit_code",
        "timeout",
        "killed",
        "verify_failed",
        "worker_lost",
        "workspace",
        "setup_failed",
        "agent_failed",
        "agent_login",
        "agent_refused",
        "no_change",
        "edit_refused",
        "merge_conflict",
        "merge_red",
        "out_of_budget",
    )
)
"""Classes that are no failure of a request, so that no ledger tells them."""

_BY_NUMBER = ("exit_code", "verify_failed")
"""Classes in which another number is another failure."""

Change = tuple[float, str]
"""When, and what it was in words."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt that failed."""

    unix: float
    run: str
    task: str
    class_: str
    cause: str
    tip: str


@dataclass(slots=True)
class Alike:
    """Failures since a time that say the same, up to the numbers in it.

    tasks: the newest first.   older: there were such before that time.
    """

    newest: Failed
    first_unix: float
    count: int = 0
    tasks: dict[tuple[str, str], None] = field(default_factory=dict)
    older: bool = False


class Troubles:
    """What failed and what changed, after the events applied so far.   last_seq: of the last of them."""

    def __init__(self) -> None:
        self.last_seq = 0
        self._failed: deque[Failed] = deque(maxlen=MOST_FAILURES)
        self._changes: deque[Change] = deque(maxlen=MOST_CHANGES)
        self._begun: set[int] = set()

    def apply_all(self, stream: Iterable[Event]) -> None:
        """Apply events of any runs, in their order. Kinds that are no trouble are passed over."""
        for event in stream:
            self.last_seq = event.seq
            if event.kind == ATTEMPT_ENDED:
                self._attempt_ended(event)
            elif words := self._words(event):
                self._changes.append((event.unix_us / 1e6, f"r{event.run} {words}"))

    def alike(self, since_unix: float) -> list[Alike]:
        """Failures since then by class and cause, the one seen last first."""
        groups: dict[Shape, Alike] = {}
        for failed in reversed(self._failed):
            shape = _shape_of(failed)
            group = groups.get(shape)
            if failed.unix < since_unix:
                if group is not None:
                    group.older = True
                continue
            if group is None:
                group = groups[shape] = Alike(failed, failed.unix)
            group.count += 1
            group.first_unix = min(group.first_unix, failed.unix)
            group.tasks.setdefault((failed.run, failed.task))
        return list(groups.values())

    def changes(self, since_unix: float, until_unix: float) -> list[Change]:
        """What changed in that time, the latest first."""
        changes = list(self._changes)
        at = bisect_left(changes, since_unix, key=lambda change: change[0])
        return [change for change in changes[at:] if since_unix <= change[0] <= until_unix][::-1]

    def _attempt_ended(self, event: Event) -> None:
        failure, usage = event.data.get("failure"), event.data.get("usage") or {}
        if not failure or (usage.get("requests") and failure.get("class") not in OF_ATTEMPTS):
            return
        told = (str(failure.get(name, "")) for name in ("class", "cause", "tip"))
        self._failed.append(Failed(event.unix_us / 1e6, f"r{event.run}", event.task, *told))

    def _words(self, event: Event) -> str:
        if event.kind == SESSION_STARTED:
            again = event.run in self._begun
            self._begun.add(event.run)
            return "went on" if again else "began"
        if event.kind == CONTROL:
            return _asked(event)
        if (
            event.kind == LIMITS and event.data.get("reason") != "person"
        ):  # what people ask for is told as that
            return _limits(event)
        return ""


def _shape_of(failed: Failed) -> Shape:
    if failed.class_ in _BY_NUMBER:
        return Shape(failed.class_, failed.cause, failed.tip)
    return shape_of(failed.class_, failed.cause, failed.tip)


def _asked(event: Event) -> str:
    try:
        control = Control.of(event)
    except ValueError:
        return ""
    limits = control.said.get("limits")
    what = limits_words(limits) if limits else " ".join(filter(None, (control.action, control.task)))
    return f"was asked for: {what}{f', by {by}' if (by := str(control.said.get('by', ''))) else ''}"


def _limits(event: Event) -> str:
    if "upstream" in event.data:
        return f"found out: at most {event.data.get('at_once')} requests at once at {event.data['upstream']}"
    return f"found out: {words}" if (words := limits_words(event.data)) else ""
