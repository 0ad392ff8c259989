"""Failure: the one type for whatever goes wrong between a task and a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Passing = Literal["after"] | bool
Effect = Literal["success", "dropped", "ignored"]
"""What a call says about the load of its server: it bore it, it pushed back, or nothing."""
Scope = Literal["upstream", "key", "model", "request"]
"""What a pause has to cover: everything sent there, what uses this key, what asks for this model, or this alone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, whether a retry can help, and what to do. Says nothing about when: safeguards do.

    class_: one of `tips.TIPS`.   cause: in the server's or program's own words, one line, at most 500 characters.
    passing: True: passes by itself soon; "after": only at a stated time beyond two minutes, or once somebody or
    something has changed; False: never, unchanged.   retry_after_s: a wait that the other side stated, 0 < s <= a
    year; None where it stated none, or where waiting cannot help.
    throttle: the other side asked for less; waiting, not failing, so it uses up no attempt.
    effect: what the breaker counts: "dropped" counts against the server.   tip: what to do next, imperative.
    scope: what a pause has to cover.
    """

    class_: str
    cause: str
    passing: Passing
    tip: str
    retry_after_s: float | None = None
    throttle: bool = False
    effect: Effect = "ignored"
    scope: Scope = "request"
