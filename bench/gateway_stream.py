"""Streams of 21 events, 1 ms apart, one after the other: how much later than without a gateway comes the first byte?"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median

from bench import gateway_servers as servers
from bench.contest import Contender, Figures, MissingError, Row, main
from bench.gateway_load import cpu_s, memory_mb
from bench.gateway_servers import BODY, PATH, Front, Served

ROW = Row(
    module="bench.gateway_stream",
    title="gateway: first byte of a stream behind the upstream",
    unit="ms",
    better="lower",
    target="at most 1 ms",
    sizes=dict.fromkeys(("beastmode", "nginx", "Portkey", "LiteLLM"), 200),
    rounds=2,
)
_WARM_UP = 20
_STREAMED = BODY.replace(b"{", b'{"stream": true, ', 1)


def behind(front: Front, size: int) -> Figures:
    """The difference of the medians of `size` streams each, with and without: asked in turn, on two connections."""
    with servers.stream_upstream() as upstream, front(upstream.url) as served:
        with _connected(upstream) as directly, _connected(served) as through:
            for _ in range(_WARM_UP):
                _stream(through, served)
            before_s = cpu_s(served.pid)
            pairs = [(_stream(directly, upstream), _stream(through, served)) for _ in range(size)]
            used_s = cpu_s(served.pid) - before_s
        (direct_s, direct_end_s), (first_s, end_s) = (
            tuple(median(each[side][at] for each in pairs) for at in (0, 1)) for side in (0, 1)
        )
        also = {"direct, ms": direct_s * 1e3, "last byte behind, ms": (end_s - direct_end_s) * 1e3}
        return Figures((first_s - direct_s) * 1e3, size, also, used_s, memory_mb(served.pid))


@contextmanager
def _connected(served: Served) -> Iterator[socket.socket]:
    host, _, port = served.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def _stream(connection: socket.socket, served: Served) -> tuple[float, float]:
    """Seconds until the first event and until the end of the stream."""
    fields = {"host": "localhost", "content-type": "application/json", "content-length": str(len(_STREAMED))}
    lines = [f"{name}: {value}\r\n" for name, value in (fields | dict(served.headers)).items()]
    began = time.perf_counter()
    connection.sendall(f"POST {PATH} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + _STREAMED)
    said, first_s = b"", 0.0
    while not said.endswith(b"0\r\n\r\n"):
        piece = connection.recv(65536)
        said += piece
        if not piece or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")):
            raise MissingError(f"it did not stream: {said[:60]!r}")
        if not first_s and b"data:" in said:
            first_s = time.perf_counter() - began
    if b"[DONE]" not in said:
        raise MissingError("its streams have no end")
    return first_s, time.perf_counter() - began


CONTENDERS: dict[str, Contender] = {
    "beastmode": partial(behind, servers.beast),
    "nginx": partial(behind, servers.nginx),
    "Portkey": partial(behind, servers.portkey),
    "LiteLLM": partial(behind, servers.litellm),
}

if __name__ == "__main__":
    main(CONTENDERS)
