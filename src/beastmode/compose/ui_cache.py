"""The cache for the dashboard: its file in a home, and beside it what the ledger says of its misses."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

from beastmode.cache.tags import tag_of
from beastmode.clock import SYSTEM_CLOCK
from beastmode.dashboard.sources.cache import CacheView
from beastmode.errors import PreconditionError
from beastmode.runner.report.words import counted
from beastmode.store.entries_file import TierCount, cache_path
from beastmode.store.entries_reader import EntriesReader, Figures
from beastmode.store.entries_upkeep import clear, clear_tag
from beastmode.store.ledger_cache_use import CacheUse, cache_use
from beastmode.store.ledger_file import ledger_path
from beastmode.store.sqlite_file import FileId, connect, file_id

STALE_S = 10.0
"""What the ledger says is looked up again after this, also where nothing has changed in the cache."""
REST_S, REST_SHARE = 0.3, 10.0
"""A look is followed by a rest of this, and of so many times what it took: a cache of a million answers is summed up
in a tenth of a second, and while it is in use it changes many times in that."""
_DAY_S = 86_400.0
_NONE = TierCount(0, 0)


class HomeCache:
    """A `CacheReader` and `CacheControl` of the cache in `home`, which may not exist yet. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._home, self._path, self._ledger = home, cache_path(home), ledger_path(home)
        self._lock = threading.Lock()
        self._watch: sqlite3.Connection | None = None
        self._watched: FileId | None = None
        self._version, self._look_at = "none", 0.0
        self._seen: tuple[str, CacheView | None] | None = None
        self._seen_at = 0.0

    def version(self) -> str:
        with self._lock:
            if time.monotonic() >= self._look_at:
                self._version = self._version_now()
            return self._version

    def cache(self) -> CacheView | None:
        version = self.version()
        with self._lock:
            began = time.monotonic()
            if self._seen is None or self._seen[0] != version or began > self._seen_at + STALE_S:
                self._seen = version, self._read()
                self._seen_at = time.monotonic()
                self._look_at = self._seen_at + max(REST_S, REST_SHARE * (self._seen_at - began))
            return self._seen[1]

    def clear(self, tag: str) -> str:
        if not self._path.exists():
            raise PreconditionError("no answer has been kept here yet", where=str(self._home))
        now_unix = SYSTEM_CLOCK.unix()
        number = clear_tag(self._path, tag, now_unix) if tag else clear(self._path, now_unix)
        with self._lock:
            self._look_at, self._seen = 0.0, None
        what = f"{counted(number, 'answer')} with {tag}" if tag else counted(number, "answer")
        return f"Forgotten: {what}. Gateways at work forget them within a second."

    def _version_now(self) -> str:
        now = file_id(self._path)
        if now != self._watched and self._watch is not None:
            self._watch.close()
            self._watch = None
        self._watched = now
        if now is None:
            return "none"
        with suppress(sqlite3.Error):  # whatever is wrong with it, the page tells
            self._watch = self._watch or connect(self._path, write=False)
            (version,) = self._watch.execute("PRAGMA data_version").fetchone()
            return f"{now[1]}.{version}"
        return "broken"

    def _read(self) -> CacheView | None:
        if not self._path.exists():
            return None
        now_unix = SYSTEM_CLOCK.unix()
        reader = EntriesReader(self._path)
        try:
            figures = reader.figures(now_unix)
        finally:
            reader.close()
        return _view(figures, cache_use(self._ledger, now_unix - _DAY_S))


def _view(figures: Figures, use: CacheUse) -> CacheView:
    l1, l3 = (figures.tiers.get(name, _NONE) for name in ("l1", "l3"))
    return CacheView(
        tiers=[
            _tier("l1", figures.memory_entries, figures.memory_bytes, l1),
            _tier("l3", figures.entries, figures.bytes, l3),
        ],
        models=[
            {"name": one.model, "tag": tag_of("model", one.model), "entries": one.entries, "bytes": one.bytes}
            for one in figures.models
        ],
        tags=[
            {"name": one.tag, "tag": one.tag, "entries": one.entries, "bytes": one.bytes}
            for one in figures.tags
        ],
        misses=[{"reason": reason, "count": count} for reason, count in use.reasons],
        oldest_unix=figures.oldest_unix,
        newest_unix=figures.newest_unix,
        since_unix=figures.since_unix,
        asked=use.asked,
        asked_all=use.all,
    )


def _tier(name: str, entries: int, size: int, count: TierCount) -> dict[str, object]:
    return {"name": name, "entries": entries, "bytes": size, "hits": count.hits, "misses": count.misses}
