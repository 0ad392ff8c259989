"""Chaos: a server on loopback, or a proxy in front of a real one, whose faults are real.

Names that do not resolve, ports that refuse, certificates for another host, connections that are reset, bodies
that end early, streams that never do: made with sockets, so that every client meets what it would meet outside.
"""

from __future__ import annotations

import asyncio
import random
import socket
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, get_args
from urllib.parse import urlsplit

from beastmode.testing.certificates import Certificate, make_certificate
from beastmode.testing.faults import BREAK, Delivery, whole
from beastmode.testing.model_answers import answer_to
from beastmode.testing.wire import Arriving, Message, chunk, head_bytes, read_message

ConnectionFault = Literal["refused", "dns", "tls_wrong_host", "plain_on_tls_port"]
AnswerFault = Literal[
    "reset_before_headers",
    "reset_mid_body",
    "truncated_chunked",
    "truncated_sse",
    "hang_before_headers",
    "hang_mid_stream",
    "html_200",
    "garbage",
    "slow_drip",
]
CONNECTION_FAULTS: tuple[ConnectionFault, ...] = get_args(ConnectionFault)
"""What a client meets before it can ask anything."""
ANSWER_FAULTS: tuple[AnswerFault, ...] = get_args(AnswerFault)
"""What it gets for an answer. docs/testing.md says what each does."""
FAULTS: tuple[ConnectionFault | AnswerFault, ...] = (*CONNECTION_FAULTS, *ANSWER_FAULTS)

_PREFIX = "/fault/"
_WORDS = ("It", " is", " done", ".")
_HOP = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "host", "expect")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to one request.

    fault: breaks its answer.   status: chaos answers with it by itself, and the upstream hears nothing.
    retry_after: the header of that answer; "": it has none.   latency_s, jitter_s: the request is held for the
    first, and up to the second more, before it goes on.   copies: how often the upstream gets it; the client
    gets the last answer.
    """

    fault: AnswerFault | None = None
    status: int = 0
    retry_after: str = ""
    latency_s: float = 0.0
    jitter_s: float = 0.0
    copies: int = 1


NO_TROUBLE = Trouble()


class Chaos:
    """`async with Chaos() as chaos:`, then point a client at `chaos.url_of(fault)`, or at `chaos.url` with a plan.

    upstream: base URL of the server behind it, plain HTTP; "": chaos itself gives a good answer in the dialect of
    the path, streamed where the request asks for it.   plan: what happens to each request that names no fault by
    its URL.   drip_s: pause after every byte of a slow drip.   seed: of the jitter.

    One request a connection. A hang lasts until the client goes or chaos is closed. `requests` holds what came, in
    order, the latest `keep` of them.
    """

    def __init__(
        self,
        upstream: str = "",
        plan: Callable[[Message], Trouble] = lambda request: NO_TROUBLE,
        *,
        drip_s: float = 0.05,
        seed: int = 0,
        keep: int = 10_000,
    ) -> None:
        self.requests: deque[Message] = deque(maxlen=keep)
        self._upstream, self._plan, self._drip_s = upstream.rstrip("/"), plan, drip_s
        self._random = random.Random(seed)
        self._stack = AsyncExitStack()
        self._handlers: set[asyncio.Task[None]] = set()
        self._ports: dict[str, int] = {}
        self._certificate: Certificate | None = None

    @property
    def url(self) -> str:
        """Base URL of the requests whose trouble the plan decides."""
        return f"http://127.0.0.1:{self._ports['plain']}"

    @property
    def connections(self) -> int:
        """How many are open now: whether a client has gone shows here."""
        return len(self._handlers)

    @property
    def trusted(self) -> Certificate:
        """The certificate of the TLS port: made for another host, so a client that trusts it still refuses it."""
        if self._certificate is None:
            raise RuntimeError("the certificate is made when chaos is entered")
        return self._certificate

    def url_of(self, fault: ConnectionFault | AnswerFault) -> str:
        """Base URL at which every request meets that fault."""
        if fault == "dns":
            return "http://no-such-host.invalid"
        if fault == "refused":
            return f"http://127.0.0.1:{self._ports['refused']}"
        if fault == "tls_wrong_host":
            return f"https://127.0.0.1:{self._ports['tls']}"
        if fault == "plain_on_tls_port":
            return f"http://127.0.0.1:{self._ports['tls']}"
        return f"{self.url}{_PREFIX}{fault}"

    async def __aenter__(self) -> Self:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._certificate = make_certificate(folder, "DNS:another-host.example")
        closed = self._stack.enter_context(socket.socket())
        # It never listens: nobody else gets the port, and connecting to it is refused.
        closed.bind(("127.0.0.1", 0))
        plain = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        tls = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._certificate.server_context(), ssl_handshake_timeout=5
        )
        self._stack.callback(plain.close)
        self._stack.callback(tls.close)
        self._ports = {
            "refused": closed.getsockname()[1],
            "plain": plain.sockets[0].getsockname()[1],
            "tls": tls.sockets[0].getsockname()[1],
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._stack.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = asyncio.create_task(self._converse(reader, writer))
        self._handlers.add(handler)
        handler.add_done_callback(self._handlers.discard)
        # Whoever hangs up or speaks no HTTP ends the conversation, and nothing else.
        with suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
            await handler
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await (await read_message(reader)).whole()
        trouble, request = self._trouble_of(request)
        self.requests.append(request)
        if delay_s := trouble.latency_s + self._random.uniform(0, trouble.jitter_s):
            await asyncio.sleep(delay_s)
        if trouble.status:
            await whole(Delivery(_refusal(trouble), reader, writer))
        elif trouble.fault is None:
            await self._relay(request, writer, trouble.copies)
        else:
            answer = await self._whole_answer(request)
            await BREAK[trouble.fault](Delivery(answer, reader, writer, self._drip_s))
        await writer.drain()

    def _trouble_of(self, request: Message) -> tuple[Trouble, Message]:
        """The trouble that the URL names, or the plan; and the request as it goes on."""
        target = request.target
        if not target.startswith(_PREFIX):
            return self._plan(request), request
        fault, _, rest = target.removeprefix(_PREFIX).partition("/")
        known = next((name for name in ANSWER_FAULTS if name == fault), None)
        if known is None:
            raise ValueError(f"{fault!r} is none of {', '.join(ANSWER_FAULTS)}")
        start = f"{request.method} /{rest} HTTP/1.1"
        return Trouble(known), Message(start, request.headers, request.body)

    async def _relay(self, request: Message, writer: asyncio.StreamWriter, copies: int) -> None:
        """The upstream's answer, piece by piece as it comes."""
        for _ in range(copies - 1):
            await self._whole_answer(request)
        async with self._asked(request) as answer:
            headers = answer.head.without(*_HOP, "content-length")
            framing = (("Transfer-Encoding", "chunked"), ("Connection", "close"))
            writer.write(head_bytes(answer.head.start, (*headers, *framing)))
            async for piece in answer.pieces:
                writer.write(chunk(piece))
                await writer.drain()
            writer.write(chunk(b""))

    async def _whole_answer(self, request: Message) -> Message:
        async with self._asked(request) as answer:
            return await answer.whole()

    @asynccontextmanager
    async def _asked(self, request: Message) -> AsyncIterator[Arriving]:
        """The answer of the upstream, or our own."""
        if not self._upstream:
            kind, pieces = answer_to(request.target, request.body, _WORDS)
            yield Arriving(Message("HTTP/1.1 200 OK", (("Content-Type", kind),)), _each(pieces))
            return
        parts = urlsplit(self._upstream)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        try:
            start = f"{request.method} {parts.path}{request.target} HTTP/1.1"
            own = (
                ("Host", parts.netloc),
                ("Connection", "close"),
                ("Content-Length", str(len(request.body))),
            )
            writer.write(head_bytes(start, (*request.without(*_HOP, "content-length"), *own)) + request.body)
            yield await read_message(reader, answer_to=request.method)
        finally:
            writer.close()


async def _each(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _refusal(trouble: Trouble) -> Message:
    headers = [("Content-Type", "application/json")]
    if trouble.retry_after:
        headers.append(("Retry-After", trouble.retry_after))
    body = b'{"error": {"message": "Refused by chaos.", "type": "chaos", "code": null}}'
    return Message(f"HTTP/1.1 {trouble.status} Chaos", tuple(headers), body)
