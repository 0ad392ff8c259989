"""Whether a request that has failed may be sent once more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from beastmode.failures.failure import Failure, Passing
from beastmode.gateway.again import as_told, may_be_done
from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.model_server import ModelServer
from tests.gateway.served import by_hand, gateway, records, serving_app
from tests.gateway.test_events import reset, say
from tests.gateway.test_hardening import BODY, CHAT, answering, post


@pytest.mark.parametrize(
    ("said", "passing", "then"),
    [
        ("false", True, False),
        ("False", True, False),
        ("false", "after", "after"),
        ("true", False, True),
        ("true", "after", "after"),
        ("", True, True),
        ("perhaps", False, False),
    ],
)
def test_the_upstream_s_word_counts(said: str, passing: Passing, then: Passing) -> None:
    failure = Failure("server_error", "broken", passing, "tip")
    assert as_told(failure, {"x-should-retry": said}).passing == then


@pytest.mark.parametrize(
    ("class_", "method", "path", "may"),
    [
        ("connection_reset", "POST", "/v1/batches", True),
        ("timeout", "POST", "/v1/files", True),
        ("server_error", "PATCH", "/v1/anything", True),
        ("overloaded", "POST", "/v1/batches", False),
        ("rate_limit", "POST", "/v1/batches", False),
        ("timeout", "GET", "/v1/files", False),
        ("timeout", "DELETE", "/v1/files/x", False),
        ("timeout", "POST", "/api/chat", False),
        ("connection_reset", "POST", "/completion/", False),
    ],
)
def test_what_may_have_been_done_is_not_done_twice(class_: str, method: str, path: str, may: bool) -> None:
    assert may_be_done(Failure(class_, "broken", True, "tip"), method, path) is may


@pytest.mark.parametrize(
    ("status", "said", "tries"), [(503, b"false", 1), (400, b"true", 3), (503, b"true", 3)]
)
def test_a_word_of_the_upstream_ends_or_allows_the_retries(
    tmp_path: Path, status: int, said: bytes, tries: int
) -> None:
    body = b'{"error": {"message": "no"}}'
    head = b"HTTP/1.1 %d No\r\nX-Should-Retry: %b\r\nContent-Length: %d\r\n\r\n" % (status, said, len(body))

    async def story() -> None:
        async with answering(say([head + body])) as upstream, gateway(upstream, tmp_path) as url:
            assert (await post(url))[0] == status

    asyncio.run(asyncio.wait_for(story(), 60))
    assert [entry.tries for entry in records(tmp_path)] == [tries]


@pytest.mark.parametrize(("path", "tries", "class_"), [("/v1/batches", 1, "connection_reset"), (CHAT, 2, "")])
def test_a_batch_that_may_have_begun_is_begun_nowhere_else(
    tmp_path: Path, path: str, tries: int, class_: str
) -> None:
    async def story() -> int:
        async with ModelServer() as spare, answering(say([b""], reset)) as ill:
            app = by_hand([ill, spare.url], tmp_path, limits=ProxyLimits(retries=2))
            async with serving_app(app) as url, aiohttp.ClientSession() as session:
                await session.post(url + path, data=BODY)
            return len(spare.asked)

    assert asyncio.run(asyncio.wait_for(story(), 60)) == tries - 1
    assert [(entry.tries, entry.class_) for entry in records(tmp_path)] == [(tries, class_)]


def test_answers_that_are_tried_again_take_room_for_one_of_them(tmp_path: Path) -> None:
    """Those of the tries before are forgotten: they take from nobody what is held of a good one."""
    broken = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400000\r\n\r\n"
        + b"x" * 400_000
    )

    async def story() -> int:
        limits = ProxyLimits(retries=3, most_held_answers_bytes=1_000_000)
        async with answering(say([broken])) as upstream, gateway(upstream, tmp_path, limits=limits) as url:
            return (await post(url))[0]

    assert asyncio.run(asyncio.wait_for(story(), 60)) == 502
    assert [entry.tries for entry in records(tmp_path)] == [4]
