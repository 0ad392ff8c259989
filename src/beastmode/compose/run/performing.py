"""Performing: one run as a person asked for it: session after session where it is to go on by itself, told to those who
are not looking."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from beastmode.clock import LOOK_AGAIN_S, SYSTEM_CLOCK
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.run import open_run
from beastmode.compose.run.notifying import Notifier, NotifyingView, Way
from beastmode.compose.run.session import View, drive
from beastmode.errors import BeastError
from beastmode.failures.advice import spoken
from beastmode.runner.again import Again, Rounds
from beastmode.runner.notices import of_end, of_error
from beastmode.runner.summary import Summary

Sleep = Callable[[float], None]


def sleep_through(seconds: float) -> None:
    """Return after so many seconds, those of a suspended machine included: a quota is refilled meanwhile, too."""
    until = SYSTEM_CLOCK.boottime() + seconds
    while (left := until - SYSTEM_CLOCK.boottime()) > 0:
        time.sleep(min(left, LOOK_AGAIN_S))


def perform(
    request: Request,
    view: View | None = None,
    *,
    notify: Sequence[Way] = (),
    until_done: bool = False,
    sleep: Sleep = sleep_through,
) -> Summary:
    """Run to the end of the session; with `until_done`, of the last one that is worth it (`runner/again.py`).

    notify: who hears of it; what could not be sent is among the view's warnings.   sleep: between sessions, seconds.
    Raises BeastError as `open_run` and `drive` do.
    """
    seen = view or View()
    if not notify:
        return _sessions(request, seen, None, until_done, sleep)
    with Notifier(notify) as notifier:
        summary = _sessions(request, NotifyingView(seen, notifier), notifier, until_done, sleep)
    if notifier.warnings:
        seen.warned(notifier.warnings)
    return summary


def _sessions(
    request: Request, view: View, notifier: Notifier | None, until_done: bool, sleep: Sleep
) -> Summary:
    rounds = Rounds()
    while True:
        summary = _session(request, view, notifier)
        more = rounds.after(summary, time.time()) if until_done else ""
        goes_on = f"Another session begins in {spoken(more.wait_s)}." if isinstance(more, Again) else ""
        if notifier is not None:
            for notice in of_end(summary, goes_on=goes_on):
                notifier.tell(notice)
        if not isinstance(more, Again):
            if more:
                view.warned([f"--until-done ends here: {more}"])
            return summary
        view.warned([f"{summary.run_id}: {more.why}. {goes_on} Ctrl-C ends it."])
        try:
            sleep(more.wait_s)
        except KeyboardInterrupt:
            view.warned(["--until-done ends here: it was interrupted. The same command goes on"])
            if notifier is not None:
                notifier.tell(of_end(summary)[-1])  # what held it back is told already
            raise
        request = _next(request)


def _session(request: Request, view: View, notifier: Notifier | None) -> Summary:
    name = ""
    try:
        opened = open_run(request)
        name = opened.name
        if not request.write_back:
            return drive(opened, view)
        # Here, as the readers take 0.2 s to load: for those who want ticks.
        from beastmode.compose.run.writing_back import written_back

        with written_back(opened, view) as ticking:
            return drive(opened, ticking)
    except BeastError as error:
        if notifier is not None and name:  # before, nothing was run, and whoever wrote the command is there
            notifier.tell(of_error(name, error.what))
        raise


def _next(request: Request) -> Request:
    """The same run goes on: what failed is taken up again, and nobody is asked twice."""
    selection = replace(request.selection, failed=True)
    return replace(request, fresh=False, selection=selection, confirm=lambda code, tasks, settings: None)
