"""Who looks at the pages, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Visitor:
    """may_change: pause, retry, replay, clear, and the like.   may_read: what requests, logs and diffs hold; all may
    see that there were some, and how they ended.   name: of the key; "" for none.   may_look: else there is nothing but
    the page that asks for a key."""

    may_change: bool = False
    may_read: bool = False
    name: str = ""
    may_look: bool = True


class Doorkeeper(Protocol):
    """Knows the keys of these pages. Its answers cost microseconds: each request asks."""

    def enter(self, key: str) -> str:
        """A ticket for this key, as its owner holds it: what a browser keeps in its place. "" for a key that opens
        nothing here."""

    def visitor(self, ticket: str) -> Visitor | None:
        """Who has this ticket, as the keys are now; "" for none. None where one may not even look."""
