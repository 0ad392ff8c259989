"""Real processes that come and go at one server, killed and stopped at drawn instants, mostly while one is alone."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from beastmode.settings import Rate
from beastmode.testing.counting_server import CountingServer
from beastmode.testing.threads import in_thread
from tests.safeguards.test_at_the_server import Seen, judge

pytestmark = pytest.mark.slow

SLOTS, RATE, LINGER_S, LANES = 4, Rate(60, 1.0), 1.0, 8
EVENTS, BETWEEN_S, STOPPED_S = 40, (0.1, 1.0), (0.05, 0.6)

WORKER = f"""
import asyncio, os, sys
from pathlib import Path
import aiohttp
from beastmode.clock import SYSTEM_CLOCK
from beastmode.safeguards.host import solo as host_solo
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host.store import HostStore
from beastmode.settings import Rate

folder, url = Path(sys.argv[1]), sys.argv[2]
host_solo.ALONE_S = 0.05
log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def told(name):
    function = getattr(host_solo, name)
    def wrapper(*args):
        os.write(log, name.encode() + b"\\n")
        return function(*args)
    setattr(host_solo, name, wrapper)

for name in ("begin", "end", "take_over"):
    told(name)
rates = [Rate({RATE.starts}, {RATE.span_s})]
guard = Guard(
    HostStore(url, {SLOTS}, rates, {LINGER_S}, folder=folder / "limits"),
    SYSTEM_CLOCK, concurrency={SLOTS}, rates=rates, linger_s={LINGER_S},
)

async def lane(session):
    while not (folder / "stop").exists():
        async with guard.admit() as admitted:
            admitted.leaves()
            body = {{"messages": [{{"role": "user", "content": repr(admitted.left_at)}}]}}
            async with session.post(url + "/v1/chat/completions", json=body) as answer:
                assert answer.status == 200
                await answer.read()
                admitted.effect = "success"

async def main():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(lane(session) for _ in range({LANES})))
    guard.close()

asyncio.run(main())
"""


@dataclass
class Fate:
    """What happens to the processes, drawn from a seed."""

    folder: Path
    url: str
    rng: random.Random
    alive: list[subprocess.Popen[bytes]] = field(default_factory=list)
    dead: list[subprocess.Popen[bytes]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def starts(self) -> None:
        command = [sys.executable, "-c", WORKER, str(self.folder), self.url]
        self.alive.append(subprocess.Popen(command))

    def one_more_thing(self) -> None:
        what = self.rng.choice(["kill", "kill", "stop", "stop", "start"])
        if not self.alive or (what == "start" and len(self.alive) < 2):
            what = "start"
            self.starts()
        elif what == "kill":
            victim = self.alive.pop(self.rng.randrange(len(self.alive)))
            victim.kill()
            self.dead.append(victim)
        else:
            what = "stop"
            stopped = self.rng.choice(self.alive)
            stopped.send_signal(signal.SIGSTOP)
            if self.rng.random() < 0.5 and len(self.alive) < 2:
                self.starts()
            time.sleep(self.rng.uniform(*STOPPED_S))
            stopped.send_signal(signal.SIGCONT)
        self.happened[what] += 1
        time.sleep(self.rng.uniform(*BETWEEN_S))

    def end(self) -> list[int]:
        (self.folder / "stop").touch()
        return [process.wait(timeout=30) for process in self.alive]

    def clean_up(self) -> None:
        for process in (*self.alive, *self.dead):
            process.kill()
            process.wait()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", [1, 2])
def test_stopped_or_killed_at_any_instant_none_that_is_alone_breaks_the_limits(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    with in_thread(CountingServer(work_s=lambda asked: rng.uniform(0.02, 0.06))) as server:
        fate = Fate(tmp_path, server.url, random.Random(seed))
        try:
            for _ in range(EVENTS):
                fate.one_more_thing()
            assert fate.end() == [0] * len(fate.alive)
        finally:
            fate.clean_up()
        seen = [Seen(arrival.at, arrival.at - float(arrival.asked)) for arrival in server.arrivals]
        in_flight = server.most_in_flight
    found = judge(seen, RATE, RATE.padded_span_s - RATE.span_s)
    turns = Counter((tmp_path / "log").read_text(encoding="ascii").split())
    print(found, f"most in flight {in_flight}", dict(fate.happened), dict(turns))
    assert found.over == 0
    assert in_flight <= SLOTS
    assert found.judged >= found.windows / 4
    assert found.windows > 200
    assert turns["take_over"] >= 5
