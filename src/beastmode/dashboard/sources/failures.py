"""Failures as the pages read them: what is wrong, grouped; and what had changed before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from beastmode.dashboard.sources.faults import Fault


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


@dataclass(frozen=True, slots=True)
class FailuresFound:
    """groups: the one seen last first.   faults: what could not be looked through, by what it would have had:
    `requests`, `attempts`."""

    groups: Sequence[FailureGroup]
    faults: Mapping[str, Fault] = field(default_factory=dict)


class FailureReader(Protocol):
    """Failures of journal and ledger, one beside the other."""

    def found(self, since_unix: float, most: int) -> FailuresFound:
        """Those that were seen since then."""
