"""Rounds of a request over several upstreams: where it waits, and for whom."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.chaos import Chaos
from beastmode.testing.model_server import ModelServer, Refusal, Script
from tests.gateway.served import by_hand, records, serving_app
from tests.gateway.test_proxy import ask


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 60))


def refusing(*waits: str) -> ModelServer:
    script = Script()
    script.refusals.extend(Refusal(429, wait) for wait in waits)
    return ModelServer(script)


LIMITS = ProxyLimits(retries=1, queue_timeout_s=20.0)


def test_where_all_are_paused_the_one_that_opens_first_is_waited_for(tmp_path: Path) -> None:
    async def story() -> str:
        async with (
            refusing("1") as soon,
            refusing("60") as late,
            serving_app(by_hand([soon.url, late.url], tmp_path, limits=LIMITS)) as url,
        ):
            return " ".join(await asyncio.gather(ask(url), ask(url), ask(url)))

    assert run(story()).count("It is done.") == 3


def test_a_request_that_comes_while_all_are_paused_waits_for_the_one_that_opens_first(tmp_path: Path) -> None:
    async def story() -> str:
        async with (
            refusing("2") as soon,
            refusing("60") as late,
            serving_app(by_hand([soon.url, late.url], tmp_path, limits=LIMITS)) as url,
        ):
            first = asyncio.create_task(ask(url))
            while late.paid < 1:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            said = await ask(url)
            await first
            return said

    assert run(story()) == "It is done."


def test_a_fallback_that_never_answers_does_not_end_the_wait_for_the_first(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with (
            refusing("1") as first,
            ModelServer(Script(answer=(401, "bad key"))) as spare,
            serving_app(by_hand([first.url, spare.url], tmp_path, limits=LIMITS)) as url,
        ):
            return [await asked for asked in asyncio.as_completed([ask(url), ask(url)])]

    assert run(story()) == ["It is done."] * 2


def test_a_stated_wait_of_minutes_is_waited_for_where_the_queue_allows_it(tmp_path: Path) -> None:
    async def story() -> bool:
        limits = ProxyLimits(queue_timeout_s=900.0)
        async with (
            refusing("130") as server,
            serving_app(by_hand([server.url], tmp_path, limits=limits)) as url,
        ):
            asking = asyncio.create_task(ask(url))
            while server.paid < 1:
                await asyncio.sleep(0.01)
            done, _ = await asyncio.wait([asking], timeout=0.5)
            asking.cancel()
            return bool(done)

    assert not run(story())


def test_a_full_line_sends_the_next_to_the_upstream_behind_it(tmp_path: Path) -> None:
    async def story() -> list[str]:
        limits = ProxyLimits(most_waiting=2, queue_timeout_s=20.0)
        async with ModelServer(Script(work_s=lambda _: 0.5)) as first, ModelServer() as spare:
            app = by_hand([first.url, spare.url], tmp_path, limits=limits, concurrency=1)
            async with serving_app(app) as url:
                return await asyncio.gather(*(ask(url) for _ in range(4)))

    assert run(story()) == ["It is done."] * 4


def test_who_waits_for_the_next_try_is_told_at_once_that_the_gateway_ends(tmp_path: Path) -> None:
    async def story() -> str:
        async with refusing("15") as server:
            app = by_hand([server.url], tmp_path, limits=LIMITS)
            async with serving_app(app) as url:
                asking = asyncio.create_task(ask(url))
                while server.paid < 1 or server.in_flight:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
                app.drain()
                with pytest.raises(openai.InternalServerError) as refused:
                    await asyncio.wait_for(asking, 5)
                return str(refused.value)

    assert "503" in run(story())
    assert [(entry.outcome, entry.tries) for entry in records(tmp_path)] == [("rejected", 1)]


def test_who_waits_in_vain_for_a_pause_is_told_how_long_it_lasts(tmp_path: Path) -> None:
    async def story() -> float:
        limits = ProxyLimits(queue_timeout_s=90.0)
        async with (
            refusing("1000") as server,
            serving_app(by_hand([server.url], tmp_path, limits=limits)) as url,
        ):
            with pytest.raises(openai.RateLimitError):
                await ask(url)
            with pytest.raises(openai.InternalServerError, match="asked to wait") as refused:
                await asyncio.wait_for(ask(url), 30)  # at once: it cannot open in time
            return float(refused.value.response.headers["retry-after"])

    assert 900 < run(story()) <= 1000
    assert [(entry.outcome, entry.tries) for entry in records(tmp_path)] == [("failed", 1), ("rejected", 0)]


def test_a_spare_without_the_model_does_not_hide_that_the_first_is_paused(tmp_path: Path) -> None:
    unknown = (404, '{"error": {"code": "model_not_found", "message": "no such model"}}')

    async def story() -> float:
        async with (
            refusing("1000") as first,
            ModelServer(Script(answer=unknown)) as spare,
            serving_app(by_hand([first.url, spare.url], tmp_path, limits=LIMITS)) as url,
        ):
            with pytest.raises(openai.RateLimitError):
                await ask(url)
            with pytest.raises(openai.InternalServerError, match="asked to wait") as refused:
                await ask(url)
            return float(refused.value.response.headers["retry-after"])

    assert 900 < run(story()) <= 1000


@pytest.mark.parametrize("first", [(503, "busy"), (500, "broken")])
@pytest.mark.parametrize("turned", [False, True])
def test_a_spare_without_the_model_does_not_hide_that_the_first_is_ill(
    tmp_path: Path, first: tuple[int, str], turned: bool
) -> None:
    unknown = (404, '{"error": {"code": "model_not_found", "message": "no such model"}}')

    async def story() -> tuple[int, str]:
        async with ModelServer(Script(answer=first)) as ill, ModelServer(Script(answer=unknown)) as spare:
            urls = [spare.url, ill.url] if turned else [ill.url, spare.url]
            async with serving_app(by_hand(urls, tmp_path, limits=ProxyLimits(retries=0))) as url:
                with pytest.raises(openai.InternalServerError) as failed:
                    await ask(url)
                return failed.value.status_code, ill.url

    status, url = run(story())
    (entry,) = records(tmp_path)
    assert status == entry.status == first[0]
    assert entry.upstream.rstrip("/") == url.rstrip("/")


def test_who_is_in_line_when_a_breaker_opens_goes_where_it_may_leave_sooner(tmp_path: Path) -> None:
    async def story() -> list[str]:
        script = Script()
        script.refusals.append(Refusal(503, "3"))
        async with ModelServer(Script(answer=(529, ""))) as first, ModelServer(script) as spare:
            app = by_hand([first.url, spare.url], tmp_path, limits=LIMITS, concurrency=1)
            async with serving_app(app) as url:
                return list(await asyncio.gather(*(ask(url) for _ in range(20))))

    assert run(story()) == ["It is done."] * 20


def test_an_answer_of_an_earlier_try_is_not_told_as_that_of_the_last(tmp_path: Path) -> None:
    async def story() -> tuple[int, str]:
        limits = ProxyLimits(retries=0)
        async with Chaos() as gone, ModelServer(Script(answer=(500, "of the first"))) as first:
            urls = [first.url, gone.url_of("refused")]
            async with serving_app(by_hand(urls, tmp_path, limits=limits)) as url:
                with pytest.raises(openai.InternalServerError) as failed:
                    await ask(url)
                return failed.value.status_code, failed.value.response.headers["x-beast-class"]

    assert run(story()) == (502, "connection_refused")
    (entry,) = records(tmp_path)
    assert (entry.class_, entry.tries, entry.answer_body) == ("connection_refused", 2, None)


def test_while_the_breaker_is_open_everybody_hears_what_had_gone_wrong(tmp_path: Path) -> None:
    """Those that were tried before it opened hear it of their own try, those that come later as the last of others."""

    async def story() -> openai.APIStatusError:
        async with (
            Chaos() as gone,
            serving_app(by_hand([gone.url_of("refused")], tmp_path, limits=LIMITS)) as url,
        ):
            await asyncio.gather(*(ask(url) for _ in range(20)), return_exceptions=True)
            with pytest.raises(openai.InternalServerError, match=r"breaker is open.*\(last: conn") as told:
                await ask(url)
            return told.value

    assert "Start the server at 127.0.0.1:" in run(story()).response.headers["x-beast-tip"]
    *first, late = records(tmp_path)
    tried = [entry for entry in first if entry.tries]  # on a busy machine some come when it is open already
    assert {(entry.outcome, entry.class_) for entry in tried} == {("failed", "connection_refused")}
    assert (late.outcome, late.class_, late.tries) == ("rejected", "overloaded", 0)
