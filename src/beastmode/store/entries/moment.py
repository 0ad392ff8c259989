"""Moment: how far a cache had been cleared when somebody looked, and so what is no longer valid. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MOST_CLEARS = 1000
"""Clears of a tag that are remembered. An answer that was begun before more than these is not kept, whatever its tags:
nobody clears so many within one request."""


@dataclass(frozen=True, slots=True)
class Moment:
    """As of one look at a cache; another object where anything was cleared since.

    generation: another one where all was cleared, or where it is another file.   clears: how many clears of a tag there
    have been.   cleared: tag -> the number of its latest clear, counted from 1; of the last `MOST_CLEARS`.
    """

    generation: int
    clears: int = 0
    cleared: Mapping[str, int] = field(default_factory=dict)

    def cleared_since(self, clears: int) -> frozenset[str]:
        """The tags that were cleared after so many clears."""
        return frozenset(tag for tag, number in self.cleared.items() if number > clears)

    def is_cleared(self, tags: Iterable[str], clears: int) -> bool:
        """Whether one of these tags was cleared after so many clears."""
        return any(self.cleared.get(tag, 0) > clears for tag in tags)

    def allows(self, since: Moment, tags: Iterable[str]) -> bool:
        """Whether an answer that was begun at `since`, with these tags, may be kept now."""
        if since.generation != self.generation or since.clears < self.clears - MOST_CLEARS:
            return False
        return not self.is_cleared(tags, since.clears)


UNKNOWN = Moment(0)
"""No generation: the file could not be opened yet."""
