"""Pages of runs and tasks: who sees what, how they are linked, and what they say where there is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.faults import BeingReadError
from beastmode.dashboard.sources.runs import GraphPart, RunView, TaskPage, TaskView
from tests.dashboard.reading import Keeper, Requests, Runs, run_line, run_view, sources, task_line, task_view


class Shown(Runs):
    """One run and one task as a test changes them.   asked: the pages of tasks that were asked for."""

    def __init__(self, run: dict[str, Any] | None = None, task: dict[str, Any] | None = None) -> None:
        super().__init__(run_line())
        self.of_run, self.of_task = run or {}, task or {}
        self.asked: list[tuple[str, str, int]] = []

    def run(self, name: str) -> RunView | None:
        return run_view(self.lines[0], **self.of_run)

    def task(self, run: str, task: str) -> TaskView | None:
        return task_view(self.lines[0], task, **self.of_task)

    def tasks(self, run: str, state: str, phase: str, after: int, most: int) -> TaskPage | None:
        self.asked.append((state, phase, after))
        return TaskPage([task_line(place=41)], 90, 41)


def browser(runs: Runs, requests: Requests | None = None, *, key: bool = True) -> TestClient:
    app = dashboard(sources(runs=runs, requests=requests or Requests()), Keeper())
    here = TestClient(app, base_url="http://127.0.0.1:8090", raise_server_exceptions=False)
    if key:
        here.get("/enter?key=key")
    return here


def test_without_the_key_no_log_diff_or_list_is_read_and_the_page_says_so() -> None:
    runs = Runs(run_line(), nasty="code")
    page = browser(runs, key=False).get("/runs/r1/tasks/a")
    assert (page.status_code, runs.read) == (200, [])
    assert "whoever opens the link with the key" in page.text
    assert "the log" not in page.text


def test_without_the_key_no_log_can_be_fetched() -> None:
    runs = Runs(run_line())
    assert browser(runs, key=False).get("/runs/r1/tasks/a?raw=work").status_code == 403
    assert runs.read == []


def test_with_the_key_all_of_it_is_shown() -> None:
    runs = Runs(run_line(), nasty="code")
    page = browser(runs).get("/runs/r1/tasks/a").text
    assert sorted(runs.read) == ["diff", "logs", "said"]
    assert "the log code" in page
    assert 'class="removed">-code' in page
    assert "said code" in page


def test_a_log_comes_as_a_file_and_never_as_a_page() -> None:
    here = browser(Runs(run_line()))
    answer = here.get('/runs/r1/tasks/a"b?raw=work&attempt=1')
    assert (answer.status_code, answer.text) == (200, "raw ")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''r1-a%22b.1.work.log"
    assert here.get("/runs/r1/tasks/a?raw=other").status_code == 404


def test_while_it_is_at_work_the_page_is_about_its_log_and_reads_no_diff_unasked() -> None:
    runs = Shown(task={"at_work": 1, "branch": "beast/r1/task/a"})
    page = browser(runs).get("/runs/r1/tasks/a").text
    assert 'data-about="runs requests logs"' in page
    assert (runs.read, "Show what is on its branch so far" in page) == (["logs", "said"], True)
    browser(runs).get("/runs/r1/tasks/a?diff=on")
    assert "diff" in runs.read


def test_of_an_attempt_that_never_was_nothing_is_told() -> None:
    page = browser(Runs(run_line())).get("/runs/r1/tasks/a?attempt=77")
    assert (page.status_code, "has had no attempt 77" in page.text) == (404, True)


def test_a_task_that_has_not_begun_has_no_log() -> None:
    runs = Shown(task={"attempts": [], "line": task_line(attempts=0, state="pending"), "failure": None})
    page = browser(runs).get("/runs/r1/tasks/a").text
    assert "It has not begun." in page
    assert runs.read == ["said"]


def test_its_requests_are_asked_for_by_run_and_task() -> None:
    requests = Requests()
    browser(Runs(run_line()), requests).get("/runs/r1/tasks/a%20b")
    assert [(sought.run, sought.task) for sought in requests.sought] == [("r1", "a b")]


def test_tasks_are_asked_for_by_state_and_phase_and_the_next_page_keeps_them() -> None:
    runs = Shown()
    page = browser(runs).get("/runs/r1?state=failed&phase=Month+1+%2F+W&after=7").text
    assert runs.asked == [("failed", "Month 1 / W", 7)]
    assert "state=failed&amp;phase=Month+1+%2F+W&amp;after=41#tasks" in page
    browser(runs).get("/runs/r1")
    browser(runs).get("/runs/r1?after=x")
    assert runs.asked[1:] == [("", "", -1), ("", "", 0)]


def test_time_left_is_unknown_where_nothing_says() -> None:
    assert "unknown <small>" in browser(Shown(run={"by": "process 1", "left": ""})).get("/runs/r1").text
    assert "about 5 min" in browser(Shown(run={"by": "process 1", "left": "5 min"})).get("/runs/r1").text
    assert "Time left" not in browser(Shown(run={"by": "", "left": ""})).get("/runs/r1").text


def test_what_is_still_computed_says_so() -> None:
    assert "are being computed" in browser(Shown(run={"figures": None})).get("/runs/r1").text


def test_a_graph_that_cannot_be_drawn_leaves_the_page_whole() -> None:
    part = GraphPart([task_line(), task_line(id="b")], [("a", "b"), ("b", "a")], 0, 0)
    page = browser(Shown(run={"graph": part})).get("/runs/r1")
    assert (page.status_code, "What needs what" in page.text) == (200, False)


@pytest.mark.parametrize("path", ["/runs/r1", "/runs/r1/tasks/a"])
def test_a_run_that_is_being_read_comes_by_itself(path: str) -> None:
    class Long(Runs):
        def run(self, name: str) -> RunView | None:
            raise BeingReadError(f"{name} is long")

        def task(self, run: str, task: str) -> TaskView | None:
            raise BeingReadError(f"{run} is long")

    page = browser(Long()).get(path)
    assert page.status_code == 200
    assert 'data-about="runs"' in page.text
    assert "it is being read" in page.text
