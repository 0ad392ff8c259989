"""Budgets of a run and of its tasks: held however many ask at once, told once, and they end no attempt for good."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from beastmode.compose.coding.gateway import RunGateway
from beastmode.gateway.doors.run import Spent
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.model_access import Usage
from beastmode.runner.work import Coding
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.use import used_in_run
from tests.compose.coding.gateways import Bill, ask, attempt, played, question, run_gateway

ONE_USD = CodingSettings(budget_usd=1.0)


async def ask_until_refused(
    gateway: RunGateway,
    number: int,
    requests: int,
    *,
    attempt_number: int = 1,
    budget_usd: float | None = None,
) -> tuple[int, Usage]:
    """One client that wants so many answers, one after the other; how many it got, and its use."""
    one = attempt(f"t{number}", attempt_number)
    one.task.work = Coding(budget_usd=budget_usd)
    access, got = await gateway.open(one), 0
    for turn in range(requests):
        status, said = await ask(
            access, question(f"{number} {attempt_number} {turn}", model="gpt-5", max_tokens=30_000)
        )
        if status != 200:
            assert (status, said["error"]["code"]) == (429, "insufficient_quota")
            assert "is used up" in said["error"]["message"]
            break
        got += 1
    return got, await gateway.close(one)


@played
async def test_sixteen_that_want_20_usd_get_1_and_the_rest_with_a_higher_budget(tmp_path: Path) -> None:
    told: list[Spent] = []
    async with Bill(usd=0.05) as server:
        async with run_gateway(server.url, tmp_path, settings=ONE_USD, on_budget=told.append) as gateway:
            first = await asyncio.gather(*(ask_until_refused(gateway, number, 25) for number in range(16)))
        spent = server.usd
        assert 1.0 - 0.3 <= spent <= 1.0 + server.each
        assert sum(used.cost_usd for _, used in first) == pytest.approx(spent)
        assert [spent.task for spent in told] == [""]
        assert "--budget 2usd" in told[0].words
        failures = [used.failure for _, used in first]
        assert {failure.class_ for failure in failures if failure} == {"out_of_budget"}
        more = replace(ONE_USD, budget_usd=30.0)
        async with run_gateway(server.url, tmp_path, settings=more) as gateway:
            rest = await asyncio.gather(*(ask_until_refused(gateway, number, 25) for number in range(16)))
    assert [got for got, _ in rest] == [25] * 16
    assert server.usd == pytest.approx(20.0)
    assert sum(use.usd for use in used_in_run(ledger_path(tmp_path), "r1").values()) == pytest.approx(20.0)


@played
async def test_the_budget_of_a_task_stops_that_task_alone(tmp_path: Path) -> None:
    told: list[Spent] = []
    settings = CodingSettings(budget_usd=20.0, task_budget_usd=0.15)
    async with (
        Bill(usd=0.1) as server,
        run_gateway(server.url, tmp_path, settings=settings, on_budget=told.append) as gateway,
    ):
        (few, used), (own, _) = await asyncio.gather(
            ask_until_refused(gateway, 1, 5), ask_until_refused(gateway, 2, 5, budget_usd=9.0)
        )
    assert (few, own) == (2, 5)
    assert used.failure is not None
    assert (used.failure.class_, used.failure.passing, used.failure.throttle) == (
        "out_of_budget",
        "after",
        False,
    )
    assert [spent.task for spent in told] == ["t1"]
    assert "budget of task t1 is used up: 0.2 of 0.15 usd" in told[0].words
    assert "--task-budget 1usd" in told[0].words


@played
async def test_all_attempts_of_a_task_share_its_budget(tmp_path: Path) -> None:
    settings = CodingSettings(task_budget_usd=0.25)
    async with Bill(usd=0.1) as server, run_gateway(server.url, tmp_path, settings=settings) as gateway:
        got = [(await ask_until_refused(gateway, 1, 2, attempt_number=number))[0] for number in (1, 2)]
    assert got == [2, 1]


@played
async def test_what_one_waits_for_another_may_give_back(tmp_path: Path) -> None:
    """Each might cost all of the budget, so they go one after the other; in the end none has been refused."""
    settings = CodingSettings(budget_usd=0.5)
    async with Bill(usd=0.01) as server, run_gateway(server.url, tmp_path, settings=settings) as gateway:
        got = await asyncio.gather(*(ask_until_refused(gateway, number, 1) for number in range(8)))
    assert [number for number, _ in got] == [1] * 8
    assert server.most_in_flight == 1


@played
async def test_one_that_gives_up_waiting_gives_back_what_was_set_aside_for_its_task(tmp_path: Path) -> None:
    settings = CodingSettings(budget_usd=0.5, task_budget_usd=0.5)
    async with (
        Bill(usd=0.01, work_s=1.0) as server,
        run_gateway(server.url, tmp_path, settings=settings) as gateway,
    ):
        first = asyncio.create_task(ask_until_refused(gateway, 1, 1))
        while not server.in_flight:
            await asyncio.sleep(0.01)
        second = attempt("t2")
        access = await gateway.open(second)
        with pytest.raises(TimeoutError):
            asked = ask(access, question("a", model="gpt-5", max_tokens=30_000))
            await asyncio.wait_for(asked, 0.3)
        await gateway.close(second)
        assert (await first)[0] == 1
        assert (await ask_until_refused(gateway, 2, 1))[0] == 1


@played
async def test_a_model_without_a_price_passes_and_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    async with (
        Bill(usd=0.1) as server,
        run_gateway(server.url, tmp_path, settings=ONE_USD, tell=told.append) as gateway,
    ):
        one = attempt()
        access = await gateway.open(one)
        for words in "abcdefghijklmno":
            assert (await ask(access, question(words, model="home-made")))[0] == 200
        used = await gateway.close(one)
    assert (used.unpriced, used.cost_usd) == (15, 0.0)
    assert len(told) == 1
    assert "the price of home-made is not known" in told[0]
