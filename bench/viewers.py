"""Fifty who look at the dashboard while a gateway and a run are at work: what they cost, and whom they hold up."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import IO

import aiohttp

from beastmode.store.ledger.file import ledger_path
from bench import gateway_servers as servers
from bench.contest import Contender, Figures, Row, main
from bench.dashboard_ledger import fill
from bench.gateway_load import cpu_s, memory_mb
from bench.viewers_browser import Browser

VIEWERS = 50
REQUESTS_PER_S = 50
BEFORE_S = 4.0
"""The dashboard is loaded, and all have their page."""
QUIET_S = 1.1
"""Between two changes, where it is measured how long one takes to a page."""
BEFORE_REQUESTS, BEFORE_SPAN_S = 200_000, 3600.0
"""What the gateway had to do until then: 55 requests a second for an hour."""
PATHS = ("/", "/requests", "/runs/r1")
_FREE = "--rate 1000000/s --upstream-concurrency 1000 --port 0 --ui on --ui-port 0"

ROW = Row(
    module="bench.viewers",
    title=f"dashboard: {VIEWERS} viewers, a gateway at {REQUESTS_PER_S} requests a second and a run at work",
    unit="% of a core, of the dashboard's process",
    better="lower",
    target="5 % of a core; one viewer sees a change within 300 ms; the gateway is as fast as without them",
    sizes={"beastmode": 1000, "one viewer": 20, "nobody": 1000},
    rounds=3,
    seldom=True,
)


@dataclass(slots=True)
class Asked:
    """What the gateway's clients saw.   model: that all ask; "" for another one each, by which a request is found.
    sent: when each was, by the name of its model."""

    model: str = ""
    took_s: list[float] = field(default_factory=list)
    sent: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AtWork:
    """gateway: its URL.   link: of its dashboard.   pid: of the dashboard's process."""

    gateway: str
    link: str
    pid: int


def fifty(size: int) -> Figures:
    """A third each at the first page, at the requests and at a run, while the gateway has `size` requests."""
    return asyncio.run(_looked(VIEWERS, size))


def nobody(size: int) -> Figures:
    """The same without them."""
    return asyncio.run(_looked(0, size))


def one(size: int) -> Figures:
    """One at the list of requests, where each of `size` requests is looked for."""
    return asyncio.run(_looked_for(size))


async def _looked(viewers: int, size: int) -> Figures:
    with _at_work(tasks=400) as work:
        looking, asked, begun_s = _viewers(work, viewers), Asked("m-1"), time.monotonic()
        await _ask(work, Asked("m-1"), 1 / REQUESTS_PER_S, int(BEFORE_S * REQUESTS_PER_S))
        before_s, at_work_s = cpu_s(work.pid), time.monotonic()
        await _ask(work, asked, 1 / REQUESTS_PER_S, size)
        now_s = time.monotonic()
        used_s, memory = cpu_s(work.pid) - before_s, memory_mb(work.pid)
        pages, _ = looking.communicate()
        assert looking.returncode == 0, "a viewer has met an error"
        also = {"gateway p50 ms": _ms(asked.took_s, 50), "gateway p99 ms": _ms(asked.took_s, 99)}
        if viewers:
            also["pages a viewer a second"] = int(pages) / (now_s - begun_s) / viewers
        return Figures(100 * used_s / (now_s - at_work_s), len(asked.took_s), also, used_s, memory)


def _viewers(work: AtWork, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.viewers_browser", work.link, str(number), *PATHS]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def _looked_for(size: int) -> Figures:
    with _at_work(tasks=0) as work:
        asked, shown = Asked(), dict[str, float]()

        def seen(page: str, at_s: float) -> None:
            for model in asked.sent:
                if model in page:
                    shown.setdefault(model, at_s)

        looking = asyncio.create_task(Browser(work.link, "/requests", seen).look())
        await asyncio.sleep(BEFORE_S)
        before_s, begun_s = cpu_s(work.pid), time.monotonic()
        await _ask(work, asked, QUIET_S, size)
        await asyncio.sleep(QUIET_S)
        used_s, took_s = cpu_s(work.pid) - before_s, time.monotonic() - begun_s
        memory = memory_mb(work.pid)
        if looking.done():
            looking.result()  # it has met an error
        looking.cancel()
        late_s = [shown[model] - at_s for model, at_s in asked.sent.items() if model in shown]
        missed = len(asked.sent) - len(late_s)
        assert not missed, f"{missed} of {len(asked.sent)} requests never came to the page"
        also = {"update p50 ms": 1000 * median(late_s), "update max ms": 1000 * max(late_s)}
        return Figures(100 * used_s / took_s, len(late_s), also, used_s, memory)


async def _ask(work: AtWork, asked: Asked, every_s: float, size: int) -> None:
    """`size` requests at even times, whether those before are answered or not."""
    body = json.loads(servers.BODY)
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(work.gateway, connector=connector) as session,
        asyncio.TaskGroup() as all_,
    ):
        begun = time.monotonic()
        for number in range(size):
            await asyncio.sleep(max(0.0, begun + number * every_s - time.monotonic()))
            model = asked.model or f"m-{time.monotonic_ns()}"
            all_.create_task(_one(session, {**body, "model": model}, asked))


async def _one(session: aiohttp.ClientSession, body: dict[str, object], asked: Asked) -> None:
    begun = asked.sent[str(body["model"])] = time.monotonic()
    async with session.post(servers.PATH, json=body) as answer:
        await answer.read()
        answer.raise_for_status()
    asked.took_s.append(time.monotonic() - begun)


def _ms(seconds: list[float], percent: int) -> float:
    return 1000 * quantiles(seconds, n=100, method="inclusive")[percent - 1]


@contextmanager
def _at_work(tasks: int) -> Iterator[AtWork]:
    """A gateway that was busy before, with its dashboard, and, with tasks, a run in the same home."""
    beast = str(Path(sys.executable).parent / "beast")
    with tempfile.TemporaryDirectory() as folder, servers.json_upstream() as upstream:
        env = os.environ | {"BEAST_LIMITS_DIR": folder, "BEAST_HOME": f"{folder}/home"}
        ledger = ledger_path(Path(folder) / "home")
        ledger.parent.mkdir(mode=0o700)
        fill(ledger, BEFORE_REQUESTS, time.time(), BEFORE_SPAN_S)
        roadmap = Path(folder) / "roadmap.yaml"
        listed = [{"id": f"t{number}", "command": ["sleep", "1"]} for number in range(tasks)]
        roadmap.write_text(json.dumps({"tasks": listed}), encoding="utf-8")
        with ExitStack() as stack:
            serve = [beast, "serve", "--upstream", upstream.url, *_FREE.split()]
            process, told = stack.enter_context(_begun(serve, env))
            gateway = _found(told.readline(), rb"Serving (\S+)")
            link = _found(told.readline(), rb"Dashboard: (\S+)")
            if tasks:
                _, told = stack.enter_context(_begun([beast, "run", str(roadmap), "--rate", "none"], env))
                _found(told.readline(), rb"(r1): ")
            yield AtWork(gateway, link, _dashboard(process.pid))


@contextmanager
def _begun(command: list[str], env: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """A process until the block ends, and what it says."""
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        yield process, process.stderr
    finally:
        process.terminate()
        process.wait()


def _found(line: bytes, pattern: bytes) -> str:
    match = re.search(pattern, line)
    assert match is not None, line
    return match[1].decode()


def _dashboard(gateway: int) -> int:
    """The process of the dashboard, once it has begun."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = Path(f"/proc/{gateway}/task").glob("*/children")
        for pid in " ".join(each.read_text(encoding="ascii") for each in children).split():
            if b"compose.ui.process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        time.sleep(0.05)
    raise RuntimeError("the dashboard has not begun")


CONTENDERS: dict[str, Contender] = {"beastmode": fifty, "one viewer": one, "nobody": nobody}

if __name__ == "__main__":
    main(CONTENDERS)
