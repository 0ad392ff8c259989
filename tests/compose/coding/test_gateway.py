"""The gateway of a run: attempts ask through it, and it knows what each has used, and why it could not have more."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from beastmode.cache.l3_reader import L3Reader, Read
from beastmode.compose.coding import starting
from beastmode.compose.coding.gateway import RunGateway
from beastmode.errors import BeastError
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.settings import Auto, Rate
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.reader import LedgerReader
from beastmode.testing.model_server import ModelServer as Scripted
from beastmode.testing.model_server import Refusal, Script
from tests.compose.coding.gateways import UNLIMITED, ask, attempt, played, question, run_gateway
from tests.gateway.test_fairness import HeldServer

MODELS = ("gpt-4o-mini", "m-unpriced")


def script(**said: object) -> Script:
    made = Script(models=MODELS)
    for name, value in said.items():
        setattr(made, name, value)
    return made


@played
async def test_an_attempt_asks_at_a_url_of_its_own_and_its_use_is_known(tmp_path: Path) -> None:
    async with Scripted(script()) as server, run_gateway(server.url, tmp_path) as gateway:
        first, second = attempt("lru"), attempt("docs", 2, rounds=1)
        access, other = await gateway.open(first), await gateway.open(second)
        assert [(await ask(access, question(words)))[0] for words in ("a", "b", "a")] == [200] * 3
        await ask(other, question("c", model="m-unpriced"))
        used, unpriced = await gateway.close(first), await gateway.close(second)
    assert (used.known, used.requests, used.hits, used.refused, used.unpriced) == (True, 3, 1, 0, 0)
    assert (used.tokens_in, used.tokens_out) == (16, 16)
    assert used.cost_usd == pytest.approx(2 * 6e-6)
    assert used.failure is None
    assert (unpriced.requests, unpriced.unpriced, unpriced.cost_usd) == (1, 1, 0.0)
    assert server.paid == 3
    reader = LedgerReader(ledger_path(tmp_path))
    told = [(one.run, one.task, one.attempt, one.outcome) for one in reader.requests(10)]
    reader.close()
    assert told[::-1] == [
        ("r1", "lru", 1, "upstream_ok"),
        ("r1", "lru", 1, "upstream_ok"),
        ("r1", "lru", 1, "hit"),
        ("r1", "docs", 2, "upstream_ok"),
    ]


@played
async def test_whoever_is_no_attempt_of_the_run_may_not_ask(tmp_path: Path) -> None:
    async with Scripted(script()) as server, run_gateway(server.url, tmp_path) as gateway:
        one = attempt()
        access = await gateway.open(one)
        assert (await ask(gateway.url, question()))[0] == 401
        assert (await ask(f"{gateway.url}/t/guess~r1~lru~1", question()))[0] == 401
        await gateway.close(one)
        status, said = await ask(access, question())  # a process that the agent has left running
        assert (status, server.paid) == (401, 0)
        assert "an attempt that is at work" in said["error"]["message"]


@played
async def test_closing_waits_for_what_is_still_in_flight(tmp_path: Path) -> None:
    slow = script(work_s=lambda asked: 0.3)
    async with Scripted(slow) as server, run_gateway(server.url, tmp_path) as gateway:
        one = attempt()
        access = await gateway.open(one)
        asking = asyncio.create_task(ask(access, question()))
        while not server.paid:
            await asyncio.sleep(0.01)
        used = await gateway.close(one)
        assert (used.requests, used.tokens_out) == (1, 8)
        assert (await asking)[0] == 200


@played
async def test_sixteen_at_once_wait_in_line_and_none_is_refused(tmp_path: Path) -> None:
    limits = ModelServer(rates=(Rate(2, 1.0),), concurrency=2)
    slow = script(work_s=lambda asked: 0.2)
    async with Scripted(slow) as server, run_gateway(server.url, tmp_path, server=limits) as gateway:
        attempts = [attempt(f"t{number}") for number in range(16)]
        ways = [await gateway.open(one) for one in attempts]
        asked = [ask(way, question(f"q{number}")) for number, way in enumerate(ways)]
        assert [status for status, _ in await asyncio.gather(*asked)] == [200] * 16
        used = [await gateway.close(one) for one in attempts]
    assert (server.most_in_flight, server.most_in_window(1.0), server.paid) == (2, 2, 16)
    assert sum(one.refused for one in used) == 0


@played
async def test_what_the_server_bears_may_be_changed_while_agents_ask(tmp_path: Path) -> None:
    slow = script(work_s=lambda asked: 0.2)
    async with Scripted(slow) as server, run_gateway(server.url, tmp_path) as gateway:
        way = await gateway.open(attempt())
        for limits, most in (({"concurrency": 1}, 1), ({"concurrency": None, "tokens": []}, 6)):
            await gateway.set_limits(limits)
            server.most_in_flight = 0
            asked = [ask(way, question(f"{most} {number}")) for number in range(6)]
            assert [status for status, _ in await asyncio.gather(*asked)] == [200] * 6
            assert server.most_in_flight <= most
        assert server.most_in_flight > 1


@played
async def test_how_many_at_once_are_borne_is_found_out_and_told_to_the_run(tmp_path: Path) -> None:
    said: list[tuple[str, int, str]] = []

    def limited(upstream: str, data: dict[str, Any]) -> None:
        said.append((upstream, data["concurrency"], data["why"]))

    auto = ModelServer(rates=(), concurrency=Auto(32))
    async with (
        Scripted(script(work_s=lambda asked: 0.1, refuses_above=6)) as server,
        run_gateway(server.url, tmp_path, server=auto, limited=limited) as gateway,
    ):
        access = await gateway.open(attempt())
        asking = [asyncio.ensure_future(ask(access, question(f"q{number}"))) for number in range(100)]
        seen = [await gateway.line() for _ in range(5) if await asyncio.sleep(0.1, True)]
        assert [status for status, _ in await asyncio.gather(*asking)] == [200] * 100
    assert any(waiting > 50 and 0 < at_work <= 8 for waiting, at_work in filter(None, seen))
    assert {upstream for upstream, _, _ in said} == {"main"}
    assert max(limit for _, limit, _ in said) >= 5
    assert "refused" in {why for _, _, why in said}
    assert await gateway.line() is None


@played
async def test_a_quota_beyond_the_longest_wait_refuses_all_that_wait_with_the_time(tmp_path: Path) -> None:
    one_at_a_time = ModelServer(rates=(), concurrency=1)
    spent = script(refusals=deque([Refusal(429, "72000")]), work_s=lambda asked: 0.1)
    async with (
        Scripted(spent) as server,
        run_gateway(server.url, tmp_path, server=one_at_a_time, max_wait_s=3600.0) as gateway,
    ):
        attempts = [attempt(f"t{number}") for number in range(4)]
        ways = [await gateway.open(one) for one in attempts]
        asked = [ask(way, question(f"q{number}")) for number, way in enumerate(ways)]
        assert [status for status, _ in await asyncio.gather(*asked)] == [429] * 4
        used = [await gateway.close(one) for one in attempts]
    assert server.paid == 1
    for failure in [one.failure for one in used]:
        assert failure is not None
        assert (failure.throttle, failure.passing) == (True, "after")
        assert failure.class_ in ("quota_exhausted", "rate_limit")
        assert failure.retry_after_s == pytest.approx(72_000, abs=30)


@played
async def test_a_server_that_is_ill_for_a_moment_costs_no_attempt(tmp_path: Path) -> None:
    async with (
        Scripted(script(answer=(500, "boom"))) as server,
        run_gateway(server.url, tmp_path) as gateway,
    ):
        one = attempt()
        access = await gateway.open(one)
        asking = asyncio.create_task(ask(access, question()))
        while len(server.asked) < 4:  # more than a client's own tries, and than those of `beast serve`
            await asyncio.sleep(0.01)
        server.script.answer = None
        assert (await asking)[0] == 200
        assert (await gateway.close(one)).failure is None


@played
async def test_no_agent_hears_of_a_wait_that_the_run_does(tmp_path: Path) -> None:
    """Codex obeyed a `retry-after` of 20 hours, and the run that wanted to end waited for Codex."""
    spent = script(refusals=deque([Refusal(429, "72000")]))
    async with (
        Scripted(spent) as server,
        run_gateway(server.url, tmp_path) as gateway,
        aiohttp.ClientSession() as session,
    ):
        url = (await gateway.open(attempt())).url
        for words in ("refused by the server", "refused by the gateway"):
            asked = session.post(f"{url}/v1/chat/completions", json=question(words))
            async with asked as answer:
                assert (answer.status, answer.headers.get("Retry-After")) == (429, None)
    assert server.paid == 1


@played
async def test_one_whose_time_is_up_while_it_waits_for_a_quota_was_held_back(tmp_path: Path) -> None:
    """A task's timeout is shorter than the wait: that is no fault of its own, and counts as none."""
    spent = script(refusals=deque([Refusal(429, "600")]))
    async with Scripted(spent) as server, run_gateway(server.url, tmp_path) as gateway:
        attempts = [attempt("first"), attempt("second")]
        for one in attempts:
            access = await gateway.open(one)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask(access, question(one.task.id)), 0.5)
            used = await gateway.close(one)
            assert (used.requests, used.refused) == (1, 0)
            assert used.failure is not None
            assert (used.failure.class_, used.failure.throttle) == ("quota_exhausted", True)
            assert used.failure.retry_after_s == pytest.approx(600, abs=20)
    assert server.paid == 1


@played
async def test_one_that_is_broken_off_in_the_midst_of_an_answer_says_nothing(tmp_path: Path) -> None:
    async with (
        Scripted(script(work_s=lambda asked: 5.0)) as server,
        run_gateway(server.url, tmp_path) as gateway,
    ):
        one = attempt()
        access = await gateway.open(one)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(access, question()), 0.5)
        used = await gateway.close(one)
    assert (used.requests, used.failure, used.unpriced) == (1, None, 1)


@played
async def test_a_throttle_that_passes_in_time_is_waited_for(tmp_path: Path) -> None:
    busy = script(refusals=deque([Refusal(429, "1"), Refusal(529, "1")]))
    async with Scripted(busy) as server, run_gateway(server.url, tmp_path) as gateway:
        one = attempt()
        access = await gateway.open(one)
        assert (await ask(access, question()))[0] == 200
        used = await gateway.close(one)
    assert (used.requests, used.refused, used.failure, server.paid) == (1, 0, None, 3)


@played
async def test_a_wrong_key_is_told_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_KEY", "sk-wrong")
    keyed = replace(UNLIMITED, key_env="RUN_KEY")
    async with (
        Scripted(script(keys=frozenset(("sk-right",)))) as server,
        run_gateway(server.url, tmp_path, server=keyed) as gateway,
    ):
        one = attempt()
        access = await gateway.open(one)
        assert access.key  # the agent must show something, and shows nothing of ours
        await ask(access, question(), Authorization=f"Bearer {access.key}")
        used = await gateway.close(one)
        assert {asked.credential for asked in server.asked} == {"sk-wrong"}
    assert used.failure is not None
    assert (used.failure.class_, used.failure.passing) == ("auth", False)


@played
async def test_a_failure_that_was_overcome_is_none(tmp_path: Path) -> None:
    async with Scripted(script()) as server, run_gateway(server.url, tmp_path) as gateway:
        one = attempt()
        access = await gateway.open(one)
        await ask(access, question(model="gone"))
        await ask(access, question())
        assert (await gateway.close(one)).failure is None


@played
async def test_its_memory_outlives_it(tmp_path: Path) -> None:
    async with Scripted(script()) as server:
        for run in ("r1", "r2"):
            async with run_gateway(server.url, tmp_path, run=run) as gateway:
                one = attempt(run=run)
                access = await gateway.open(one)
                await ask(access, question())
                used = await gateway.close(one)
        assert (used.requests, used.hits, server.paid) == (1, 1, 1)


@played
async def test_a_machine_that_is_busy_for_a_moment_costs_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server leaves out a cache that takes longer than 100 ms to read; what a run has paid for is worth the wait."""
    async with Scripted(script()) as server:
        for late_s in (0.0, 0.5):
            monkeypatch.setattr(L3Reader, "_read", slowed(L3Reader._read, late_s))
            async with run_gateway(server.url, tmp_path) as gateway:
                access = await gateway.open(attempt())
                assert (await ask(access, question()))[0] == 200
        assert server.paid == 1


def slowed(
    read: Callable[[L3Reader, bytes], Read | None], late_s: float
) -> Callable[[L3Reader, bytes], Read | None]:
    def slowly(self: L3Reader, key: bytes) -> Read | None:
        time.sleep(late_s)
        return read(self, key)

    return slowly


@played
async def test_what_cannot_be_served_is_told_at_the_start(tmp_path: Path) -> None:
    keyed = ModelServer("http://127.0.0.1:1", key_env="NO_SUCH_VARIABLE")
    gateway = RunGateway(keyed, CodingSettings(), tmp_path, "r1", 60.0)
    with pytest.raises(BeastError, match="NO_SUCH_VARIABLE"):
        await gateway.start()
    await gateway.stop()


@played
async def test_a_crash_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    async with Scripted(script()) as server, run_gateway(server.url, tmp_path, tell=told.append) as gateway:
        one = attempt()
        await gateway.open(one)
        assert gateway.thread.server is not None
        gateway.thread.server.should_exit = True  # though nobody has told the run
        for _ in itertools.takewhile(lambda _: not told, range(1000)):
            await asyncio.sleep(0.01)
        used = await gateway.close(one)
    assert "gateway of the run has ended" in told[0]
    assert used.failure is not None
    assert used.failure.class_ == "worker_lost"


@played
async def test_a_server_that_mostly_fails_is_told_to_a_person_who_else_would_only_see_a_wait(
    tmp_path: Path,
) -> None:
    heard: list[str] = []
    told = asyncio.Event()

    def tell(words: str) -> None:
        heard.append(words)
        told.set()

    refusals = deque([Refusal(529)] * 10)
    async with (
        Scripted(script(refusals=refusals)) as server,
        run_gateway(server.url, tmp_path, tell=tell) as gateway,
    ):
        access = await gateway.open(attempt())
        asking = [asyncio.ensure_future(ask(access, question(words))) for words in "abc"]
        await asyncio.wait_for(told.wait(), 30)
        for one in asking:
            one.cancel()
        await asyncio.wait(asking)
    assert "127.0.0.1 mostly fails: requests wait, and one is let through every 30 s or more" in heard[0]


async def until(true: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.01)


@played
async def test_who_waits_is_served_in_the_order_in_which_the_tasks_had_their_turn(tmp_path: Path) -> None:
    one_at_once = replace(UNLIMITED, concurrency=1)
    async with (
        HeldServer(slots=None) as server,
        run_gateway(server.url, tmp_path, server=one_at_once) as gateway,
    ):
        for task in ("old", "middle", "young"):
            gateway.comes(task)
        ways = {task: await gateway.open(attempt(task)) for task in ("young", "middle")}
        ways["old"] = await gateway.open(attempt("old", 2))  # a later attempt keeps the place of its task
        asking = []
        for task, number in (*[("young", n) for n in range(4)], ("middle", 0), ("old", 0), ("middle", 1)):
            asking.append(asyncio.create_task(ask(ways[task], question(f"{task} {number}"))))

            async def in_line(asked: int = len(asking)) -> bool:
                return sum(await gateway.line() or ()) == asked

            await until(in_line)
        server.opened.set()
        assert [status for status, _ in await asyncio.gather(*asking)] == [200] * 7
    in_flight_and_at_the_head = ["young 0", "young 1"]
    waiting = ["old 0", "middle 0", "middle 1", "young 2", "young 3"]
    assert server.order == in_flight_and_at_the_head + waiting


@played
async def test_an_attempt_starts_once_one_of_those_before_it_asks_or_any_has_ended_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "PATIENCE_S", 3600.0)
    async with Scripted(script()) as server, run_gateway(server.url, tmp_path) as gateway:
        names = [f"t{number}" for number in range(starting.starts_by_cores())]
        ways = [await gateway.open(attempt(name)) for name in names]
        next_one, *others = (asyncio.create_task(gateway.open(attempt(name))) for name in ("a", "b", "c"))
        await gateway.line()  # they could have begun meanwhile
        assert not next_one.done()
        assert (await ask(ways[0], question()))[0] == 200
        async with asyncio.timeout(30):
            await next_one
        await gateway.close(attempt(names[0]))
        assert not any(one.done() for one in others)
        await gateway.close(attempt(names[1]))
        async with asyncio.timeout(30):
            await asyncio.gather(*others)
