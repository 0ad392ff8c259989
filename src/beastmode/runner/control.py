"""Control: what a person asks of a run, and what that means as the run stands now. Pure.

What it does not do: read rows or write them (`controlling.py` and `asking.py` of `compose/run/` do).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from shlex import quote
from typing import Any, Literal, Protocol, get_args

from beastmode.errors import SettingError
from beastmode.events import Event
from beastmode.runner.gates import AT_GATE
from beastmode.runner.plain_limits import limits_words, see_limits
from beastmode.runner.roadmap import Gate
from beastmode.runner.states import ENDED, TaskState

Action = Literal["pause", "resume", "cancel", "retry", "limits", "approve", "answer"]
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class Control:
    """What was asked for.   task: "" for the whole run.   said: `note` of a person, `by` whom, `limits`."""

    action: Action
    task: str = ""
    said: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, event: Event) -> Control:
        """A CONTROL row, whoever has written it. Raises ValueError for one that this version does not understand."""
        action = event.data.get("action")
        known: Action | None = next((one for one in ACTIONS if one == action), None)
        if known is None or (known, bool(event.task)) not in _MEANINGS:
            raise ValueError(f"there is no action {action!r} of {'a task' if event.task else 'a run'}")
        if known == "limits":
            try:
                see_limits(event.data["limits"])
            except (
                SettingError,
                ArithmeticError,
                AttributeError,
                LookupError,
                TypeError,
                ValueError,
            ) as fault:
                raise ValueError(f"these are no limits: {fault}") from None
        return cls(known, event.task, event.data)

    @property
    def note(self) -> str:
        """What the person said; "" for nothing."""
        return str(self.said.get("note", ""))


class Standing(Protocol):
    """How a run stands: as its runner has it, or as its journal does.   run: its name."""

    @property
    def run(self) -> str: ...

    @property
    def paused(self) -> bool: ...

    def tasks(self) -> Iterable[str]: ...

    def state_of(self, task: str) -> TaskState | None:
        """None for one that is not in the list."""
        ...

    def class_of(self, task: str) -> str:
        """The class of what it failed with, or needs a person for; "" for nothing."""
        ...

    def is_paused(self, task: str) -> bool: ...

    def gate_of(self, task: str) -> Gate:
        """Of one whose gate is closed yet; "" for any other."""
        ...

    def was_approved(self, task: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Meaning:
    """What follows.   words: the effect.   acts: False where there is nothing to do.   tip: of what is refused: what to
    do instead.   tasks: those that stand in line again."""

    words: str
    acts: bool = True
    tip: str = ""
    tasks: tuple[str, ...] = ()


def meaning(control: Control, now: Standing) -> Meaning:
    """What is to be done, or why there is nothing to do. The same asked for twice means nothing the second time."""
    if control.task and now.state_of(control.task) is None:
        return _refused(f"there is no task {control.task!r} in its list", "See `beast status --json`.")
    return _MEANINGS[control.action, bool(control.task)](control, now)


def _nothing(words: str) -> Meaning:
    return Meaning(words, acts=False)


def _refused(words: str, tip: str) -> Meaning:
    return Meaning(words, acts=False, tip=tip)


def _pause(_: Control, now: Standing) -> Meaning:
    if now.paused:
        return _nothing("is paused already")
    return Meaning("paused: no attempt begins until it is resumed; what is at work goes on to its end")


def _pause_task(control: Control, now: Standing) -> Meaning:
    if now.is_paused(control.task):
        return _nothing("is paused already")
    if (state := now.state_of(control.task)) in ENDED:
        return _nothing(f"is {state}: there is nothing to pause")
    return Meaning("paused: no attempt of it begins until it is resumed")


def _resume(_: Control, now: Standing) -> Meaning:
    still = [task for task in now.tasks() if now.is_paused(task)]
    aside = f"; {len(still)} of its tasks stay paused by themselves, like {still[0]!r}" if still else ""
    return Meaning(f"goes on{aside}") if now.paused else _nothing(f"is not paused{aside}")


def _resume_task(control: Control, now: Standing) -> Meaning:
    return Meaning("goes on") if now.is_paused(control.task) else _nothing("is not paused")


def _cancel(_: Control, now: Standing) -> Meaning:
    left = sum(now.state_of(task) not in ENDED for task in now.tasks())
    if not left:
        return _nothing("has nothing left to cancel")
    return Meaning(f"cancelled: {left:,} that had not ended, for good; what was at work is ended")


def _cancel_task(control: Control, now: Standing) -> Meaning:
    state = now.state_of(control.task)
    if state == "cancelled":
        return _nothing("is cancelled already")
    if state in ENDED:
        return _nothing(f"is {state}: there is nothing to cancel")
    return Meaning("cancelled for good; what was at work of it is ended")


def _retry(_: Control, now: Standing) -> Meaning:
    tasks = tuple(task for task in now.tasks() if now.state_of(task) in ("failed", "cancelled"))
    if not tasks:
        return _nothing("has nothing that failed or was cancelled")
    return Meaning(f"{len(tasks):,} that had failed or were cancelled stand in line again", tasks=tasks)


def _retry_task(control: Control, now: Standing) -> Meaning:
    state, task = now.state_of(control.task), control.task
    if state == "needs_person" and now.class_of(task) == AT_GATE:
        return _refused(
            "waits for a person's word", f"To let it begin: beast approve {now.run} {quote(task)}"
        )
    if state in ("failed", "cancelled", "needs_person"):
        return Meaning("stands in line again, with all its tries", tasks=(task,))
    return _not_again(task, now) or _nothing("has not ended: it needs no retry")


def _not_again(task: str, now: Standing) -> Meaning | None:
    """Why no attempt of a task will follow; None where one may."""
    if now.state_of(task) == "done":
        return _refused(
            "is done", f"To have it done again: beast review {now.run} {quote(task)} --redo 'how'"
        )
    if now.state_of(task) == "skipped":
        return _refused("is not part of this session", "See --only, --phase, and what the list says of it.")
    return None


def _approve(control: Control, now: Standing) -> Meaning:
    task = control.task
    if now.gate_of(task) == "only":
        return Meaning("approved: with that it is done, once its turn has come")
    if now.gate_of(task):
        return Meaning("approved: it begins when its turn has come")
    if now.was_approved(task):
        return _nothing("is approved already")
    if now.state_of(task) == "needs_person":
        tip = f"Look, then say what is to become of it: beast review {now.run} {quote(task)}"
        return _refused(f"needs a person for something else: {now.class_of(task) or 'see its log'}", tip)
    return _refused(
        "has no gate: nobody has to approve it", "See `beast status` for those that need a person."
    )


def _answer(control: Control, now: Standing) -> Meaning:
    task, state = control.task, now.state_of(control.task)
    if now.gate_of(task):
        return Meaning(f"{_approve(control, now).words}, with the note")
    if state in ("failed", "cancelled", "needs_person"):
        return Meaning("stands in line again, with all its tries and the note", tasks=(task,))
    if refused := _not_again(task, now):
        return refused
    aside = "" if state in ("pending", "ready", "blocked") else ", if this one is not enough: it has begun"
    return Meaning(f"the note goes to its next attempt{aside}")


_MEANINGS: dict[tuple[Action, bool], Callable[[Control, Standing], Meaning]] = {
    ("pause", False): _pause,
    ("pause", True): _pause_task,
    ("resume", False): _resume,
    ("resume", True): _resume_task,
    ("cancel", False): _cancel,
    ("cancel", True): _cancel_task,
    ("retry", False): _retry,
    ("retry", True): _retry_task,
    ("approve", True): _approve,
    ("answer", True): _answer,
    ("limits", False): lambda control, _: Meaning(
        f"{limits_words(control.said['limits'])}: until changed again"
    ),
}
"""By action, and whether a task is named."""
