"""What a run remembers: replayed for the same question, but never what led to a failed verification."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from beastmode.compose.coding.gateway import RunGateway
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.model_access import Usage
from beastmode.testing.model_server import ModelServer as Scripted
from beastmode.testing.model_server import Refusal, Script
from tests.compose.coding.gateways import ask, attempt, played, question, run_gateway

MODELS = Script(models=("gpt-4o-mini",))


async def perform(gateway: RunGateway, one: Attempt, *words: str, verified: bool | None) -> Usage:
    """An attempt that asks all these, and how it was judged; None: the runner was killed before."""
    access = await gateway.open(one)
    for said in words:
        assert (await ask(access, question(said)))[0] == 200
    used = await gateway.close(one)
    if verified is not None:
        await gateway.judged(one, verified)
    return used


@pytest.mark.parametrize(("verified", "hits"), [(True, 2), (None, 2), (False, 0)])
@played
async def test_another_run_is_answered_from_memory_unless_the_work_was_no_good(
    tmp_path: Path, verified: bool | None, hits: int
) -> None:
    async with Scripted(MODELS) as server:
        async with run_gateway(server.url, tmp_path) as gateway:
            await perform(gateway, attempt(), "a", "b", verified=verified)
        async with run_gateway(server.url, tmp_path) as gateway:
            used = await perform(gateway, attempt(run="r2"), "a", "b", verified=True)
    assert used.hits == hits


@played
async def test_within_a_run_too_from_both_tiers_and_only_those_answers(tmp_path: Path) -> None:
    async with Scripted(MODELS) as server, run_gateway(server.url, tmp_path) as gateway:
        await perform(gateway, attempt("good"), "a", verified=True)
        await perform(gateway, attempt("bad"), "b", verified=False)
        used = await perform(gateway, attempt("next"), "a", "b", verified=True)
        assert (used.requests, used.hits) == (2, 1)
        used = await perform(gateway, attempt("last"), "a", "b", verified=True)
        assert used.hits == 2  # what was asked anew is as good as any


@played
async def test_who_was_given_a_kept_answer_and_failed_has_it_removed(tmp_path: Path) -> None:
    """As after a kill between an answer and its verdict: the next session meets it once more, and then no more."""
    async with Scripted(MODELS) as server:
        async with run_gateway(server.url, tmp_path) as gateway:
            await perform(gateway, attempt(), "a", verified=None)
        async with run_gateway(server.url, tmp_path) as gateway:
            assert (await perform(gateway, attempt(number=2), "a", verified=False)).hits == 1
            assert (await perform(gateway, attempt(number=3), "a", verified=True)).hits == 0


@played
async def test_a_round_does_not_meet_the_answers_of_the_one_before(tmp_path: Path) -> None:
    async with Scripted(MODELS) as server, run_gateway(server.url, tmp_path) as gateway:
        await perform(gateway, attempt(), "a", verified=True)
        assert (await perform(gateway, attempt(number=2, rounds=1), "a", verified=True)).hits == 0
        assert (await perform(gateway, attempt(number=3), "a", verified=True)).hits == 1


@played
async def test_an_agent_that_gave_up_is_not_given_the_same_answers_once_more(tmp_path: Path) -> None:
    async with Scripted(MODELS) as server, run_gateway(server.url, tmp_path) as gateway:
        await perform(gateway, attempt(), "a", verified=None)
        assert (await perform(gateway, attempt(number=2), "a", verified=True)).hits == 0


@played
async def test_one_whose_model_could_not_be_had_goes_on_from_where_it_was(tmp_path: Path) -> None:
    async with Scripted(Script(models=MODELS.models)) as server, run_gateway(server.url, tmp_path) as gateway:
        one = attempt()
        access = await gateway.open(one)
        assert (await ask(access, question("a")))[0] == 200
        server.script.refusals.append(Refusal(429, "72000"))
        assert (await ask(access, question("b")))[0] == 429
        await gateway.close(one)
        two = attempt(number=2)
        access = await gateway.open(two)
        assert (await ask(access, question("a")))[0] == 200
        assert (await gateway.close(two)).hits == 1


@played
async def test_an_answer_that_two_have_shared_goes_when_one_of_them_fails(tmp_path: Path) -> None:
    slow = Script(models=MODELS.models, work_s=lambda asked: 0.2)
    async with Scripted(slow) as server, run_gateway(server.url, tmp_path) as gateway:
        good, bad = await asyncio.gather(
            perform(gateway, attempt("good"), "a", verified=True),
            perform(gateway, attempt("bad"), "a", verified=False),
        )
        assert (good.hits + bad.hits, server.paid) == (1, 1)
        assert (await perform(gateway, attempt("next"), "a", verified=True)).hits == 0
