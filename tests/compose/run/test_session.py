"""What a session does around its tasks: it says what was wrong on the way, and lets go of all it held."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from beastmode import Roadmap, Task
from beastmode.compose.opening.request import Request
from beastmode.compose.opening.run import open_run
from beastmode.compose.run.session import View, drive
from beastmode.runner.home import journal_path
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import TaskOptions
from beastmode.runner.work import Command
from beastmode.safeguards.host.folder import FOLDER_SETTING
from beastmode.store.journal.journal import JournalReader

SERVER = "http://127.0.0.1:9"


class Listening(View):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warned(self, warnings: Sequence[str]) -> None:
        self.warnings += warnings


def one_run(home: Path) -> Listening:
    view = Listening()
    flags = {"server": SERVER, "linger_s": 0.0}
    request = Request(Roadmap([Task("a")]), flags, Command(("true",)), home, fresh=True)
    assert drive(open_run(request), view).tasks["done"] == 1
    return view


def test_a_damaged_file_of_limits_is_told_to_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = tmp_path / "limits"
    monkeypatch.setenv(FOLDER_SETTING, str(limits))
    assert one_run(tmp_path / "home").warnings == []
    for path in limits.glob("*.db*"):
        os.truncate(path, 0) if path.suffix != ".db" else path.write_bytes(b"no database" * 1000)
    (warning,) = one_run(tmp_path / "home").warnings
    assert "unreadable" in warning
    assert str(limits) in warning


def test_nothing_of_a_session_is_left_in_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_SETTING, str(tmp_path / "limits"))
    one_run(tmp_path / "home")
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    one_run(tmp_path / "home")
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_what_a_list_drops_or_holds_back_is_skipped_and_only_what_needs_the_latter_waits(
    tmp_path: Path,
) -> None:
    dropped, held = Task("not-planned", state="dropped"), Task("deferred", state="held")
    after = [Task("after-dropped", needs=("not-planned",)), Task("after-held", needs=("deferred",))]
    request = Request(Roadmap([dropped, held, *after]), {}, Command(("true",)), tmp_path)
    summary = drive(open_run(request))
    assert (summary.tasks["skipped"], summary.tasks["done"], summary.tasks["blocked"]) == (2, 1, 1)
    assert summary.exit_code == 1
    progress = Progress(1).apply_all(JournalReader(journal_path(tmp_path)).events(1))
    assert progress.tasks["after-held"].reason == "deferred"


def test_a_checkpoint_needs_no_word_on_how_it_is_done(tmp_path: Path) -> None:
    checkpoint = Task("look", options=TaskOptions(gate="only"))
    tasks = [checkpoint, Task("after", Command(("true",)), needs=("look",))]
    summary = drive(open_run(Request(Roadmap(tasks), {}, home=tmp_path)))
    assert (summary.exit_code, summary.gates, summary.tasks["blocked"]) == (1, ["look"], 1)
    summary = drive(open_run(Request(Roadmap(tasks), {"gates": "pass"}, home=tmp_path)))
    assert (summary.exit_code, summary.gates, summary.tasks["done"]) == (0, None, 2)
