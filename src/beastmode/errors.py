"""Every error a person can meet, as one tree. The message is built once, from the fields.

Faults are raised; outcomes that a task expects (an exit code, a refused connection) are returned as a
`failures.Failure` and never appear here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_INPUT = 2
EXIT_JOURNAL = 74
EXIT_HELD = 75
EXIT_INTERRUPTED = 130

SHOWN_PROBLEMS = 50
"""In one message: a file that is wrong everywhere would push the first ones out of sight."""


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

    def as_json(self) -> dict[str, Any]:
        """Its fields, for programs. `problems` has what, line and tip of each, where several were found."""
        return {"what": self.what, "where": self.where, "tip": self.tip, "problems": []}


class SettingError(BeastError):
    """A setting, flag or field that cannot be understood."""


class SettingsError(SettingError):
    """Settings that cannot be understood: all that were found, each with its place and its own advice."""

    def __init__(self, faults: Sequence[SettingError]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(first.what, where=first.where, tip=first.tip)
        more = len(self.faults) - SHOWN_PROBLEMS
        shown = [str(fault) for fault in self.faults[:SHOWN_PROBLEMS]]
        self.args = ("\n".join([*shown, *([f"and {more} more problems"] if more > 0 else [])]),)

    def as_json(self) -> dict[str, Any]:
        problems = [{"line": 0, "what": f"{one.where}: {one.what}", "tip": one.tip} for one in self.faults]
        return {**super().as_json(), "problems": problems}


class PreconditionError(BeastError):
    """Something a run needs is missing; nothing was run."""


class RunLockedError(BeastError):
    """Another runner is at work on this roadmap."""


class JournalVersionError(BeastError):
    """The journal was written by a newer version; it was not touched."""


class JournalError(BeastError):
    """The journal or its disk failed. What was recorded before is intact."""

    exit_code = EXIT_JOURNAL


class LedgerVersionError(BeastError):
    """The ledger was written by a newer version; it was not touched."""


class LedgerError(BeastError):
    """The ledger or its disk failed. What was recorded before is intact, but for a damaged file."""

    exit_code = EXIT_JOURNAL


class CacheVersionError(BeastError):
    """The cache was written by a newer version; it was not touched."""


class CacheError(BeastError):
    """The cache or its disk failed. Nothing is lost but time: its answers can be asked for again."""

    exit_code = EXIT_JOURNAL


class KeysError(BeastError):
    """The file of the keys or its disk failed, or a newer version wrote it; it was not changed."""

    exit_code = EXIT_JOURNAL


class ReportError(BeastError):
    """The report could not be written. The run itself is recorded."""

    exit_code = EXIT_JOURNAL


class OutputError(BeastError):
    """What was asked for cannot be written to stdout."""

    exit_code = EXIT_JOURNAL


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a roadmap.   line: from 1; 0 where no line can be named."""

    line: int
    what: str
    tip: str = ""


class RoadmapError(BeastError):
    """A roadmap that cannot be run. The problems found are listed, each with its line and its own advice.

    The message shows the first `SHOWN_PROBLEMS`; `problems` holds all of them.
    """

    def __init__(self, path: Path | str, problems: Sequence[Problem]) -> None:
        self.path, self.problems = str(path), tuple(problems)
        first, *rest = self.problems
        super().__init__(first.what, where=self._place(first), tip=first.tip)
        if rest:
            shown = [
                f"{self._place(one)}: {one.what}" + (f"\n  {one.tip}" if one.tip else "") for one in rest
            ]
            more = len(rest) - SHOWN_PROBLEMS + 1
            shown[SHOWN_PROBLEMS - 1 :] = [f"and {more} more problems"] if more > 0 else []
            self.args = ("\n".join([str(self), *shown]),)

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "problems": [asdict(problem) for problem in self.problems]}

    def _place(self, problem: Problem) -> str:
        return f"{self.path}:{problem.line}" if problem.line else self.path
