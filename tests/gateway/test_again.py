"""Whether a request that has failed may be sent once more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from beastmode.failures.failure import Failure, Passing
from beastmode.gateway.again import as_told, may_be_done
from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.model_server import ModelServer
from tests.gateway.served import by_hand, gateway, records, serving_app
from tests.gateway.test_events import reset, say
from tests.gateway.test_hardening import BODY, CHAT, answering, post
from tests.gateway.test_transparency import says


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


@pytest.mark.parametrize(("wait_s", "then"), [(1.0, True), (None, False)])
def test_a_no_does_not_take_back_a_wait_that_a_throttle_states(wait_s: float | None, then: bool) -> None:
    throttled = Failure("rate_limit", "slow down", True, "tip", wait_s, throttle=True)
    assert as_told(throttled, {"x-should-retry": "false"}).passing is then


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


def refusing(status: int, *headers: bytes) -> bytes:
    head = b"HTTP/1.1 %d No\r\n%bContent-Length: 2\r\n\r\n{}"
    return head % (status, b"".join(line + b"\r\n" for line in headers))


def rounds(home: Path, first: bytes, spare: bytes, **limits: Any) -> tuple[int, int, int]:
    """The status that a client gets, and how often the first upstream and its spare were asked for it."""

    async def story() -> tuple[int, int, int]:
        heads: tuple[list[bytes], list[bytes]] = ([], [])
        async with answering(says(first, heads[0])) as one, answering(says(spare, heads[1])) as other:
            app = by_hand([one, other], home, limits=ProxyLimits(**limits))
            async with serving_app(app) as url:
                return (await post(url))[0], len(heads[0]), len(heads[1])

    return asyncio.run(asyncio.wait_for(story(), 60))


@pytest.mark.parametrize(
    "never", [refusing(503, b"X-Should-Retry: false"), refusing(401)], ids=["told", "401"]
)
@pytest.mark.parametrize("first", [True, False])
def test_an_upstream_that_has_said_no_for_good_is_not_asked_again_while_another_is(
    tmp_path: Path, never: bytes, first: bool
) -> None:
    passing = refusing(502)
    status, *asked = rounds(tmp_path, *((never, passing) if first else (passing, never)))
    assert status == 502
    assert asked == ([1, 3] if first else [3, 1])
    assert [(entry.tries, entry.status) for entry in records(tmp_path)] == [(4, 502)]


def test_one_that_says_no_but_states_a_wait_is_asked_again_after_it(tmp_path: Path) -> None:
    throttled = refusing(429, b"X-Should-Retry: false", b"Retry-After: 1")
    status, first, spare = rounds(tmp_path, throttled, refusing(401), queue_timeout_s=4.0)
    assert status == 429
    assert first > 1
    assert spare == 1


def test_where_all_have_said_no_for_good_that_is_told_at_once(tmp_path: Path) -> None:
    never = refusing(503, b"X-Should-Retry: false")
    assert rounds(tmp_path, never, refusing(401)) == (401, 1, 1)


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
