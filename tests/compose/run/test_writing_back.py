"""A run with --write-back: the list says what is done, in its own notation, whatever else is done to it meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from beastmode import Roadmap, Task, run
from beastmode.compose.opening.request import Request
from beastmode.compose.run.performing import perform
from beastmode.compose.run.session import View
from beastmode.compose.run.writing_back import WritingBack
from beastmode.errors import SettingError
from beastmode.runner.formats.asked import ALL, Asked
from beastmode.runner.formats.proving import Ticked
from beastmode.runner.resume import Plan
from beastmode.runner.summary import Summary
from beastmode.runner.work import Command
from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from tests.coding.project import Project, writes
from tests.processes import eventually

EDITOR = Path(__file__).with_name("editor.py")


class Listening(View):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warned(self, warnings: Sequence[str]) -> None:
        self.warnings += warnings


def performed(path: Path, line: str, view: View | None = None, **more: Any) -> Summary:
    """The list in a file, with one shell line for all of its tasks."""
    flags = {"linger_s": 0.0, "retries": 0, "rates": (), **more}
    request = Request(path, flags, Command(shell=line), path.parent / "home", write_back=True)
    return perform(request, view)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "TODO.md"


def test_what_is_done_and_verified_is_ticked_and_nothing_else(path: Path) -> None:
    path.write_bytes(b"# Plan\r\n- [ ] good\r\n- [ ] bad\r\n- [ ] unproven\r\n- [x] old")
    verify = "test $BEAST_ID != unproven"
    summary = performed(path, "test $BEAST_ID != bad", verify=verify)
    assert (summary.tasks["done"], summary.tasks["failed"]) == (1, 2)
    assert path.read_bytes() == b"# Plan\r\n- [x] good\r\n- [ ] bad\r\n- [ ] unproven\r\n- [x] old"


def test_what_an_earlier_run_has_done_is_ticked_by_the_next(path: Path) -> None:
    path.write_text("- [ ] a\n- [ ] b\n")
    once = Request(path, {}, Command(shell="test $BEAST_ID = a"), path.parent / "home")
    perform(Request(once.source, {"retries": 0}, once.command, once.home))
    assert path.read_text() == "- [ ] a\n- [ ] b\n"
    assert performed(path, "true").state == "failed"  # b has failed before and is not asked for again
    assert path.read_text() == "- [x] a\n- [ ] b\n"


def test_what_the_list_gives_another_state_after_it_was_done_is_left_without_a_word(path: Path) -> None:
    plan = Plan([Task("1", state="dropped")], [()], {0: "done"})
    writing = WritingBack(path, ALL, plan)
    writing.begin()
    writing.end()
    assert writing.warnings() == []


def test_a_tick_does_not_make_a_task_run_again_nor_what_needs_it(path: Path) -> None:
    path.write_text(
        "### Task 1: a\n- Status: pending\n### Task 2: b\nDepends on: Task 1\n- Status: pending\n"
    )
    view = Listening()
    assert performed(path, "true", view).state == "done"
    assert path.read_text().count("- Status: done") == 2
    again = performed(path, "true", view)
    assert (again.state, again.attempts, view.warnings) == ("done", 2, [])


def test_a_task_whose_words_changed_while_it_ran_is_not_ticked_but_told(path: Path) -> None:
    path.write_text("- [ ] a\n- [ ] b\n")
    change = f"test $BEAST_ID = b || sed -i 's/^- . . a$/&\\n  more is wanted/' {path}"
    view = Listening()
    summary = performed(path, change, view)
    assert summary.state == "done"
    assert path.read_text() == "- [ ] a\n  more is wanted\n- [x] b\n"
    (warning,) = view.warnings
    assert "not ticked: a: it was changed in the list" in warning
    assert "(line 1)" in warning


def test_a_list_that_is_gone_or_cannot_be_ticked_fails_no_run(path: Path) -> None:
    path.write_text("- [ ] a\n- [ ] b\n")
    view = Listening()
    assert performed(path, f"rm -f {path}", view).state == "done"
    (warning,) = view.warnings
    assert "not ticked: a, b: " in warning or "not ticked: b, a: " in warning, "as they came to their end"
    assert "not there any more" in warning


def test_of_a_roadmap_made_in_python_there_is_no_list_to_tick(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no list to tick"):
        run(Roadmap([Task("a", ["true"])]), home=tmp_path, write_back=True)


@pytest.mark.parametrize("how", ["over", "into"])
def test_an_editor_that_saves_two_hundred_times_meanwhile_loses_nothing(path: Path, how: str) -> None:
    tasks = "".join(f"- [ ] task {number}\n" for number in range(20))
    path.write_text(f"{tasks}\n## Notes\n")
    editor = subprocess.Popen([sys.executable, str(EDITOR), str(path), how, "200", "0.01"])
    view = Listening()
    hold = f"sleep 0.1; test $BEAST_ID != task-19 || while kill -0 {editor.pid}; do sleep 0.05; done"
    threading.Thread(target=editor.wait).start()  # nobody else takes its end
    assert performed(path, hold, view).state == "done"
    lines = path.read_text().splitlines()
    assert [line for line in lines if line.startswith("note")] == [f"note {number}" for number in range(200)]
    assert (editor.returncode, view.warnings) == (0, [])
    assert lines[:20] == [f"- [x] task {number}" for number in range(20)]


class Slow:
    """A tick that takes until it is let go; it tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.go = threading.Event()

    def __call__(self, path: Path, done: Mapping[str, str], asked: Asked) -> Ticked:
        self.asked.append(list(done))
        self.go.wait()
        return Ticked(ids=[name for name in done if name != "c"], left=[("c", "no")] if "c" in done else [])


def test_what_is_done_during_a_tick_is_one_more_tick_and_at_the_end_all_is_tried_once_more(
    path: Path,
) -> None:
    slow, plan = Slow(), Plan([Task(name) for name in "abcd"], [()] * 4)
    writing = WritingBack(path, ALL, plan, slow)
    writing.done(0)
    writing.begin()
    eventually(lambda: slow.asked)
    for task in (1, 2):
        writing.done(task)
    slow.go.set()
    writing.end()
    assert slow.asked == [["a"], ["a", "b", "c"]]
    assert writing.warnings() == [f"{path}: not ticked: c: no"]


def test_whatever_goes_wrong_in_a_tick_is_told(path: Path) -> None:
    def broken(path: Path, done: Mapping[str, str], asked: Asked) -> Ticked:
        raise RuntimeError("no luck")

    writing = WritingBack(path, ALL, Plan([Task("a")], [()], {0: "done"}), broken)
    writing.begin()
    writing.end()
    assert writing.warnings() == [f"{path}: not ticked: a: RuntimeError: no luck"]


def test_in_a_run_that_writes_code_the_list_of_the_checkout_is_ticked_and_no_copy_of_it(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    project.list_("tasks:\n  - id: a\n  - {id: b}\n", a=writes("a.txt"), b=writes("b.txt"))
    project.git("add", "tasks.yaml")
    project.git("commit", "-qm", "The list")
    before = (project.top / "tasks.yaml").read_text()
    with in_thread(ModelServer()) as server:
        ran = project.run("--upstream", server.url, "--no-proof", "--write-back")
    assert ran.code == 0, ran.said
    ticked = before.replace("id: a\n", "id: a\n    done: true\n").replace("{id: b}", "{id: b, done: true}")
    assert (project.top / "tasks.yaml").read_text() == ticked
    assert project.result()["tasks.yaml"] == before.strip()
    assert project.git("status", "--porcelain").splitlines() == [" M tasks.yaml"]
