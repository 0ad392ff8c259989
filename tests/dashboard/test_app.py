"""The pages, asked for as a browser does: what they show, what they refuse, and that nothing shown becomes code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from urllib.parse import urljoin

import pytest
from starlette.testclient import TestClient

from beastmode import Roadmap, Task, run
from beastmode.compose.ui.door import HomeDoor
from beastmode.compose.ui.requests import LedgerRequests
from beastmode.compose.ui.runs.reader import JournalRuns
from beastmode.compose.ui.serving import sources_of
from beastmode.dashboard.app import dashboard
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources.runs import RunLine
from beastmode.errors import LedgerError
from tests.dashboard.reading import NASTY, Keeper, Requests, Runs, run_line, sources


def browser(runs: Runs | JournalRuns, requests: Requests | LedgerRequests | None = None) -> TestClient:
    app = dashboard(sources(runs=runs, requests=requests or Requests()), Keeper())
    return TestClient(app, base_url="http://127.0.0.1:8090", raise_server_exceptions=False)


def test_the_runs_are_listed_newest_first_a_page_at_a_time() -> None:
    here = browser(Runs(*(run_line(number) for number in range(1, 61))))
    page = here.get("/runs").text
    assert page.index(">r60<") < page.index(">r11<")
    assert ">r10<" not in page
    assert ">r10<" in here.get("/runs?before=11").text


def test_where_nothing_has_run_it_says_how_to_begin() -> None:
    assert "beast run tasks.md" in browser(Runs()).get("/runs").text


def test_what_cannot_be_read_when_it_gets_ready_is_told_to_who_looks_and_no_earlier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("beastmode.dashboard.app._FIRST_S", 0.0)
    monkeypatch.setattr("beastmode.dashboard.app._BETWEEN_S", 0.0)
    tried = Event()

    class Broken(Runs):
        def latest(self, most: int, before: int = 0) -> Sequence[RunLine]:
            tried.set()
            raise LedgerError("it is torn", where="home")

    with browser(Broken()) as here:
        assert tried.wait(30)
        assert here.get("/requests").status_code == 200
        assert "it is torn" in here.get("/").text


def test_all_templates_can_be_got_ready() -> None:
    assert {"overview.html", "requests.html", "task.html"} < set(Site([]).compiled())


@pytest.mark.parametrize(
    "path", ["/runs/r9", "/runs/r1/tasks/x", "/requests/x", "/nowhere", "/static/../app.py"]
)
def test_what_is_not_there_is_said_in_the_pages_own_shape(path: str) -> None:
    answer = browser(Runs()).get(path)
    assert answer.status_code == 404
    assert "<h1>Not here</h1>" in answer.text


def test_a_page_that_cannot_be_made_says_so() -> None:
    class Broken(Runs):
        def latest(self, most: int, before: int = 0) -> list[object]:  # type: ignore[override]
            raise OSError("the disk is gone")

    answer = browser(Broken()).get("/runs")
    assert answer.status_code == 500
    assert "the disk is gone" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/runs", "/runs/r1", "/runs/r1/tasks/a"])
def test_what_others_wrote_is_shown_and_never_becomes_part_of_the_page(path: str) -> None:
    runs = Runs(run_line(title=NASTY, roadmap=NASTY, state=NASTY), nasty=NASTY)
    page = browser(runs).get(path).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page


def test_every_answer_forbids_inline_scripts_and_frames() -> None:
    here = browser(Runs())
    for path in ("/runs", "/static/style.css", "/nowhere"):
        policy = here.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_files_are_kept_by_browsers_and_their_address_changes_with_them() -> None:
    here = browser(Runs())
    (style,) = re.findall(r'href="(/static/style\.css\?v=\w+)"', here.get("/runs").text)
    assert here.get(style).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert here.get("/runs").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8090", "127.0.0.1.evil.example", ""])
def test_a_name_that_was_pointed_at_this_machine_is_refused(host: str) -> None:
    assert browser(Runs()).get("/runs", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8090", "localhost", "[::1]:8090"])
def test_this_machine_s_own_names_are_answered(host: str) -> None:
    assert browser(Runs()).get("/runs", headers={"host": host}).status_code == 200


def test_a_real_run_is_shown_with_its_tasks_attempts_and_logs(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo from the log; exit 3"]
    run(Roadmap([Task("good", ["true"]), Task("a/b c?", command)], title="Real"), home=tmp_path, retries=0)
    here = browser(JournalRuns(tmp_path), LedgerRequests(tmp_path))
    assert ">Real<" in here.get("/runs").text
    page = here.get("/runs/r1").text
    assert "/runs/r1/tasks/a/b%20c%3F" in page
    assert "exit code 3" in page
    assert "from the log" in here.get("/runs/r1/tasks/a/b%20c%3F").text
    assert "No request here" in here.get("/requests").text


ODD = [
    "a/../b",
    "./b",
    "b/..",
    "../../x",
    "a//b",
    "b/",
    "/b",
    ".",
    "..",
    "=..",
    "==",
    "\\..\\b",
    "-b",
]
ODD += ["line\nend", "\n", "   ", "b?c=d", "b#c", "\N{OX}\N{FIRE}", "b" * 200, "b;c", "b+c", "?", "#", "%"]


@pytest.mark.parametrize("task", ODD)
def test_no_browser_takes_the_address_of_a_task_for_that_of_another(tmp_path: Path, task: str) -> None:
    run(Roadmap([Task("b", ["true"]), Task(task, ["false"])]), home=tmp_path, retries=0)
    here = browser(JournalRuns(tmp_path), LedgerRequests(tmp_path))
    links = re.findall(r'href="(/runs/r1/tasks/[^"?#]+)"', here.get("/runs/r1").text)
    asked = {urljoin("http://127.0.0.1/runs/r1", link): link for link in links}  # as a browser does it
    assert all(full.endswith(link) for full, link in asked.items())
    titles = [re.findall("(?s)<title>(.*) ·", here.get(full).text)[0] for full in asked]
    assert sorted(titles) == sorted(
        ["b done", f"{task[:79]}… failed" if len(task) > 80 else f"{task} failed"]
    )


def test_a_journal_that_cannot_be_read_takes_its_own_pages_away_and_no_others(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "journal.db").write_bytes(b"no journal" * 100)
    app = dashboard(sources_of(home), HomeDoor("secret"))
    here = TestClient(app, base_url="http://127.0.0.1:8090")  # what it raises is no fault of the app
    for path in ("/requests", "/cache"):
        assert "cannot be" not in here.get(path).text, path
    for path, status in (("/", 200), ("/failures", 200), ("/settings", 200), ("/runs", 503)):
        answer = here.get(path)
        said = "journal.db: this is not a journal" in answer.text
        assert (answer.status_code, said, "Move the file away" in answer.text) == (status, True, True), path
    (home / "journal.db").unlink()
    assert here.get("/runs").status_code == 200


def test_a_run_that_goes_on_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    runs, roadmap = JournalRuns(tmp_path), Roadmap([Task("a", ["true"]), Task("b", ["false"])], title="t")
    before = runs.version()
    run(roadmap, home=tmp_path, retries=0)
    assert runs.version() != before
    assert [line.counts["failed"] for line in runs.latest(9)] == [1]
    between = runs.version()
    run(roadmap, home=tmp_path, retries=0, failed=True)
    assert runs.version() != between
    view = runs.task("r1", "b")
    assert view
    assert [attempt.number for attempt in view.attempts] == [1, 2]
