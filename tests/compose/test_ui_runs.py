"""Looking at a journal costs nobody what is recorded in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from beastmode.compose.ui_asking import JournalControl
from beastmode.compose.ui_runs import JournalRuns

ROADMAP = "tasks: [{id: %s, command: ['true']}]\n"


def run_there(home: Path, name: str) -> None:
    """`beast run` of a list of its own: a process that closes the journal at its end."""
    path = home.parent / f"{name}.yaml"
    path.write_text(ROADMAP % name, encoding="utf-8")
    command = [sys.executable, "-m", "beastmode", "run", str(path), "--home", str(home)]
    subprocess.run(command, check=True, capture_output=True)


def test_whoever_looks_keeps_its_hold_on_the_file_when_others_close_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run_there(home, "first")
    runs = JournalRuns(home)
    seen = runs.version()  # opened before anything else: SQLite's locks are those of the whole process
    assert len(runs.latest(9)) == 1
    for number, name in enumerate(("second", "third", "fourth"), 2):
        run_there(home, name)
        assert runs.version() != seen
        seen = runs.version()
        assert len(runs.latest(9)) == number
        JournalControl(home, runs).ask(f"r{number}", "", "pause", {})
        assert runs.version() != seen
        assert list(home.glob("journal.db-wal"))
