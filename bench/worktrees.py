"""Tasks in worktrees of a repository with 10,000 files: what a task waits for beyond its agent's own work."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from beastmode.failures.failure import Failure
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.git import Git
from beastmode.runner.code.refs import result_ref
from beastmode.runner.code.repository import repository_of
from beastmode.runner.code.workspace import Place, Workspaces
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding, Command
from bench.contest import Contender, Figures, Row, main

FILES, AT_ONCE, AGENT_S = 10_000, 2, 1.0

ROW = Row(
    module="bench.worktrees",
    title=f"a task's worktree in a repository of {FILES:,} files, {AT_ONCE} at once, agents of {AGENT_S:g} s",
    unit="ms a task, median",
    better="lower",
    target="below 150 ms together with the rest of a task",
    sizes={"beastmode": 40, "git worktree under xargs": 20},
    rounds=3,
)

_SCRIPT = """
again() { "$@" || "$@" || "$@"; }
before=$(date +%s%N)
again git worktree add -q -B task-$1 "$2/task-$1" && cd "$2/task-$1" || exit 1
entered=$(date +%s%N)
sleep $3; echo $1 > new-$1
worked=$(date +%s%N)
git add --all && git commit -q -m $1 && cd "$2" && again git -C "$4" worktree remove --force "$2/task-$1" || exit 1
ended=$(date +%s%N)
echo $(( (entered - before + ended - worked) / 1000 ))
"""
"""One task as people write it: a worktree, the agent, a commit, and no worktree any more. Prints microseconds. Again,
as git 2.39 refuses now and then where another begins or ends: it reads `.git/worktrees` while that is half written."""


@contextmanager
def _repository(tasks: int) -> Iterator[Path]:
    """With FILES small files in one commit; fewer for a few tasks, which are a look at whether it works."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder) / "repository"
        for number in range(min(FILES, 500 * tasks)):
            path = top / f"package{number // 100:03}/part{number % 10}/file{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {number}\n" * 20, encoding="ascii")
        _git(top, "init", "--quiet", "--initial-branch=main")
        _git(top, "config", "gc.auto", "0")
        _git(top, "config", "maintenance.auto", "false")
        _git(top, "config", "user.name", "Bench")
        _git(top, "config", "user.email", "bench@localhost")
        _git(top, "add", "--all")
        _git(top, "commit", "--quiet", "--message", "All files")
        yield top


def _git(top: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=top, check=True, capture_output=True)


def beastmode(size: int) -> Figures:
    """Worktrees of a run: entered, saved, finished; each task begins at the result of those before."""
    with _repository(size) as top:
        return _figures(asyncio.run(_tasks(top, size)))


async def _tasks(top: Path, size: int) -> list[float]:
    repository = await repository_of(top, CodingSettings())
    spaces = Workspaces(repository, "r1", top.parent / "worktrees", None, _no_setup)
    await spaces.begin()
    share = iter(range(size))
    try:
        found = await asyncio.gather(*(_worker(spaces, share) for _ in range(AT_ONCE)))
    finally:
        await spaces.end()
    return [took_ms for each in found for took_ms in each]


async def _worker(spaces: Workspaces, share: Iterator[int]) -> list[float]:
    return [await _task(spaces, number) for number in share]


async def _task(spaces: Workspaces, number: int) -> float:
    """Milliseconds of one task beside its agent's."""
    here = Path()
    attempt = Attempt("r1", Task(f"task-{number}"), (), 1, 60.0, here / "log", 0, here, here)
    began = time.perf_counter()
    place = await spaces.enter(attempt, Coding())
    entered = time.perf_counter()
    await asyncio.sleep(AGENT_S)
    (place.folder / f"new-{number}").write_text(f"{number}\n", encoding="ascii")
    worked = time.perf_counter()
    saved = await spaces.save(place, f"{number}\n")
    took_s = time.perf_counter() - worked + entered - began
    await _merge(spaces.git, saved.commit, place.base)
    began = time.perf_counter()
    await spaces.finish(attempt.task.id)
    return (took_s + time.perf_counter() - began) * 1000


async def _merge(git: Git, commit: str, base: str) -> None:
    """The result moves, where nobody else has moved it: as a merge does that needs no other."""
    await git.run("update-ref", result_ref("r1"), commit, base)


async def _no_setup(_command: Command, _place: Place, _log: Path) -> Failure | None:
    return None


def under_xargs(size: int) -> Figures:
    """`git worktree add`, the agent, `git commit`, `git worktree remove`, in a script for each task."""
    with _repository(size) as top:
        command = ["xargs", f"-P{AT_ONCE}", "-I{}", "sh", "-c", _SCRIPT, "task", "{}"]
        command += [str(top.parent), str(AGENT_S), str(top)]
        numbers = "".join(f"{number}\n" for number in range(size))
        done = subprocess.run(command, cwd=top, input=numbers, text=True, stdout=subprocess.PIPE, check=True)
    return _figures([int(line) / 1000 for line in done.stdout.split()])


def _figures(took_ms: Sequence[float]) -> Figures:
    slow = quantiles(took_ms, n=10)[-1] if len(took_ms) > 1 else took_ms[0]
    return Figures(median(took_ms), len(took_ms), {"one in ten takes more than, ms": slow})


CONTENDERS: dict[str, Contender] = {"beastmode": beastmode, "git worktree under xargs": under_xargs}

if __name__ == "__main__":
    main(CONTENDERS)
