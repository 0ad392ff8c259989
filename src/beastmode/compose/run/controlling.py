"""Controlling: a runner does what people ask of its run. Each row of the journal that asks for something is done once,
and what has come of it is recorded in the same commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from beastmode.compose.opening.run import Opened
from beastmode.compose.run.standing import LiveStanding
from beastmode.errors import JournalError
from beastmode.events import ANSWERED, APPROVED, CONTROLLED, LIMITS, RESET, Event
from beastmode.runner.code.git import GitError
from beastmode.runner.control import Control, Meaning, meaning
from beastmode.runner.people import SERVER
from beastmode.runner.plain_limits import at_once_in, flat, nested, rates_in
from beastmode.runner.policy import NOT_MERGED, Tries
from beastmode.runner.schedule import Schedule
from beastmode.safeguards.guard import Guard
from beastmode.settings import Rate
from beastmode.store.journal.journal import JournalReader

if TYPE_CHECKING:
    from beastmode.compose.coding.coders import Coders

LOOK_S = 0.2
"""Between two looks at the journal, of which each takes microseconds: what is asked for has its effect within a
second."""


@asynccontextmanager
async def controlled(
    opened: Opened, schedule: Schedule, guard: Guard, coders: Coders | None
) -> AsyncIterator[None]:
    """What was asked for before the session is done when this is entered; then whatever is asked for meanwhile.

    coders: of a run that writes code."""
    reader = JournalReader(opened.journal.path)
    try:
        controls = Controls(opened, schedule, guard, coders, reader)
        await controls.begin()
        ending = asyncio.Event()
        watching = asyncio.ensure_future(controls.watch(ending))
        try:
            yield
        finally:
            ending.set()
            await watching
    finally:
        reader.close()


class Controls:
    """What people ask of one session.   reader: of its journal."""

    def __init__(
        self,
        opened: Opened,
        schedule: Schedule,
        guard: Guard,
        coders: Coders | None,
        reader: JournalReader,
    ) -> None:
        self._opened, self._schedule, self._guard, self._coders = opened, schedule, guard, coders
        self._reader, self._now = reader, LiveStanding(opened, schedule, reader)
        self._seen = opened.progress.last_seq
        self._goes_on = False
        """Whether what is cancelled now is asked for again at once: the session is not over with it then."""

    async def begin(self) -> None:
        """A pause holds until somebody resumes; and what was asked for before this session is done first."""
        people = self._opened.progress.people
        self._schedule.settle()
        if people.paused:
            self._schedule.pause()
        for task in people.paused_tasks:
            if (place := self._now.places.get(task)) is not None:
                self._schedule.pause_task(place)
        for place, event in enumerate(people.unanswered):
            later = people.unanswered[place + 1 :]
            self._goes_on = any(one.data.get("action") == "retry" for one in later)
            await self._answer(event)
        self._goes_on = False

    async def watch(self, ending: asyncio.Event) -> None:
        """Do what is asked for, until the run ends."""
        while not ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), LOOK_S)
            with suppress(JournalError):  # whoever writes it hears of that, and ends the run
                await self._look()

    async def _look(self) -> None:
        for event in self._reader.controls(self._opened.run, self._seen):
            if self._schedule.over:
                return  # the next session does it
            await self._answer(event)
            self._seen = event.seq

    async def _answer(self, event: Event) -> None:
        """Do what is asked for, unless the run ends meanwhile."""
        try:
            told = await self._done(Control.of(event), event.seq)
        except (ValueError, GitError) as fault:
            told = Meaning(f"not done: {fault}", acts=False)
        if not self._schedule.over:
            self._record(event, told)

    async def _done(self, control: Control, seq: int) -> Meaning:
        told = meaning(control, self._now)
        if told.acts and control.action == "limits":
            return await self._limit(control, seq)
        if told.acts and (told.tasks or control.action in ("approve", "answer")):
            await self._once_more(control, told.tasks)
        elif told.acts:
            self._say(control)
        return told

    def _record(self, event: Event, told: Meaning) -> None:
        data = {"control": event.seq, "action": event.data.get("action"), "effect": told.words}
        data |= {"acts": told.acts, **({"tip": told.tip} if told.tip else {})}
        self._append(CONTROLLED, event.task, data)

    def _append(self, kind: str, task: str, data: dict[str, Any]) -> None:
        self._opened.journal.append(kind, self._opened.run, task, data=data)

    def _say(self, control: Control) -> None:
        schedule = self._schedule
        if not control.task:
            cancel = self._cancel_each if self._goes_on else schedule.cancel_all
            whole = {"pause": schedule.pause, "resume": schedule.resume, "cancel": cancel}
            whole[control.action]()
            return
        one = {"pause": schedule.pause_task, "resume": schedule.resume_task, "cancel": schedule.cancel}
        one[control.action](self._now.places[control.task])

    def _cancel_each(self) -> None:
        for place in self._now.places.values():
            self._schedule.cancel(place)

    async def _once_more(self, control: Control, tasks: Iterable[str]) -> None:
        """Tasks stand in line again, or a gate opens; with the note of a person, where there is one."""
        kept = [await self._begin_anew(task) for task in tasks]
        if self._schedule.over:
            return
        for task in tasks:
            self._append(RESET, task, {"reason": f"asked for with `beast {control.action}`"})
            self._forget(task)
        earlier = "".join(f"Its earlier work is on the branch {branch}." for branch in kept if branch)
        if note := "\n".join(filter(None, (control.note, earlier))):
            for task in tasks or (control.task,):
                self._append(ANSWERED, task, {"note": note})
                self._opened.notes[task] = note
        if self._now.gate_of(control.task):
            self._append(APPROVED, control.task, {"by": control.said.get("by", ""), "note": control.note})
            self._now.approved.add(control.task)
            self._schedule.approve(self._now.places[control.task])
        self._schedule.again([self._now.places[task] for task in tasks])

    async def _begin_anew(self, task: str) -> str:
        """What was merged, or could not be, begins at the tip of the result; the branch that keeps what was made."""
        view = self._now.view_of(task)
        if self._coders is None or view is None or view.code is None:
            return ""
        anew = view.code.merged or view.reason in NOT_MERGED
        return await self._coders.begin_anew(task) if anew else ""

    def _forget(self, task: str) -> None:
        """It has all its tries again, its attempts are numbered on, and what its verification said last is still
        known."""
        view, known = self._now.view_of(task), self._opened.progress.tasks.get(task)
        if view is None:
            return
        rounds = view.code.rounds if view.code else 0
        self._opened.plan.history[self._now.places[task]] = view.attempts, Tries(rounds=rounds)
        if known is not None:
            known.code = view.code

    async def _limit(self, control: Control, seq: int) -> Meaning:
        """Limits are changed. Of what was asked for before this session, what a flag of it says otherwise is older."""
        of_before = seq <= self._opened.progress.last_seq
        older = self._opened.limits.given if of_before else frozenset[str]()
        limits = flat(control.said.get("limits", {}))
        changed = nested({name: value for name, value in limits.items() if name not in older})
        if not changed:
            return Meaning("a flag of this `beast run` is the later word", acts=False)
        if SERVER in changed and self._coders is not None:
            await self._coders.set_server_limits(changed[SERVER])
        rates = rates_in(changed["rates"]) if "rates" in changed else self._guard.limits.rates
        if not self._schedule.over:
            self._limit_tasks(changed, rates)
            told = changed | (
                {"concurrency": self._guard.limits.concurrency} if "concurrency" in changed else {}
            )
            self._append(LIMITS, "", {**told, "asked": changed, "reason": "person", "control": seq})
            self._schedule.look_again()
        return meaning(replace(control, said={"limits": changed}), self._now)

    def _limit_tasks(self, changed: dict[str, Any], rates: Sequence[Rate]) -> None:
        asked = at_once_in(changed["concurrency"]) if "concurrency" in changed else self._guard.limits.asked
        self._guard.set_limits(asked, rates)
