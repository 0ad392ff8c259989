"""Answers from memory: byte for byte what the upstream said, to the very same request, and never a partial one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.test_utils
import aiohttp.web
import pytest

from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.stack import Stack
from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.serve.caching import recall_asked
from beastmode.compose.ui.stats import LedgerStats
from beastmode.gateway.call import Call
from beastmode.gateway.client.head import head_of
from beastmode.gateway.client.incoming import HEAD, Incoming
from beastmode.gateway.client.reply import Reply
from beastmode.gateway.client.room import Share
from beastmode.gateway.dialects import dialect_for
from beastmode.gateway.headers import to_upstream
from beastmode.gateway.remembering import Remembering
from beastmode.store.entries.file import cache_path
from beastmode.store.entries.upkeep import clear_tag
from beastmode.store.ledger.entry import Entry
from beastmode.testing.chaos import ANSWER_FAULTS, Chaos, Trouble
from beastmode.testing.model_server import ModelServer
from tests.gateway.served import gateway, records
from tests.gateway.test_proxy import ask, ask_claude

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
ASKED_BEFORE = 'miss; why="asked before"'
HELLO = [{"role": "user", "content": "hello"}]


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 60))


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer mine"}) as session:
        yield session


async def post(
    session: aiohttp.ClientSession, url: str, path: str = CHAT, *, headers: Any = None, **changes: Any
) -> tuple[int, bytes, str]:
    """Status, body, and what is said of the cache."""
    body = {"model": "m-small", "max_tokens": 9, "temperature": 0, "messages": HELLO, **changes}
    async with session.post(url + path, json=body, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers.get("x-beast-cache", "")


def test_the_same_bytes_have_another_name_at_another_upstream_and_for_another_tenant() -> None:
    body = json.dumps({"model": "m-small", "temperature": 0, "messages": HELLO}).encode()
    scope = {HEAD: head_of("POST", CHAT, b"", [])}
    sources = [("http://a/v1", b"t"), ("http://b/v1", b"t"), ("http://a/v1", b"u"), ("http://a/v1", b"t")]

    async def nothing(*_: object) -> Any:
        raise AssertionError

    def name_at(source: tuple[str, bytes]) -> bytes:
        memory = Remembering(
            Stack(L1Memory(1000)), "all", SYSTEM_CLOCK, lambda call: source, held=Share(1, 0.0)
        )
        incoming, reply, dialect = Incoming(scope, nothing), Reply(nothing), dialect_for("POST", CHAT)
        call = Call(incoming, reply, reply, dialect, Entry(received_unix=0.0), 0.0, 0.0, body=body)
        call.asked = dialect.read(CHAT, "", body)
        recall = memory.consider(call)
        assert recall is not None
        return recall.key

    first, elsewhere, for_another, again = map(name_at, sources)
    assert first == again
    assert len({first, elsewhere, for_another}) == 3


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("stream", [False, True])
def test_the_second_answer_is_the_first_one_byte_for_byte(tmp_path: Path, path: str, stream: bool) -> None:
    async def story() -> tuple[Any, Any, int]:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url, client() as session:
            first, second = [await post(session, url, path, stream=stream) for _ in range(2)]
            return first, second, server.paid

    first, second, paid = run(story())
    assert paid == 1
    assert first[:2] == second[:2]
    assert first[2] == "miss; why=new"
    assert second[2] == "hit; tier=l1; age=0"
    kept = records(tmp_path)
    assert [entry.outcome for entry in kept] == ["upstream_ok", "hit"]
    assert next(entry.tokens_out for entry in kept) == kept[1].tokens_out
    assert kept[1].cost_usd == 0.0
    assert kept[1].upstream == kept[0].upstream != ""


def test_a_gateway_that_starts_again_finds_it_on_disk(tmp_path: Path) -> None:
    async def story() -> tuple[list[str], int]:
        told = []
        async with ModelServer() as server, client() as session:
            for _ in range(2):
                async with gateway(server.url, tmp_path) as url:
                    told += [(await post(session, url, stream=True))[2] for _ in range(2)]
            return told, server.paid

    told, paid = run(story())
    assert paid == 1
    assert [one.split("; age")[0] for one in told] == [
        "miss; why=new",
        *["hit; tier=l1"],
        "hit; tier=l3",
        "hit; tier=l1",
    ]


@pytest.mark.parametrize(
    ("mode", "changes", "why"),
    [
        ("deterministic", {"temperature": 1}, 'miss; why="not deterministic"'),
        ("all", {"store": True}, "miss; why=stateful"),
        ("off", {}, "off"),
    ],
)
def test_what_may_not_be_remembered_is_asked_again_and_says_why(
    tmp_path: Path, mode: Any, changes: Any, why: str
) -> None:
    async def story() -> tuple[list[str], int]:
        async with (
            ModelServer() as server,
            gateway(server.url, tmp_path, cache=mode) as url,
            client() as session,
        ):
            return [(await post(session, url, **changes))[2] for _ in range(2)], server.paid

    assert run(story()) == ([why, why], 2)
    assert {entry.outcome for entry in records(tmp_path)} == {"upstream_ok"}


def test_a_gateway_that_starts_again_knows_what_the_disk_knew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recalled = asyncio.Event()

    async def recall(*given: Any) -> None:
        await recall_asked(*given)
        recalled.set()

    monkeypatch.setattr("beastmode.compose.serve.application.recall_asked", recall)

    async def story() -> str:
        async with ModelServer() as server, client() as session:
            async with gateway(server.url, tmp_path) as url:
                await post(session, url)
            recalled.clear()
            async with gateway(server.url, tmp_path) as url:
                await recalled.wait()
                clear_tag(cache_path(tmp_path), "model:m-small", 0.0)
                return (await post(session, url))[2]

    assert run(story()) == ASKED_BEFORE


def test_all_remembers_what_is_not_deterministic_too(tmp_path: Path) -> None:
    async def story() -> int:
        async with (
            ModelServer() as server,
            gateway(server.url, tmp_path, cache="all") as url,
            client() as session,
        ):
            assert (await post(session, url, temperature=1))[1] == (await post(session, url, temperature=1))[
                1
            ]
            return server.paid

    assert run(story()) == 1


def test_another_credential_has_answers_of_its_own(tmp_path: Path) -> None:
    async def story() -> int:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url, client() as session:
            await post(session, url)
            await post(session, url, headers={"Authorization": "Bearer another"})
            return server.paid

    assert run(story()) == 2


def test_a_client_s_tags_go_no_further_and_change_no_key(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url, client() as session:
            said = ["team-a, b", "<b>", ""]
            told = [(await post(session, url, headers={"x-beast-cache-tags": one}))[2] for one in said]
            told += [(await post(session, url, max_tokens=7, headers={"x-beast-cache-tags": "run:r1"}))[2]]
            return told

    hit = "hit; tier=l1; age=0"
    assert run(story()) == ["miss; why=new", hit, hit, "miss; why=new; ignored=tags"]
    assert to_upstream([(b"x-beast-cache-tags", b"team-a"), (b"accept", b"*/*")]) == [(b"accept", b"*/*")]


@pytest.mark.parametrize("tag", ["team-a", "model:m-small", "run:r7", "task:a b", "upstream:{host}"])
def test_a_clear_of_a_tag_reaches_a_running_gateway(tmp_path: Path, tag: str) -> None:
    async def story() -> list[str]:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url, client() as session:
            cleared = tag.format(host=server.url.removeprefix("http://"))
            headers = {"x-beast-cache-tags": "team-a"}
            one: tuple[str, Any, str] = ("/t/~r7~a%20b" + CHAT, headers, "m-small")
            other: tuple[str, Any, str] = ("/t/~r8~b" + CHAT, {}, "m-large")

            async def told(path: str, headers: Any, model: str) -> str:
                return (await post(session, url, path, headers=headers, model=model))[2]

            first = [await told(*one), await told(*other)]
            clear_tag(cache_path(tmp_path), cleared, 0.0)
            while (again := await told(*one)).startswith("hit"):
                await asyncio.sleep(0.01)
            return [*first, again, await told(*other)]

    *first, again, other = run(story())
    assert first == ["miss; why=new"] * 2
    assert again == ASKED_BEFORE
    assert other.startswith("miss" if tag.startswith("upstream") else "hit; tier=l1")


def test_cache_control_is_honoured(tmp_path: Path) -> None:
    async def story() -> tuple[list[tuple[int, str]], int]:
        async with ModelServer() as server, gateway(server.url, tmp_path) as url, client() as session:
            wishes = ["only-if-cached", "no-store", "", "no-cache", "max-age=0, only-if-cached", "max-age=60"]
            answers = [await post(session, url, headers={"cache-control": wish}) for wish in wishes]
            return [(status, told) for status, _, told in answers], server.paid

    told, paid = run(story())
    assert [status for status, _ in told] == [504, 200, 200, 200, 504, 200]
    assert told[0][1] == "miss; why=only-if-cached"
    assert told[1][1] == "miss; why=no-store"
    assert told[3][1] == "miss; why=no-cache"
    assert told[4][1] == 'miss; why="older than max-age"'
    assert told[5][1].startswith("hit; tier=l1")
    assert paid == 3


def test_what_could_have_been_answered_from_memory_is_counted(tmp_path: Path) -> None:
    """Two that fail and one after them, then hits, identical ones at once, and what no cache may answer."""
    troubles = [Trouble(status=400)] * 2

    async def story() -> None:
        async with (
            ModelServer() as server,
            Chaos(server.url, plan=lambda _: troubles.pop() if troubles else Trouble()) as chaos,
            gateway(chaos.url, tmp_path) as url,
            client() as session,
        ):
            for _ in range(5):
                await post(session, url)
            await asyncio.gather(*(post(session, url, max_tokens=7) for _ in range(3)))
            await post(session, url, headers={"cache-control": "no-cache"})
            for _ in range(2):
                await post(session, url, temperature=1)
                await post(session, url, headers={"cache-control": "no-store"})

    run(story())
    now = records(tmp_path)[-1].received_unix
    over = LedgerStats(tmp_path).over(now - 3600, now + 3600)
    came = dict(over.outcomes or {})
    assert came.pop("hit") + came.pop("shared", 0) == 4  # those at once may come one after the other
    assert came == {"failed": 2, "upstream_ok": 7}
    assert over.repeats == 6  # of the same question the second on, and two that came with another


@pytest.mark.parametrize("fault", [fault for fault in ANSWER_FAULTS if fault != "slow_drip"])
@pytest.mark.parametrize("stream", [False, True])
def test_nothing_partial_is_ever_kept(tmp_path: Path, fault: Any, stream: bool) -> None:
    troubles = [Trouble(fault=fault)]

    async def story() -> tuple[tuple[int, bytes, str], int]:
        async with (
            ModelServer() as server,
            Chaos(server.url, plan=lambda _: troubles.pop() if troubles else Trouble()) as chaos,
            gateway(chaos.url, tmp_path, idle_s=1.0) as url,
            client() as session,
        ):
            with suppress(aiohttp.ClientError):
                await post(session, url, stream=stream)
            return await post(session, url, stream=stream), server.paid

    (status, body, _), _ = run(story())
    assert status == 200
    assert (b"[DONE]" in body) if stream else json.loads(body)["choices"]


@pytest.mark.parametrize("stopped", ["length", "content_filter"])
def test_what_was_cut_short_or_filtered_is_not_kept(tmp_path: Path, stopped: str) -> None:
    asked = []

    async def cut(request: Any) -> Any:
        asked.append(await request.read())
        message = {"role": "assistant", "content": "It is"}
        choice = {"index": 0, "message": message, "finish_reason": stopped}
        return aiohttp.web.json_response({"object": "chat.completion", "choices": [choice]})

    async def story() -> list[str]:
        server = aiohttp.test_utils.TestServer(handled_by(cut))
        async with server, gateway(str(server.make_url("")), tmp_path) as url, client() as session:
            return [(await post(session, url))[2] for _ in range(2)]

    assert run(story()) == ["miss; why=new", ASKED_BEFORE]
    assert len(asked) == 2
    assert "not kept" in records(tmp_path)[0].cache_why


def handled_by(handler: Any) -> Any:
    app = aiohttp.web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    return app


def test_unmodified_clients_are_answered_from_memory(tmp_path: Path) -> None:
    async def story() -> tuple[list[str], int]:
        async with ModelServer() as server, gateway(server.url, tmp_path, cache="all") as url:
            said = [await ask(url, stream=True), await ask_claude(url)]
            said += [await ask(url, stream=True), await ask_claude(url)]
            return said, server.paid

    said, paid = run(story())
    assert paid == 2
    assert said == ["It is done."] * 4
    assert [entry.cache for entry in records(tmp_path)] == ["miss", "miss", "hit", "hit"]
