"""The dashboard over ten million requests: its worst page, beside what a plain table would take for the same."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from starlette.types import ASGIApp, Message

from beastmode.compose.ui_door import HomeDoor
from beastmode.compose.ui_requests import LedgerRequests
from beastmode.compose.ui_serving import sources_of
from beastmode.compose.ui_stats import LedgerStats
from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.requests import Wanted
from beastmode.store.ledger_file import ledger_path
from beastmode.store.ledger_groups import groups
from beastmode.store.ledger_reader import LedgerReader
from bench.contest import Contender, Figures, Row, main
from bench.dashboard_ledger import fill

MANY = 10_000_000
FEWER = 10
"""The first page is measured over a ledger so many times smaller."""
TIMES = 3
PAGE_ROWS = 50
_FOLDER = Path("build") / "bench"
"""The ledgers are kept there: they take minutes to make. `make clean` deletes them."""

ROW = Row(
    module="bench.dashboard",
    title=f"dashboard: the worst page of a list of {MANY:,} requests",
    unit="ms",
    better="lower",
    target="at most 300 ms; the first page of a tenth of them at most 200 ms",
    sizes={"beastmode": MANY, "sqlite3": MANY},
    rounds=1,
    seldom=True,
)

WANTED = {
    "all": Wanted(),
    "failed": Wanted(gone_wrong=True),
    "class": Wanted(class_="overloaded"),
    "model": Wanted(model="model-3"),
    "rare model": Wanted(model="rare-model"),
    "key": Wanted(key="team-3"),
    "no such key": Wanted(key="nobody"),
    "upstream": Wanted(upstream="https://models-1.example/v1"),
    "hits": Wanted(cache="hit"),
    "misses": Wanted(cache="miss"),
    "slow": Wanted(slower_than_s=600),
    "run": Wanted(run="r7"),
    "task": Wanted(run="r7", task="task-7"),
    "words": Wanted(text="overloaded after 9"),
    "no such words": Wanted(text="nowhere to be found"),
    "rare and failed": Wanted(model="rare-model", gone_wrong=True),
    "key, slow, hit": Wanted(key="team-3", slower_than_s=9.999, cache="hit"),
    "run, failed, words": Wanted(run="r7", gone_wrong=True, text="rate_limit 3"),
    "cannot be": Wanted(cache="hit", gone_wrong=True),
}


def home_of(requests: int) -> Path:
    """A home with a ledger of so many requests; made where there is none."""
    home = _FOLDER / f"home-{requests}"
    path = ledger_path(home)
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        made = path.with_name("in-the-making.db")
        for old in home.glob("in-the-making.db*"):
            old.unlink()
        fill(made, requests, time.time() // 3600 * 3600)
        made.rename(path)
    return home


def ours(size: int) -> Figures:
    """Every list through the reader of the pages, and those that a browser asks for first through the app."""
    began = time.perf_counter()
    home = home_of(size)
    made_s = time.perf_counter() - began
    requests, stats = LedgerRequests(home), LedgerStats(home)
    pages = {}
    for name, wanted in WANTED.items():
        pages[name] = _ms(lambda wanted=wanted: requests.page(wanted, PAGE_ROWS))  # type: ignore[misc]
    now = time.time()
    reader = LedgerReader(ledger_path(home))
    also = {
        "median of the lists": median(pages.values()),
        "names to choose from": _ms(requests.choices),
        "failures of 30 days": _ms(lambda: groups(reader, now - 30 * 86_400, 50)),
        "figures of 30 days": _ms(lambda: stats.over(now - 30 * 86_400, now)),
        "24 h by the minute": _ms(lambda: stats.series(now - 86_400, now, 60)),
        "first page of a tenth": first_page(size // FEWER),
        "s to make it": made_s,
    }
    reader.close()
    worst = max(pages, key=lambda name: pages[name])
    print(
        f"the worst is {worst!r}: { ({name: round(ms, 1) for name, ms in pages.items()}) }", file=sys.stderr
    )
    return Figures(max(pages.values()), len(pages) * TIMES, also)


def first_page(size: int) -> float:
    """Milliseconds of the lists as a browser asks for them, through the app: the slowest."""
    app = dashboard(sources_of(home_of(size)), HomeDoor("key"))
    asked = ["", "failed=on", "model=rare-model", "class=overloaded"]
    with asyncio.Runner() as runner:
        return max(_ms(lambda query=query: runner.run(_get(app, query))) for query in asked)  # type: ignore[misc]


async def _get(app: ASGIApp, query: str) -> None:
    """One page, without a socket."""
    headers = [(b"host", b"127.0.0.1:8090")]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/requests",
        "query_string": query.encode(),
        "headers": headers,
    }
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope | {"scheme": "http", "root_path": "", "http_version": "1.1"}, receive, send)
    assert said[0]["status"] == 200, said[0]


def plain(size: int) -> Figures:
    """The same questions to the table alone, in the order of its primary key: until 50 rows fit, or to its end."""
    path = ledger_path(home_of(size))
    conditions = [
        "key = 'nobody'",
        "outcome IN ('failed', 'rejected') AND cause LIKE '%nowhere%'",
        "total_s > 600",
    ]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        worst = 0.0
        for condition in conditions:
            query = f"SELECT * FROM requests WHERE {condition} ORDER BY +id DESC LIMIT {PAGE_ROWS}"  # noqa: S608 ours
            worst = max(worst, _ms(lambda query=query: db.execute(query).fetchall(), 1))  # type: ignore[misc]
    return Figures(worst, len(conditions))


def _ms(act: Callable[[], object], times: int = TIMES) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


CONTENDERS: dict[str, Contender] = {"beastmode": ours, "sqlite3": plain}

if __name__ == "__main__":
    main(CONTENDERS)
