"""Notices: what somebody who is not looking is told of a run. Pure: `compose/run/notifying.py` sends them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from beastmode.failures.failure import Failure
from beastmode.runner.report.words import how_many_done, utc
from beastmode.runner.summary import Summary

NoticeKind = Literal["finish", "needs_person", "quota", "budget"]
NOTICE_KINDS: tuple[NoticeKind, ...] = ("finish", "needs_person", "quota", "budget")
LONG_PAUSE_S = 60.0
"""Shorter pauses are everyday life of a busy server: nobody wants to be woken for them."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell.   text: one line for people.   tip: what to do, "" where nothing is.   task: "" where it is
    about the run.   until_unix: when a pause ends, where that is known.   summary: of `finish`, as `--json` has it."""

    event: NoticeKind
    run: str
    text: str
    tip: str = ""
    task: str = ""
    until_unix: float | None = None
    summary: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields that say something. `content` says the text again: some chats read that."""
        said = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        text = f"{self.text} {self.tip}".strip()
        return {**said, "text": text, "content": text}


def of_person(run: str, task: str, failure: Failure | None) -> Notice:
    """A task that cannot go on without a person."""
    why = f": {failure.class_}: {failure.cause}" if failure else ""
    return Notice(
        "needs_person",
        run,
        f"{run}: {task} needs a person{why}",
        (failure.tip if failure else "") or f"Look at it: beast status {run}",
        task,
    )


def of_pause(run: str, reason: str, until_unix: float) -> Notice:
    """The server, or a quota of it, lets nothing through for a long while; the run waits."""
    return Notice(
        "quota",
        run,
        f"{run} waits until {utc(until_unix)}: {reason.replace('_', ' ')}",
        f"Nothing has to be done; beast status {run} shows it.",
        until_unix=until_unix,
    )


def of_end(summary: Summary, *, goes_on: str = "") -> list[Notice]:
    """The end of a session.   goes_on: why and when another follows by itself; "" where none does."""
    run, told = summary.run_id, list[Notice]()
    after = f" {goes_on}" if goes_on else ""
    if summary.state == "held" and summary.reason == "held":
        until = f" until {utc(summary.until_unix)}" if summary.until_unix is not None else ""
        text = f"{run} is held back by the server or its quota{until}.{after}"
        tip = "" if goes_on else "The same command goes on."
        told.append(Notice("quota", run, text, tip, until_unix=summary.until_unix))
    elif summary.state == "held":
        text = f"{run} has used up a budget: {summary.reason or 'of a task'}."
        told.append(Notice("budget", run, text, "Raise it; the same command goes on."))
    if not goes_on:
        text = f"{run} {summary.state}: {how_many_done(summary.tasks)}."
        tip = "" if summary.state == "done" else f"What is left: beast status {run}"
        told.append(Notice("finish", run, text, tip, summary=summary.as_json()))
    return told


def of_error(run: str, what: str) -> Notice:
    """A run that ended without a summary: its journal or disk failed."""
    return Notice("finish", run or "the run", f"{run or 'the run'} ended: {what}", "See what beast printed.")
