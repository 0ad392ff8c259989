"""The cache for the dashboard: its file in a home, and beside it what the ledger says of its misses."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from beastmode.amounts import counted
from beastmode.cache.tags import tag_of
from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.ui.files.watch import NONE, PATIENCE_S, Watch
from beastmode.dashboard.sources.cache import CacheView
from beastmode.dashboard.sources.faults import Fault, fault_of, or_fault
from beastmode.errors import BeastError, PreconditionError
from beastmode.store.entries.file import TierCount, cache_path, fault
from beastmode.store.entries.reader import EntriesReader, Figures
from beastmode.store.entries.upkeep import clear, clear_tag, finish_clears
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.cache_use import cache_use
from beastmode.store.sqlite.file import file_id

STALE_S = 10.0
"""What the ledger says is looked up again after this, also where nothing has changed in the cache."""
REST_S, REST_SHARE = 0.3, 10.0
"""A look is followed by a rest of this, and of so many times what it took: a cache of a million answers is summed up
in half a second of CPU, and while it is in use it changes many times in that."""
SLOW_S = 0.1
"""Where a look takes longer, pages show the one before, and are told once there is another."""
CLEAR_S = 1.0
"""For so long a form waits until what it forgets is deleted; the rest goes on behind it."""
_DAY_S = 86_400.0
_NONE = TierCount(0, 0)


class _Seen(NamedTuple):
    version: str
    view: CacheView | None
    at: float
    took_s: float


class HomeCache:
    """A `CacheReader` and `CacheControl` of the cache in `home`, which may not exist yet. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._home, self._path, self._ledger = home, cache_path(home), ledger_path(home)
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._watch = Watch(self._path)
        self._version, self._look_at = NONE, 0.0
        self._seen: _Seen | None = None
        self._fault: tuple[str, Fault] | None = None  # of which version
        self._read_behind = 0

    def version(self) -> str:
        with self._lock:
            if time.monotonic() >= self._look_at:
                self._version = self._watch.version()
            return f"{self._version}.{self._read_behind}" if self._read_behind else self._version

    def cache(self) -> CacheView | None:
        self.version()
        seen = self._seen
        if seen is None or seen.took_s <= SLOW_S:
            seen = self._fresh()
        elif not self._holds(seen):
            self._read_behind_it()
        view = seen.view
        if view is not None and isinstance(view.misses, Fault):
            return self._with_use(view)  # the ledger may be well by now
        return view

    def fault(self) -> Fault | None:
        version, known = self._watch.version(), self._fault
        if (known is None and self._seen is None) or (known is not None and known[0] != version):
            self._read_behind_it()
        return known[1] if known else None

    def clear(self, tag: str) -> str:
        if not self._path.exists():
            raise PreconditionError("no answer has been kept here yet", where=str(self._home))
        now_unix = SYSTEM_CLOCK.unix()
        number = clear_tag(self._path, tag, now_unix, CLEAR_S) if tag else clear(self._path, now_unix)
        threading.Thread(target=self._finish, name="cache clear", daemon=True).start()
        self._seen, self._look_at = None, 0.0
        what = f"{counted(number, 'answer')} with {tag}" if tag else counted(number, "answer")
        return f"Forgotten: {what}. Gateways at work forget them within a second."

    def _finish(self) -> None:
        with suppress(BeastError):  # it is forgotten; only its room is not given back yet
            finish_clears(self._path, SYSTEM_CLOCK.unix())

    def _read_behind_it(self) -> None:
        if not self._reading.locked():
            threading.Thread(target=self._read_later, name="cache page", daemon=True).start()

    def _holds(self, seen: _Seen) -> bool:
        is_of_now = seen.version == self._version and time.monotonic() < seen.at + STALE_S
        return is_of_now and self._fault is None

    def _fresh(self) -> _Seen:
        with self._reading:
            seen = self._seen
            if seen is None or not self._holds(seen):
                version, began = self._version, time.monotonic()
                view = self._read_noting(self._watch.version())
                at = time.monotonic()
                seen = self._seen = _Seen(version, view, at, at - began)
                self._look_at = at + max(REST_S, REST_SHARE * seen.took_s)
            return seen

    def _read_later(self) -> None:
        try:
            self._fresh()
        except BeastError:
            self._seen = None  # whoever looks next is told
        self._read_behind += 1

    def _read_noting(self, version: str) -> CacheView | None:
        """Noting whether it can be."""
        try:
            view = self._read()
        except BeastError as error:
            self._fault = version, fault_of(error)
            raise
        self._fault = None
        return view

    def _read(self) -> CacheView | None:
        now_unix = SYSTEM_CLOCK.unix()
        try:
            if file_id(self._path) is None:
                return None
            with closing(EntriesReader(self._path, PATIENCE_S)) as reader:
                figures = reader.figures(now_unix)
        except (OSError, UnicodeDecodeError) as error:
            raise fault(error, self._path, "read") from error
        return self._with_use(_view(figures))

    def _with_use(self, view: CacheView) -> CacheView:
        """With what the ledger says of its use."""
        since_unix = SYSTEM_CLOCK.unix() - _DAY_S
        use = or_fault(cache_use, self._ledger, since_unix, busy_s=PATIENCE_S)
        if isinstance(use, Fault):
            return replace(view, misses=use)
        misses = [{"reason": reason, "count": count} for reason, count in use.reasons]
        return replace(view, misses=misses, asked=use.asked, asked_all=use.all)


def _view(figures: Figures) -> CacheView:
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
        misses=[],
        oldest_unix=figures.oldest_unix,
        newest_unix=figures.newest_unix,
        since_unix=figures.since_unix,
    )


def _tier(name: str, entries: int, size: int, count: TierCount) -> dict[str, object]:
    return {"name": name, "entries": entries, "bytes": size, "hits": count.hits, "misses": count.misses}
