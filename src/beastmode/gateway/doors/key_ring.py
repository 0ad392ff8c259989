"""Key ring: the keys of a home in the memory of a gateway, never older than a second, and what they have used.

No request reads the disk: a look at the file twice a second finds what a person has changed, writes down what was used
here, and reads what other gateways of the home have used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from beastmode.clock import Clock
from beastmode.errors import BeastError, KeysError
from beastmode.gateway.turnstile import Turnstile
from beastmode.store.allowance import NO_USE, Use, period_names
from beastmode.store.keys.file import keys_fault, keys_path
from beastmode.store.keys.key import Key
from beastmode.store.keys.secret import hash_of
from beastmode.store.keys.store import KeyStore
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.use import used_by

LOOK_EVERY_S = 0.5


class KeyRing:
    """The keys of `home`; none where it has no file of them, which may come later.

    Opening it counts what the ledger has and the file of keys has not (the last moment before a kill). A file that
    goes away or cannot be read leaves what is known in force; `alarm` says so.   Raises BeastError where the file is
    there and cannot be used.
    """

    def __init__(self, home: Path, clock: Clock, most_waiting: int) -> None:
        self.alarm = ""
        self._home, self._clock, self._most_waiting = home, clock, most_waiting
        self._turnstiles: dict[str, Turnstile] = {}
        self._payers: Sequence[tuple[str, Turnstile]] = ()
        self._by_hash: dict[bytes, tuple[str, float | None]] = {}
        self._unwritten: dict[tuple[str, str], Use] = {}
        self._last_used: dict[str, float] = {}
        self._store: KeyStore | None = None
        self._seen: int | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        # A thread of its own: others of the loop may hang on a name server, and the file is for one at a time.
        self._thread = ThreadPoolExecutor(1, "keys")
        self._open()

    @property
    def has_keys(self) -> bool:
        """There is a key, or was one: those taken away count."""
        return bool(self._turnstiles)

    def opens(self, unix: float) -> bool:
        """There is a key that is good then."""
        return any(turnstile.key.state(unix) == "valid" for turnstile in self._turnstiles.values())

    def find(self, secret: str) -> tuple[Turnstile, float | None] | None:
        """Whose secret that is, and until when it works or worked (None: no end is set); None for a strange one."""
        found = self._by_hash.get(hash_of(secret))
        return None if found is None else (self._turnstiles[found[0]], found[1])

    def payers(self) -> Sequence[tuple[str, Turnstile]]:
        """Each key that may not do as much as it likes, in words, and its turnstile."""
        return self._payers

    def used(self, key: Key) -> None:
        """It has been used just now."""
        self._last_used[key.id] = self._clock.unix()

    def spend(self, turnstile: Turnstile, guess: Use, spent: Use) -> None:
        """A request that had entered has ended, and has used that much."""
        turnstile.leave(guess, spent)
        for period in period_names(self._clock.unix()) if spent != NO_USE else ():
            at = turnstile.key.id, period
            self._unwritten[at] = self._unwritten.get(at, NO_USE).plus(spent)

    def watch(self) -> None:
        """Look at the file twice a second from now on, and once more when this is closed."""
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        """Let nobody through any more."""
        for turnstile in self._turnstiles.values():
            turnstile.stop()

    async def close(self) -> None:
        """Write down what was used, and let go of the file."""
        self._ending.set()
        await (self._watching or self.look())
        self._thread.shutdown()
        if self._store is not None:
            self._store.close()

    async def look(self) -> None:
        """Write down what was used since the last time; take over what has changed."""
        unwritten, self._unwritten = self._unwritten, {}
        last_used, self._last_used = self._last_used, {}
        try:
            exchange = partial(self._exchange, unwritten, last_used)
            keys = await asyncio.get_running_loop().run_in_executor(self._thread, exchange)
            self.alarm = ""
        except BeastError as error:
            self.alarm, keys = str(error), None
            self._last_used = last_used | self._last_used
            for at, use in unwritten.items():
                self._unwritten[at] = self._unwritten.get(at, NO_USE).plus(use)
        if keys is not None:
            self._know(keys)

    async def _watch(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._ending.wait()
            await self.look()

    def _open(self) -> None:
        keys = self._exchange({}, {}) or []
        if self._store is not None:
            unix, ids = self._clock.unix(), {key.name: key.id for key in keys}
            used = used_by(ledger_path(self._home), list(ids), unix)
            self._store.at_least({(ids[name], period): use for (name, period), use in used.items()}, unix)
            self._know(self._store.all())

    def _exchange(self, spent: dict[tuple[str, str], Use], used: dict[str, float]) -> list[Key] | None:
        """Give what was used and get what is; None where nobody else has changed anything. In a thread."""
        store = self._opened()
        if store is None:
            return None
        version = store.version
        store.spend(spent, used)
        if version == self._seen:
            return None
        self._seen = version
        return store.all()

    def _opened(self) -> KeyStore | None:
        """The file as it lies there now; None where there never was one. Raises KeysError."""
        path = keys_path(self._home)
        try:
            if self._store is not None and self._store.gone:
                self._store.close()
                self._store = self._seen = None
            if self._store is None and path.exists():
                self._store = KeyStore(path, durable=False)
        except OSError as error:
            raise keys_fault(error, path) from error
        if self._store is None and self.has_keys:
            tip = "Put it back. Those that were known stay in force until the gateway ends."
            raise KeysError("the file of the keys is gone", where=str(path), tip=tip)
        return self._store

    def _know(self, keys: list[Key]) -> None:
        for key in keys:
            turnstile = self._turnstiles.get(key.id)
            if turnstile is None:
                turnstile = self._turnstiles[key.id] = Turnstile(key, self._clock, self._most_waiting)
            turnstile.purse.know(self._used_of(key))
            turnstile.know(key)
        limited = [
            one for one in self._turnstiles.values() if one.key.limits.rates or one.key.limits.allowances
        ]
        self._payers = [(f"key {one.key.name}", one) for one in limited if one.key.revoked_unix is None]
        self._by_hash = {hash_: (key.id, until) for key in keys for hash_, until in key.secrets}

    def _used_of(self, key: Key) -> dict[str, Use]:
        """What the file has, and what was used since it was written."""
        used = dict(key.used)
        for (id_, period), use in self._unwritten.items():
            if id_ == key.id:
                used[period] = used.get(period, NO_USE).plus(use)
        return used
