"""What a kind of task promises: perform one attempt and return its outcome, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from beastmode.failures.failure import Effect, Failure
from beastmode.runner.roadmap import Task


@dataclass(slots=True)
class Attempt:
    """One try at one task, as its kind sees it.

    number: from 1, counted over the whole run.   rounds: how often verification has failed before.   log_path: where
    its output goes; no output, no file.   log_limit_bytes: how much of the output is kept.   feedback: output of the
    verification that failed last, or "".   root: folder that commands run in.   import_root: folder of the roadmap,
    for Python imports.   env: `BEAST_*` variables and others that every process of this attempt gets.
    """

    run: str
    task: Task
    phases: tuple[str, ...]
    number: int
    timeout_s: float
    log_path: Path
    log_limit_bytes: int
    root: Path
    import_root: Path
    feedback: str = ""
    rounds: int = 0
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """How an attempt ended.

    failure: None means the work says it succeeded (verification may still differ).   effect: what it says about
    the load of the server behind it.   cpu_s, max_rss_kib: of its processes; 0 where it had none.   facts: what else
    is recorded with its end, as JSON values: usage, branch, commit, what the agent said.
    """

    failure: Failure | None = None
    effect: Effect = "ignored"
    cpu_s: float = 0.0
    max_rss_kib: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.failure is None


class Kind(Protocol):
    """Performs attempts of one kind of work."""

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Do the work once, within `attempt.timeout_s` seconds, and leave nothing of it running.

        Calls `leaves` at the instant the work really goes out (the process exists, the request is written): that
        instant is what the rate limit counts. Every fault of the work is returned as a Failure; only
        cancellation passes through, after the work has been ended.
        """
        ...
