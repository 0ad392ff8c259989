"""Refs: what the branches and refs of a run are called in git, and a task's id in them. Pure."""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[a-z0-9_]+([.-][a-z0-9_]+)*")
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")
_MARKED = re.compile(r".*-[0-9a-f]{10}")
_LONGEST = 80
"""Of what is left of an id, in letters: git adds `.lock`, and some disks that encrypt names take 143."""


def safe_name(task: str) -> str:
    """A task's id as one part of a ref, and as the name of a folder, everywhere.

    No two ids share a name, also where the disk takes `A` for `a`. Ids of small letters, digits and `_` with single
    `.` and `-` between them stay as they are; all others end with a hash.
    """
    plain = _PLAIN.fullmatch(task) is not None and len(task) <= _LONGEST
    if plain and not task.endswith(".lock") and not _MARKED.fullmatch(task):
        return task
    readable = _UNSAFE.sub("-", task)[:_LONGEST].strip("-") or "task"
    return f"{readable}-{hashlib.blake2b(task.encode('utf-8', 'surrogatepass'), digest_size=5).hexdigest()}"


def result_ref(run: str) -> str:
    """The branch of what was merged."""
    return f"refs/heads/beast/{run}/result"


def start_ref(run: str) -> str:
    """What the run began from."""
    return f"refs/beast/{run}/start"


def task_ref(run: str, task: str) -> str:
    """The branch of a task."""
    return f"refs/heads/beast/{run}/task/{safe_name(task)}"


def base_ref(run: str, task: str) -> str:
    """The commit that a task's worktree began from."""
    return f"refs/beast/{run}/base/{safe_name(task)}"


def saved_ref(run: str, task: str) -> str:
    """The commit that a task's next attempt goes on from: what was saved last."""
    return f"refs/beast/{run}/saved/{safe_name(task)}"


def merged_ref(run: str, task: str) -> str:
    """The commit that a task's work became in the result branch; gone once the task is done again."""
    return f"refs/beast/{run}/merged/{safe_name(task)}"


def kept_refs(run: str, task: str) -> str:
    """Where the branches of what was set aside of a task stand: what all of them begin with."""
    return f"refs/heads/beast/{run}/kept/{safe_name(task)}/"


def kept_ref(run: str, task: str, number: int) -> str:
    """The branch of what was set aside of a task.   number: from 1."""
    return f"{kept_refs(run, task)}{number}"


def branch_of(ref: str) -> str:
    """A branch as people call it."""
    return ref.removeprefix("refs/heads/")
