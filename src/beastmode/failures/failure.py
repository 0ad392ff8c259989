"""Failure: the one type for whatever goes wrong between a task and a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Passing = Literal["after"] | bool
Effect = Literal["success", "dropped", "ignored"]
"""What a call says about the load of its server: it bore it, it pushed back, or nothing."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, whether a retry can help, and what to do. Says nothing about when: safeguards do.

    class_: one of `tips.TIPS`.   cause: in the server's or program's own words, one line, at most 500 characters.
    passing: True: passes by itself soon; "after": only after `retry_after_s` or once something has changed;
    False: never, unchanged.   retry_after_s: a wait that the other side stated; None where it stated none.
    throttle: the other side asked for less; waiting, not failing, so it uses up no attempt.
    effect: what it says about the server's load.   tip: what to do next, imperative.
    """

    class_: str
    cause: str
    passing: Passing
    tip: str
    retry_after_s: float | None = None
    throttle: bool = False
    effect: Effect = "ignored"
