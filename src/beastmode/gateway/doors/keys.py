"""Keys: who asks, whether they may, and how much. Nothing of ours goes on to an upstream: see `carried.py`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Literal

from beastmode.clock import Clock
from beastmode.gateway import key_rejections
from beastmode.gateway.asking import name_of
from beastmode.gateway.call import Call
from beastmode.gateway.caller import Caller, Toll
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.dialects.protocol import Asked
from beastmode.gateway.doors.key_ring import KeyRing
from beastmode.gateway.doors.tolls import guess_of, spent_by
from beastmode.gateway.path_token import PathToken, read_token
from beastmode.gateway.rejected import RejectedError
from beastmode.gateway.turnstile import Turnstile
from beastmode.store.keys.key import Right
from beastmode.store.keys.secret import PREFIX, flaw_of
from beastmode.store.ledger.entry import Entry

Needed = Literal["auto", "required", "optional"]
"""Whether a request needs a key. `auto`: as soon as the home has one, also one that was revoked: taking the last key
away must not open the door."""


class Doorkeeper:
    """Knows the keys, and lets requests in.   needed: whether one is needed.   ring: the keys of the home."""

    def __init__(self, ring: KeyRing, clock: Clock, needed: Needed = "auto") -> None:
        self._ring, self._clock, self._needed = ring, clock, needed
        self._secret = secrets.token_bytes(32)

    @property
    def asks_for_keys(self) -> bool:
        """A request without a key is refused now."""
        return self._needed == "required" or (self._needed == "auto" and self._ring.has_keys)

    @property
    def alarm(self) -> str:
        """Why the keys cannot be read or written and what to do, or ""."""
        return self._ring.alarm

    def admit(self, incoming: Incoming) -> Caller:
        """Who asks, by what the head of the request says. Raises RejectedError, 401, where they may not.

        A key may stand in the token of the path, in a header for credentials, or in Gemini's `?key=`; of several the
        first in this order counts. Where no key is needed, one that is not good is refused all the same.
        """
        said = read_token(incoming.token)
        given = (said.key,) if said.key.startswith(PREFIX) else incoming.keys
        if given and self._ring.has_keys:
            turnstile = self._found(given[0])
            self._ring.used(turnstile.key)
            return Caller(turnstile.key.name, said, turnstile)
        if self.asks_for_keys:
            raise key_rejections.no_key()
        return self._stranger(incoming, said)

    def receive(self, incoming: Incoming, entry: Entry) -> Caller:
        """The same, and who asks is written into the record, let in or not."""
        try:
            caller = self.admit(incoming)
        except RejectedError:
            self._stranger(incoming, read_token(incoming.token)).sign(entry)
            raise
        caller.sign(entry)
        return caller

    def payers(self) -> Iterable[tuple[str, Turnstile]]:
        return self._ring.payers()

    def allow(self, caller: Caller, method: str, asked: Asked) -> None:
        """Raise RejectedError, 403, for a model that this key may not use, or for one that cannot be read there."""
        if (key := caller.key) is None:
            return
        reads = method in ("GET", "HEAD") and not asked.model
        if not reads and not key.limits.may_use(asked.model):
            raise key_rejections.wrong_model(key, asked.model)

    def refusal(self, incoming: Incoming, right: Right) -> RejectedError | None:
        """Why the page that this right opens is not shown; None where it may be."""
        try:
            caller = self.admit(incoming)
        except RejectedError as rejected:
            return rejected
        if caller.key is None or right in caller.rights:
            return None
        return key_rejections.lacks_right(caller.key, right)

    async def enter(self, call: Call, upstream: str) -> Toll | None:
        """Wait until its key may send a request upstream, until the call's deadline at most; then what it may cost is
        set aside. Each toll is to be settled once. Raises RejectedError, 429.   upstream: that is likely to be asked.
        """
        turnstile = call.caller.turnstile if call.caller else None
        if turnstile is None or call.asked is None:
            return None
        before = self._clock.monotonic()
        guess = guess_of(call.asked, call.body, upstream, self._clock.unix())
        call.at_door = True
        try:
            await turnstile.enter(guess, call.deadline)
        finally:
            call.at_door = False
            call.entry.queue_s = (call.entry.queue_s or 0.0) + self._clock.monotonic() - before
        return Toll((turnstile,), guess)

    def settle(self, toll: Toll, entry: Entry) -> None:
        """The request has ended, as its record says."""
        for turnstile in toll.turnstiles:
            self._ring.spend(turnstile, toll.guess, spent_by(entry, toll.guess))

    def watch(self) -> None:
        """Take over what changes from now on, within a second."""
        self._ring.watch()

    def stop(self) -> None:
        """Let nobody through any more; those that wait are told."""
        self._ring.stop()

    async def close(self) -> None:
        """Write down what was used."""
        await self._ring.close()

    def _stranger(self, incoming: Incoming, said: PathToken) -> Caller:
        return Caller(name_of(incoming, self._secret), said)

    def _found(self, secret: str) -> Turnstile:
        """The turnstile of a good secret. Raises RejectedError."""
        if flaw := flaw_of(secret):
            raise key_rejections.flawed(flaw)
        found = self._ring.find(secret)
        if found is None:
            raise key_rejections.unknown()
        (turnstile, until), unix = found, self._clock.unix()
        key = turnstile.key
        if key.revoked_unix is not None:
            raise key_rejections.no_longer(key, "was revoked", key.revoked_unix)
        if key.state(unix) == "expired":
            raise key_rejections.no_longer(key, "expired", key.limits.expires_unix or unix)
        if until is not None and unix >= until:
            raise key_rejections.no_longer(key, "was rotated", until)
        return turnstile
