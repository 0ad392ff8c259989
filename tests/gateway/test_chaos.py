"""Every fault of an upstream, in every dialect, streamed or not: an error that its client understands, with what to do,
and one record with a class."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.chaos import ANSWER_FAULTS, CONNECTION_FAULTS, AnswerFault, Chaos, ConnectionFault
from tests.gateway.served import gateway, records

BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 9}
STREAMED = {
    "openai.chat": "/v1/chat/completions",
    "openai.responses": "/v1/responses",
    "anthropic.messages": "/v1/messages",
    "gemini.generate": "/v1beta/models/m:streamGenerateContent?alt=sse",
}
WHOLE = STREAMED | {
    "gemini.generate": "/v1beta/models/m:generateContent",
    "openai.embeddings": "/v1/embeddings",
    "anthropic.count_tokens": "/v1/messages/count_tokens",
}
ONCE = ProxyLimits(retries=0, queue_timeout_s=10.0)
Answer = tuple[int | None, str]
"""Its status and its text; no status where the connection was cut."""


async def ask(session: aiohttp.ClientSession, url: str, *, stream: bool) -> Answer:
    status: int | None = None
    try:
        async with session.post(url, json=BODY | {"stream": stream}) as answer:
            status = answer.status
            return status, await answer.text()
    except (aiohttp.ClientError, OSError):
        return None, ""


async def ask_each(url: str, *, stream: bool) -> dict[str, Answer]:
    paths = STREAMED if stream else WHOLE
    async with aiohttp.ClientSession() as session:
        return {name: await ask(session, f"{url}{path}", stream=stream) for name, path in paths.items()}


def told(dialect: str, text: str) -> str:
    """The message of an error in a dialect's own shape, whole or as the last event of a stream."""
    last = [line.removeprefix("data:") for line in text.splitlines() if line.startswith(("data:", "{"))][-1]
    value: Any = json.loads(last)
    error = value["error"]
    if dialect.startswith("anthropic"):
        assert value["type"] == "error"
        assert error["type"].endswith(("_error", "request_too_large"))
    elif dialect.startswith("gemini"):
        assert (type(error["code"]), type(error["status"])) == (int, str)
    else:
        assert error["type"]
        assert "code" in error
    return str(error["message"])


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", [*CONNECTION_FAULTS, *ANSWER_FAULTS])
def test_each_fault_is_an_error_in_the_dialects_shape_and_one_record(
    tmp_path: Path, fault: ConnectionFault | AnswerFault, stream: bool
) -> None:
    async def story() -> dict[str, Answer]:
        async with (
            Chaos(drip_s=0.0) as chaos,
            gateway(chaos.url_of(fault), tmp_path, limits=ONCE, idle_s=0.3) as url,
        ):
            return await asyncio.wait_for(ask_each(url, stream=stream), 60)

    answers = asyncio.run(story())
    kept = {entry.dialect: entry for entry in records(tmp_path)}
    assert len(records(tmp_path)) == len(kept) == len(answers)
    for dialect, (status, text) in answers.items():
        entry = kept[dialect]
        if fault == "slow_drip":  # the right answer, only slowly
            assert (entry.outcome, status) == ("upstream_ok", 200)
            continue
        assert (entry.outcome, bool(entry.class_), bool(entry.tip)) == ("failed", True, True), dialect
        assert status is not None
        assert entry.tip in told(dialect, text), dialect


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("bad", ["body", "head", "waited"])
def test_what_the_gateway_refuses_is_told_in_each_dialect_too(tmp_path: Path, bad: str, stream: bool) -> None:
    """Too large a body, too large a head, too long in line."""
    limits = ProxyLimits(most_body_bytes=20 if bad == "body" else 10_000, queue_timeout_s=0.3)
    headers = {"X-Large": "x" * 100_000} if bad == "head" else {}
    paths = STREAMED if stream else WHOLE

    async def story() -> dict[str, Answer]:
        async with (
            Chaos() as chaos,
            gateway(chaos.url_of("hang_before_headers"), tmp_path, limits=limits, concurrency=1) as url,
            aiohttp.ClientSession(headers=headers) as session,
        ):
            holds = asyncio.create_task(ask(session, f"{url}/v1/files", stream=False))
            while bad == "waited" and not chaos.requests:
                await asyncio.sleep(0.01)
            answers = {
                name: await ask(session, f"{url}{path}", stream=stream) for name, path in paths.items()
            }
            holds.cancel()
            return answers

    answers = asyncio.run(story())
    kept = {entry.dialect: entry for entry in records(tmp_path)}
    for dialect, (status, text) in answers.items():
        assert status == {"body": 413, "head": 431, "waited": 503}[bad]
        assert (kept[dialect].outcome, kept[dialect].status) == ("rejected", status)
        assert kept[dialect].tip in told(dialect, text)
