"""What some requests come to that have ended: the same from their rows at any time, now or years later. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from beastmode.store import prices
from beastmode.store.ledger.entry import ASKED_BEFORE, GONE_WRONG
from beastmode.store.ledger.rollups.latencies import Lengths, kind_of
from beastmode.store.ledger.rollups.shapes import Shape, Who, shape_of
from beastmode.store.ledger.schema import REQUESTS
from beastmode.store.ledger.texts import text_of

MINUTE_US = 60_000_000
FAILURE_SPAN_S = 600

_MOST_TOKENS = 1 << 40
"""Nothing has more; sums stay within what a database can hold."""
_MOST_S = 1e8

_COLUMNS = list(REQUESTS.c.keys())
_ID, _RECEIVED, _RUN, _TASK, _TOTAL_S = map(_COLUMNS.index, ("id", "received_unix", "run", "task", "total_s"))
_ABOUT = ("key", "upstream", "model", "dialect", "class", "cache_why", "outcome")
_about = itemgetter(*map(_COLUMNS.index, _ABOUT))
_ABOUT_OUTCOME = 1 + _ABOUT.index("outcome")
_used = itemgetter(*map(_COLUMNS.index, ("tokens_in", "tokens_out", "tokens_cached", "cost_usd")))


class Cell(NamedTuple):
    """Which requests belong together: received in that minute of Unix time, ended in that way.   class_: "" for
    none.   tier: where the answer to a hit was, or `shared`; else ""."""

    minute: int
    outcome: str
    class_: str
    tier: str


class Kind(NamedTuple):
    """What requests are looked for by."""

    key: str
    upstream: str
    model: str
    outcome: str
    class_: str


class Sums:
    """What the requests of a cell come to. saved_usd: what its hits would have cost.   repeats: what had been asked for
    before; each hit and each shared one is.   unpriced: answered, or counted, and without a price.   slowest_s: 0 where
    nothing was timed."""

    __slots__ = (
        "cost_usd",
        "lengths",
        "repeats",
        "requests",
        "saved_usd",
        "slowest_s",
        "tokens_in",
        "tokens_out",
        "unpriced",
    )

    def __init__(self) -> None:
        self.requests = self.repeats = self.tokens_in = self.tokens_out = self.unpriced = 0
        self.cost_usd = self.saved_usd = self.slowest_s = 0.0
        self.lengths: Lengths = {}

    def plus(self, other: Sums) -> None:
        """Add another's."""
        self.requests += other.requests
        self.repeats += other.repeats
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out
        self.unpriced += other.unpriced
        self.cost_usd += other.cost_usd
        self.saved_usd += other.saved_usd
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        for kind, count in other.lengths.items():
            self.lengths[kind] = self.lengths.get(kind, 0) + count


class Failing:
    """Failures of one shape within ten minutes."""

    __slots__ = ("first", "last", "requests", "who")

    def __init__(self) -> None:
        self.requests = 0
        self.first, self.last = "~", ""
        self.who = Who()


class _Alike:
    """Rows that differ in nothing but how long they took and what they used."""

    __slots__ = ("lengths", "slowest_s", "used")

    def __init__(self) -> None:
        self.lengths: Lengths = {}
        self.slowest_s = 0.0
        self.used: dict[Any, int] = {}


class Tally:
    """The sums of rows that are added to it.

    sign: -1 takes rows out of what they were added to before; what only says where to look (`seen`, ids, the slowest)
    stays as it is.
    """

    def __init__(self) -> None:
        self.cells: dict[Cell, Sums] = {}
        self.seen: set[tuple[int, Kind]] = set()
        self.runs: list[tuple[str, str, str]] = []
        self.failures: dict[tuple[int, Shape], Failing] = {}
        self.texts: list[tuple[str, str]] = []

    def add(self, rows: Iterable[Any], sign: int = 1) -> None:
        """Add rows of requests that have ended.

        Written for speed: it is on the way of every request, and most of a batch are alike.
        """
        alike: dict[tuple[Any, ...], _Alike] = {}
        minute, low, high = -1, "", ""
        for row in rows:
            name, total_s = row[_ID], row[_TOTAL_S]
            if not low <= name < high:
                minute, low, high = _minute_around(name, row[_RECEIVED])
            about = (minute, *_about(row))
            some = alike.get(about)
            if some is None:
                some = alike[about] = _Alike()
            used = _used(row)
            some.used[used] = some.used.get(used, 0) + sign
            if total_s is not None:
                if total_s > some.slowest_s:  # noqa: PLR1730 as a call it takes three times as long
                    some.slowest_s = total_s
                if 0 <= total_s < _MOST_S:
                    kind = kind_of(total_s)
                    some.lengths[kind] = some.lengths.get(kind, 0) + sign
            if row[_RUN] or row[_TASK]:
                self.runs.append((row[_RUN], name, row[_TASK]))
            if about[_ABOUT_OUTCOME] in GONE_WRONG:
                self._fail(minute, row, sign)
        for about, some in alike.items():
            self._add(some, *about)

    def _add(
        self, some: _Alike, minute: int, key: str, upstream: str, model: str, dialect: str, class_: str,
        cache_why: str, outcome: str,
    ) -> None:  # fmt: skip
        self.seen.add((minute, Kind(key, upstream, model, outcome, class_)))
        tier = tier_of(outcome, cache_why)
        free = outcome in ("hit", "shared")
        repeated = is_a_repeat(outcome, cache_why)
        sums = self._sums(Cell(minute, outcome, class_, tier))
        sums.slowest_s = max(sums.slowest_s, some.slowest_s)
        for kind, count in some.lengths.items():
            sums.lengths[kind] = sums.lengths.get(kind, 0) + count
        for (tokens_in, tokens_out, cached, cost_usd), count in some.used.items():
            sums.requests += count
            sums.repeats += count if repeated else 0
            if free:
                if tokens_in is not None and model:
                    saved = _price(model, upstream, dialect, tokens_in, tokens_out, cached, minute)
                    sums.saved_usd += count * saved
                continue
            sums.tokens_in += count * min(tokens_in or 0, _MOST_TOKENS)
            sums.tokens_out += count * min(tokens_out or 0, _MOST_TOKENS)
            counted = tokens_in is not None or tokens_out is not None
            if cost_usd is not None:
                sums.cost_usd += count * cost_usd
            elif counted or (outcome == "upstream_ok" and model):
                sums.unpriced += count

    def _sums(self, cell: Cell) -> Sums:
        sums = self.cells.get(cell)
        if sums is None:
            sums = self.cells[cell] = Sums()
        return sums

    def _fail(self, minute: int, row: Any, sign: int) -> None:
        name, _, key, run, task, _, upstream, _, _, model, _, _, _, class_, cause, tip, *_ = row
        self.texts.append((name, text_of(class_, cause, tip)))
        began = minute * 60 // FAILURE_SPAN_S * FAILURE_SPAN_S
        failing = self.failures.setdefault((began, shape_of(class_, cause, tip)), Failing())
        failing.requests += sign
        failing.first, failing.last = min(failing.first, name), max(failing.last, name)
        failing.who.note([(run, task)] if run else [], [key], [upstream], [model])


def tier_of(outcome: str, cache_why: str) -> str:
    """As a cell has it."""
    if outcome == "hit":
        return cache_why
    return "shared" if outcome == "shared" else ""


def is_a_repeat(outcome: str, cache_why: str) -> bool:
    """Whether it had been asked for before."""
    return outcome in ("hit", "shared") or cache_why.partition(";")[0] == ASKED_BEFORE


def is_a_length(seconds: float) -> bool:
    """Whether a request can have taken so long; else lengths are told without it. (`Tally.add` has it in place.)"""
    return 0 <= seconds < _MOST_S


def _minute_around(name: Any, received_unix: Any) -> tuple[int, str, str]:
    """The minute of a request, and between which names all are of that minute."""
    minute = minute_of(name, received_unix)
    low, high = (f"{at * MINUTE_US:013x}" for at in (minute, minute + 1))
    return (minute, low, high) if low <= name < high else (minute, "", "")


def minute_of(name: str, received_unix: float) -> int:
    """The minute of Unix time that a request belongs to: that of its name, by which it is found."""
    try:
        return int(name[:13], 16) // MINUTE_US
    except ValueError:
        return int(received_unix // 60)


@lru_cache(maxsize=4096)
def _price(
    model: str,
    upstream: str,
    dialect: str,
    tokens_in: int,
    tokens_out: int | None,
    cached: int | None,
    minute: int,
) -> float:
    """What an answer would have cost; 0 where that has no price. The same answer is served again and again."""
    used = prices.Usage(tokens_in, tokens_out or 0, cached or 0)
    provider = prices.provider_of(upstream, dialect.partition(".")[0])
    return prices.cost_of(model, provider, used, minute * 60.0) or 0.0
