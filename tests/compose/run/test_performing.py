"""A run that nobody watches: it goes on by itself where that can help, and tells who asked to be told."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from beastmode import Roadmap, Task
from beastmode.clock import Clock
from beastmode.compose.opening.request import Request
from beastmode.compose.run import notifying, performing
from beastmode.compose.run.notifying import Notifier
from beastmode.compose.run.performing import perform
from beastmode.compose.run.session import View
from beastmode.errors import BeastError
from beastmode.runner.notices import Notice
from beastmode.runner.work import Command, Http
from tests.servers import answers, serving


class Listening(View):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warned(self, warnings: Sequence[str]) -> None:
        self.warnings += warnings


class Hearing:
    """A way of notices that remembers them."""

    def __init__(self) -> None:
        self.heard: list[Notice] = []

    def __call__(self, notice: Notice) -> str:
        self.heard.append(notice)
        return ""

    @property
    def events(self) -> list[str]:
        return [notice.event for notice in self.heard]


def counting(folder: Path, least: int) -> Roadmap:
    """One task that is done when it is tried for the `least`th time, and one that is done at once."""
    line = f'echo >> {folder}/tries; test "$(wc -l < {folder}/tries)" -ge {least}'
    return Roadmap([Task("slow", Command(shell=line)), Task("quick", ["true"])])


def test_until_done_takes_failed_tasks_up_again_with_pauses_between(tmp_path: Path) -> None:
    pauses: list[float] = []
    request = Request(counting(tmp_path, 3), {"retries": 0}, home=tmp_path / "home")
    summary = perform(request, until_done=True, sleep=pauses.append)
    assert (summary.state, summary.tasks["done"], summary.attempts) == ("done", 2, 4)
    assert pauses == [60.0, 60.0]


def test_until_done_ends_where_all_is_done(tmp_path: Path) -> None:
    pauses: list[float] = []
    request = Request(counting(tmp_path, 2), {"retries": 0}, home=tmp_path / "home")
    assert perform(request, until_done=True, sleep=pauses.append).state == "done"
    assert pauses == [60.0]


def test_a_task_that_cannot_be_done_is_given_up_and_it_says_so(tmp_path: Path) -> None:
    view, request = Listening(), Request(counting(tmp_path, 99), {"retries": 0}, home=tmp_path / "home")
    assert perform(request, view, until_done=True, sleep=lambda s: None).state == "failed"
    assert [words for words in view.warnings if "2 sessions in a row" in words]


def test_without_it_one_session_is_all(tmp_path: Path) -> None:
    request = Request(counting(tmp_path, 2), {"retries": 0}, home=tmp_path / "home")
    assert perform(request, sleep=lambda s: pytest.fail("it slept")).state == "failed"


def test_the_end_is_told_once(tmp_path: Path) -> None:
    hearing, request = Hearing(), Request(counting(tmp_path, 2), {"retries": 0}, home=tmp_path / "home")
    perform(request, notify=[hearing], until_done=True, sleep=lambda s: None)
    assert hearing.events == ["finish"]
    assert "2 of 2 tasks done" in hearing.heard[0].text


def test_ctrl_c_between_sessions_is_an_end_that_is_told(tmp_path: Path) -> None:
    def stopped(seconds: float) -> None:
        raise KeyboardInterrupt

    hearing, view = Hearing(), Listening()
    request = Request(counting(tmp_path, 2), {"retries": 0}, home=tmp_path / "home")
    with pytest.raises(KeyboardInterrupt):
        perform(request, view, notify=[hearing], until_done=True, sleep=stopped)
    assert hearing.events == ["finish"]
    assert view.warnings[-1] == "--until-done ends here: it was interrupted. The same command goes on"


def test_a_budget_is_told(tmp_path: Path) -> None:
    hearing = Hearing()
    request = Request(counting(tmp_path, 1), {"max_attempts": 1, "concurrency": 1}, home=tmp_path / "home")
    assert perform(request, notify=[hearing]).exit_code == 75
    assert hearing.events == ["budget", "finish"]


def test_a_run_that_cannot_begin_tells_nobody_but_its_caller(tmp_path: Path) -> None:
    hearing = Hearing()
    with pytest.raises(BeastError):
        perform(Request(tmp_path / "no.md", home=tmp_path), notify=[hearing])
    assert hearing.heard == []


def test_a_way_that_fails_is_told_at_the_end_and_the_run_is_none_the_worse(tmp_path: Path) -> None:
    view, request = Listening(), Request(counting(tmp_path, 1), home=tmp_path / "home")
    assert perform(request, view, notify=[lambda notice: "the hook answered 500"]).state == "done"
    assert view.warnings == ["a notice was not sent: the hook answered 500"]


def test_notices_keep_their_order_and_hold_nobody_up() -> None:
    hearing, gate = Hearing(), threading.Event()

    def slow(notice: Notice) -> str:
        gate.wait(10)
        return hearing(notice)

    with Notifier([slow]) as notifier:
        began = time.monotonic()
        for number in range(50):
            notifier.tell(Notice("quota", "r1", str(number)))
        assert time.monotonic() - began < 5
        gate.set()
    assert [notice.text for notice in hearing.heard] == [str(number) for number in range(50)]


def test_a_long_pause_of_the_server_is_told_while_the_run_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "LONG_PAUSE_S", 1.0)
    monkeypatch.setattr(notifying, "_LOOK_S", 0.05)
    hearing = Hearing()
    with serving(answers("slow down", "Retry-After: 3", status="429 Too Many Requests")) as server:
        roadmap = Roadmap([Task("a", Http(server.url))])
        perform(Request(roadmap, {"max_time_s": 1.0}, home=tmp_path), notify=[hearing])
    assert hearing.events[0] == "quota"
    assert "waits until" in hearing.heard[0].text
    assert hearing.events.count("quota") == 1


def test_a_pause_between_sessions_lasts_no_longer_for_a_machine_that_was_suspended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock of suspends goes on by an hour while this process sleeps for seconds."""
    now, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += 3600.0

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(Clock, "boottime", lambda clock: now[0])
    performing.sleep_through(5400.0)
    assert len(slept) == 2
    assert max(slept) < 3600.0
