"""Quarantine: what a model said on the way to work that failed its verification is not said again from memory. Pure."""

from __future__ import annotations

from collections.abc import Callable

Attempt = tuple[str, int | None]
"""Its task and its number."""


class Quarantine:
    """Remembers which answers each attempt was given, new ones and kept ones alike, until it is judged.

    remove: takes an answer out of the cache, by its key.
    """

    def __init__(self, remove: Callable[[bytes], None]) -> None:
        self._remove = remove
        self._given: dict[Attempt, set[bytes]] = {}
        self._failed: set[Attempt] = set()

    def given(self, attempt: Attempt, key: bytes) -> None:
        """It was given an answer, which is in the cache by now if it is ever to be."""
        if attempt in self._failed:
            self._remove(key)
        else:
            self._given.setdefault(attempt, set()).add(key)

    def judged(self, attempt: Attempt, *, ok: bool) -> int:
        """It was verified. Where that failed, all that it was given is removed, and what it is still given will be; how
        many answers that were."""
        given = self._given.pop(attempt, set())
        if ok:
            return 0
        self._failed.add(attempt)
        for key in given:
            self._remove(key)
        return len(given)
