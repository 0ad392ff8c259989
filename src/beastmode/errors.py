"""Every error a person can meet, as one tree. The message is built once, from the fields.

Faults are raised; outcomes that a task expects (an exit code, a refused connection) are returned as a
`failures.Failure` and never appear here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_INPUT = 2
EXIT_JOURNAL = 74
EXIT_HELD = 75
EXIT_INTERRUPTED = 130


class BeastError(Exception):
    """What happened, where, and what to do about it.

    what: a noun phrase or sentence without a full stop.   where: a file, line or address; "" where it is clear.
    tip: imperative, what to do next.   exit_code: how `beast` ends when this reaches the top.
    """

    exit_code: ClassVar[int] = EXIT_INPUT

    def __init__(self, what: str, *, where: str = "", tip: str = "") -> None:
        self.what, self.where, self.tip = what, where, tip
        place = f"{where}: " if where else ""
        advice = f"\n  {tip}" if tip else ""
        super().__init__(f"{place}{what}{advice}")


class SettingError(BeastError):
    """A setting, flag or field that cannot be understood."""


class PreconditionError(BeastError):
    """Something a run needs is missing; nothing was run."""


class RunLockedError(BeastError):
    """Another runner is at work on this roadmap."""


class JournalVersionError(BeastError):
    """The journal was written by a newer version; it was not touched."""


class JournalError(BeastError):
    """The journal or its disk failed. What was recorded before is intact."""

    exit_code = EXIT_JOURNAL


class ReportError(BeastError):
    """The report could not be written. The run itself is recorded."""

    exit_code = EXIT_JOURNAL


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a roadmap.   line: from 1; 0 where no line can be named."""

    line: int
    what: str
    tip: str = ""


class RoadmapError(BeastError):
    """A roadmap that cannot be run. All problems found are listed, each with its line."""

    def __init__(self, path: Path | str, problems: Sequence[Problem]) -> None:
        self.path, self.problems = str(path), tuple(problems)
        first, *rest = self.problems
        super().__init__(
            "\n".join([first.what, *(self._line(p) for p in rest)]),
            where=f"{path}:{first.line}" if first.line else str(path),
            tip=first.tip,
        )

    def _line(self, problem: Problem) -> str:
        place = f"{self.path}:{problem.line}" if problem.line else self.path
        return f"{place}: {problem.what}" + (f" ({problem.tip})" if problem.tip else "")
