"""Requests for the dashboard: the ledger of a home."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec

from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.requests import Choices, RequestPage, Wanted
from beastmode.errors import PreconditionError
from beastmode.store.entry import Entry
from beastmode.store.ledger_file import ledger_path
from beastmode.store.ledger_reader import LedgerReader

_LEFT_OUT = ("request_body", "answer_body", "sent", "traceparent", "stage")


class LedgerRequests:
    """A `RequestReader` of the ledger in `home`, which may not exist yet. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._path = ledger_path(home)
        self._lock = threading.Lock()
        self._reader: LedgerReader | None = None

    def version(self) -> str:
        reader = self._open()
        return reader.version() if reader else "none"

    def page(self, wanted: Wanted, most: int) -> RequestPage:
        with self._lock:
            reader = self._open()
            if reader is None:
                return RequestPage([], "")
            entries = reader.requests(
                most + 1,
                gone_wrong=wanted.gone_wrong,
                class_=wanted.class_,
                model=wanted.model,
                before=wanted.before,
            )
            rows = [_plain(entry) for entry in entries]
        return RequestPage(rows[:most], rows[most - 1]["id"] if len(rows) > most else "")

    def choices(self) -> Choices:
        return Choices()

    def request(self, name: str) -> Plain | None:
        with self._lock:
            reader = self._open()
            try:
                entry = reader.find(name) if reader else None
            except PreconditionError:
                return None
        if entry is None:
            return None
        bodies = {"request_body": _text(entry.request_body), "answer_body": _text(entry.answer_body)}
        return {**_plain(entry), **bodies}

    def _open(self) -> LedgerReader | None:
        if self._reader is None and self._path.exists():
            self._reader = LedgerReader(self._path)
        return self._reader


def _plain(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(entry).items() if name not in _LEFT_OUT}


def _text(body: bytes | None) -> str:
    return (body or b"").decode("utf-8", "replace")
