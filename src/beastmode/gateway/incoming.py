"""Incoming: a client's request as it comes in, and whether that client is still there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from beastmode.gateway.carried import take_out

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Headers = Sequence[tuple[bytes, bytes]]

_TOKEN_AT = "/t/"  # noqa: S105 - where a token stands in a path

_PACKINGS = b"accept-encoding"
_TO_END_S = 1.0


class ClientGoneError(Exception):
    """The client has hung up; nobody waits for an answer."""


class BodyTooLargeError(Exception):
    """The client sends more than is taken."""


class Incoming:
    """One request. Its path and headers are as sent, byte for byte; the token of its path is taken out, and so are
    keys of ours, wherever they stand but in the body: nothing that comes later can pass one on.

    token: of `/t/TOKEN/v1/…`, "" without: it names key, run, task and attempt, so that the credential headers stay
    free.   path: percent-encoded, begins with a slash.   query: without the question mark.
    keys: of ours, in headers and query; key_at: the header in which an upstream of this client wants its own.
    address: of the client, without its port; "" where it is not known.
    """

    __slots__ = ("_receive", "address", "headers", "key_at", "keys", "method", "path", "query", "token")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        query = scope["query_string"].decode("latin-1")
        self.headers, self.query, self.keys, self.key_at = take_out(scope["headers"], query)
        raw: bytes | None = scope.get("raw_path")
        path = scope["path"] if raw is None else raw.decode("latin-1")
        self.token, self.path = split_token(path)
        self.address: str = (scope.get("client") or ("",))[0]
        self._receive = receive

    def header(self, name: bytes) -> str:
        """The first value of a header, "" without one.   name: in lower case."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")

    def take_plain(self) -> None:
        """Ask for an answer that is not packed, from here on: the client has been told that it will not be."""
        others = [(name, value) for name, value in self.headers if name != _PACKINGS]
        self.headers = [*others, (_PACKINGS, b"identity")]

    async def body(self, most_bytes: int) -> bytes:
        """All of it. Raises BodyTooLargeError, as soon as that is known, and ClientGoneError."""
        length = self.header(b"content-length")
        if length.isdecimal() and int(length) > most_bytes:
            raise BodyTooLargeError
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > most_bytes:
                raise BodyTooLargeError
            if not message.get("more_body"):
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def head_bytes(self) -> int:
        """About how large its line and its headers are."""
        line = len(self.path) + len(self.query)
        return line + sum(len(name) + len(value) for name, value in self.headers)

    @asynccontextmanager
    async def watched(self, answered: Callable[[], bool]) -> AsyncIterator[None]:
        """Within, a client that goes away cancels what is awaited; ClientGoneError is raised instead.

        answered: all that the client needs has been sent. `receive` then says "disconnect" also of clients that stay,
        and real ones leave a stream at its last event; the call has a moment more to end by itself.
        To be entered once the body has been read: only `receive` tells that a client has gone, and nothing else may
        be waiting there.
        """
        task = asyncio.current_task()
        assert task is not None
        gone = False

        async def watch() -> None:
            nonlocal gone
            while (await self._receive())["type"] != "http.disconnect":
                pass
            if answered():
                await asyncio.sleep(_TO_END_S)
            gone = True
            task.cancel()

        watcher = asyncio.get_running_loop().create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if gone and task.uncancel() == 0:
                raise ClientGoneError from None
            raise
        finally:
            watcher.cancel()


def split_token(path: str) -> tuple[str, str]:
    """The token of `/t/TOKEN/…` and the path behind it; "" and the path itself where there is none."""
    if not path.startswith(_TOKEN_AT):
        return "", path
    token, slash, rest = path.removeprefix(_TOKEN_AT).partition("/")
    return token, slash + rest or "/"
