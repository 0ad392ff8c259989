"""What some requests come to that have ended: the same from their rows at any time, now or years later. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from beastmode.store import prices
from beastmode.store.entry import GONE_WRONG, Row
from beastmode.store.latencies import Lengths, kind_of
from beastmode.store.ledger_shapes import Shape, Who, shape_of
from beastmode.store.ledger_texts import text_of

MINUTE_US = 60_000_000
FAILURE_SPAN_S = 600

_MOST_TOKENS = 1 << 40
"""Nothing has more; sums stay within what a database can hold."""
_MOST_S = 1e8


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
    """What the requests of a cell come to. saved_usd: what its hits would have cost.   unpriced: answered, or counted,
    and without a price.   slowest_s: 0 where nothing was timed."""

    __slots__ = (
        "cost_usd",
        "lengths",
        "requests",
        "saved_usd",
        "slowest_s",
        "tokens_in",
        "tokens_out",
        "unpriced",
    )

    def __init__(self) -> None:
        self.requests = self.tokens_in = self.tokens_out = self.unpriced = 0
        self.cost_usd = self.saved_usd = self.slowest_s = 0.0
        self.lengths: Lengths = {}

    def plus(self, other: Sums) -> None:
        """Add another's."""
        self.requests += other.requests
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

    def add(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Add rows of requests that have ended."""
        for row in rows:
            self._add(row, sign)

    def _add(self, row: Any, sign: int) -> None:
        (
            name, received, key, run, task, _, upstream, _, _, model, dialect, _, _, class_, cause, tip, tries, _, _,
            total_s, tokens_in, tokens_out, cached, _, cost_usd, _, _, cache_why, outcome, _,
        ) = row  # fmt: skip
        minute = minute_of(name, received)
        self.seen.add((minute, Kind(key, upstream, model, outcome, class_)))
        if outcome == "hit" or outcome == "shared":
            cell = Cell(minute, outcome, class_, cache_why if outcome == "hit" else outcome)
            sums = self._sums(cell)
            if tokens_in is not None and model:
                sums.saved_usd += sign * _price(
                    model, upstream, dialect, tokens_in, tokens_out, cached, minute
                )
        else:
            sums = self._sums(Cell(minute, outcome, class_, ""))
            counted = tokens_in is not None or tokens_out is not None
            if counted:
                sums.tokens_in += sign * min(tokens_in or 0, _MOST_TOKENS)
                sums.tokens_out += sign * min(tokens_out or 0, _MOST_TOKENS)
            if cost_usd is not None:
                sums.cost_usd += sign * cost_usd
            elif counted or (outcome == "upstream_ok" and model):
                sums.unpriced += sign
        sums.requests += sign
        if total_s is not None:
            if total_s > sums.slowest_s:
                sums.slowest_s = total_s
            if 0 <= total_s < _MOST_S:
                kind = kind_of(total_s)
                sums.lengths[kind] = sums.lengths.get(kind, 0) + sign
        if run or task:
            self.runs.append((run, name, task))
        if outcome in GONE_WRONG:
            self._fail(minute, row, sign)

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
