"""Refs of all runs of a repository, by run and task."""

from __future__ import annotations

from dataclasses import dataclass, field

from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import result_ref


@dataclass(slots=True)
class RunRefs:
    """Those of one run.

    start, result: commits; "" where there is none.   tasks: branches by the task's name in them, and their commits:
    its own, and those that were kept.   hidden: what else is kept of a task, in refs that are no branches.
    """

    name: str
    start: str = ""
    result: str = ""
    tasks: dict[str, dict[str, str]] = field(default_factory=dict)
    hidden: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def result_ref(self) -> str:
        return result_ref(self.name)


async def refs_of_runs(git: Git) -> dict[str, RunRefs]:
    """Every run that a repository knows of, by its name."""
    runs: dict[str, RunRefs] = {}
    out = await git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/beast", "refs/beast")
    for line in out.splitlines():
        ref, _, commit = line.partition(" ")
        match ref.split("/"):
            case ["refs", "heads", "beast", run, "result"]:
                runs.setdefault(run, RunRefs(run)).result = commit
            case ["refs", "beast", run, "start"]:
                found = runs.setdefault(run, RunRefs(run))
                found.start = commit
                found.hidden.setdefault("", {})[ref] = commit
            case ["refs", "heads", "beast", run, "task", task] | [
                "refs",
                "heads",
                "beast",
                run,
                "kept",
                task,
                _,
            ]:
                runs.setdefault(run, RunRefs(run)).tasks.setdefault(task, {})[ref] = commit
            case ["refs", "beast", run, "base" | "saved", task]:
                runs.setdefault(run, RunRefs(run)).hidden.setdefault(task, {})[ref] = commit
    return runs
