"""What of a run does not go on, and why; and what needs a person first."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from itertools import islice

from beastmode.compose.ui.runs.look import Look, some_of, why_of
from beastmode.dashboard.sources.runs import PersonLine, WaitLine
from beastmode.events import BREAKER, PAUSED, PROBED, Event
from beastmode.runner.report.words import reason_words
from beastmode.runner.states import TaskState
from beastmode.runner.summary import end_of
from beastmode.runner.views import TaskView

MOST_PERSONS = 10
_LOOKED_AT, _NAMED, _MOST_READY = 1_000, 3, 20_000
_NOTICES = 200
"""Of what the guard noticed last: what is older has been overtaken."""


def persons_of(look: Look) -> list[PersonLine]:
    """Bounded; the run itself first."""
    people, run = look.progress.people, look.progress.name
    lines = []
    if people.paused:
        tip = f"Let it go on: beast resume {run}"
        lines.append(PersonLine("", "The run is paused: nothing begins", tip))
    waiting = some_of(look.fold, ("needs_person",), MOST_PERSONS)
    lines += [PersonLine(view.id, why_of(view), str((view.failure or {}).get("tip", ""))) for view in waiting]
    return lines


def ready_of(look: Look) -> int | None:
    """How many tasks' turn has come; None where that cannot be told, or the list is too long to look at each."""
    tasks = look.progress.tasks
    if not look.by or not look.fold.by_needs or len(tasks) > _MOST_READY:
        return None
    return sum(look.fold.is_ready(view) for view in tasks.values())


def waits_of(look: Look) -> list[WaitLine]:
    """Those that hold up all first, then the tasks by reason."""
    return [
        *_server(look),
        *_held(look),
        *_paused(look),
        *_asked(look),
        *_tasks(look, "waiting"),
        *_tasks(look, "blocked"),
    ]


def _server(look: Look) -> Iterator[WaitLine]:
    """What the guard noticed last of the model server, where somebody is at work."""
    last: dict[str, Event] = {}
    for event in look.progress.evidence[-_NOTICES:]:
        last[event.kind] = event
    if not look.by:
        return
    pause, breaker, probe = last.get(PAUSED), last.get(BREAKER), last.get(PROBED)
    if pause is not None and (until := pause.unix_us / 1e6 + pause.data.get("seconds", 0.0)) > look.now_unix:
        words = reason_words(str(pause.data.get("reason", "")))
        yield WaitLine("waiting", f"The server asked for a pause ({words}): nothing starts", 0, (), until)
    if breaker is not None and breaker.data.get("state") in ("open", "half_open"):
        yield WaitLine("waiting", "The breaker is open: too many calls failed, one trial decides", 0)
    if probe is not None and not probe.data.get("ok"):
        yield WaitLine("waiting", "The last health check failed: nothing starts before one succeeds", 0)


def _held(look: Look) -> Iterator[WaitLine]:
    end = end_of(look.progress, alive=bool(look.by))
    if end["state"] == "held":
        words = reason_words(str(end.get("reason", "")))
        tip = "The same command goes on."
        yield WaitLine("held", f"The run was held back: {words}", 0, (), end.get("until_unix"), tip)


def _paused(look: Look) -> Iterator[WaitLine]:
    paused = sorted(look.progress.people.paused_tasks)
    if paused:
        tip = f"Let one go on: beast resume {look.progress.name} {shlex.quote(paused[0])}"
        yield WaitLine("paused", "Paused by a person", len(paused), paused[:_NAMED], None, tip)


def _asked(look: Look) -> Iterator[WaitLine]:
    when = "the runner has not answered yet" if look.by else "takes effect when the run goes on"
    for event in look.progress.people.unanswered[-_NAMED:]:
        what = f"Asked for: {event.data.get('action')}; {when}"
        yield WaitLine("waiting", what, 1 if event.task else 0, [event.task] if event.task else [])


def _tasks(look: Look, state: TaskState) -> Iterator[WaitLine]:
    """By reason, the most frequent first."""
    groups: dict[str, list[TaskView]] = {}
    for view in some_of(look.fold, (state,), _LOOKED_AT):
        groups.setdefault(why_of(view), []).append(view)
    for why, views in sorted(groups.items(), key=lambda group: -len(group[1])):
        names = [view.id for view in islice(views, _NAMED)]
        tip = str((views[0].failure or {}).get("tip", "")) if state == "waiting" else ""
        yield WaitLine(state, why or state, len(views), names, _first(views), tip)
    more = look.fold.counts[state] - _LOOKED_AT
    if more > 0:
        yield WaitLine(state, "for reasons that were not looked at one by one", more)


def _first(views: Iterable[TaskView]) -> float | None:
    return min((view.until_unix for view in views if view.until_unix), default=None)
