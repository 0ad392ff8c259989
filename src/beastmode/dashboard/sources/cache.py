"""The cache as the pages read it, and what may be forgotten of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from beastmode.dashboard.sources.plain import Plain


@dataclass(frozen=True, slots=True)
class CacheView:
    """What is kept, as its file has it, whether a gateway is at work or not.

    tiers: name, entries, bytes, hits, misses.   models, tags: name, entries, bytes; bounded.   oldest_unix,
    newest_unix: of the answers; None where there is none.   misses: why requests were not answered from it, of the last
    day: reason, count.
    """

    tiers: Sequence[Plain]
    models: Sequence[Plain]
    tags: Sequence[Plain]
    misses: Sequence[Plain]
    oldest_unix: float | None
    newest_unix: float | None


class CacheReader(Protocol):
    """The cache of a home."""

    def cache(self) -> CacheView | None:
        """None where no answer has been kept yet."""


class CacheControl(Protocol):
    """Forgets answers."""

    def clear(self, tag: str) -> str:
        """What has come of it, in words; running gateways forget within 1 s.   tag: "" for all. Raises BeastError."""
