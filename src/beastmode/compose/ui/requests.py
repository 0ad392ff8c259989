"""Requests for the dashboard: the ledger of a home."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from beastmode.compose.ui.files.ledger import HomeLedger
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.requests import Choices, RequestPage
from beastmode.errors import LedgerError, PreconditionError
from beastmode.store.ledger.entry import Entry
from beastmode.store.ledger.file import DAMAGED_TIP, ledger_path
from beastmode.store.ledger.reading.conditions import fit
from beastmode.store.ledger.reading.names import KnownNames
from beastmode.store.ledger.reading.pages import page
from beastmode.store.ledger.sought import Sought

_TIMES = ("received_unix", "queue_s", "first_byte_s", "total_s")
_AMOUNTS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning", "cost_usd")
_NUMBERS = frozenset(("attempt", "status", "tries", *_TIMES, *_AMOUNTS))
_LEFT_OUT = ("request_body", "answer_body", "sent", "traceparent", "stage")


class LedgerRequests:
    """A `RequestReader` of the ledger in `home`, which may not exist yet. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._ledger, self._path = HomeLedger(home), ledger_path(home)
        self._names: KnownNames | None = None

    def version(self) -> str:
        return self._ledger.version()

    def page(self, sought: Sought, most: int) -> RequestPage:
        with self._ledger.reader() as reader:
            if reader is None:
                return RequestPage([], "")
            found = page(reader, sought, most)
        return RequestPage(
            [self._plain(entry) for entry in found.entries], found.next_before, found.looked_to_unix
        )

    def choices(self) -> Choices:
        with self._ledger.reader() as reader:
            if reader is None:
                return Choices()
            if self._names is None or self._names.reader is not reader:
                self._names = KnownNames(reader)
            known = self._names.names(monotonic())
        return Choices(known.classes, known.upstreams, known.models, known.keys)

    def request(self, name: str) -> Plain | None:
        with self._ledger.reader() as reader:
            try:
                entry = reader.find(fit(name)) if reader else None
            except PreconditionError:
                return None
        if entry is None:
            return None
        bodies = {"request_body": _text(entry.request_body), "answer_body": _text(entry.answer_body)}
        sent = msgspec.structs.asdict(entry.sent) if entry.sent else None
        return {**self._plain(entry), **bodies, "sent": sent}

    def _plain(self, entry: Entry) -> dict[str, Any]:
        """Raises LedgerError for one that is damaged: SQLite looks into no value."""
        row = {name: value for name, value in msgspec.structs.asdict(entry).items() if name not in _LEFT_OUT}
        for name, value in row.items():
            if isinstance(value, bytes) or (isinstance(value, str) and name in _NUMBERS):
                what = f"the request {entry.id} has no sensible {name}: it is damaged"
                raise LedgerError(what, where=str(self._path), tip=DAMAGED_TIP)
        return row


def _text(body: bytes | None) -> str:
    return (body or b"").decode("utf-8", "replace")
