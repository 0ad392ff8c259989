"""The cache as the pages read it, and what may be forgotten of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from beastmode.dashboard.sources.faults import Fault
from beastmode.dashboard.sources.plain import Plain


@dataclass(frozen=True, slots=True)
class CacheView:
    """What is kept, as its file has it, whether a gateway is at work or not.

    tiers: name, entries, bytes, hits, misses.   models, tags: name, entries, bytes, and the `tag` to forget them by;
    the most bytes first; tags bounded.   oldest_unix, newest_unix: of the answers; None where there is none.   misses:
    why requests of the last day were not answered from it: `reason` as the ledger has it, `count`; the most first. A
    Fault where the ledger cannot be read.
    asked: how many requests these are of, hits included; they are the newest ones where `asked_all` is not set.
    since_unix: when it was made or last cleared; hits and misses count from there.
    """

    tiers: Sequence[Plain]
    models: Sequence[Plain]
    tags: Sequence[Plain]
    misses: Sequence[Plain] | Fault
    oldest_unix: float | None
    newest_unix: float | None
    since_unix: float | None = None
    asked: int = 0
    asked_all: bool = True


class CacheReader(Protocol):
    """The cache of a home."""

    def version(self) -> str:
        """As of RunReader; it changes a few times a second at most."""

    def cache(self) -> CacheView | None:
        """None where no answer has been kept yet. Raises BeastError where it cannot be read."""

    def fault(self) -> Fault | None:
        """Why it could not be read last; None where it could. Waits for nobody: where nobody has read it yet, that is
        begun."""


class CacheControl(Protocol):
    """Forgets answers."""

    def clear(self, tag: str) -> str:
        """What has come of it, in words; running gateways forget within 1 s.   tag: "" for all. Raises BeastError."""
