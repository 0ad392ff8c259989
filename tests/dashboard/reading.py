"""Sources whose every value a test decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.cache import CacheView
from beastmode.dashboard.sources.failures import Change, FailureGroup, FailuresFound
from beastmode.dashboard.sources.faults import Fault, fault_of
from beastmode.dashboard.sources.live import GatewayKilled, GatewayNow, Gauge, TierNow, UpstreamNow
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.requests import Choices, Repeatable, RequestPage
from beastmode.dashboard.sources.runs import (
    AttemptLine,
    DiffView,
    FailureLine,
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
from beastmode.dashboard.sources.runs import Figures as RunFigures
from beastmode.dashboard.sources.settings import HomeFile, HomeView, KeyLine, RunSettings
from beastmode.dashboard.sources.stats import Figures
from beastmode.dashboard.visitor import Visitor
from beastmode.errors import CacheError, JournalError, KeysError, SettingError
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.sought import Sought

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
    figures = RunFigures(
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
        "repository": nasty,
    }
    return RunView(**values | changes)


def task_view(run: RunLine, task: str, nasty: str = "", **changes: Any) -> TaskView:
    failure = {"class": nasty, "cause": nasty, "tip": nasty}
    found = {"told": nasty, "show": nasty, "back": nasty}
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
        "attempts": [AttemptLine(1, 1e9, nasty, {nasty: 1.0}, 1.0, 1.0, 1.0, failure, [found])],
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


def request_row(**changes: Any) -> dict[str, Any]:
    """A request as a reader gives it, well answered unless `changes` say otherwise."""
    known: dict[str, Any] = {"id": "1", "method": "POST", "path": "/v1/messages", "model": "m", "status": 200}
    known |= {"outcome": "upstream_ok", "tries": 1, "queue_s": 0.1, "first_byte_s": 0.5, "total_s": 2.0}
    row = msgspec.structs.asdict(Entry(received_unix=1e9, **known))
    return {**row, "request_body": "", "answer_body": "", "sent": None, **changes}


def nasty_row() -> dict[str, Any]:
    """One in which everything that others wrote is NASTY."""
    names = ("key", "run", "task", "upstream", "method", "path", "model", "dialect", "class_", "cause", "tip")
    sent = {"query": NASTY, "headers": (("user-agent", NASTY), (NASTY, "x")), "flaw": NASTY}
    bodies = {"request_body": f"[{msgspec.json.encode(NASTY).decode()}]", "answer_body": NASTY}
    more = {"outcome": "failed", "cache": NASTY, "cache_why": NASTY, "sent": sent}
    return request_row(**dict.fromkeys(names, NASTY), **bodies, **more)


class Requests:
    """A RequestReader of rows that a test has made.   page: what `page` gives, instead of all rows."""

    def __init__(self, *rows: Plain, page: RequestPage | None = None, choices: Choices = Choices()) -> None:  # noqa: B008
        self.rows, self.now, self._page, self._choices = list(rows), "1", page, choices
        self.sought: list[Sought] = []

    def version(self) -> str:
        return self.now

    def page(self, sought: Sought, most: int) -> RequestPage:
        self.sought.append(sought)
        return self._page or RequestPage(self.rows[:most], "")

    def choices(self) -> Choices:
        return self._choices

    def request(self, name: str) -> Plain | None:
        return next((row for row in self.rows if row["id"] == name), None)


class Replays:
    """A RequestControl that keeps what was asked for.   refuses: what it says to everything; "" does it."""

    def __init__(self, again: Repeatable = Repeatable(), refuses: str = "", new: str = "") -> None:  # noqa: B008
        self.again, self.refuses, self.new = again, refuses, new
        self.asked: list[tuple[str, str, bool]] = []

    def repeatable(self, name: str) -> Repeatable:
        return self.again

    def replay(self, name: str, *, key_env: str = "", anyway: bool = False) -> tuple[str, str]:
        if self.refuses:
            raise SettingError(self.refuses, tip="Try something else.")
        self.asked.append((name, key_env, anyway))
        return "It went well.", self.new


NASTY_REPEATABLE = Repeatable(changed=NASTY, to=NASTY, key_envs=[NASTY], unset=[NASTY], curl=NASTY)


class Failures:
    """A FailureReader of groups that a test has made.   faults: what could not be looked through."""

    def __init__(self, *groups: FailureGroup, faults: Mapping[str, Fault] | None = None) -> None:
        self.all, self.since = list(groups), list[float]()
        self.faults = faults or {}

    def found(self, since_unix: float, most: int) -> FailuresFound:
        self.since.append(since_unix)
        return FailuresFound(self.all[:most], self.faults)


def failure_group(**changes: Any) -> FailureGroup:
    known: dict[str, Any] = {
        "of": "requests",
        "class_": "rate_limit",
        "cause": "slow down",
        "tip": "Ask less.",
    }
    known |= {"count": 3, "first_unix": 1e9, "last_unix": 1e9 + 60, "sample": "1"}
    return FailureGroup(**known | changes)


def nasty_group() -> FailureGroup:
    texts = dict.fromkeys(("class_", "cause", "tip"), NASTY)
    lists = {name: [NASTY] for name in ("keys", "upstreams", "models")}
    return failure_group(**texts, **lists, tasks=[(NASTY, NASTY)], before=[Change(1e9, NASTY)])


def gateway_now(nasty: str = "", **changes: Any) -> GatewayNow:
    gauges = [
        Gauge(nasty or "in flight", 2, 3),
        Gauge("requests per 1 s", 8, 8),
        Gauge("tokens per 60 s", 5e4, None),
    ]
    setting = {
        "name": nasty or "rate",
        "value": nasty or "8/s",
        "upstream": nasty or "main",
        "origin": "file",
    }
    values: dict[str, Any] = {
        "url": "http://127.0.0.1:8080",
        "of": nasty or "serve",
        "began_unix": 1e9,
        "in_flight": 2,
        "waiting": 5,
        "upstreams": [
            UpstreamNow(nasty or "main", "open", nasty or "most failed", 1e9, 5, gauges, "", nasty, nasty)
        ],
        "tiers": [TierNow("l1", 7, 4096, 256_000_000, 3, 4, None, None, nasty or "on")],
        "alarms": [nasty] if nasty else [],
        "settings": [
            setting | {"where": nasty or "beast.toml:3", "help": "Requests that an upstream bears."}
        ],
        "budgets": [Gauge(nasty or "budget of key ci per day", 5.0, 5.0, "usd")],
    }
    return GatewayNow(**values | changes)


class Live:
    """A LiveReader of gateways that a test has made.   killed: others."""

    def __init__(self, *gateways: GatewayNow, killed: Sequence[GatewayKilled] = ()) -> None:
        self.now, self._gateways, self._killed = "1", list(gateways), killed

    def version(self) -> str:
        return self.now

    def gateways(self) -> Sequence[GatewayNow]:
        return self._gateways

    def killed(self) -> Sequence[GatewayKilled]:
        return self._killed


class Stats:
    """A StatsReader that knows one answer, whatever the span.   series: of each step; None: nothing in any."""

    def __init__(self, figures: Figures = Figures(), *, step: Figures | None = None) -> None:  # noqa: B008 it is frozen
        self.figures, self.now = figures, "1"
        self._step = step or Figures()

    def version(self) -> str:
        return self.now

    def over(self, since_unix: float, until_unix: float) -> Figures:
        return self.figures

    def lately(self, now_unix: float, seconds: int) -> Figures:
        return self.figures

    def series(self, since_unix: float, until_unix: float, step_s: float) -> Sequence[tuple[float, Figures]]:
        begins = range(round(since_unix), round(until_unix), round(step_s))
        return [(float(begin), self._step) for begin in begins]


def cache_view(nasty: str = "", **changes: Any) -> CacheView:
    name = nasty or "m-large"
    values: dict[str, Any] = {
        "tiers": [
            {"name": "l1", "entries": 0, "bytes": 0, "hits": 5310, "misses": 2204},
            {"name": "l3", "entries": 1930, "bytes": 8_100_000, "hits": 391, "misses": 1813},
        ],
        "models": [{"name": name, "tag": f"model:{name}", "entries": 1204, "bytes": 6_600_000}],
        "tags": [{"name": nasty or "run:r7", "tag": nasty or "run:r7", "entries": 411, "bytes": 2_900_000}],
        "misses": [
            {"reason": nasty or "not deterministic", "count": 40},
            {"reason": f"new; not kept: {nasty or 'status 429'}", "count": 20},
            {"reason": "new", "count": 15},
        ],
        "oldest_unix": 1e9,
        "newest_unix": 1e9 + 60,
        "since_unix": 1e9 - 60,
        "asked": 100,
    }
    return CacheView(**values | changes)


class Cache:
    """A CacheReader and CacheControl that keeps what was to be cleared.   fault: what reading and clearing end with."""

    def __init__(self, view: CacheView | None = None, fault: str = "") -> None:
        self.view, self.broken, self.now = view, fault, "1"
        self.cleared: list[str] = []

    def version(self) -> str:
        return self.now

    def cache(self) -> CacheView | None:
        self._see()
        return self.view

    def fault(self) -> Fault | None:
        return fault_of(self._error()) if self.broken else None

    def clear(self, tag: str) -> str:
        self._see()
        self.cleared.append(tag)
        return f"forgotten: {tag or 'all'}"

    def _see(self) -> None:
        if self.broken:
            raise self._error()

    def _error(self) -> CacheError:
        return CacheError(self.broken, where="/home/me/.beast/cache.db", tip="Delete the file.")


def key_line(**changes: Any) -> KeyLine:
    values = {
        "name": "ci",
        "id": "0123456789ab",
        "state": "valid",
        "limits": "any model, 2/s",
        "rights": ["metrics"],
        "used_unix": None,
        "created_unix": 1e9,
    }
    return KeyLine(**values | changes)


class Keys:
    """A KeyReader of keys that a test has made.   fault: what reading ends with."""

    def __init__(self, *lines: KeyLine, fault: str = "") -> None:
        self.lines, self.fault = lines, fault

    def keys(self) -> Sequence[KeyLine]:
        if self.fault:
            raise KeysError(self.fault, tip="Move the file away.")
        return self.lines


class Home:
    """A HomeReader of files and runs that a test has made."""

    def __init__(
        self,
        nasty: str = "",
        *,
        at_work: bool = True,
        files: Sequence[HomeFile] = (),
        fault: str = "",
        named: str = "",
    ) -> None:
        self.named = named
        self.nasty, self.at_work, self.fault = nasty, at_work, fault
        self.files = files or [HomeFile(nasty or "cache.db", nasty or "Answers.", 4096, 2, 2)]

    def flag(self) -> str:
        return self.named

    def home(self) -> HomeView:
        return HomeView(self.nasty or "/home/me/.beast", 10**9, self.nasty or "0.1.0", self.files)

    def runs(self) -> Sequence[RunSettings]:
        if self.fault:
            raise JournalError(self.fault, tip="Move the file away.")
        said = {"name": self.nasty or "concurrency", "value": self.nasty or "5", "origin": "person"}
        by_default = {"name": "retries", "value": "2", "origin": "default"}
        title = self.nasty or "Month 1"
        return [RunSettings(self.nasty or "r7", title, [by_default, said])] if self.at_work else []


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

    def enter(self, key: str) -> str:
        return "a ticket" if key == "key" else ""

    def visitor(self, ticket: str) -> Visitor | None:
        mine = ticket == "a ticket"
        return Visitor(mine, mine, "mine" if mine else "") if mine or not self.closed else None


def sources(**given: Any) -> Sources:
    """Those that are given, and of the others what shows nothing."""
    shown: dict[str, Any] = {
        "runs": Runs(),
        "run_control": Control(),
        "requests": Requests(),
        "request_control": Replays(),
        "failures": Failures(),
        "live": Live(),
        "stats": Stats(),
        "cache": Cache(),
        "cache_control": Cache(),
        "keys": Keys(),
        "home": Home(at_work=False),
    }
    return Sources(**shown | given)
