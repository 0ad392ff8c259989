"""Admission: which requests may be answered from memory, and which answers may be kept there. Pure.

What cannot be told is not remembered: an unknown word of a provider costs a hit, a wrong answer costs more.
"""

from __future__ import annotations

from typing import Literal, Protocol

Mode = Literal["off", "deterministic", "all"]
"""deterministic: only what asks for the likeliest answer.   all: whatever can be replayed; inside a run."""

_WHOLE = frozenset(("complete", "tool"))


class Asked(Protocol):
    """What a dialect reads of a request; see `beastmode.gateway.dialects.Asked`."""

    @property
    def dialect(self) -> str: ...
    @property
    def deterministic(self) -> bool: ...
    @property
    def stateful(self) -> bool: ...
    @property
    def offering(self) -> bool: ...
    @property
    def broken(self) -> bool: ...


def why_not(asked: Asked, mode: Mode, *, offers_search: bool = False) -> str:
    """Why the answer to a request may not be remembered, for `cache_why`; "" where it may.

    offers_search: of the recipe of its client (`recipes.py`): tools that the server may run are then no reason; an
    answer for which it ran one is still not kept.
    """
    if mode == "off":
        return "off"
    if asked.dialect == "other":
        return "no dialect"
    if asked.broken:
        return "not understood"
    if asked.stateful and not (asked.offering and offers_search):
        return "stateful"
    if mode == "deterministic" and not asked.deterministic:
        return "not deterministic"
    return ""


def storable(status: int, stopped: str) -> str:
    """Why an answer may not be kept, for `cache_why`; "" where it may.

    stopped: a `beastmode.gateway.dialects.Stop`; only what came to its own end is kept.
    """
    if status != 200:
        return f"status {status}"
    return "" if stopped in _WHOLE else f"stopped: {stopped}"
