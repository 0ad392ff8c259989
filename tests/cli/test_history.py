"""Finding runs in a home: what is read, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode import Roadmap, Task, run
from beastmode.cli import history
from beastmode.runner.progress import Progress
from beastmode.store.journal.journal import JournalReader


def home_with_runs(home: Path, count: int) -> Path:
    for _ in range(count):
        run(Roadmap([Task("a"), Task("b")]), command="true", home=home, rates=(), fresh=True)
    return home


def test_each_run_is_read_through_one_reader_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, read = home_with_runs(tmp_path, 3), list[int]()

    class Counting(JournalReader):
        def __init__(self, path: Path) -> None:
            read.append(0)
            super().__init__(path)

    monkeypatch.setattr(history, "JournalReader", Counting)
    runs = list(history.each_run(home))
    assert [progress.run for progress in runs] == [1, 2, 3]
    assert all(len(progress.attempts) == 2 for progress in runs)
    assert len(read) == 1, "one a run made the time grow with the square of their number"


def test_a_run_is_found_by_its_name_and_the_latest_without_one(tmp_path: Path) -> None:
    home = home_with_runs(tmp_path, 2)
    assert history.find_run(home, "r1").run == 1
    assert history.find_run(home, "").run == 2


def test_whether_a_runner_is_at_work_is_asked_only_of_a_run_without_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_with_runs(tmp_path, 1)
    asked = list[int]()

    def somebody(home: Path, progress: Progress) -> str:
        asked.append(progress.run)
        return "somebody"

    monkeypatch.setattr(history, "runner_of", somebody)
    progress = history.find_run(home, "r1")
    assert history.summary_of(home, progress).state == "done"
    assert asked == []
    progress.sessions[-1].ended = None
    assert history.summary_of(home, progress).state == "running"
    assert asked == [1]
