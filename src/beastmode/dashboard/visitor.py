"""Who looks at the pages, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Visitor:
    """may_change: pause, retry, replay, clear, and the like.   may_read: what requests, logs and diffs hold; all may
    see that there were some, and how they ended."""

    may_change: bool = False
    may_read: bool = False


class Doorkeeper(Protocol):
    """Knows the keys of these pages."""

    def visitor(self, key: str) -> Visitor | None:
        """What comes with this key, as its owner holds it; "" for none. None where one may not even look."""
