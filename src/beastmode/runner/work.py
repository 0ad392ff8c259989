"""What a task does: a command, an HTTP call, a Python function, code to be written. Data only; `kinds/` performs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import FunctionType
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, or a shell line.

    arguments: filled per task, see `fields.FIELDS`; each field stays within its one argument.
    shell: a line for `/bin/sh`; it gets the fields only as `$BEAST_*`. Exactly one of the two is given.
    """

    arguments: tuple[str, ...] = ()
    shell: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""


@dataclass(frozen=True, slots=True)
class Http:
    """One HTTP request.

    body: text is sent as it is, anything else as JSON.   expect_status: statuses that mean success; empty: any
    2xx.   expect_json: must be contained in the JSON answer (objects by their keys, lists and values whole).
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    expect_status: tuple[int, ...] = ()
    expect_json: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """A Python function: `module:function`, run in a process of its own, or a callable, run in this one.

    It may take `task` (id, title, phase, category), `attempt` and `feedback` by those names. Sync or async.
    """

    function: str | Callable[..., Any]


GENERATE = "generate"
"""The agent that is our own: it asks a model for edits, and applies them itself."""


@dataclass(frozen=True, slots=True)
class Coding:
    """Code that is to be written, by a coding agent or by our own generation, in a worktree of its own.

    agent: the name of one, `generate`, or "" for the run's.   command: instead, the arguments of any other agent, with
    `{prompt}` or `{prompt_file}` in one of them.   model: "" for the agent's own default.   prompt: what is asked
    beside the task's own words.   cwd: folder to work in, relative to the repository.   env: variables that the agent
    and everything that runs in its worktree gets.   setup: run once in a new worktree.   copy: files and folders of the
    checkout, patterns relative to it, that a worktree gets and no commit ever holds.   budget_usd: of the task; None
    for the run's.
    """

    agent: str = ""
    command: tuple[str, ...] = ()
    model: str = ""
    prompt: str = ""
    cwd: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    setup: Command | None = None
    copy: tuple[str, ...] = ()
    budget_usd: float | None = None


Work = Command | Http | Call | Coding


def as_work(value: object) -> Work | None:
    """The work that a short form means: a list of arguments, a shell line, or a callable."""
    if value is None or isinstance(value, (Command, Http, Call, Coding)):
        return value
    if isinstance(value, str):
        return Command(shell=value)
    if isinstance(value, (list, tuple)):
        return Command(arguments=tuple(str(part) for part in value))
    if isinstance(value, FunctionType):
        return _call_of(value)
    if callable(value):
        return Call(value)
    raise TypeError(
        f"{value!r} is no work: give a list of arguments, a shell line, a callable, Http or Command"
    )


@lru_cache(maxsize=8)
def _call_of(function: FunctionType) -> Call:
    """One for all tasks in a row that call the same function, so that a million of them stay small."""
    return Call(function)
