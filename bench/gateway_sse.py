"""A model server that only streams: 21 events of a chat completion, the first at once, the others 1 ms apart.

python -m bench.gateway_sse PORT
"""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop

EVENTS, APART_S = 21, 0.001
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_END = b"0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(number: int) -> bytes:
    choice = {"index": 0, "delta": {"content": f"word {number} "}, "finish_reason": None}
    said = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return _chunk(b"data: %b\n\n" % json.dumps(said).encode("ascii"))


_PIECES = (*(_event(number) for number in range(EVENTS - 1)), _chunk(b"data: [DONE]\n\n") + _END)


class Streaming(asyncio.Protocol):
    """Answers each request of a connection when it is whole. Knows of requests no more than where they end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport, self._read = transport, b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, whole, rest = self._read.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if whole and len(rest) >= int(lengths[0].split(b":")[1]):
            self._read = b""
            self._transport.write(_HEAD + _PIECES[0])
            self._go_on(1)

    def _go_on(self, at: int) -> None:
        asyncio.get_running_loop().call_later(APART_S, self._write, at)

    def _write(self, at: int) -> None:
        self._transport.write(_PIECES[at])
        if at + 1 < len(_PIECES):
            self._go_on(at + 1)


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Streaming, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
