"""scripts/check_report.py: agrees with real runs, and sees one altered event, even if the digest was forged too."""

from __future__ import annotations

import ast
import importlib.util
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode import Roadmap, Task, run
from beastmode.cli.app import answer
from beastmode.cli.history import find_run
from beastmode.compose.run.asking import ask
from beastmode.runner.control import Control
from beastmode.runner.measures import lower_bound_s
from beastmode.runner.plain_limits import plain_rates
from beastmode.runner.report.evidence import safety
from beastmode.runner.roadmap import TaskOptions
from beastmode.runner.work import Command, Http
from beastmode.settings import Rate
from tests.processes import eventually
from tests.runner.story import Story

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_report.py"


@cache
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_report", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_report"] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


class Server(BaseHTTPRequestHandler):
    """Well at /health, and asks once for a pause before it answers anything else."""

    asked = 0

    def do_GET(self) -> None:
        throttled = self.path != "/health" and not Server.asked
        Server.asked += self.path != "/health"
        self.send_response(429 if throttled else 200)
        if throttled:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


class Recorded(NamedTuple):
    """A real run: its events as stored, and its report."""

    rows: list[tuple[bytes, ...]]
    report: dict[str, Any]
    journal: Path
    report_path: Path


@pytest.fixture(scope="module")
def recorded(server: str, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Throttled, retried, failed, blocked and verified tasks, health checks, and a second session that resets."""
    home = tmp_path_factory.mktemp("checked") / "home"
    again = Command(
        shell="echo x >> '" + str(home / "out") + "'; test $(wc -l < '" + str(home / "out") + "') -ge 2"
    )
    tasks = [
        Task("asked", Http(f"{server}/a"), options=TaskOptions(category="improvement")),
        Task("flaky", again, options=TaskOptions(category="test", retries=1)),
        Task("bad", Command(("false",)), options=TaskOptions(retries=0)),
        Task("after", Command(("true",)), needs=("bad",)),
        Task("checked", Command(("true",)), needs=("flaky",), options=TaskOptions(verify=Command(("true",)))),
        Task("listed", Command(("true",)), state="done"),
    ]
    roadmap = Roadmap(tasks, title="Checked")
    for failed in (False, True):
        summary = run(
            roadmap, home=home, failed=failed, rates="6/s", concurrency=2, health=f"{server}/health"
        )
        assert summary.tasks["failed"] == 1, summary
        if not failed:
            control = Control("limits", said={"limits": {"concurrency": 3}})
            ask(home, find_run(home, "r1"), control)
    journal, path = home / "journal.db", Path(summary.report) / "report.json"
    rows = script().rows_of(journal, 1)
    return Recorded(rows, json.loads(path.read_text(encoding="utf-8")), journal, path)


def wrong(rows: list[tuple[bytes, ...]], report: dict[str, Any]) -> int:
    """How many lines of the check are not well."""
    return int(script().check(report, rows))


def signed(rows: list[tuple[bytes, ...]], report: dict[str, Any]) -> dict[str, Any]:
    """The report with the digest of these rows: a forger would do that too."""
    forged = deepcopy(report)
    forged["journal_digest"], forged["last_seq"] = script().digest(rows), int(rows[-1][0]) if rows else 0
    return forged


def test_it_shares_no_code_with_what_it_checks() -> None:
    names = set[str]()
    for node in ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert names <= set(sys.stdlib_module_names), "only Python itself"


def test_it_agrees_with_an_untouched_run(recorded: Recorded) -> None:
    command = [sys.executable, "-I", str(SCRIPT), str(recorded.journal), str(recorded.report_path)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout
    assert "everything agrees, every promise was kept" in checked.stdout
    kinds = {row[2].decode() for row in recorded.rows}
    assert kinds >= {
        "limits",
        "controlled",
        "probed",
        "paused",
        "reset",
        "attempt_started",
        "attempt_ended",
        "session_ended",
    }


def test_it_agrees_with_a_run_at_work_while_a_task_is_being_verified(tmp_path: Path) -> None:
    home, go, proving = tmp_path / "home", tmp_path / "go", tmp_path / "proving"
    proves = Command(shell=f"touch {proving}; until [ -e {go} ]; do sleep 0.02; done")
    roadmap = Roadmap([Task("a", ["true"], options=TaskOptions(verify=proves)), Task("b", ["true"])])
    worker = threading.Thread(target=run, args=(roadmap,), kwargs={"home": home})
    worker.start()
    try:
        eventually(proving.exists)
        eventually(lambda: find_run(home, "r1").tasks["a"].state == "verifying")
        eventually(lambda: find_run(home, "r1").tasks["b"].state == "done")
        assert answer(["report", "r1", "--home", str(home)]) == 0
        report = json.loads(next(home.rglob("report.json")).read_text(encoding="utf-8"))
    finally:
        go.touch()
        worker.join()
    rows = [row for row in script().rows_of(home / "journal.db", 1) if int(row[0]) <= report["last_seq"]]
    assert {task["task"]: task["state"] for task in report["tasks"]} == {"a": "verifying", "b": "done"}
    assert wrong(rows, report) == 0


def test_every_single_change_of_the_journal_is_seen(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, report = recorded.rows, recorded.report
    for at, row in enumerate(rows):
        for changed in ([*rows[:at], *rows[at + 1 :]], [*rows[: at + 1], *rows[at:]]):
            assert wrong(changed, report), f"event {at} left out or doubled"
        for column, value in enumerate(row):
            other = b"9" + value if column != 7 else value[:-1] + b" }"
            assert wrong([*rows[:at], (*row[:column], other, *row[column + 1 :]), *rows[at + 1 :]], report)
    capsys.readouterr()


MATTERS = {
    "attempt_started": ("waited_s",),
    "attempt_ended": ("end", "left_us", "cpu_s", "max_rss_kib"),
    "probed": ("left_us", "ok"),
    "paused": ("seconds",),
    "limits": ("concurrency",),
    "control": ("action",),
    "controlled": ("control", "effect"),
}
"""What figures are computed from, in every event of a kind."""
MATTERS_LAST = {
    "session_started": ("settings.concurrency", "settings.rates", "settings.retries"),
    "session_ended": ("state", "exit_code", "reason", "until_unix", "cpu_s", "max_rss_kib"),
    "planned": ("tasks.id", "tasks.category", "tasks.state"),
}
"""The same of those kinds whose last event counts."""


SECOND_US, HOUR_US = 1_000_000, 3600 * 1_000_000


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a piece of JSON."""
    if isinstance(value, (dict, list)) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path


def altered(data: Any, path: tuple[Any, ...]) -> Any:
    """The same data with another value of the same type at a path."""
    if path:
        copy = deepcopy(data)
        copy[path[0]] = altered(copy[path[0]], path[1:])
        return copy
    if isinstance(data, bool):
        return not data
    if isinstance(data, (int, float)):
        return data + SECOND_US
    return f"{data}x" if isinstance(data, str) else 7


def matters(kind: str, path: tuple[Any, ...], last: bool) -> bool:
    name = ".".join(part for part in path if isinstance(part, str))
    names = MATTERS.get(kind, ()) + (MATTERS_LAST.get(kind, ()) if last else ())
    return any(name == known or name.startswith(f"{known}.") for known in names)


def test_a_change_of_any_value_that_matters_is_seen_under_a_forged_digest(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, missed, tried = recorded.rows, list[str](), set[str]()
    last = {row[2]: at for at, row in enumerate(rows)}
    for at, row in enumerate(rows):
        kind, data = row[2].decode(), json.loads(row[7])
        for path in leaves(data):
            if not matters(kind, path, last[row[2]] == at):
                continue
            changed = [*rows[:at], (*row[:7], json.dumps(altered(data, path)).encode()), *rows[at + 1 :]]
            tried.add(kind)
            if not wrong(changed, signed(changed, recorded.report)):
                missed.append(f"{kind} {path}: {data}")
    capsys.readouterr()
    assert not missed, "\n".join(missed)
    assert tried == {*MATTERS, *MATTERS_LAST}


MOVED = ("attempt_started", "attempt_ended")
"""Events whose instants figures are computed from."""


@pytest.mark.parametrize("kind", MOVED)
def test_an_attempt_moved_past_its_neighbours_in_time_is_seen_under_a_forged_digest(
    recorded: Recorded, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = recorded.rows
    for at, row in enumerate(rows):
        if row[2].decode() != kind:
            continue
        for by_us in (-HOUR_US, HOUR_US):
            changed = [*rows[:at], (*row[:6], str(int(row[6]) + by_us).encode(), row[7]), *rows[at + 1 :]]
            assert wrong(changed, signed(changed, recorded.report)), f"{row} moved by {by_us}"
    capsys.readouterr()


def test_a_left_out_or_renamed_attempt_is_seen_under_a_forged_digest(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = recorded.rows
    for at, row in enumerate(rows):
        if row[2].decode() not in (*MOVED, "probed", "paused"):
            continue
        without = [*rows[:at], *rows[at + 1 :]]
        assert wrong(without, signed(without, recorded.report)), row
        if row[3]:
            renamed = [*rows[:at], (*row[:3], b"somebody", *row[4:]), *rows[at + 1 :]]
            assert wrong(renamed, signed(renamed, recorded.report)), row
    capsys.readouterr()


FIGURES = ("summary", "safety", "performance", "plan", "dogfooding", "tasks", "failures", "people")
WORDS = {
    "run_id",
    "report",
    "title",
    "phase",
    "category",
    "kind",
    "reason",
    "until_utc",
    "cause",
    "tip",
    "log",
    "said",
    "by",
    "at_utc",
}
"""What is told in words; figures are checked, and tasks by their names."""


def test_a_change_of_any_figure_of_the_report_is_seen(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = list[str]()
    for path in leaves({name: recorded.report[name] for name in FIGURES}):
        if WORDS & set(path):
            continue
        if not wrong(recorded.rows, altered(recorded.report, path)):
            missed.append(str(path))
    capsys.readouterr()
    assert not missed, missed


def started(*rates: Rate, concurrency: int | None = 2) -> Story:
    return Story().session(concurrency, *rates).plan("a", "b", b={"needs": ["a"], "retries": 1})


KEPT = started().attempt("a", 1, 2).attempt("b", 2, 3, end="retry").attempt("b", 4, 5, 2).end()
BROKEN = {
    "never more in flight than the limit": started(concurrency=1)
    .start("a", at=1)
    .start("c", at=2)
    .stop("a", at=3)
    .stop("c")
    .end(),
    "never more starts in any window than the rate": started(Rate(1, 1.0))
    .attempt("a", 1, 1.1)
    .attempt("b", 1.9, 2)
    .end(),
    "the clock never ran backwards in a session": started().attempt("a", 1, 2).end(at=1.5),
    "every attempt is recorded once, in order": started().attempt("a", 1, 2, 2).end(),
    "every start has an end": started().start("a", at=1).end(),
    "every attempt was recorded before it left": started().attempt("a", 1, 2, left=0.5).end(),
    "no task started before its needs were done": started().attempt("b", 1, 2).end(),
    "no task with a recorded result was run again": started().attempt("a", 1, 2).attempt("a", 3, 4, 2).end(),
    "nothing began while the run was paused": started()
    .add("control", data={"action": "pause"})
    .add("controlled", data={"control": 4, "action": "pause", "acts": True, "effect": ""})
    .attempt("a", 1, 2)
    .end(),
    "nothing passed a gate without a person's word": Story()
    .session(2)
    .plan("a", a={"gate": "only"})
    .add("gate", "a", data={"passed": True})
    .end(),
    "what people asked for was done once": started()
    .add("controlled", data={"control": 2, "action": "retry", "acts": True, "effect": ""})
    .end(),
    "no more retries than the limit": started()
    .attempt("a", 1, 2)
    .attempt("b", 2, 3, end="retry")
    .attempt("b", 4, 5, 2, end="retry")
    .end(),
}


def promises(story: Story) -> dict[str, list[str]]:
    """What the check finds of each promise."""
    kept: dict[str, list[str]] = script().promises(script().replay(story.events))
    return kept


def test_a_run_that_kept_its_promises_is_told_so() -> None:
    assert not any(promises(KEPT).values())
    assert set(promises(KEPT)) == set(BROKEN), "each promise has a run that breaks it"


@pytest.mark.parametrize("promise", BROKEN)
def test_a_promise_that_was_not_kept_is_named_and_no_other(promise: str) -> None:
    assert [name for name, breaches in promises(BROKEN[promise]).items() if breaches] == [promise]


def test_limits_that_were_changed_count_from_then_on() -> None:
    story = started(concurrency=2).start("a", at=1).add("limits", data={"concurrency": 1}).start("c", at=2)
    assert promises(story.stop("a", at=3).stop("c").end())["never more in flight than the limit"]


def test_what_was_at_work_or_admitted_before_a_limit_was_lowered_is_no_breach() -> None:
    story = started(Rate(4, 1.0), concurrency=2).start("a", at=1).start("c", at=1)
    slower = {"concurrency": 1, "rates": plain_rates([Rate(1, 1.0)])}
    story.add("limits", data=slower).stop("a", at=2, left=1.001).stop("c", at=3, left=1.002)
    assert not any(promises(story.attempt("d", 4, 5).end()).values())


TIMES = st.lists(st.integers(1, 40), min_size=4, max_size=24)


@given(TIMES, st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4))
def test_the_check_and_the_report_see_the_same_whatever_limits_were_changed(
    times: list[int], limits: list[tuple[int, int]]
) -> None:
    story = Story().session(2, Rate(2, 1.0)).plan(*(f"t{at}" for at in range(len(times))))
    for at, tenths in enumerate(times):
        begin = story.now + tenths / 40
        story.attempt(f"t{at}", begin, begin + tenths / 10, left=begin + tenths / 50)
        if at % 4 == 1:
            concurrency, starts = limits[at % len(limits)]
            story.add("limits", data={"concurrency": concurrency, "rates": plain_rates([Rate(starts, 1.0)])})
    told = story.end().told()
    run = script().replay(story.events)
    mine, theirs = safety(told), script().safety(run)
    assert {name: theirs[name] for name in mine} == mine
    assert abs(script().lower_bound_s(run) - lower_bound_s(told)) < 1e-6


def test_a_journal_that_went_on_and_files_that_are_none_are_told_apart(
    recorded: Recorded, tmp_path: Path
) -> None:
    def ended(*arguments: object) -> tuple[int, str]:
        command = [sys.executable, str(SCRIPT), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    assert ended()[0] == 2
    assert ended(recorded.journal, tmp_path / "none")[0] == 2
    assert ended(tmp_path / "none", recorded.report_path)[0] == 2
    copy = tmp_path / "journal.db"
    with sqlite3.connect(recorded.journal) as db, sqlite3.connect(copy) as other:
        db.backup(other)
        other.execute(
            "INSERT INTO events SELECT seq + 100, run, 'paused', '', 0, unix_us, mono_us, data FROM events LIMIT 1"
        )
    db.close()
    other.close()
    code, said = ended(copy, recorded.report_path)
    assert (code, "`beast report` writes a new one" in said) == (1, True)
