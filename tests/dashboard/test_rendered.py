"""A page that many look at is made once for each change; nobody gets one that is older than what they were told."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from beastmode.dashboard import rendered as module
from beastmode.dashboard.rendered import Rendered
from beastmode.dashboard.visitor import Visitor

ANN, BOB = Visitor(name="ann"), Visitor(may_read=True, name="bob")


@dataclass(slots=True)
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class App:
    """An app of one page behind `Rendered`.   told: what followers have heard; None: nobody follows.   gate: pages are
    made when it is set.   made: how many were begun."""

    def __init__(self, answer: Callable[[Request], Response] | None = None) -> None:
        self.told: str | None = "1"
        self.made = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._answer = answer or (lambda request: HTMLResponse(f"<body><main>{self.made}</main>"))
        app = Starlette(routes=[Route("/{path:path}", self._page)])
        self.rendered = Rendered(app, lambda: self.told, lambda: "now")

    async def ask(self, path: str = "/runs", visitor: Visitor = ANN, **headers: str) -> Answer:
        answer = Answer()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            answer.body += message.get("body", b"")

        await self.rendered(_scope(path, visitor, headers), _nothing, send)
        return answer

    async def _page(self, request: Request) -> Response:
        self.made += 1
        await self.gate.wait()
        return self._answer(request)


def _scope(path: str, visitor: Visitor, headers: dict[str, str]) -> dict[str, Any]:
    path, _, query = path.partition("?")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    shared = {"type": "http", "method": "GET", "scheme": "http", "server": ("127.0.0.1", 80), "root_path": ""}
    state = {"visitor": visitor}
    return {**shared, "path": path, "query_string": query.encode(), "headers": raw, "state": state}


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def played(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))


def test_fifty_who_ask_at_once_have_one_page_made() -> None:
    async def story() -> None:
        app = App()
        app.gate.clear()
        asking = [asyncio.create_task(app.ask()) for _ in range(50)]
        while not app.made:
            await asyncio.sleep(0)
        app.gate.set()
        assert {answer.body for answer in await asyncio.gather(*asking)} == {b"<body><main>1</main>"}
        assert app.made == 1

    played(story)


def test_it_is_made_again_when_a_change_was_told_and_not_before() -> None:
    async def story() -> None:
        app = App()
        for told, made in (("1", 1), ("1", 1), ("2", 2), ("2", 2), ("1", 3)):
            app.told = told
            assert (await app.ask()).body == b"<body><main>%d</main>" % made

    played(story)


def test_a_page_that_was_begun_before_the_change_is_not_kept_after_it() -> None:
    async def story() -> None:
        app = App()
        app.gate.clear()
        early = asyncio.create_task(app.ask())
        while not app.made:
            await asyncio.sleep(0)
        app.told = "2"
        late = asyncio.create_task(app.ask())
        while app.made < 2:
            await asyncio.sleep(0)
        app.gate.set()
        await asyncio.gather(early, late)
        await app.ask()
        assert app.made == 2

    played(story)


@pytest.mark.parametrize(
    "other",
    [{"path": "/runs?before=3"}, {"path": "/requests"}, {"visitor": BOB}, {"cookie": "beast-said-80=x"}],
)
def test_another_address_another_visitor_and_words_for_one_are_another_page(other: dict[str, Any]) -> None:
    async def story() -> None:
        app = App()
        await app.ask()
        await app.ask(**{**other, "host": "127.0.0.1:80"})
        assert app.made == 2
        await app.ask()
        assert app.made == 2

    played(story)


def test_while_nobody_follows_every_page_is_made_anew() -> None:
    async def story() -> None:
        app = App()
        app.told = None
        await app.ask()
        await app.ask()
        assert app.made == 2

    played(story)


@pytest.mark.parametrize(
    "answer",
    [
        HTMLResponse("not here", 404),
        RedirectResponse("/elsewhere"),
        PlainTextResponse("a log"),
        HTMLResponse("x", headers={"set-cookie": "a=b"}),
        HTMLResponse("x", headers={"vary": "hx-request"}),
    ],
)
def test_what_is_no_page_for_all_passes_as_it_is(answer: Response) -> None:
    async def story() -> None:
        app = App(lambda request: answer)
        given = await app.ask()
        assert (given.status, given.body) == (answer.status_code, answer.body)
        assert "etag" not in given.headers
        await app.ask()
        assert app.made == 2

    played(story)


def test_a_stream_flows_as_it_comes() -> None:
    async def story() -> None:
        sent, more = [], asyncio.Event()

        async def pieces() -> Any:
            yield "a"
            await more.wait()
            yield "b"

        async def send(message: Message) -> None:
            sent.append(message.get("body"))

        app = App(lambda request: StreamingResponse(pieces(), media_type="text/html"))
        asking = asyncio.create_task(app.rendered(_scope("/x", ANN, {}), asyncio.Event().wait, send))  # type: ignore[arg-type]
        while b"a" not in sent:
            await asyncio.sleep(0)
        more.set()
        await asking
        assert b"b" in sent

    played(story)


def test_who_waits_for_a_page_that_cannot_be_made_makes_their_own() -> None:
    async def story() -> None:
        def fails_once(request: Request) -> Response:
            del request
            if app.made == 1:
                raise OSError("the disk is gone")
            return HTMLResponse("well")

        app = App(fails_once)
        app.gate.clear()
        first, second = asyncio.create_task(app.ask()), asyncio.create_task(app.ask())
        while not app.made:
            await asyncio.sleep(0)
        app.gate.set()
        with pytest.raises(OSError, match="the disk is gone"):
            await first
        assert (await second).body == b"well"

    played(story)


def test_who_leaves_takes_the_page_from_nobody() -> None:
    async def story() -> None:
        app = App()
        app.gate.clear()
        first, second = asyncio.create_task(app.ask()), asyncio.create_task(app.ask())
        while not app.made:
            await asyncio.sleep(0)
        first.cancel()
        app.gate.set()
        assert (await second).status == 200

    played(story)


def test_a_browser_that_has_it_gets_nothing() -> None:
    async def story() -> None:
        app = App(lambda request: HTMLResponse(f"<body {request.state.version}><main>the same</main>"))
        mark = (await app.ask()).headers["etag"]
        app.told = "2"  # what stands around the page is another, what it shows is not
        again = await app.ask(if_none_match=mark)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == mark
        assert (await app.ask(if_none_match='W/"other"')).status == 200

    played(story)


def test_it_is_zipped_for_who_takes_that() -> None:
    async def story() -> None:
        app = App(lambda request: HTMLResponse("<main>" + "x" * 5000))
        plain, zipped = await app.ask(), await app.ask(accept_encoding="gzip, br")
        assert gzip.decompress(zipped.body) == plain.body
        assert (zipped.headers["content-encoding"], zipped.headers["vary"]) == ("gzip", "accept-encoding")
        assert int(zipped.headers["content-length"]) == len(zipped.body)
        assert app.made == 1

    played(story)


def test_what_shows_the_time_is_made_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        app = App()
        await app.ask()
        monkeypatch.setattr(module, "KEPT_S", 0.0)
        await app.ask()
        assert app.made == 2

    played(story)


def test_it_keeps_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        app = App(lambda request: HTMLResponse("x" * 400))
        for number in range(5):
            await app.ask(f"/{number}")
        assert len(app.rendered._pages) == 2
        assert app.rendered._bytes == 800
        await app.ask("/4")
        assert app.made == 5

    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    played(story)


def test_a_page_knows_a_version_that_it_is_not_older_than() -> None:
    async def story() -> None:
        app = App(lambda request: HTMLResponse(request.state.version))
        assert (await app.ask()).body == b"1"
        app.told = None
        assert (await app.ask()).body == b"now"

    played(story)
