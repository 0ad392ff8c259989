"""The waterfall of a request: where its time went, as pieces of one bar. Pure; the template only draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

from beastmode.dashboard.sources.plain import Plain

WIDTH = 1000.0
_ANSWERED_HERE = ("hit", "rejected")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a request's time.   kind: `queue`, `upstream`, `stream`, `here` (nothing left for an upstream).
    x, width: of 0 … WIDTH.   words: what happened then."""

    kind: str
    words: str
    seconds: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """pieces: one after the other, without gaps; together they take `seconds`. None where no time is known."""

    pieces: list[Piece]
    seconds: float


def waterfall_of(row: Plain) -> Waterfall:
    """Of a request as it stands; what is not known of one in flight is left out.

    Times that contradict each other (clocks are read at different places) are cut to fit between their neighbours.
    """
    whole = _known(row.get("total_s"))
    known = [_known(row.get("queue_s")), _known(row.get("first_byte_s"))]
    end = whole if whole is not None else max((one for one in known if one is not None), default=0.0)
    queue, first = (None if one is None else min(one, end) for one in known)
    stretches = _stretches(row, queue, first, end)
    pieces, at = [], 0.0
    for kind, words, until in stretches:
        if until > at:
            x, width = WIDTH * at / end, WIDTH * (until - at) / end
            pieces.append(Piece(kind, words, until - at, x, width))
            at = until
    return Waterfall(pieces, end)


def _stretches(
    row: Plain, queue: float | None, first: float | None, end: float
) -> list[tuple[str, str, float]]:
    """Kind, words, and when each is over."""
    outcome = row.get("outcome") or ""
    waited = [] if queue is None else [("queue", "waited in line", queue)]
    if outcome == "shared":
        return [
            *waited,
            ("upstream", "waited for the answer to an identical request", end if first is None else first),
            ("stream", "was sent that answer", end),
        ]
    if outcome in _ANSWERED_HERE or not row.get("tries"):
        return [*waited, ("here", _HERE.get(outcome, "in the gateway"), end)]
    tries = row["tries"]
    if first is None:
        return [*waited, ("upstream", f"no byte of an answer{_in(tries)}", end)]
    asked = f"until the first byte{_in(tries)}"
    return [*waited, ("upstream", asked, first), ("stream", "the answer came", end)]


_HERE = {
    "hit": "answered from the cache",
    "rejected": "until it was turned away",
    "cancelled": "until its client left",
}


def _in(tries: int) -> str:
    return f", {tries} tries and the pauses between them included" if tries > 1 else ""


def _known(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None
