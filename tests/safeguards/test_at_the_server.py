"""What a real server sees, in real time, over real sockets: never more than the limits.

The promise holds while the delay to the server varies by less than the pad. A busy machine may break that condition
(it, too, is on the way to the server), never the promise: so each window of the server is judged by the delays of the
very requests in it, and enough windows must have kept the condition for the test to mean anything.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beastmode.clock import SYSTEM_CLOCK
from beastmode.events import ATTEMPT_ENDED
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.limit_store import MemoryStore
from beastmode.settings import Rate
from beastmode.store.journal.journal import JournalReader
from beastmode.testing.counting_server import CountingServer
from beastmode.testing.threads import in_thread
from tests.safeguards.limit_model import Unpadded

pytestmark = pytest.mark.slow


@dataclass(frozen=True, order=True)
class Seen:
    """A request: when the server saw it, and how long it had been on the way; None where that is not known."""

    at: float
    delay_s: float | None


@dataclass
class Judgement:
    """Of all windows that begin with a request.   judged: those whose delays kept the condition;   over: those
    among them that hold more than the limit;   busiest: most requests in any window, judged or not."""

    windows: int = 0
    judged: int = 0
    over: int = 0
    busiest: int = 0


def judge(requests: Sequence[Seen], rate: Rate, pad_s: float) -> Judgement:
    """Look at every half-open window of the rate's span."""
    requests, found, end = sorted(requests), Judgement(), 0
    for begin, first in enumerate(requests):
        while end < len(requests) and requests[end].at < first.at + rate.span_s:
            end += 1
        delays = [seen.delay_s for seen in requests[begin:end] if seen.delay_s is not None]
        found.windows += 1
        found.busiest = max(found.busiest, end - begin)
        if delays and max(delays) - min(delays) < pad_s:
            found.judged += 1
            found.over += end - begin > rate.starts
    return found


RATE, JITTER_S, LANES = Rate(400, 1.0), 0.005, 8


async def seen_by_a_server(rate: Rate, calls: int) -> list[Seen]:
    """So many calls through a guard to a server of asyncio, each delayed by up to 5 ms on its way there."""
    seen: list[Seen] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            now = time.monotonic()
            seen.append(Seen(now, now - float(line)))
            writer.write(b"ok\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    guard = Guard(MemoryStore(LANES, [rate]), SYSTEM_CLOCK, concurrency=LANES, rates=[rate])
    rng, left_to_do = random.Random(1), iter(range(calls))

    async def lane() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for _ in left_to_do:
            async with guard.admit() as admitted:
                admitted.leaves()
                await asyncio.sleep(rng.uniform(0.0, JITTER_S))
                writer.write(f"{admitted.left_at!r}\n".encode())
                assert await reader.readline() == b"ok\n"
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(lane() for _ in range(LANES)))
    server.close()
    await server.wait_closed()
    return seen


def test_ten_thousand_requests_with_jitter_never_exceed_the_rate() -> None:
    seen = asyncio.run(seen_by_a_server(RATE, 10_000))
    found = judge(seen, RATE, RATE.padded_span_s - RATE.span_s)
    print(found)
    assert len(seen) == 10_000
    assert found.over == 0
    assert found.judged >= found.windows / 4
    assert found.busiest >= RATE.starts, "nor are they held back for nothing"


def test_without_the_pad_the_same_server_is_exceeded() -> None:
    """So the test above can fail."""
    seen = asyncio.run(seen_by_a_server(Unpadded(400, 1.0), 2_000))
    found = judge(seen, RATE, RATE.padded_span_s - RATE.span_s)
    print(found)
    assert found.over > 0
    assert found.busiest > RATE.starts


PAIR_RATE, PAIR_SLOTS, TASKS = Rate(40, 2.0), 4, 160
PAIR_PAD_S = PAIR_RATE.padded_span_s - PAIR_RATE.span_s


class Runner:
    """`beast run` of 160 requests to the server, in a home of its own."""

    def __init__(self, name: str, server: CountingServer, folder: Path) -> None:
        self.name, self.home, self.folder = name, folder / name, folder
        self.started: list[subprocess.Popen[str]] = []
        limits = {"concurrency": PAIR_SLOTS, "rate": "40/2s", "server": server.url}
        tasks = [self.task(f"t{number}", f"{server.url}/v1/chat/completions") for number in range(TASKS)]
        (folder / f"{name}.yaml").write_text(json.dumps({"limits": limits, "tasks": tasks}), encoding="utf-8")

    def task(self, task: str, url: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": f"{self.name} {task}"}]
        return {"id": task, "method": "POST", "url": url, "body": {"model": "m", "messages": messages}}

    def start(self) -> subprocess.Popen[str]:
        command = ["run", f"{self.name}.yaml", "--home", str(self.home), "--json", "--durability", "process"]
        env = {**os.environ, "BEAST_LIMITS_DIR": str(self.folder / "limits")}
        process = subprocess.Popen(
            [sys.executable, "-m", "beastmode", *command],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def left(self) -> dict[str, float]:
        """When each of its requests left, as its journal says; what was in flight at a kill has no stamp."""
        reader = JournalReader(self.home / "journal.db")
        try:
            ends = [event for event in reader.events(1) if event.kind == ATTEMPT_ENDED]
        finally:
            reader.close()
        return {
            f"{self.name} {event.task}": event.data["left_us"] / 1e6
            for event in ends
            if "left_us" in event.data
        }


@contextmanager
def a_server_and_two_runners(folder: Path) -> Iterator[tuple[CountingServer, list[Runner]]]:
    """The server takes 50 to 150 ms to answer."""
    rng = random.Random(2)
    with in_thread(CountingServer(work_s=lambda asked: rng.uniform(0.05, 0.15))) as server:
        runners = [Runner(name, server, folder) for name in ("one", "other")]
        try:
            yield server, runners
        finally:
            for runner in runners:
                runner.end()


def seen_of(server: CountingServer, runners: Sequence[Runner]) -> list[Seen]:
    left = {asked: at for runner in runners for asked, at in runner.left().items()}
    delays = [arrival.at - left.get(arrival.asked, math.inf) for arrival in server.arrivals]
    return [
        Seen(arrival.at, delay_s if delay_s >= 0 else None)  # an earlier attempt has no stamp
        for arrival, delay_s in zip(server.arrivals, delays, strict=True)
    ]


def ends_well(process: subprocess.Popen[str]) -> None:
    output, _ = process.communicate(timeout=90)
    summary = json.loads(output)
    assert (process.returncode, summary["tasks"]["done"]) == (0, TASKS)


def check_limits(server: CountingServer, runners: Sequence[Runner]) -> None:
    found = judge(seen_of(server, runners), PAIR_RATE, PAIR_PAD_S)
    print(found, f"most in flight {server.most_in_flight}")
    assert found.over == 0
    assert found.judged >= found.windows / 4
    assert server.most_in_flight <= PAIR_SLOTS


def test_two_runs_on_one_server_keep_its_limits_together_and_use_them(tmp_path: Path) -> None:
    with a_server_and_two_runners(tmp_path) as (server, runners):
        for process in [runner.start() for runner in runners]:
            ends_well(process)
    check_limits(server, runners)
    assert len(server.arrivals) == 2 * TASKS
    first, last = server.arrivals[TASKS // 2].at, server.arrivals[TASKS // 2 + TASKS].at
    share = TASKS / (last - first) / (PAIR_RATE.starts / PAIR_RATE.padded_span_s)
    print(f"{share:.0%} of what the limits allow")
    assert share >= 0.8


def test_one_of_two_runs_is_killed_and_started_again_and_the_limits_hold(tmp_path: Path) -> None:
    with a_server_and_two_runners(tmp_path) as (server, runners):
        doomed, other = (runner.start() for runner in runners)
        while sum(arrival.asked.startswith("one") for arrival in server.arrivals) < TASKS // 4:
            assert doomed.poll() is None
            time.sleep(0.01)
        doomed.kill()
        ends_well(runners[0].start())
        ends_well(other)
    check_limits(server, runners)
    assert 2 * TASKS <= len(server.arrivals) <= 2 * TASKS + PAIR_SLOTS, "only what was in flight is repeated"
