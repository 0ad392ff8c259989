"""Wire: one HTTP/1.1 message read from a raw connection, and written the way a fault wants it.

A real HTTP library repairs or refuses exactly what a chaos server has to send; so this is by hand, and knows only
what tests need: one message a connection, bodies by length, by chunks, or to the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

MOST_HEAD_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer.

    start: its first line, like `POST /v1/messages HTTP/1.1` or `HTTP/1.1 200 OK`.   headers: as they came, in
    order.   body: without its framing.
    """

    start: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def method(self) -> str:
        """Of a request: GET, POST, …"""
        return self.start.split(" ", 1)[0]

    @property
    def target(self) -> str:
        """Of a request: its path with its query."""
        return self.start.split(" ", 2)[1]

    def header(self, name: str) -> str:
        """The first header of that name, in any case; "" where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        """The headers but for those of `names` (lower case)."""
        return tuple((key, value) for key, value in self.headers if key.lower() not in names)


@dataclass(slots=True)
class Arriving:
    """A message whose head has come.   pieces: its body, as it comes, without its framing."""

    head: Message
    pieces: AsyncIterator[bytes] = field(repr=False)

    async def whole(self) -> Message:
        """The message with all of its body."""
        body = b"".join([piece async for piece in self.pieces])
        return Message(self.head.start, self.head.headers, body)


async def read_message(reader: asyncio.StreamReader, *, answer_to: str = "") -> Arriving:
    """The next message of a connection.   answer_to: the method of the request that it answers; "": a request.

    Raises asyncio.IncompleteReadError where the other side hangs up, ValueError where it speaks no HTTP.
    """
    raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = raw[:-4].split("\r\n")
    if len(start.split(" ")) < 2:
        raise ValueError(f"no HTTP: {start[:80]!r}")
    pairs = (line.partition(":") for line in lines)
    head = Message(start, tuple((name.strip(), value.strip()) for name, _, value in pairs))
    return Arriving(head, _pieces(reader, head, answer_to))


async def _pieces(reader: asyncio.StreamReader, head: Message, answer_to: str) -> AsyncIterator[bytes]:
    if answer_to == "HEAD" or head.start.split(" ")[1] in ("204", "304"):
        return
    if "chunked" in head.header("transfer-encoding").lower():
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif length := head.header("content-length"):
        remaining = int(length)
        while remaining:
            piece = await reader.read(min(remaining, 1 << 16))
            if not piece:
                raise asyncio.IncompleteReadError(b"", remaining)
            remaining -= len(piece)
            yield piece
    elif answer_to:
        while piece := await reader.read(1 << 16):
            yield piece


def head_bytes(start: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of a message as it stands on the wire."""
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(piece: bytes) -> bytes:
    """One chunk of a chunked body. An empty piece is its end."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)
