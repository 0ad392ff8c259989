"""Sources whose every value a test decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.requests import Choices, RequestPage, Wanted
from beastmode.dashboard.sources.runs import (
    AttemptLine,
    DiffView,
    FailureLine,
    Figures,
    GraphPart,
    LogPart,
    Near,
    PersonLine,
    PhaseLine,
    RunLine,
    RunView,
    SafetyLine,
    Stretch,
    TaskLine,
    TaskPage,
    TaskView,
    Timeline,
    TimelineRow,
    WaitLine,
)
from beastmode.dashboard.visitor import Visitor
from beastmode.errors import SettingError

NASTY = "<script>alert(1)</script>\"'&</title><img src=x onerror=alert(2)>\x00\u202e"


def run_line(number: int = 1, **changes: Any) -> RunLine:
    values: dict[str, Any] = {
        "name": f"r{number}",
        "title": "Month 1",
        "roadmap": "/tmp/r.yaml",
        "state": "running",
        "counts": {"total": 2, "done": 1, "failed": 1},
        "began_unix": 1e9,
        "ended_unix": None,
    }
    return RunLine(**values | changes)


def task_line(nasty: str = "", **changes: Any) -> TaskLine:
    values: dict[str, Any] = {
        "id": nasty or "a",
        "title": nasty,
        "phase": nasty,
        "state": "failed",
        "attempts": 1,
    }
    return TaskLine(**values | {"why": nasty} | changes)


def run_view(line: RunLine, nasty: str = "", **changes: Any) -> RunView:
    """A run with one of each, and hostile text wherever somebody else wrote it."""
    task, stretch = nasty or "a", Stretch("wait", 0.0, 0.9, 1, nasty)
    figures = Figures(
        of_unix=1e9,
        headline="1 of 2",
        plan=[(nasty, nasty, nasty, nasty)],
        safety=[SafetyLine(nasty, nasty, nasty, nasty, "held")],
        dogfooding=nasty,
        categories=[(nasty, "1", "1")],
        failures=[FailureLine(nasty, nasty, nasty, 2, [task])],
        next_steps=[{"what": nasty, "command": nasty}],
    )
    values: dict[str, Any] = {
        "line": line,
        "by": nasty,
        "left": nasty,
        "budget_usd": 2.0,
        "phases": [PhaseLine(nasty, {"total": 2, "done": 1})],
        "phases_left_out": 3,
        "ready": 1,
        "waits": [WaitLine("waiting", nasty, 2, [task], 1e9, nasty)],
        "persons": [PersonLine(task, nasty, nasty)],
        "persons_left_out": 4,
        "timeline": Timeline([TimelineRow(task, nasty, nasty, [stretch])], 0.0, 1.0, 1.0, [0.5], 5, False),
        "graph": GraphPart([task_line(nasty), task_line(id="b")], [(task, "b")], 6, 7, nasty),
        "figures": figures,
    }
    return RunView(**values | changes)


def task_view(run: RunLine, task: str, nasty: str = "", **changes: Any) -> TaskView:
    failure = {"class": nasty, "cause": nasty, "tip": nasty}
    values: dict[str, Any] = {
        "run": run,
        "line": task_line(nasty, id=task),
        "kind": nasty,
        "category": nasty,
        "stands_in": nasty,
        "needs": [Near(nasty or "n", nasty)],
        "needs_left_out": 1,
        "dependents": [Near(nasty or "m", nasty)],
        "dependents_left_out": 1,
        "attempts": [AttemptLine(1, 1e9, nasty, {nasty: 1.0}, 1.0, 1.0, 1.0, failure)],
        "attempts_left_out": 1,
        "at_work": 0,
        "failure": failure,
        "branch": nasty,
        "commit": nasty,
        "model": nasty,
        "usage": {"requests": 1.0},
        "gate": nasty,
        "paused": True,
    }
    return TaskView(**values | changes)


class Runs:
    """A RunReader of runs that a test has made.   read: what was asked for that only those see that may read."""

    def __init__(self, *lines: RunLine, nasty: str = "") -> None:
        self.lines, self.now, self.nasty = list(lines), "1", nasty
        self.read: list[str] = []

    def version(self) -> str:
        return self.now

    def logs_version(self) -> str:
        return "1"

    def latest(self, most: int, before: int = 0) -> Sequence[RunLine]:
        older = [line for line in self.lines if not before or int(line.name[1:]) < before]
        return sorted(older, key=lambda line: -int(line.name[1:]))[:most]

    def _line(self, name: str) -> RunLine | None:
        return next((line for line in self.lines if line.name == name), None)

    def run(self, name: str) -> RunView | None:
        line = self._line(name)
        return run_view(line, self.nasty) if line else None

    def tasks(self, run: str, state: str, phase: str, after: int, most: int) -> TaskPage | None:
        return TaskPage([task_line(self.nasty)], 2, 1) if self._line(run) else None

    def task(self, run: str, task: str) -> TaskView | None:
        line = self._line(run)
        return task_view(line, task, self.nasty) if line else None

    def logs(self, run: str, task: str, attempt: int) -> Sequence[LogPart]:
        self.read.append("logs")
        data = f"the log {self.nasty}".encode()
        return [LogPart(part, data, 0, len(data)) for part in ("work", self.nasty)]

    def raw(self, run: str, task: str, attempt: int, part: str) -> Iterator[bytes] | None:
        self.read.append("raw")
        return iter([f"raw {self.nasty}".encode()]) if part == "work" else None

    def diff(self, run: str, task: str) -> DiffView:
        self.read.append("diff")
        text = f"diff --git a/x b/x\n@@ -1 +1 @@\n-{self.nasty}\n+{self.nasty}"
        return DiffView([{"path": self.nasty, "added": 1, "removed": None}], text, True, True)

    def said(self, run: str, task: str) -> str:
        self.read.append("said")
        return f"said {self.nasty}"


class Requests:
    """A RequestReader of rows that a test has made."""

    def __init__(self, *rows: Plain) -> None:
        self.rows, self.now = list(rows), "1"
        self.wanted: list[Wanted] = []

    def version(self) -> str:
        return self.now

    def page(self, wanted: Wanted, most: int) -> RequestPage:
        self.wanted.append(wanted)
        return RequestPage(self.rows[:most], "")

    def choices(self) -> Choices:
        return Choices()

    def request(self, name: str) -> Plain | None:
        return next((row for row in self.rows if row["id"] == name), None)


class Control:
    """A RunControl that keeps what was asked for.   refuses: what it says to everything; "" does it."""

    def __init__(
        self, refuses: str = "", offered: Sequence[str] = ("pause", "limits"), limit: str = "8/s"
    ) -> None:
        self.refuses, self.offered, self.limit = refuses, offered, limit
        self.asked: list[tuple[str, str, str, dict[str, str]]] = []

    def offers(self, run: str, task: str) -> Sequence[str]:
        return self.offered

    def limits(self, run: str) -> Mapping[str, str]:
        return {"--rate": self.limit}

    def ask(self, run: str, task: str, action: str, said: Mapping[str, str]) -> str:
        if self.refuses:
            raise SettingError(self.refuses, tip="Try something else.")
        self.asked.append((run, task, action, dict(said)))
        return f"{run} {task} {action}"


class Keeper:
    """A Doorkeeper whose key is `key`.   closed: without it nobody may even look."""

    def __init__(self, closed: bool = False) -> None:
        self.closed = closed

    def visitor(self, key: str) -> Visitor | None:
        mine = key == "key"
        return Visitor(mine, mine) if mine or not self.closed else None


def sources(**given: Any) -> Sources:
    """Those that are given, and of the others what shows nothing."""
    shown: dict[str, Any] = {"runs": Runs(), "run_control": Control(), "requests": Requests()}
    return Sources(**shown | given)
