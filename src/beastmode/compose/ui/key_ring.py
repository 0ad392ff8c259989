"""The keys of a home as its dashboard knows them: who may look, read and change there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import monotonic

from beastmode.dashboard.visitor import Visitor
from beastmode.errors import BeastError
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import Key
from beastmode.store.keys.secret import hash_of
from beastmode.store.keys.store import KeyStore

LOOK_EVERY_S = 0.5
_PATIENCE_S = 0.05
"""The thread that waits answers all pages."""
_ID_DIGITS = 32


class UiKeyRing:
    """The keys of `home`, as they were at most LOOK_EVERY_S ago. For one thread.

    A file that goes away or cannot be read leaves in force what is known, as it does at the gateway.
    """

    def __init__(self, home: Path) -> None:
        self._path = keys_path(home)
        self._store: KeyStore | None = None
        self._seen: int | None = None
        self._looked_s = -LOOK_EVERY_S
        self._known: dict[str, tuple[Key, float | None]] = {}

    def holder(self, secret: str, unix: float) -> str:
        """What a ticket has in the place of this secret; "" where it may not look now."""
        holder = _id(hash_of(secret))
        return holder if self.visitor(holder, unix) else ""

    def visitor(self, holder: str, unix: float) -> Visitor | None:
        """Who that is; None where the key is not good, or may not look."""
        self._look()
        key, until_unix = self._known.get(holder, (None, None))
        if key is None or key.state(unix) != "valid" or (until_unix is not None and unix >= until_unix):
            return None
        rights = key.limits.rights
        if "dashboard" not in rights:
            return None
        return Visitor("control" in rights, "bodies" in rights, key.name)

    def _look(self) -> None:
        now_s = monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        with suppress(BeastError, OSError):
            store = self._opened()
            if store is not None and store.version != self._seen:
                self._seen = store.version
                self._known = {
                    _id(hash_): (key, until) for key in store.all() for hash_, until in key.secrets
                }

    def _opened(self) -> KeyStore | None:
        if self._store is not None and self._store.gone:
            self._store.close()
            self._store = self._seen = None
        if self._store is None and self._path.exists():
            self._store = KeyStore(self._path, durable=False, busy_s=_PATIENCE_S)
        return self._store


def _id(hash_: bytes) -> str:
    return hash_.hex()[:_ID_DIGITS]
