"""Failures as the pages read them: what is wrong, grouped; and what had changed before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed, and when: limits, a run that began, an upstream or a model that was new.   words: for
    people."""

    unix: float
    words: str


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """All failures of one class and cause.

    of: requests, or attempts of tasks that asked no model.   count: all of them.   tasks: (run, task).   keys,
    upstreams, models: who was hit and where. All bounded; `left_out` tells how many tasks more.   sample: the id of the
    newest request; "" for attempts.   before: what changed in the ten minutes before the first, the latest first.
    older: there were such before the time that was asked for, so that nothing tells what came before the first.
    """

    of: Literal["requests", "attempts"]
    class_: str
    cause: str
    tip: str
    count: int
    first_unix: float
    last_unix: float
    tasks: Sequence[tuple[str, str]] = ()
    left_out: int = 0
    keys: Sequence[str] = ()
    upstreams: Sequence[str] = ()
    models: Sequence[str] = ()
    sample: str = ""
    before: Sequence[Change] = ()
    older: bool = False


class FailureReader(Protocol):
    """Failures of journal and ledger, one beside the other."""

    def groups(self, since_unix: float, most: int) -> Sequence[FailureGroup]:
        """Those that were seen since then, the one seen last first."""
