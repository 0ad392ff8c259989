"""Real servers on loopback whose every byte a test decides, and which count what reaches them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""For `localhost` and not for 127.0.0.1, signed by itself. Its key guards nothing."""


@dataclass(slots=True)
class Server:
    """port: on 127.0.0.1.   requests: head and body of each, as they came.   closed: connections that the client
    has closed, counted when the server sees it."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/path"


Handler = Callable[[socket.socket], None]


@contextmanager
def serving(handle: Handler, *, tls: bool = False) -> Iterator[Server]:
    """A server that reads each request, then does as `handle` says, then waits until the client hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def talk(plain: socket.socket) -> None:
        plain.settimeout(60)
        with suppress(OSError), context.wrap_socket(plain, server_side=True) if tls else plain as connection:
            server.requests.append(_request(connection))
            with suppress(OSError):  # the client may have gone by then
                handle(connection)
            with suppress(OSError):
                while connection.recv(1 << 16):
                    pass
            server.closed.release()
        plain.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def says(*pieces: bytes | str) -> Handler:
    """Send these pieces and close this end."""

    def handle(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece.encode() if isinstance(piece, str) else piece)
        connection.shutdown(socket.SHUT_WR)

    return handle


def answers(body: bytes | str = b"", *headers: str, status: str = "200 OK") -> Handler:
    """A whole HTTP answer."""
    sent = body.encode() if isinstance(body, str) else body
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(sent)}", *headers))
    return says(f"{head}\r\n", sent)


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _request(connection: socket.socket) -> bytes:
    """Head and body, by its Content-Length; whatever came of a handshake for TLS."""
    data = b""
    while b"\r\n\r\n" not in data and data[:1] != b"\x16":
        piece = connection.recv(1 << 16)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    ]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body
