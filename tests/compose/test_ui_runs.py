"""The journal as the dashboard reads it while others write it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from beastmode.compose.ui_runs import JournalRuns


def ran(folder: Path) -> None:
    """A run of another process, from its begin to its end."""
    (folder / "t.yaml").write_text("tasks: [{id: a, command: ['true']}]\n", encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "run", "t.yaml", "--fresh"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


def test_runs_are_heard_of_whoever_opened_and_closed_the_journal_meanwhile(tmp_path: Path) -> None:
    runs = JournalRuns(tmp_path / ".beast")
    ran(tmp_path)
    heard = [runs.version()]
    runs.latest(9)
    for number in (2, 3, 4):
        ran(tmp_path)
        heard.append(runs.version())
        assert runs.latest(9)[0].name == f"r{number}"
    assert len(set(heard)) == len(heard)
