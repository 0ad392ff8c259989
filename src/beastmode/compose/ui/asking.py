"""What the dashboard asks of runs, as the commands do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beastmode.compose.run.asking import ask, runner_at_work
from beastmode.compose.run.limits_asked import limits_asked, limits_now
from beastmode.compose.run.standing import JournalStanding
from beastmode.compose.ui.runs.reader import JournalRuns
from beastmode.errors import SettingError
from beastmode.runner.control import Action, Control, meaning
from beastmode.runner.progress import Progress
from beastmode.runner.states import ENDED

_OF_RUNS: Sequence[Action] = ("pause", "resume", "retry", "cancel", "limits")
_OF_TASKS: Sequence[Action] = ("approve", "answer", "retry", "pause", "resume", "cancel")
_MANY = 20_000
"""Tasks of a run that is not looked at task by task: a million would take a second, for every page."""


class JournalControl:
    """A `RunControl` of the runs in `home`."""

    def __init__(self, home: Path, runs: JournalRuns) -> None:
        self._home, self._runs = home, runs

    def offers(self, run: str, task: str) -> Sequence[str]:
        progress = self._runs.progress_of(run)
        if progress is None or not progress.sessions:
            return []
        now = JournalStanding(progress)
        if task:
            return [one for one in _OF_TASKS if meaning(Control(one, task), now).acts]
        if len(progress.tasks) > _MANY:
            offered = self._offered_by_counts(run, paused=now.paused)
        else:
            offered = [one for one in _OF_RUNS if one == "limits" or meaning(Control(one), now).acts]
        # Before it goes on one may want to pause it, too; but there a button of that name would puzzle.
        return [one for one in offered if one != "pause" or runner_at_work(self._home, progress)]

    def _offered_by_counts(self, run: str, *, paused: bool) -> list[Action]:
        """The same without a look at each task."""
        counts = self._runs.counts_of(run)
        left = sum(count for state, count in counts.items() if state not in ENDED)
        again = counts.get("failed", 0) + counts.get("cancelled", 0)
        acts = {
            "pause": left and not paused,
            "resume": paused,
            "retry": again,
            "cancel": left,
            "limits": True,
        }
        return [one for one in _OF_RUNS if acts[one]]

    def limits(self, run: str) -> Mapping[str, str]:
        progress = self._runs.progress_of(run)
        return limits_now(progress) if progress is not None and progress.sessions else {}

    def ask(self, run: str, task: str, action: str, said: Mapping[str, str]) -> str:
        known = next((one for one in (_OF_TASKS if task else _OF_RUNS) if one == action), None)
        progress = self._runs.progress_of(run)
        if known is None or progress is None or (task and task not in progress.tasks):
            raise SettingError(f"there is no {action!r} of {run} {task}".rstrip(), tip="Load the page again.")
        asked = ask(self._home, progress, Control(known, task, _said(known, said, progress)))
        later = " It takes effect when the run goes on." if asked.when == "next" else ""
        return f"{asked.task or asked.run}: {asked.words}.{later}"


def _said(action: Action, said: Mapping[str, str], progress: Progress) -> dict[str, Any]:
    """As the journal has it. Raises SettingError."""
    if action == "answer" and not said.get("note", "").strip():
        raise SettingError("the note is empty", tip="Write what the next attempt should know.")
    if action == "answer":
        return {"note": said["note"]}
    if action != "limits":
        return {}
    now = limits_now(progress)
    changed = {flag: text for flag, text in said.items() if flag in now and text.strip() != now[flag]}
    if not changed:
        raise SettingError("these limits hold already", tip="Change one of them, then send it.")
    return {"limits": limits_asked(changed, progress)}
