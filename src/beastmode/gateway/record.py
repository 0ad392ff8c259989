"""Record: the bodies of a request that the ledger keeps: readable, without secrets, bounded.

To be hooked in at two places: `call.out = Taped(call.out)` before it is carried, and `record(call, …)` once it has its
outcome, before `ledger.end`.
"""

from __future__ import annotations

from typing import Literal

from beastmode.failures.secrets import Secrets
from beastmode.failures.words import masked
from beastmode.gateway.call import Call, Held
from beastmode.gateway.headers import as_text
from beastmode.gateway.incoming import Headers
from beastmode.gateway.packing import unpacked
from beastmode.gateway.reply import Sink
from beastmode.store.entry import GONE_WRONG

Which = Literal["failures", "all", "none"]
"""Whose bodies are kept: of what has gone wrong, of every request, of none."""
MOST_BYTES = 64 * 1024
_BETWEEN_WORDS = " \n\r\t\"',;&"
_CUT = "…"
_MOST_READ = MOST_BYTES - len(_CUT.encode())
_NO_SECRETS = Secrets()


class Taped:
    """A sink that keeps the beginning of the upstream's answer on its way. What the gateway itself says to a client
    that waits goes past it."""

    __slots__ = ("_bytes", "_head", "_pieces", "_sink")

    def __init__(self, sink: Sink) -> None:
        self._sink, self._head = sink, None  # type: Sink, tuple[int, Headers] | None
        self._pieces: list[bytes] = []
        self._bytes = 0

    @property
    def begun(self) -> bool:
        return self._sink.begun

    @property
    def heard(self) -> Held | None:
        """Its head and the beginning of its body; None where no answer came."""
        return None if self._head is None else Held(*self._head, b"".join(self._pieces))

    async def start(self, status: int, headers: Headers) -> None:
        self._head = status, headers
        await self._sink.start(status, headers)

    async def piece(self, data: bytes) -> None:
        self._keep(data)
        await self._sink.piece(data)

    async def end(self, data: bytes = b"") -> None:
        self._keep(data)
        await self._sink.end(data)

    def _keep(self, data: bytes) -> None:
        if data and self._bytes <= MOST_BYTES:
            self._pieces.append(data[: MOST_BYTES + 1 - self._bytes])
            self._bytes += len(self._pieces[-1])


def record(call: Call, which: Which, secrets: Secrets = _NO_SECRETS) -> None:
    """Put the bodies into the record of a call that has its outcome; none where they are not to be kept.

    secrets: known ones, like the keys of the upstreams; what looks like one is hidden anyhow.
    """
    entry = call.entry
    if which == "none" or (which == "failures" and entry.outcome not in GONE_WRONG):
        entry.request_body = entry.answer_body = None
        return
    entry.request_body = _readable(call.body, call.incoming.headers, secrets)
    answer = _answer(call)
    entry.answer_body = None if answer is None else _readable(answer.body, answer.headers, secrets)


def readable(body: bytes, headers: Headers, secrets: Secrets = _NO_SECRETS) -> bytes:
    """A body as UTF-8, unpacked, without what is known or looks like a secret; of a long one its beginning and `…`."""
    whole = unpacked(body, as_text(headers))
    text = whole[:_MOST_READ].decode("utf-8", "replace")
    if max(len(whole), len(body)) > _MOST_READ:
        # The cut may have left half a secret at the end, which nothing would find.
        text = text[: 1 + max(text.rfind(mark) for mark in _BETWEEN_WORDS)] + _CUT
    shown = masked(secrets.hide(text)).encode()
    if len(shown) <= MOST_BYTES:
        return shown
    return (shown[:_MOST_READ].decode("utf-8", "ignore") + _CUT).encode()


def _readable(body: bytes, headers: Headers, secrets: Secrets) -> bytes | None:
    return readable(body, headers, secrets) if body else None


def _answer(call: Call) -> Held | None:
    """What its client got, or what was wrong with what came; of a shared answer, what its leader heard."""
    if call.held is not None:
        return call.held
    tape = (call.flight.leader if call.flight is not None else call).out
    return tape.heard if isinstance(tape, Taped) else None
