"""One record of each request, for `/requests` and `/stats`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from router.requests import Request


@dataclass(frozen=True, slots=True)
class Record:
    """One request that ended.

    at_unix: when it came, s.   backend: who answered; "": the cache did.   cache: where the answer came from, or
    "miss".   key: of the cache; "" where the request is none to be cached.   request: as it was asked; not shown.
    """

    at_unix: float
    model: str
    backend: str
    status: int
    cache: str
    key: str
    took_ms: float
    request: Request = field(default_factory=dict, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """What people and programs may see of it."""
        names = ("at_unix", "model", "backend", "status", "cache", "took_ms")
        return {name: getattr(self, name) for name in names}


class Records:
    """The last `kept` requests. Safe to use from several threads."""

    def __init__(self, kept: int) -> None:
        self._records: deque[Record] = deque(maxlen=kept)
        self._lock = Lock()

    def add(self, record: Record) -> None:
        """Keep a record."""
        with self._lock:
            self._records.append(record)

    def latest(self, most: int | None = None) -> list[Record]:
        """The newest first; all that are kept where `most` is None."""
        with self._lock:
            return list(reversed(self._records))[:most]

    def stats(self) -> dict[str, int]:
        """What happened, in numbers."""
        with self._lock:
            return {"requests": len(self._records)}
