"""Keys as the pages read them; the settings of what is at work come with it (`live.GatewayNow`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as it is stored, never its secret.   state: `valid`, `expired`, `revoked`.   limits: in words."""

    name: str
    id: str
    state: str
    limits: str
    rights: Sequence[str]
    used_unix: float | None
    created_unix: float


class KeyReader(Protocol):
    """The keys of a home."""

    def keys(self) -> Sequence[KeyLine]:
        """The valid ones first, then by name."""
