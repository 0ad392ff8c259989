"""The dashboard over ten million requests: its worst page, beside what a plain table would take for the same."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from starlette.types import ASGIApp, Message

from beastmode.compose.ui.door import HomeDoor
from beastmode.compose.ui.requests import LedgerRequests
from beastmode.compose.ui.serving import sources_of
from beastmode.compose.ui.stats import LedgerStats
from beastmode.dashboard.app import dashboard
from beastmode.dashboard.filters import query_of
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.groups import groups
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.store.ledger.sought import Sought
from bench.contest import Contender, Figures, Row, main
from bench.dashboard_ledger import SPAN_S, fill

MANY = 10_000_000
FEWER = 10
"""The first page is measured over a ledger so many times smaller."""
TIMES = 3
PAGE_ROWS = 50
UNTIL_UNIX = 1_764_072_000.0
"""2025-11-25 12:00:00 UTC."""
_KEPT = 100_000
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

SOUGHT = {
    "all": Sought(),
    "failed": Sought(gone_wrong=True),
    "class": Sought(class_="overloaded"),
    "model": Sought(model="model-3"),
    "rare model": Sought(model="rare-model"),
    "key": Sought(key="team-3"),
    "no such key": Sought(key="nobody"),
    "upstream": Sought(upstream="https://models-1.example/v1"),
    "hits": Sought(cache="hit"),
    "misses": Sought(cache="miss"),
    "slow": Sought(slower_than_s=600),
    "run": Sought(run="r7"),
    "task": Sought(run="r7", task="task-7"),
    "words": Sought(text="overloaded after 9"),
    "no such words": Sought(text="nowhere to be found"),
    "rare and failed": Sought(model="rare-model", gone_wrong=True),
    "key, slow, hit": Sought(key="team-3", slower_than_s=9.999, cache="hit"),
    "run, failed, words": Sought(run="r7", gone_wrong=True, text="rate_limit 3"),
    "cannot be": Sought(cache="hit", gone_wrong=True),
}


@contextmanager
def home_of(requests: int) -> Iterator[Path]:
    """A home with a ledger of so many requests; a large one is kept, and made where there is none."""
    if requests < _KEPT:
        with TemporaryDirectory() as folder:
            fill(ledger_path(Path(folder)), requests, UNTIL_UNIX)
            yield Path(folder)
        return
    home = _FOLDER / f"home-{requests}"
    made = home / "in-the-making.db"
    if not ledger_path(home).exists():
        home.mkdir(parents=True, exist_ok=True)
        for old in home.glob("in-the-making.db*"):
            old.unlink()
        fill(made, requests, UNTIL_UNIX)
        made.rename(ledger_path(home))
    yield home


def ours(size: int) -> Figures:
    """Every list as a browser asks for it, through the app."""
    with home_of(size // FEWER) as home:
        first_page_ms = max(lists(home).values())
    began = time.perf_counter()
    with home_of(size) as home:
        made_s, began_s = time.perf_counter() - began, time.process_time()
        pages = lists(home)
        used_s = time.process_time() - began_s
        also = {"median of the lists": median(pages.values()), "first page of a tenth": first_page_ms}
        also |= _others(home) | {"s to make it": made_s}
    slowest = sorted(pages, key=lambda name: -pages[name])[:5]
    print({name: round(pages[name], 1) for name in slowest}, file=sys.stderr)
    return Figures(max(pages.values()), size, also, used_s)


def _others(home: Path) -> dict[str, float]:
    """What other pages ask of the same ledger."""
    requests, stats, month = LedgerRequests(home), LedgerStats(home), SPAN_S
    reader = LedgerReader(ledger_path(home))
    now = next(reader.requests(1)).received_unix
    others = {
        "names to choose from": _ms(requests.choices),
        "failures of 30 days": _ms(lambda: groups(reader, now - month, PAGE_ROWS)),
        "figures of 30 days": _ms(lambda: stats.over(now - month, now)),
        "24 h by the minute": _ms(lambda: stats.series(now - 86_400, now, 60)),
    }
    reader.close()
    return others


def lists(home: Path) -> dict[str, float]:
    """Milliseconds of the first page of each list."""
    app = dashboard(sources_of(home), HomeDoor("key"))
    with asyncio.Runner() as runner:

        def ask(query: str) -> None:
            runner.run(_get(app, query))

        return {name: _ms(partial(ask, query_of(sought).lstrip("?"))) for name, sought in SOUGHT.items()}


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
    """The rarest of these to the table alone: it is read to its end."""
    worst, began_s = 0.0, time.process_time()
    with home_of(size) as home, closing(sqlite3.connect(f"file:{ledger_path(home)}?mode=ro", uri=True)) as db:
        for condition in ("key = 'nobody'", "cause LIKE '%nowhere%'", "total_s > 600"):
            query = f"SELECT * FROM requests WHERE {condition} ORDER BY +id DESC LIMIT {PAGE_ROWS}"  # noqa: S608 ours
            worst = max(worst, _ms(lambda query=query: db.execute(query).fetchall(), 1))  # type: ignore[misc]
    return Figures(worst, size, cpu_s=time.process_time() - began_s)


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
