"""A real `beast serve` under clients that mean no good: its memory stays bounded, others are answered, all is accounted
for. `-s` shows what others saw; how long they wait is reported and not asserted: the machine has other work too."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from beastmode.testing.chaos import Chaos, Trouble
from beastmode.testing.model_answers import answer_to
from beastmode.testing.threads import in_thread
from tests.cli.test_serve_ending import served
from tests.gateway.served import records
from tests.gateway.test_accounting import settled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parent.parent.parent
CHAT = "/v1/chat/completions"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
LONG = {b'"large"': "word " * 1_400_000, b'"middling"': "word " * 600_000, b'"vast"': "word " * 1_800_000}
MOST_MB = 512


@contextmanager
def attacking(name: str, url: str, many: int) -> Iterator[Counter[str]]:
    """An attack is under way; what it saw is filled in at its end."""
    command = [sys.executable, "-m", "tests.gateway.attackers", name, url, str(many)]
    pipe = subprocess.PIPE
    attacker = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    said: Counter[str] = Counter()
    try:
        assert attacker.stdout
        assert attacker.stdout.readline() == "ready\n"
        yield said
        out, _ = attacker.communicate(timeout=200)
        said.update(json.loads(out))
    finally:
        attacker.kill()
        attacker.communicate()


def peak_mb(gateway: subprocess.Popen[str]) -> int:
    """The most memory that the gateway ever had, with the most that each of its processes had."""
    began = [
        path.read_text(encoding="ascii") for path in Path(f"/proc/{gateway.pid}/task").glob("*/children")
    ]
    most = 0
    for pid in [str(gateway.pid), *" ".join(began).split()]:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
        assert found
        most += int(found[1]) // 1024
    return most


class Others:
    """Ordinary clients beside an attack.   answered: by status.   p99_ms: of each turn."""

    def __init__(self, url: str) -> None:
        self.url, self.answered, self.p99_ms = url, Counter[int](), list[float]()

    def ask(self, requests: int) -> None:
        asyncio.run(asyncio.wait_for(self._ask(requests), 150))

    async def _ask(self, requests: int) -> None:
        took: list[float] = []
        async with aiohttp.ClientSession() as session:
            for _ in range(requests):
                before = time.perf_counter()
                async with session.post(f"{self.url}{CHAT}", data=BODY) as answer:
                    await answer.read()
                    self.answered[answer.status] += 1
                took.append((time.perf_counter() - before) * 1000)
        self.p99_ms.append(sorted(took)[len(took) * 99 // 100])


@pytest.mark.parametrize(
    ("attack", "many", "seen"),
    [
        ("slowloris", 2000, {"left alone"}),
        ("unstated", 10, {"413", "503", "cut"}),
        ("stated", 10, {"413", "cut"}),
        ("large", 12, {"200", "503"}),
        ("heads", 20, {"431"}),
        ("unread", 200, {"never read"}),
        ("untaken", 200, {"never read"}),
        ("again", 200, {"never read"}),
        ("begun", 1500, {"never ended"}),
        ("ahead", 200, {"never read"}),
        ("everything", 1, {"never read"}),
    ],
)
def test_memory_stays_bounded_and_others_are_answered(
    tmp_path: Path, attack: str, many: int, seen: set[str]
) -> None:
    with in_thread(endless()) as upstream, served(upstream, tmp_path) as (gateway, url):
        others = Others(url)
        others.ask(300)
        with attacking(attack, url, many) as said:
            others.ask(300)
        memory = peak_mb(gateway)
        counted = asyncio.run(asyncio.wait_for(settled(url), 60))
        gateway.terminate()
        gateway.wait(60)
    before, during = others.p99_ms
    print(f"\n{attack}: {dict(said)}; at most {memory} MB; p99 of others {before:.1f} -> {during:.1f} ms")
    assert others.answered == {200: 600}
    assert memory < MOST_MB
    assert set(said) <= seen
    assert counted["beast_requests_received_total"] == len(records(tmp_path))


def test_of_ten_times_too_much_what_fits_is_served_and_the_rest_refused_at_once(tmp_path: Path) -> None:
    """4 in flight, 200 ms each: 20 a second. 50 stand in line; what comes beyond is told so at once."""
    slow = Chaos(plan=lambda request: Trouble(latency_s=0.2), keep=1)
    flags = ("--rate", "none", "--upstream-concurrency", "4", "--linger", "0s", "--queue-length", "50")
    with in_thread(slow) as chaos, served(chaos.url, tmp_path, *flags) as (gateway, url):
        with attacking("overload", url, 24):
            peak = goodput(url, 8.0)
        with attacking("overload", url, 200) as said:
            under = goodput(url, 8.0)
        memory = peak_mb(gateway)
        asyncio.run(asyncio.wait_for(settled(url), 60))
        gateway.terminate()  # the ends of requests are written in batches: killed here, the last would be unfinished
        gateway.wait(60)
    print(
        f"\noverload: {dict(said)}; {peak:.1f} -> {under:.1f} good/s ({under / peak:.0%}); at most {memory} MB"
    )
    assert memory < MOST_MB
    assert set(said) <= {"200", "503", "sent"}
    assert said["503"] > said["200"] > 0
    assert under > 0
    kept = Counter((entry.outcome, entry.status) for entry in records(tmp_path))
    assert {outcome for outcome, _ in kept} <= {"upstream_ok", "rejected", "cancelled"}


def goodput(url: str, seconds: float) -> float:
    """Good answers a second, once the line is full."""
    time.sleep(3.0)

    async def good() -> tuple[float, float]:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
            said = await answer.text()
        return float(said.partition('outcome="upstream_ok"} ')[2].split()[0]), time.monotonic()

    before, began = asyncio.run(good())
    time.sleep(seconds)
    after, ended = asyncio.run(good())
    return (after - before) / (ended - began)


@asynccontextmanager
async def endless() -> AsyncIterator[str]:
    """An upstream: good answers, long ones from some models; the stream of `endless` has no end, and `silent` says
    nothing. Gives its URL."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if b'"silent"' in body[:100]:
            await asyncio.Event().wait()
        if b'"endless"' not in body[:100]:
            words = [next((text for model, text in LONG.items() if model in body[:100]), "hi")]
            kind, pieces = answer_to(request.path, body[:100], words)
            return web.Response(body=b"".join(pieces), content_type=kind)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        while True:
            await stream.write(b"data: " + b"x" * 60_000 + b"\n\n")
            await asyncio.sleep(0.01)

    application = web.Application(client_max_size=2**30)
    application.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
