"""Journals that earlier releases wrote: they mean today what they meant then, and their runs go on."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from beastmode.store.journal.journal import VERSION, JournalReader
from tests.store.golden.make import FOLDER, HERE, states

GOLDEN = sorted(HERE.glob("journal-*.sql"))


def load(golden: Path, journal: Path, folder: str = FOLDER) -> None:
    """Make the journal again; its runs were made in `folder`."""
    with closing(sqlite3.connect(journal)) as db:
        db.executescript(golden.read_text(encoding="ascii").replace(FOLDER, folder))


def test_each_format_up_to_this_one_has_a_golden_journal() -> None:
    assert [path.name for path in GOLDEN] == [f"journal-{n}.sql" for n in range(1, VERSION + 1)]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_its_events_mean_what_they_meant(tmp_path: Path, golden: Path) -> None:
    load(golden, tmp_path / "journal.db")
    assert states(tmp_path / "journal.db") == json.loads(
        golden.with_suffix(".json").read_text(encoding="ascii")
    )


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_the_run_that_was_killed_goes_on(tmp_path: Path, golden: Path) -> None:
    """What was done or failed then is not run again; what was at work is."""
    (tmp_path / ".beast").mkdir()
    load(golden, tmp_path / ".beast" / "journal.db", str(tmp_path))
    (tmp_path / "list.yaml").write_text((HERE / "list.yaml").read_text(encoding="ascii"), encoding="ascii")
    (tmp_path / "go").touch()
    command = [sys.executable, "-m", "beastmode", "run", "list.yaml", "--json"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["run_id"] == "r3"
    counts = {state: count for state, count in summary["tasks"].items() if count}
    assert counts == {"total": 6, "done": 4, "failed": 1, "blocked": 1}
    with closing(JournalReader(tmp_path / ".beast" / "journal.db")) as reader:
        starts = Counter(event.task for event in reader.events(3) if event.kind == "attempt_started")
    assert starts == {"plain": 1, "broken": 1, "flaky": 2, "checked": 1, "slow": 4}
