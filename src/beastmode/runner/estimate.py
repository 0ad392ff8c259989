"""Estimate: what a run may cost and take, from what tasks like these have taken; else a guess that says so. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from beastmode.failures.advice import spoken

GUESS_USD, GUESS_S = 0.5, 300.0
"""A task of a coding agent where nothing is known. Not measured: people's tasks differ a hundredfold."""
_FEW = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """What one task that is done has taken, all its attempts.   usd: None where nobody counted."""

    seconds: float
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What tasks still to run may take together.   seconds: as many at once as are allowed.   source: where it comes
    from, in words."""

    tasks: int
    seconds: float
    usd: float
    source: str

    @property
    def words(self) -> str:
        """Both figures."""
        return f"{spoken(self.seconds)} and {self.usd:.2f} USD"

    def __str__(self) -> str:
        return f"about {self.words} ({self.source})"


def estimate(tasks: int, at_once: int | None, taken: Sequence[Taken], few: int = _FEW) -> Estimate:
    """The estimate for `tasks` tasks, `at_once` at a time, by the mean of those `taken`, if there are `few`."""
    waves = math.ceil(tasks / min(at_once or tasks or 1, tasks or 1))
    if len(taken) < few:
        return Estimate(
            tasks, waves * GUESS_S, tasks * GUESS_USD, "a guess: nothing like it has been run here"
        )
    seconds = sum(one.seconds for one in taken) / len(taken)
    priced = [one.usd for one in taken if one.usd is not None]
    usd = sum(priced) / len(priced) if priced else GUESS_USD
    source = (
        "from 1 task that was done here"
        if len(taken) == 1
        else f"from {len(taken)} tasks that were done here"
    )
    return Estimate(
        tasks, waves * seconds, tasks * usd, source if priced else f"{source}; the cost is a guess"
    )
