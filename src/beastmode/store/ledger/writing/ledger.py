"""The ledger of requests: each is counted when it comes, recorded before it leaves, and has one outcome at its end.

ledger.begin(entry)          # received
await ledger.leaves(entry)   # kept, whatever kills us, before it leaves for the upstream; not for a hit or a rejection
entry.outcome = "upstream_ok"
ledger.end(entry)            # whatever happened
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.errors import LedgerError
from beastmode.store.ledger.entry import OUTCOMES, SECRETS_REMOVED, Entry, Outcome, Sent, row_of
from beastmode.store.ledger.writing.file import Body
from beastmode.store.ledger.writing.upkeep import Retention
from beastmode.store.ledger.writing.writer import LedgerWriter

_NEW, _RECEIVED, _BEGUN = ("new",), ("received",), ("received", "left")
"""Stages in which a request may begin, leave, and end."""

Listener = Callable[[Entry], None]
"""Hears of a request on the event loop: it must neither block nor change it. What it raises is dropped: whoever
listens cannot harm a request."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests since the ledger was opened. received == sum(by_outcome) + in_flight, always."""

    received: int
    in_flight: int
    by_outcome: dict[Outcome, int]


class Ledger:
    """Counts and records every request of a gateway. To be used from one event loop.

    strict: a request that cannot be recorded may not leave; else the alarm is raised and traffic passes.
    Raises LedgerVersionError for a file of a newer version, without writing to it; with `strict`, LedgerError where
    it cannot be written. Without, a file that cannot be written is an alarm, and is tried again every second.
    on_begin, on_end: hear of every request as it comes and as it has ended.
    hide: takes secrets that are known out of a text: of all words and bodies of a request that went wrong, or whose
    bodies are recorded. Nothing else is kept out by this class: see `Entry`.
    """

    def __init__(
        self,
        path: Path,
        *,
        strict: bool = False,
        retention: Retention | None = None,
        clock: Clock = SYSTEM_CLOCK,
        on_begin: Sequence[Listener] = (),
        on_end: Sequence[Listener] = (),
        hide: Callable[[str], str] | None = None,
    ) -> None:
        self.path = path
        self._strict = strict
        self._on_begin, self._on_end, self._hide = on_begin, on_end, hide
        self._received, self._in_flight = 0, 0
        self._ended: dict[Outcome, int] = dict.fromkeys(OUTCOMES, 0)
        self._writer = LedgerWriter(path, retention or Retention(), clock, strict=strict)
        self._process = self._writer.process.name

    @property
    def counts(self) -> Counts:
        """How many requests came, ended in each way, and are in flight."""
        return Counts(self._received, self._in_flight, dict(self._ended))

    @property
    def alarm(self) -> str:
        """Why the ledger cannot be written and what to do, or "". It goes by itself once the ledger can be."""
        return self._writer.alarm

    @property
    def unwritten(self) -> int:
        """Requests that have ended and whose record is lost: the ledger could not be written for too long."""
        return self._writer.unwritten

    def begin(self, entry: Entry) -> None:
        """It was received: it is counted at once, and recorded when it leaves or ends."""
        _must_be(entry, _NEW)
        entry.stage = "received"
        self._received += 1
        self._in_flight += 1
        if self._on_begin:
            _tell(self._on_begin, entry)

    async def leaves(self, entry: Entry) -> None:
        """Return once it is noted, or its row committed, without an outcome yet: from here on no kill of this process
        loses it, and every reader of the ledger finds its row.

        To be awaited before the request leaves for the upstream, the first time only. With an alarm it returns at
        once and the row is written when that goes; with `strict` it raises LedgerError.
        """
        _must_be(entry, _RECEIVED)
        entry.stage = "left"
        trouble = await self._writer.written(row_of(entry, self._process))
        if trouble and self._strict:
            raise LedgerError(f"the request was not sent: {trouble}")

    def end(self, entry: Entry) -> None:
        """It has ended, with the outcome that is set on the entry; its row is written with the next batch.

        Never blocks. What is changed in the entry afterwards is not recorded.   Raises ValueError where it has no
        outcome, was not begun, or has ended before: each request has one outcome.
        """
        if entry.outcome is None:
            raise ValueError(f"request {entry.id} ends without an outcome")
        _must_be(entry, _BEGUN)
        entry.stage = "ended"
        self._in_flight -= 1
        self._ended[entry.outcome] += 1
        if self._hide is not None and (entry.class_ or entry.sent):
            _hide_in(entry, self._hide)
        self._writer.add(row_of(entry, self._process), _bodies_of(entry), last=True)
        _tell(self._on_end, entry)

    async def close(self) -> None:
        """Write what is left and let go of the file. Idempotent. What could not be written is in `unwritten`; a
        request that has not ended stays open and is `unfinished` once the ledger is opened again."""
        await self._writer.close()


def _tell(listeners: Sequence[Listener], entry: Entry) -> None:
    for listener in listeners:
        try:  # noqa: SIM105 `suppress` takes longer than most listeners
            listener(entry)
        except Exception:  # noqa: S110 see `Listener`
            pass


def _bodies_of(entry: Entry) -> Body | None:
    request, answer, sent = entry.request_body, entry.answer_body, entry.sent
    if request is None and answer is None and sent is None:
        return None
    return entry.id, request, answer, None if sent is None else msgspec.json.encode(sent)


def _hide_in(entry: Entry, hide: Callable[[str], str]) -> None:
    entry.cause, entry.tip, entry.path = hide(entry.cause), hide(entry.tip), hide(entry.path)
    entry.answer_body = None if entry.answer_body is None else _hidden(entry.answer_body, hide)
    if entry.sent is None or entry.request_body is None:
        return
    sent, body = entry.sent, _hidden(entry.request_body, hide)
    query, headers = hide(sent.query), tuple((name, hide(value)) for name, value in sent.headers)
    changed = (body, query, headers) != (entry.request_body, sent.query, sent.headers)
    flaw = sent.flaw or (SECRETS_REMOVED if changed else "")
    entry.request_body, entry.sent = body, Sent(query, headers, flaw)


def _hidden(body: bytes, hide: Callable[[str], str]) -> bytes:
    return hide(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _must_be(entry: Entry, stages: tuple[str, ...]) -> None:
    if entry.stage not in stages:
        raise ValueError(f"request {entry.id} is {entry.stage}, not {' or '.join(stages)}")
