"""Faults of the way there, made for real on loopback, as aiohttp and urllib meet them: each its class."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence

Handler = Callable[[socket.socket], None]
EVENT = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":null}]}\n\n'
PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head></html>"


def answering(*parts: bytes, then: str = "close") -> Handler:
    """Read a request, send the parts, and close, reset, or be silent until the client goes."""

    def handle(connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n{}"):
            request += connection.recv(65536)
        for part in parts:
            connection.sendall(part)
        if then == "hang":
            connection.recv(1)
        if then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return handle


@contextmanager
def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on loopback for one connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                plain, _ = listener.accept()
                with plain, tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
                    handler(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FAULTS: dict[str, tuple[Handler, str]] = {
    "reset before headers": (answering(then="reset"), "connection_reset"),
    "closed before headers": (answering(), "connection_reset"),
    "truncated chunks": (
        answering(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        "truncated_stream",
    ),
    "a wrong length": (answering(HEAD + b"Content-Length: 100\r\n\r\n{"), "truncated_stream"),
    "truncated events": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + EVENT),
        "truncated_stream",
    ),
    "hang before headers": (answering(then="hang"), "timeout"),
    "hang in the stream": (answering(HEAD + b"Content-Length: 9\r\n\r\n{", then="hang"), "timeout"),
    "a page": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE),
        "invalid_response",
    ),
    "garbage": (answering(b"\x00\x01 this is no HTTP at all\r\n\r\n"), "invalid_response"),
}


async def met(url: str, timeout_s: float = 20) -> Evidence:
    """What a caller with aiohttp knows after one request."""
    answer, received = None, b""
    try:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, data=b"{}") as answer:
            async for chunk in answer.content.iter_any():
                received += chunk
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return Evidence(
            answer.status if answer else None, {}, received, error, mid_stream=bool(received), url=url
        )
    streamed = answer.headers.get("content-type", "") == "text/event-stream"
    return Evidence(answer.status, dict(answer.headers), received, mid_stream=streamed, url=url)


def class_of(
    handler: Handler, tls: ssl.SSLContext | None = None, scheme: str = "http", timeout_s: float = 20
) -> str:
    with serving(handler, tls) as port:
        evidence = asyncio.run(met(f"{scheme}://127.0.0.1:{port}/v1", timeout_s))
    return classify(evidence, now_unix=0).class_


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_by_what_it_is(fault: str) -> None:
    handler, class_ = FAULTS[fault]
    assert class_of(handler, timeout_s=0.2 if class_ == "timeout" else 20) == class_


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    failure = classify(asyncio.run(met(url)), now_unix=0)
    assert failure.class_ == "connection_refused"
    assert url.split("/")[2] in failure.tip


def test_a_name_that_nobody_has() -> None:
    assert classify(asyncio.run(met("http://no-such-host.invalid/v1")), now_unix=0).class_ == "dns"


def test_a_certificate_that_is_for_another_host_and_a_plain_call_to_a_tls_port(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([*made, "-days", "2", "-subj", "/CN=other.example"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    assert class_of(answering(), context, "https") == "tls"
    assert class_of(answering(), context, "http") in ("connection_reset", "invalid_response")


def test_urllib_says_the_same() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(OSError, match="refused") as error:
        urllib.request.urlopen(url, timeout=5)
    assert classify(Evidence(exception=error.value), now_unix=0).class_ == "connection_refused"
