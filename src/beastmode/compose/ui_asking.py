"""What the dashboard asks of runs, as the commands do."""

from __future__ import annotations

from pathlib import Path

from beastmode.compose.asking import ask
from beastmode.compose.ui_runs import JournalRuns
from beastmode.dashboard.sources.plain import Plain
from beastmode.errors import SettingError
from beastmode.runner.control import ACTIONS, Control


class JournalControl:
    """A `RunControl` of the runs in `home`."""

    def __init__(self, home: Path, runs: JournalRuns) -> None:
        self._home, self._runs = home, runs

    def ask(self, run: str, task: str, action: str, said: Plain) -> str:
        known = next((one for one in ACTIONS if one == action), None)
        progress = self._runs.progress_of(run)
        if known is None or progress is None or (task and task not in progress.tasks):
            raise SettingError(f"there is no {action!r} of {run} {task}".rstrip(), tip="Load the page again.")
        asked = ask(self._home, progress, Control(known, task, dict(said)))
        later = " It takes effect when the run goes on." if asked.when == "next" else ""
        return f"{asked.task or asked.run}: {asked.words}.{later}"
