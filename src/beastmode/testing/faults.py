"""Faults: how a good answer is broken on its way to the client. One function a fault."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from beastmode.testing.wire import Message, chunk, head_bytes

_FRAMING = ("connection", "content-length", "transfer-encoding", "keep-alive")
_CHUNKED = ("Transfer-Encoding", "chunked")
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in to continue</title></head>"
    b"<body><p>Please sign in.</p></body></html>"
)
_GARBAGE = b"\x00\xff\xfe not a word of HTTP \x80\x81\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer on its way.   reader: at its end when the client has gone.   drip_s: pause after a byte of a drip."""

    answer: Message
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    drip_s: float = 0.0

    @property
    def length(self) -> tuple[str, str]:
        """The framing of a body by its whole length."""
        return "Content-Length", str(len(self.answer.body))

    async def begin(self, framing: tuple[str, str], body: bytes = b"") -> None:
        """Send the head, and of the body as much as is given."""
        headers = (*self.answer.without(*_FRAMING), framing, ("Connection", "close"))
        self.writer.write(head_bytes(self.answer.start, headers) + body)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST: a linger of 0 seconds throws away what was not sent, and says so to the other side."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        """Wait for the client to hang up."""
        while await self.reader.read(1 << 16):
            pass


async def whole(delivery: Delivery) -> None:
    """The answer as it should be."""
    await delivery.begin(delivery.length, delivery.answer.body)


async def reset_before_headers(delivery: Delivery) -> None:
    """The request is taken, and the connection reset (RST, not FIN)."""
    delivery.reset()


async def reset_mid_body(delivery: Delivery) -> None:
    """Half of the body, then RST."""
    await delivery.begin(delivery.length, _half(delivery.answer.body))
    delivery.reset()


async def truncated_chunked(delivery: Delivery) -> None:
    """Half of a chunk, then the end of the connection (FIN)."""
    await delivery.begin(_CHUNKED, _half(chunk(delivery.answer.body)))


async def truncated_sse(delivery: Delivery) -> None:
    """A body that HTTP finds whole, and that lacks its last event; of one that is no stream, its second half."""
    complete = delivery.answer.body.rstrip(b"\n").rpartition(b"\n\n")[0]
    body = complete + b"\n\n" if complete else _half(delivery.answer.body)
    await delivery.begin(_CHUNKED, chunk(body) + chunk(b""))


async def hang_before_headers(delivery: Delivery) -> None:
    """Not a byte, and the connection stays."""
    await delivery.until_gone()


async def hang_mid_stream(delivery: Delivery) -> None:
    """Half of the body, then nothing more, and the connection stays."""
    await delivery.begin(_CHUNKED, chunk(_half(delivery.answer.body)))
    await delivery.until_gone()


async def html_200(delivery: Delivery) -> None:
    """A page with status 200, as a captive portal or a wrong path gives it."""
    page = Message("HTTP/1.1 200 OK", (("Content-Type", "text/html; charset=utf-8"),), _PAGE)
    await whole(Delivery(page, delivery.reader, delivery.writer))


async def garbage(delivery: Delivery) -> None:
    """Bytes that are no HTTP."""
    delivery.writer.write(_GARBAGE)


async def slow_drip(delivery: Delivery) -> None:
    """The right answer, one byte at a time: no single read ever waits long, the whole takes for ever."""
    await delivery.begin(delivery.length)
    for byte in delivery.answer.body:
        delivery.writer.write(bytes((byte,)))
        await delivery.writer.drain()
        await asyncio.sleep(delivery.drip_s)


BREAK: dict[str, Callable[[Delivery], Awaitable[None]]] = {
    fault.__name__: fault
    for fault in (
        reset_before_headers,
        reset_mid_body,
        truncated_chunked,
        truncated_sse,
        hang_before_headers,
        hang_mid_stream,
        html_200,
        garbage,
        slow_drip,
    )
}


def _half(body: bytes) -> bytes:
    return body[: max(1, len(body) // 2)]
