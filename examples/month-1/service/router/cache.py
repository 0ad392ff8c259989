"""Answers that need not be asked for again: what makes two requests the same, and how long an answer holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from router.requests import Answer, Request
from router.stores import Entry, Store

IRRELEVANT = frozenset({"user", "metadata"})
"""Fields that cannot change an answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer that was remembered.   where: the tier that had it."""

    answer: Answer
    where: str


def cacheable(request: Request) -> bool:
    """Whether the same answer would come again: only what is asked at temperature 0."""
    return request.get("temperature") == 0


def key_of(request: Request) -> str:
    """The same for requests that differ in nothing that can change the answer. "": not to be cached."""
    if not cacheable(request):
        return ""
    relevant = {name: value for name, value in request.items() if name not in IRRELEVANT}
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


class Cache:
    """Remembers answers for `ttl_s` seconds in a store."""

    def __init__(self, store: Store, ttl_s: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._ttl_s = ttl_s
        self._clock = clock

    def find(self, request: Request) -> Found | None:
        """An answer to this request that still holds."""
        key = key_of(request)
        return self._fresh(key) if key else None

    def put(self, request: Request, answer: Answer) -> None:
        """Remember an answer, where it may be."""
        key = key_of(request)
        if key:
            self._store.put(key, Entry(answer, self._clock() + self._ttl_s))

    def _fresh(self, key: str) -> Found | None:
        held = self._store.get(key)
        if held is None or held.entry.expires_unix <= self._clock():
            return None
        return Found(held.entry.answer, held.tier)
