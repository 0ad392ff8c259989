"""Sources whose every value a test decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.requests import Choices, RequestPage, Wanted
from beastmode.dashboard.sources.runs import RunLine, RunView, TaskLine, TaskView
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


class Runs:
    """A RunReader of runs that a test has made."""

    def __init__(self, *lines: RunLine, nasty: str = "") -> None:
        self.lines, self.now, self.nasty = list(lines), "1", nasty

    def version(self) -> str:
        return self.now

    def latest(self, most: int, before: int = 0) -> Sequence[RunLine]:
        older = [line for line in self.lines if not before or int(line.name[1:]) < before]
        return sorted(older, key=lambda line: -int(line.name[1:]))[:most]

    def run(self, name: str) -> RunView | None:
        line = next((line for line in self.lines if line.name == name), None)
        task = TaskLine(self.nasty or "a", self.nasty, self.nasty, "failed", 1, 0.5, self.nasty)
        bar = {"from_s": 0.2, "to_s": 0.9, "wait_from_s": 0.0, "took_s": 0.7, "attempt": 1, "end": "done"}
        timeline = {"rows": [{"task": self.nasty or "a", "bars": [bar]}], "length_s": 1.0}
        failure = {"class": self.nasty, "cause": self.nasty, "tip": self.nasty}
        phase = {"phase": self.nasty, "total": 2, "states": {"done": 1}}
        step = {"what": self.nasty, "command": self.nasty}
        return (
            None
            if line is None
            else RunView(line, "1 of 2", [phase], [task], 0, timeline, {}, [failure], [step])
        )

    def task(self, run: str, task: str) -> TaskView | None:
        line = next((line for line in self.lines if line.name == run), None)
        told = TaskLine(task, self.nasty, self.nasty, "failed", 0)
        failure = {"class": self.nasty, "cause": self.nasty, "tip": self.nasty}
        return None if line is None else TaskView(line, told, [self.nasty], [], failure, self.nasty, 7)


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
