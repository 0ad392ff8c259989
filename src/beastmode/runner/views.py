"""Views: what is known of the tasks, attempts and sessions of a run, and of the code; `progress.py` folds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beastmode.events import Event
from beastmode.runner.policy import NOT_MERGED
from beastmode.runner.states import TaskState

NO_WAITS: dict[str, float] = {}
_NO_USAGE: dict[str, float] = {}
"""Shared by the attempts that did not wait, or asked no model; nobody changes them."""


@dataclass(slots=True)
class AttemptView:
    """One attempt as recorded. Times in microseconds: monotonic, and the start also by the wall clock.

    admitted_us: when it was let through the guard.   left_us: when it really left; None: it never did.
    ended_us: None while it runs.   killed: the runner was killed under it; it ended no later than `ended_us`, the
    last word of that runner, and may have left without a stamp.   usage: of its model, see `CodeView`.
    steps: those that it came to after its work, and when, microseconds of the monotonic clock.
    """

    task: str
    number: int
    session: int
    admitted_us: int
    started_unix_us: int
    waited_s: dict[str, float]
    left_us: int | None = None
    ended_us: int | None = None
    end: str = ""
    failure: dict[str, Any] | None = None
    killed: bool = False
    cpu_s: float = 0.0
    max_rss_kib: int = 0
    usage: dict[str, float] = field(default_factory=lambda: _NO_USAGE)
    steps: tuple[tuple[TaskState, int], ...] = ()

    def ends(self, ended_us: int, data: dict[str, Any]) -> None:
        """As its end was recorded."""
        self.ended_us, self.left_us = ended_us, data.get("left_us")
        self.end, self.failure = data["end"], data.get("failure")
        self.cpu_s, self.max_rss_kib = data.get("cpu_s", 0.0), data.get("max_rss_kib", 0)
        self.usage = data.get("usage", _NO_USAGE)


@dataclass(slots=True)
class CodeView:
    """What is known of the code of a task.

    commit: of its work; where `merged`, the one on the result branch.   branch: its own.   merging: the attempt that
    was about to move the result branch, 0 for a person, and the commit it was to move to.   sent_back: how often its
    work could not be merged, since the last reset.   note: what a person said when asking for it again.   reviewed: a
    person has taken it.   rounds: how often its verification has failed.   unproven: the attempt that was last turned
    down, and by what: `check`, `verify` or `merge`; None where it has succeeded since.   model: that its last attempt
    asked, where it told.   usage: of it, over all attempts, as `model_access.Usage` names it; empty where nobody
    counted.   elsewhere: what attempts left elsewhere than in their worktree, as `Stray.as_fact` has it, and `attempt`.
    """

    commit: str = ""
    branch: str = ""
    merged: bool = False
    merging: tuple[int, str] | None = None
    sent_back: int = 0
    note: str = ""
    reviewed: bool = False
    rounds: int = 0
    unproven: tuple[int, str] | None = None
    model: str = ""
    usage: dict[str, float] = field(default_factory=dict)
    elsewhere: tuple[dict[str, Any], ...] = ()

    def attempt_ended(self, attempt: int, data: dict[str, Any]) -> None:
        """What one more attempt has come to, as its end was recorded."""
        self.merging = None
        self.commit, self.branch = data.get("commit", self.commit), data.get("branch", self.branch)
        self.merged, self.model = data.get("merged", False), data.get("model", "")
        if "proof" in data:
            self.rounds, self.unproven = self.rounds + 1, (attempt, data["proof"])
        elif (data.get("failure") or {}).get("class") in NOT_MERGED:
            self.unproven = (attempt, "merge")
        elif data["end"] == "done":
            self.unproven = None
        if found := data.get("elsewhere"):
            self.elsewhere += tuple({"attempt": attempt, **one} for one in found)
        for name, amount in data.get("usage", {}).items():
            self.usage[name] = self.usage.get(name, 0) + amount

    def anew(self) -> CodeView:
        """What stays where the task begins anew: its place, and what its attempts have taken and left."""
        return CodeView(
            self.commit,
            self.branch,
            rounds=self.rounds,
            unproven=self.unproven,
            usage=self.usage,
            elsewhere=self.elsewhere,
        )


@dataclass(slots=True)
class TaskView:
    """One task as planned and as it stands.   counted: attempts that count, since the last reset.   code: of a task
    that writes some, once it has been at work."""

    id: str
    title: str = ""
    phases: tuple[str, ...] = ()
    category: str = ""
    kind: str = ""
    needs: tuple[str, ...] = ()
    line: int = 0
    fingerprint: str = ""
    state: TaskState = "pending"
    attempts: int = 0
    counted: int = 0
    reason: str = ""
    until_unix: float | None = None
    failure: dict[str, Any] | None = None
    open_attempt: int = 0
    code: CodeView | None = None

    def written(self) -> CodeView:
        """Its code, of which something is known from now on."""
        if self.code is None:
            self.code = CodeView()
        return self.code

    def forget(self) -> None:
        """As if it had not been run, but for the numbers of its attempts and the place of its code."""
        self.state, self.counted, self.failure, self.reason = "pending", 0, None, ""
        if self.code is not None:
            self.code = self.code.anew()


@dataclass(slots=True)
class SessionView:
    """One runner's turn at a run.   ended: None where it was killed.   last_us, last_unix_us: its last word, by
    the monotonic and the wall clock.   estimate: what it was to take, as `Estimate.as_json` has it; empty where nobody
    could tell."""

    number: int
    started: Event
    ended: Event | None = None
    last_us: int = 0
    last_unix_us: int = 0
    estimate: dict[str, Any] = field(default_factory=dict)
