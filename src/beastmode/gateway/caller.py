"""Caller: who asks, and what was set aside for it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from beastmode.gateway.client.carried import blotted
from beastmode.gateway.path_token import NO_TOKEN, PathToken
from beastmode.gateway.turnstile import Turnstile
from beastmode.store.allowance import Use
from beastmode.store.keys.key import Key
from beastmode.store.ledger.entry import Entry


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks.

    name: of the key where there is one, else 8 hex digits, see `asking.name_of`; as the ledger shows it.
    run, task, attempt, round: of the path token.   turnstile: of the key; None without one.   place: in line, before
    all of a higher one; 0 where all who ask take turns.
    """

    name: str
    said: PathToken = NO_TOKEN
    turnstile: Turnstile | None = None
    place: int = 0

    @property
    def key(self) -> Key | None:
        """As it is now."""
        return None if self.turnstile is None else self.turnstile.key

    @property
    def rights(self) -> frozenset[str]:
        return frozenset() if self.turnstile is None else self.turnstile.key.limits.rights

    @property
    def round(self) -> int:
        """How often the verification of its task has failed."""
        return self.said.round

    def sign(self, entry: Entry) -> None:
        """Write into the record who asks."""
        entry.key = self.name
        if (said := self.said) is not NO_TOKEN:
            entry.run, entry.task, entry.attempt = blotted(said.run), blotted(said.task), said.attempt


@dataclass(frozen=True, slots=True)
class Toll:
    """What was set aside for a request that has been let through, at each turnstile that it passed."""

    turnstiles: tuple[Turnstile, ...]
    guess: Use
