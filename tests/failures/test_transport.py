"""The 13 transport faults, made for real on loopback, as three clients meet them: each its class, and a tip that names
the host that was called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from beastmode.failures.answers import dialect_of, flaw_in
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.testing.certificates import Certificate
from beastmode.testing.chaos import FAULTS, AnswerFault, Chaos, ConnectionFault
from beastmode.testing.threads import in_thread

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

Answer = tuple[int, dict[str, str], bytes]
Ask = Callable[[str, Certificate, dict[str, Any]], Awaitable[Answer]]


async def by_aiohttp(url: str, tls: Certificate, asked: dict[str, Any]) -> Answer:
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    context = tls.client_context()
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(url, json=asked, ssl=context) as a,
    ):
        return a.status, dict(a.headers), await a.read()


async def by_httpx(url: str, tls: Certificate, asked: dict[str, Any]) -> Answer:
    async with httpx.AsyncClient(timeout=PATIENCE_S, verify=tls.client_context(), trust_env=False) as client:
        async with asyncio.timeout(2 * PATIENCE_S):  # httpx has no limit for a whole answer
            a = await client.post(url, json=asked)
        return a.status_code, dict(a.headers), a.content


async def by_requests(url: str, tls: Certificate, asked: dict[str, Any]) -> Answer:
    def ask() -> Answer:
        a = requests.post(url, json=asked, timeout=PATIENCE_S, verify=str(tls.certificate), stream=True)
        give_up, body = time.monotonic() + PATIENCE_S, b""
        for piece in a.iter_content(1):  # requests has no limit for a whole answer
            body += piece
            if time.monotonic() > give_up:
                raise TimeoutError
        return a.status_code, dict(a.headers), body

    return await asyncio.to_thread(ask)


CLIENTS = (by_aiohttp, by_httpx, by_requests)


@pytest.fixture(scope="module")
def chaos() -> Iterator[Chaos]:
    with in_thread(Chaos()) as entered:
        yield entered


async def met(url: str, tls: Certificate, ask: Ask, *, streamed: bool) -> Failure | None:
    """What the failure is that a client meets; None where it gets a good answer."""
    dialect = dialect_of(url)
    assert dialect is not None
    try:
        status, headers, body = await ask(url, tls, ASKED | {"stream": streamed})
    except Exception as error:
        evidence: Evidence | None = Evidence(exception=error, url=url, mid_stream=streamed)
    else:
        evidence = flaw_in(status, headers, body, dialect=dialect, streamed=streamed, url=url)
    return None if evidence is None else classify(evidence, now_unix=time.time())


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_class(
    chaos: Chaos, fault: ConnectionFault | AnswerFault, ask: Ask, streamed: bool
) -> None:
    url = chaos.url_of(fault) + PATH
    failure = asyncio.run(met(url, chaos.trusted, ask, streamed=streamed))
    assert failure is not None, "the fault was taken for a good answer"
    expected = EXPECTED[fault]
    if fault == "truncated_sse" and not streamed:
        expected = ("invalid_response", True)  # half an object, whole as far as HTTP can tell
    assert (failure.class_, failure.passing) == expected, failure
    assert url.split("/")[2] in failure.tip, failure.tip


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("ask", CLIENTS)
def test_a_good_answer_is_no_failure(chaos: Chaos, ask: Ask, streamed: bool) -> None:
    assert asyncio.run(met(chaos.url + PATH, chaos.trusted, ask, streamed=streamed)) is None
