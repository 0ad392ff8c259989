"""One request through a real gateway: real sockets, unmodified clients, and the record each leaves."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import openai
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.settings import Rate
from beastmode.testing.chaos import ANSWER_FAULTS, Chaos, Trouble
from beastmode.testing.counting_server import CountingServer
from beastmode.testing.model_server import ModelServer, Refusal, Script
from beastmode.testing.wire import Message
from tests.gateway.served import gateway, records

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
BROKEN = [(fault, True) for fault in ANSWER_FAULTS if fault != "slow_drip"]
BROKEN += [(fault, False) for fault, _ in BROKEN if fault not in ("hang_mid_stream", "truncated_sse")]
"""A slow answer is a good one; what breaks a stream cannot break an answer in one piece."""
IMPATIENT = ProxyLimits(queue_timeout_s=20.0, retries=0)


async def ask(url: str, *, model: str = "m-small", stream: bool = False) -> str:
    """What the unmodified OpenAI client makes of an answer, with its own retries off."""
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-of-a-client", max_retries=0) as api:
        if not stream:
            answer = await api.chat.completions.create(model=model, messages=HELLO)
            return str(answer.choices[0].message.content)
        pieces = await api.chat.completions.create(model=model, messages=HELLO, stream=True)
        return "".join([piece.choices[0].delta.content or "" async for piece in pieces if piece.choices])


async def ask_claude(url: str) -> str:
    """Likewise the Anthropic client."""
    async with anthropic.AsyncAnthropic(base_url=url, api_key="sk-of-a-client", max_retries=0) as api:
        message = await api.messages.create(model="m-small", max_tokens=9, messages=HELLO)
        (block,) = message.content
        return block.text if block.type == "text" else ""


def first(trouble: Trouble) -> Callable[[Message], Trouble]:
    """A plan: this for the first request, good answers for all that follow."""
    troubles = [trouble]
    return lambda request: troubles.pop() if troubles else Trouble()


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 60))


def test_openai_and_anthropic_go_through_unchanged(tmp_path: Path) -> None:
    async def story() -> None:
        script = Script(keys=frozenset({"sk-of-a-client"}))
        async with ModelServer(script) as server, gateway(server.url, tmp_path) as url:
            assert await ask(url) == "It is done."
            assert await ask(url, stream=True) == "It is done."
            assert await ask_claude(url) == "It is done."

    run(story())
    kept = records(tmp_path)
    assert [entry.outcome for entry in kept] == ["upstream_ok"] * 3
    assert [entry.dialect for entry in kept] == ["openai.chat", "openai.chat", "anthropic.messages"]
    assert all(entry.tokens_in and entry.tokens_out and entry.tries == 1 for entry in kept)


@pytest.mark.parametrize("base", ["", "/v1"])
def test_the_upstream_is_named_with_and_without_its_version(tmp_path: Path, base: str) -> None:
    async def story() -> None:
        async with (
            ModelServer() as server,
            gateway(server.url + base, tmp_path) as url,
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as api,
        ):
            assert [model.id async for model in api.models.list()] == ["m-small", "m-large"]

    run(story())


def test_bodies_pass_byte_for_byte_and_a_token_in_the_path_goes_no_further(tmp_path: Path) -> None:
    body = b'{ "model":"m-small",  "messages":[{"role":"user","content":"\\u00e9"}], "z":1 }'

    async def story() -> tuple[bytes, list[Any]]:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url:
            async with aiohttp.ClientSession() as session:
                headers = {"Content-Type": "application/json", "Authorization": "Bearer mine"}
                direct = await session.post(f"{server.url}/v1/chat/completions", data=body, headers=headers)
                through = await session.post(f"{url}/t/tok/v1/chat/completions", data=body, headers=headers)
                assert (await direct.read())[:20] == (await through.read())[:20]
            return body, server.asked

    sent, asked = run(story())
    assert [one.body for one in asked] == [sent, sent]
    assert {one.path for one in asked} == {"/v1/chat/completions"}
    assert {one.credential for one in asked} == {"mine"}
    assert "tok" not in records(tmp_path)[0].path


def test_a_configured_key_replaces_that_of_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM_KEY", "sk-upstream")

    async def story() -> list[str]:
        async with ModelServer() as server, gateway(server.url, tmp_path, key_env="UPSTREAM_KEY") as url:
            await ask(url)
            await ask_claude(url)
            return [one.credential for one in server.asked]

    assert run(story()) == ["sk-upstream", "sk-upstream"]


def test_what_the_upstream_refuses_reaches_the_client_untouched_and_explained(tmp_path: Path) -> None:
    async def story() -> openai.NotFoundError:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url:
            with pytest.raises(openai.NotFoundError) as caught:
                await ask(url, model="m-tiny")
            return caught.value

    error = run(story())
    assert error.code == "model_not_found"
    assert error.response.headers["x-should-retry"] == "false"
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.status, entry.class_, entry.tries) == ("failed", 404, "not_found_model", 1)
    assert "model" in entry.tip


def test_the_server_is_never_hit_harder_than_it_bears_and_nobody_meets_a_429(tmp_path: Path) -> None:
    limits = {"concurrency": 3, "rates": (Rate(20, 1.0),)}

    async def story() -> tuple[int, int, int]:
        async with CountingServer(slots=3, rate=Rate(20, 1.0), work_s=lambda asked: 0.02) as server:
            async with gateway(server.url, tmp_path, **limits) as url:
                await asyncio.gather(*(ask(url) for _ in range(50)))
            return server.refused, server.most_in_flight, server.most_in_window

    refused, in_flight, in_window = run(story())
    assert (refused, in_flight <= 3, in_window <= 20) == (0, True, True)
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"] * 50


@pytest.mark.parametrize(("fault", "streamed"), BROKEN)
def test_every_fault_is_one_record_and_an_error_for_the_client(
    tmp_path: Path, fault: Any, streamed: bool
) -> None:
    async def story() -> None:
        async with (
            Chaos(plan=lambda request: Trouble(fault=fault)) as chaos,
            gateway(chaos.url, tmp_path, limits=IMPATIENT, idle_s=1.0) as url,
        ):
            with pytest.raises((openai.OpenAIError, ValueError)):
                await ask(url, stream=streamed)

    run(story())
    (entry,) = records(tmp_path)
    assert entry.outcome == "failed"
    assert entry.class_ not in ("", "other")
    assert entry.tip


@pytest.mark.parametrize(("fault", "status"), [("html_200", 502), ("hang_before_headers", 504)])
def test_the_record_has_the_status_that_the_client_got(tmp_path: Path, fault: Any, status: int) -> None:
    async def story() -> int:
        async with (
            Chaos(plan=lambda request: Trouble(fault=fault)) as chaos,
            gateway(chaos.url, tmp_path, limits=IMPATIENT, idle_s=1.0) as url,
        ):
            with pytest.raises(openai.APIStatusError) as failed:
                await ask(url)
            return failed.value.status_code

    assert run(story()) == status
    assert [entry.status for entry in records(tmp_path)] == [status]


def test_a_passing_fault_is_tried_again_before_the_client_hears_of_it(tmp_path: Path) -> None:
    async def story() -> str:
        async with Chaos(plan=first(Trouble(status=503))) as chaos, gateway(chaos.url, tmp_path) as url:
            return await ask(url)

    assert run(story()) == "It is done."
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.tries) == ("upstream_ok", 2)


def test_a_throttle_with_a_time_pauses_all_and_is_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        throttled = first(Trouble(status=429, retry_after="1"))
        async with Chaos(plan=throttled) as chaos, gateway(chaos.url, tmp_path, limits=IMPATIENT) as url:
            await asyncio.gather(*(ask(url) for _ in range(3)))

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["upstream_ok"] * 3


def test_throttles_use_up_no_retry(tmp_path: Path) -> None:
    refusals = deque(Refusal(status) for status in (429, 429, 429, 529, 529))

    async def story() -> str:
        script = Script(refusals=refusals)
        async with ModelServer(script) as server, gateway(server.url, tmp_path) as url:
            return await ask(url)

    assert run(story()) == "It is done."
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.tries) == ("upstream_ok", 6)


def test_who_waits_too_long_gets_503_in_the_words_of_its_dialect(tmp_path: Path) -> None:
    limits = ProxyLimits(queue_timeout_s=0.3)

    async def story() -> openai.APIStatusError:
        async with (
            CountingServer(work_s=lambda asked: 1.0) as server,
            gateway(server.url, tmp_path, limits=limits, concurrency=1) as url,
        ):
            first = asyncio.create_task(ask(url))
            while not server.arrivals:
                await asyncio.sleep(0.01)
            with pytest.raises(openai.APIStatusError) as caught:
                await ask(url)
            await first
            return caught.value

    error = run(story())
    assert error.status_code == 503
    assert "waited 0.3 s in line: all slots of the upstream are in use" in str(error)
    assert int(error.response.headers["retry-after"]) >= 1
    assert sorted(str(entry.outcome) for entry in records(tmp_path)) == ["rejected", "upstream_ok"]


def test_a_client_that_goes_away_cancels_the_call_upstream(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            Chaos(plan=lambda request: Trouble(fault="hang_before_headers")) as chaos,
            gateway(chaos.url, tmp_path, concurrency=1) as url,
            aiohttp.ClientSession() as session,
        ):
            gone = asyncio.create_task(ask(url))
            while not chaos.requests:
                await asyncio.sleep(0.01)
            gone.cancel()
            for _ in range(100):
                metrics = await (await session.get(f"{url}/metrics")).text()
                if "beast_requests_in_flight 0.0" in metrics:
                    return
                await asyncio.sleep(0.01)
            pytest.fail("still in flight a second after its client had gone")

    run(story())
    assert [entry.outcome for entry in records(tmp_path)] == ["cancelled"]


def test_a_streaming_client_is_kept_alive_while_it_waits(tmp_path: Path) -> None:
    limits = ProxyLimits(silence_s=0.2, keepalive_s=0.1)

    async def story() -> tuple[str, bytes]:
        slow = Trouble(latency_s=0.8)
        async with (
            Chaos(plan=lambda request: slow) as chaos,
            gateway(chaos.url, tmp_path, limits=limits) as url,
        ):
            words = await ask(url, stream=True)
            async with aiohttp.ClientSession() as session:
                asked = {"model": "m", "messages": HELLO, "stream": True}
                raw = await (await session.post(f"{url}/v1/chat/completions", json=asked)).read()
            return words, raw

    words, raw = run(story())
    assert words == "It is done."
    assert raw.startswith(b": ")
    assert raw.count(b": ") > 2


def test_a_body_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    async def story() -> tuple[int, str]:
        limits = ProxyLimits(most_body_bytes=1000)
        async with (
            ModelServer() as server,
            gateway(server.url, tmp_path, limits=limits) as url,
            aiohttp.ClientSession() as session,
        ):
            answer = await session.post(f"{url}/v1/chat/completions", data=b"x" * 2000)
            return answer.status, await answer.text()

    status, text = run(story())
    assert status == 413
    assert "larger than" in text


def test_own_pages_answer_and_count_nothing(tmp_path: Path) -> None:
    async def story() -> list[int]:
        async with (
            ModelServer() as server,
            gateway(server.url, tmp_path) as url,
            aiohttp.ClientSession() as session,
        ):
            paths = ("/livez", "/readyz", "/metrics")
            statuses = [(await session.get(url + path)).status for path in paths]
            statuses.append((await session.head(f"{url}/")).status)
            upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
            upgrade["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
            statuses.append((await session.get(f"{url}/v1/responses", headers=upgrade)).status)
            return statuses

    assert run(story()) == [200, 200, 200, 200, 426]
    assert records(tmp_path) == []
