"""Incoming: a client's request as it comes in, and whether that client is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from beastmode.cache import codings
from beastmode.gateway.client.at_once import own_task
from beastmode.gateway.client.body import Body
from beastmode.gateway.client.head import Head, Headers, head_of
from beastmode.gateway.client.room import FIRST_BYTES, Place, Room
from beastmode.gateway.client.spare import spare_of

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]

HEAD = "beast.head"
"""In a scope: its `Head`, where that has been read."""

LOST = "beast.lost"
"""In a scope: the set of what is to be called when its connection is lost. ASGI tells of that only to a task that waits
for it; one for each request cost a tenth of its CPU."""

FLAW = "beast.flaw"
"""In a scope: why the request cannot be read, where it cannot."""

_MOST_KNOWN = 16
_TO_END_S = 1.0


class ClientGoneError(Exception):
    """The client has hung up; nobody waits for an answer."""


class UnreadableError(Exception):
    """What the client sends is no HTTP; its text says why."""


class BodyTooLargeError(Exception):
    """The client sends more than is taken."""


class Incoming:
    """One request: what its head says (`head.Head`), and its body as it comes in.

    address: of the client, without its port; "" where it is not known.   known: of the head.
    """

    __slots__ = (
        "_as_sent",
        "_body",
        "_first",
        "_lost",
        "_place",
        "_receive",
        "_scope",
        "address",
        "head_bytes",
        "headers",
        "key_at",
        "keys",
        "known",
        "method",
        "path",
        "query",
        "token",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        head: Head = scope.get(HEAD) or _head_in(scope)
        self.method, self.path, self.query, self.token = head.method, head.path, head.query, head.token
        self.headers, self._first, self.head_bytes = head.headers, head.first, head.size
        self.keys, self.key_at, self.known = head.keys, head.key_at, head.known
        self.address: str = (scope.get("client") or ("",))[0]
        self._scope, self._receive = scope, receive
        self._as_sent: Headers | None = None
        self._place: Place | None = None
        self._body: Body | None = None
        self._lost: set[Callable[[], None]] = scope.get(LOST, set())

    @property
    def flaw(self) -> str:
        """Why it cannot be read, as far as it has come; "" where it can."""
        flaw: str = self._scope.get(FLAW, "")
        return flaw

    def header(self, name: bytes) -> str:
        """The first value of a header, "" without one.   name: in lower case."""
        value = self._first.get(name)
        return "" if value is None else value.decode("latin-1")

    def has_any(self, names: frozenset[bytes]) -> bool:
        """Has it a header of one of these names?   names: in lower case."""
        return not names.isdisjoint(self._first)

    def know(self, about: object, what: Any) -> None:
        """Of what follows from its bytes: keep it, for all requests that are the same byte for byte."""
        if len(self.known) >= _MOST_KNOWN:
            self.known.clear()
        self.known[about] = what

    def take_plain(self) -> None:
        """Ask for an answer that is not packed, from here on: the client has been told that it will not be."""
        self._as_sent = self._as_sent or self.headers
        others = [(name, value) for name, value in self.headers if name != codings.HEADER]
        self.headers = [*others, (codings.HEADER, b"identity")]
        self._first = {**self._first, codings.HEADER: b"identity"}

    @property
    def codings(self) -> bytes | None:
        """What its client has said of the packings that it takes; None for nothing."""
        return codings.joined(self._as_sent or self.headers)

    async def body(self, most_bytes: int, room: Room) -> bytes:
        """All of it. What it takes of the room is held until `let_go`.

        Raises BodyTooLargeError, as soon as that is known, NoRoomError, UnreadableError, and ClientGoneError.
        """
        place = self._place = Place(room)
        length = self.header(b"content-length")
        if not length:
            self._see_coding()
        stated = int(length) if length.isdecimal() else most_bytes
        if stated > most_bytes:
            raise BodyTooLargeError
        if length and stated > FIRST_BYTES:
            await place.expect(stated)
        message = await self._next()
        piece: bytes = message.get("body", b"")
        if not message.get("more_body"):
            place.hold(_bounded(len(piece), most_bytes))
            return piece
        body = self._body = Body(stated)
        while True:
            piece = message.get("body", b"")
            place.hold(_bounded(body.size + len(piece), most_bytes))
            body.add(piece)
            if not message.get("more_body"):
                return body.whole
            message = await self._next()

    def let_go(self) -> None:
        """Nobody needs the body any more. Idempotent."""
        if self._place is not None:
            self._place.let_go()
        if self._body is not None:
            loop = asyncio.get_running_loop()
            self._body.give_back(spare_of(loop), loop.call_later)

    def _see_coding(self) -> None:
        coding = self.header(b"transfer-encoding").strip().lower()
        if coding not in ("", "chunked"):
            raise UnreadableError(f"its transfer-encoding is {coding[:100]}, and only chunked is read")

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise UnreadableError(self.flaw) if self.flaw else ClientGoneError
        return message

    def watched(self, answered: Callable[[], bool]) -> Watched:
        """`async with incoming.watched(…)`: within, a client that goes away cancels what is awaited; ClientGoneError
        is raised instead.   answered: all that the client needs has been sent. Real ones leave a stream at its last
        event, so the call has a moment more to end by itself then."""
        return Watched(self._lost, answered)


class Watched:
    """One request, while its client may go away."""

    __slots__ = ("_answered", "_gone", "_lost", "_moment", "_task")

    def __init__(self, lost: set[Callable[[], None]], answered: Callable[[], bool]) -> None:
        self._lost, self._answered = lost, answered
        self._gone = False
        self._task: asyncio.Task[Any] | None = None
        self._moment: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        self._lost.add(self._has_lost)
        try:
            self._task = await own_task()
            if self._gone:
                raise ClientGoneError
        except BaseException:
            self._lost.discard(self._has_lost)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lost.discard(self._has_lost)
        if self._moment is not None:
            self._moment.cancel()
        if self._gone and isinstance(error, asyncio.CancelledError) and self._uncancelled():
            raise ClientGoneError from None

    def _uncancelled(self) -> bool:
        """Nobody else has cancelled its task."""
        return self._task is not None and self._task.uncancel() == 0

    def _has_lost(self) -> None:
        if self._answered():
            self._moment = asyncio.get_running_loop().call_later(_TO_END_S, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self._gone = True
        if self._task is not None:
            self._task.cancel()


def _bounded(size: int, most_bytes: int) -> int:
    if size > most_bytes:
        raise BodyTooLargeError
    return size


def _head_in(scope: Scope) -> Head:
    raw: bytes | None = scope.get("raw_path")
    path = scope["path"] if raw is None else raw.decode("latin-1")
    return head_of(scope["method"], path, scope["query_string"], scope["headers"])
