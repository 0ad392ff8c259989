"""Where answers are kept: what a store can do, and the one that is in memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from router.requests import Answer


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer that is remembered until `expires_unix`, s."""

    answer: Answer
    expires_unix: float


@dataclass(frozen=True, slots=True)
class Held:
    """What a store has under a key, and the name of the place where it was."""

    entry: Entry
    tier: str


class Store(Protocol):
    """Keeps entries by key, expired ones too; may forget any of them. Safe to use from several threads."""

    def get(self, key: str) -> Held | None:
        """What is kept under `key`."""

    def put(self, key: str, entry: Entry) -> None:
        """Keep `entry` instead of what was there."""


class Memory:
    """At most `most` entries in this process; those not used for longest go first."""

    tier = "memory"

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Held | None:
        """What is kept under `key`, which counts as a use."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return Held(self._entries[key], self.tier)

    def put(self, key: str, entry: Entry) -> None:
        """Keep `entry`, and forget what is too much."""
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
