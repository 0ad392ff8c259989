"""Real processes on one file, some of them killed with -9 in the middle of anything: exact all the same."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from beastmode.runner.measures import most_at_once, most_in_window

SLOTS, STARTS, SPAN_S, LINGER_S = 3, 30, 0.5, 0.3
WORKERS, KILLS, BETWEEN_S = 4, 12, 0.6

WORKER = f"""
import os, random, sys, time
from pathlib import Path
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import Hold
from beastmode.settings import Rate

store = HostStore("server:1", {SLOTS}, [Rate({STARTS}, {SPAN_S})], {LINGER_S}, folder=Path(sys.argv[1]) / "limits")
log = os.open(Path(sys.argv[1]) / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def say(what, number, at):
    os.write(log, f"{{what}} {{os.getpid()}}.{{number}} {{at!r}}\\n".encode())

while not (Path(sys.argv[1]) / "stop").exists():
    ticket = store.take(time.monotonic())
    if isinstance(ticket, Hold):
        time.sleep(ticket.wait_s)
        continue
    say("taken", ticket.number, time.monotonic())
    time.sleep(random.uniform(0, 0.002))
    now = time.monotonic()
    store.left(ticket, now)
    say("left", ticket.number, now)
    time.sleep(random.uniform(0, 0.04))
    say("ended", ticket.number, time.monotonic())
    store.end(ticket, time.monotonic())
store.close()
"""


def worker(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder)])


@pytest.mark.slow
def test_killed_at_any_instant_no_process_breaks_the_limits_of_the_others(tmp_path: Path) -> None:
    rng, killed_at, done = random.Random(3), dict[int, float](), list[subprocess.Popen[bytes]]()
    workers = [worker(tmp_path) for _ in range(WORKERS)]
    try:
        for _ in range(KILLS):
            time.sleep(BETWEEN_S * rng.uniform(0.5, 1.5))
            victim = workers.pop(0)
            killed_at[victim.pid] = time.monotonic()
            victim.kill()
            done.append(victim)
            workers.append(worker(tmp_path))
        (tmp_path / "stop").touch()
        assert [process.wait(timeout=20) for process in workers] == [0] * WORKERS
    finally:
        for process in (*workers, *done):
            process.kill()
            process.wait()
    check(tmp_path / "log", killed_at)


def check(log: Path, killed_at: dict[int, float]) -> None:
    """Every start that is known of, in every half-open window; every call that is known to have been in flight."""
    said: dict[str, dict[str, float]] = {}
    for line in log.read_text(encoding="ascii").splitlines():
        what, call, at = line.split()
        said.setdefault(call, {})[what] = float(at)
    left_ns = sorted(round(call["left"] * 1e9) for call in said.values() if "left" in call)
    padded_ns = round((SPAN_S + 0.05) * 1e9)
    busiest = most_in_window(left_ns, padded_ns - 1)
    flights = [
        (call["taken"], call["ended"] if "ended" in call else killed_at[int(name.split(".")[0])])
        for name, call in said.items()
    ]
    most = most_at_once((round(begin * 1e9), round(max(begin, end) * 1e9)) for begin, end in flights)
    processes = Counter(name.split(".")[0] for name in said)
    took_s = (left_ns[-1] - left_ns[0]) / 1e9
    print(f"{len(left_ns)} starts in {took_s:.1f} s by {len(processes)} processes; {busiest=} {most=}")
    assert busiest <= STARTS
    assert most <= SLOTS
    assert len(left_ns) > 100
