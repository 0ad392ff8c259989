"""The 13 transport faults, made for real on loopback, as two clients meet them: each its class, and a tip that names
the host that was called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import httpx
import pytest

from beastmode.failures.answers import dialect_of, flaw_in
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.testing.chaos import FAULTS, AnswerFault, Chaos, ConnectionFault

PATH = "/v1/chat/completions"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
PATIENCE_S = 0.6

EXPECTED: dict[ConnectionFault | AnswerFault, tuple[str, bool]] = {
    "refused": ("connection_refused", True),
    "dns": ("dns", False),
    "tls_wrong_host": ("tls", False),
    "plain_on_tls_port": ("connection_reset", True),
    "reset_before_headers": ("connection_reset", True),
    "reset_mid_body": ("connection_reset", True),
    "truncated_chunked": ("truncated_stream", True),
    "truncated_sse": ("truncated_stream", True),
    "hang_before_headers": ("timeout", True),
    "hang_mid_stream": ("timeout", True),
    "html_200": ("invalid_response", False),
    "garbage": ("invalid_response", True),
    "slow_drip": ("timeout", True),
}
"""Class, and whether it passes by itself. A name that does not exist, a certificate for another host and a page where
an API should be are settings: they do not pass."""

Ask = Callable[[str, Any, dict[str, Any]], Awaitable[tuple[int, dict[str, str], bytes]]]


async def by_aiohttp(url: str, tls: Any, asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, json=asked, ssl=tls) as a:
        return a.status, dict(a.headers), await a.read()


async def by_httpx(url: str, tls: Any, asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    async with httpx.AsyncClient(timeout=PATIENCE_S, verify=tls, trust_env=False) as client:
        async with asyncio.timeout(2 * PATIENCE_S):  # httpx has no limit for a whole answer
            a = await client.post(url, json=asked)
        return a.status_code, dict(a.headers), a.content


async def met(
    fault: ConnectionFault | AnswerFault, ask: Ask, *, streamed: bool
) -> tuple[Failure | None, str]:
    """What the failure is that a client meets, and the host and port that it called."""
    async with Chaos() as chaos:
        url = chaos.url_of(fault) + PATH
        dialect = dialect_of(url)
        assert dialect is not None
        try:
            tls = chaos.trusted.client_context()
            status, headers, body = await ask(url, tls, ASKED | {"stream": streamed})
        except Exception as error:
            evidence: Evidence | None = Evidence(exception=error, url=url, mid_stream=streamed)
        else:
            evidence = flaw_in(status, headers, body, dialect=dialect, streamed=streamed, url=url)
        failure = classify(evidence, now_unix=time.time()) if evidence is not None else None
        return failure, url.split("/")[2]


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("ask", [by_aiohttp, by_httpx])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_class(fault: ConnectionFault | AnswerFault, ask: Ask, streamed: bool) -> None:
    failure, host = asyncio.run(met(fault, ask, streamed=streamed))
    assert failure is not None, "the fault was taken for a good answer"
    expected = EXPECTED[fault]
    if fault == "truncated_sse" and not streamed:
        expected = ("invalid_response", True)  # half an object, whole as far as HTTP can tell
    assert (failure.class_, failure.passing) == expected, failure
    assert host in failure.tip, failure.tip


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("ask", [by_aiohttp, by_httpx])
def test_a_good_answer_is_no_failure(ask: Ask, streamed: bool) -> None:
    async def story() -> None:
        async with Chaos() as chaos:
            status, headers, body = await ask(chaos.url + PATH, True, ASKED | {"stream": streamed})
            assert flaw_in(status, headers, body, dialect="chat", streamed=streamed) is None

    asyncio.run(story())
