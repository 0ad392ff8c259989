"""Python tasks: functions in a process of their own, whatever they do there, and callables in this one."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from beastmode import run
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.kinds.python import CallKind
from beastmode.runner.roadmap import Roadmap, Task, TaskOptions
from beastmode.runner.work import Call
from beastmode.testing import attempt_of
from tests.processes import alive, belonging_to, pid_in, supervisor_in

JOBS = '''
import asyncio, os, sys, time
from pathlib import Path

class Tools:
    @staticmethod
    def inside(): print("inside")

not_callable = 3
def says(task, attempt, feedback): print(task["id"], task["title"], task["phase"], attempt, feedback)
async def later(task): await asyncio.sleep(0); print("later", task["id"])
def returns_what_no_json_holds(): return {object(), lambda: 1}
def raises(): raise ValueError("what a pity")
async def raises_later(): raise ConnectionRefusedError(111, "nobody there")
def exits_well(): sys.exit(0)
def exits(): sys.exit(3)
def complains(): sys.exit("no such thing")
def leaves(): os._exit(4)
def crashes(): os.kill(os.getpid(), 11)
def interrupts(): raise KeyboardInterrupt
def never_runs(): yield
async def never_runs_either(): yield
def blocks(): time.sleep(600)
async def waits(): await asyncio.sleep(600)
def arguments(): print(sys.argv, len(sys.argv))
def takes_more(task, what): pass
def forks():
    if os.fork() == 0:
        print(os.getpid(), file=open("pid", "w"), flush=True)
        time.sleep(600)
    while not os.path.exists("pid"): time.sleep(0.01)
def forks_and_breaks():
    if os.fork() == 0: raise ValueError("in the fork")
    os.wait()
def leaves_a_program_behind():
    """One that cannot be found: a session of its own, no environment, and the pipe of the answer if it can."""
    import subprocess
    subprocess.Popen(["env", "-i", "setsid", "sh", "-c", "echo $$ > pid; exec sleep 600"], close_fds=False)
    while not os.path.exists("pid"): time.sleep(0.01)
'''


def attempt(folder: Path, function: str | Callable[..., Any], timeout_s: float = 30.0) -> Attempt:
    task = Task("t", Call(function), title="A title", options=TaskOptions("docs"))
    given = attempt_of(task, 2, folder=folder, feedback="again")
    return replace(given, phases=("Month 1", "Week 1"), timeout_s=timeout_s, env={"FOLDER": str(folder)})


def called(folder: Path, function: str | Callable[..., Any], timeout_s: float = 30.0) -> Outcome:
    """The outcome of one call; nothing of it may be left."""

    async def play() -> Outcome:
        supervisor = supervisor_in(folder)
        try:
            return await CallKind(supervisor).perform(attempt(folder, function, timeout_s), lambda: None)
        finally:
            await supervisor.close()

    return asyncio.run(play())


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    (tmp_path / "jobs.py").write_text(JOBS, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import no_such_module", encoding="utf-8")
    (tmp_path / "exits.py").write_text("import sys; sys.exit(0)", encoding="utf-8")
    return tmp_path


def log_of(folder: Path) -> str:
    path = folder / "t.2.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize(
    ("function", "printed"),
    [
        ("jobs:says", "t A title ['Month 1', 'Week 1'] 2 again\n"),
        ("jobs:later", "later t\n"),
        ("jobs:Tools.inside", "inside\n"),
        ("jobs:returns_what_no_json_holds", ""),
        ("jobs:exits_well", ""),
        ("jobs:arguments", "['jobs:arguments'] 1\n"),
        ("jobs:forks_and_breaks", None),
    ],
)
def test_a_function_that_returns_has_succeeded(jobs: Path, function: str, printed: str | None) -> None:
    outcome = called(jobs, function)
    assert outcome.ok, outcome.failure
    assert printed is None or log_of(jobs) == printed
    assert not belonging_to(jobs)


@pytest.mark.parametrize(
    ("function", "class_", "cause"),
    [
        ("jobs:raises", "other", "what a pity"),
        ("jobs:raises_later", "connection_refused", "nobody there"),
        ("jobs:exits", "exit_code", "exit code 3"),
        ("jobs:complains", "exit_code", "no such thing"),
        ("jobs:leaves", "exit_code", "exit code 4"),
        ("jobs:crashes", "killed", "SIGSEGV"),
        ("jobs:interrupts", "other", "KeyboardInterrupt"),
        ("jobs:never_runs", "bad_request", "generator"),
        ("jobs:never_runs_either", "bad_request", "generator"),
        ("jobs:takes_more", "bad_request", "'what'"),
        ("jobs:missing", "bad_request", "missing"),
        ("jobs:not_callable", "bad_request", "not a function"),
        ("no_such_module:f", "bad_request", "no_such_module"),
        ("broken:f", "bad_request", "no_such_module"),
        ("exits:f", "bad_request", "SystemExit"),
    ],
)
def test_a_function_that_fails_says_why(jobs: Path, function: str, class_: str, cause: str) -> None:
    outcome = called(jobs, function)
    assert outcome.failure
    assert (outcome.failure.class_, cause in outcome.failure.cause) == (class_, True), outcome.failure
    assert outcome.failure.tip
    assert class_ != "bad_request" or outcome.failure.passing is False
    assert not belonging_to(jobs)


def test_the_traceback_is_in_the_log_and_begins_with_the_users_own_lines(jobs: Path) -> None:
    called(jobs, "jobs:raises")
    lines = log_of(jobs).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert str(jobs / "jobs.py") in lines[1]
    assert lines[-1] == "ValueError: what a pity"


@pytest.mark.parametrize("function", ["jobs:blocks", "jobs:waits"])
def test_a_function_that_never_ends_is_ended(jobs: Path, function: str) -> None:
    outcome = called(jobs, function, timeout_s=1.0)
    assert outcome.failure
    assert outcome.failure.class_ == "timeout"
    assert not belonging_to(jobs)


def test_what_a_function_forks_is_ended(jobs: Path) -> None:
    assert called(jobs, "jobs:forks").ok
    assert not alive(pid_in(jobs / "pid"))


def test_a_program_that_cannot_be_found_again_does_not_hold_up_the_run(jobs: Path) -> None:
    assert called(jobs, "jobs:leaves_a_program_behind").ok
    os.kill(pid_in(jobs / "pid"), 9)


def test_imports_come_from_the_roadmaps_folder_and_pythonpath_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of the folder that beast was started in must not shadow one of Python's own."""
    started_in, listed, pathed = (tmp_path / name for name in ("started", "listed", "pathed"))
    for folder in (started_in, listed, pathed):
        folder.mkdir()
    (started_in / "json.py").write_text("raise RuntimeError('shadowed')", encoding="ascii")
    (listed / "first.py").write_text("from second import where\ndef f(): where()", encoding="ascii")
    (pathed / "second.py").write_text("def where(): print('here')", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(pathed))

    async def play() -> Outcome:
        supervisor = supervisor_in(tmp_path)
        given = replace(attempt(tmp_path, "first:f"), root=started_in, import_root=listed)
        outcome = await CallKind(supervisor).perform(given, lambda: None)
        await supervisor.close()
        return outcome

    assert asyncio.run(play()).ok
    assert log_of(tmp_path) == "here\n"


def test_a_cancelled_call_leaves_no_descriptor_open(jobs: Path) -> None:
    async def play() -> int:
        supervisor = supervisor_in(jobs)
        started = asyncio.Event()
        before = len(os.listdir("/proc/self/fd"))
        call = asyncio.create_task(CallKind(supervisor).perform(attempt(jobs, "jobs:blocks"), started.set))
        await started.wait()
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        await supervisor.close()
        return len(os.listdir("/proc/self/fd")) - before

    assert asyncio.run(play()) == 0


def test_a_call_whose_facts_are_too_long_for_this_system_says_so(tmp_path: Path) -> None:
    async def play() -> Outcome:
        supervisor = supervisor_in(tmp_path)
        task = Task("t", Call("jobs:says"), title="x" * 3_000_000)
        outcome = await CallKind(supervisor).perform(attempt_of(task, folder=tmp_path), lambda: None)
        await supervisor.close()
        return outcome

    failure = asyncio.run(play()).failure
    assert failure
    assert "too long" in failure.cause


# Callables, in this process


async def asynchronous(attempt: int) -> None:
    assert attempt == 2


@dataclass
class Unhashable:
    """A callable like many: with state, and without a hash."""

    seen: list[str]

    def __call__(self, feedback: str) -> None:
        self.seen.append(feedback)


class Awaited:
    """An object around something async."""

    ran = False

    async def __call__(self) -> None:
        await asyncio.sleep(0)
        Awaited.ran = True


def test_a_callable_runs_here_and_gets_what_it_asks_for(tmp_path: Path) -> None:
    counting = Unhashable([])
    for function in (asynchronous, counting, functools.partial(counting, "given"), lambda: asyncio.sleep(0)):
        assert called(tmp_path, function).ok
    assert counting.seen == ["again", "given"]
    assert called(tmp_path, Awaited()).ok
    assert Awaited.ran


def raising(error: BaseException) -> tuple[Callable[[], None], Callable[[], Coroutine[Any, Any, None]]]:
    """The same fault in a thread and on the loop."""

    def in_thread() -> None:
        raise error

    async def on_loop() -> None:
        raise error

    return in_thread, on_loop


@pytest.mark.parametrize(
    ("error", "class_"),
    [
        (ValueError("what a pity"), "other"),
        (ConnectionRefusedError(111, "nobody there"), "connection_refused"),
        (TimeoutError("of its own"), "timeout"),
        (SystemExit(3), "exit_code"),
        (SystemExit("a complaint"), "exit_code"),
        (SystemExit(0), "done"),
        (KeyboardInterrupt(), "other"),
        (asyncio.CancelledError(), "other"),
    ],
    ids=repr,
)
def test_nothing_that_a_callable_raises_ends_the_run(
    tmp_path: Path, error: BaseException, class_: str
) -> None:
    for function in raising(error):
        outcome = called(tmp_path, function)
        assert (outcome.failure.class_ if outcome.failure else "done") == class_, function


def test_a_stop_iteration_is_no_end_of_the_loop_either(tmp_path: Path) -> None:
    """asyncio would take it for the end of a coroutine."""
    for function in raising(StopIteration()):
        failure = called(tmp_path, function).failure
        assert failure
        assert "StopIteration" in failure.cause


def test_a_fault_of_a_server_counts_as_one(tmp_path: Path) -> None:
    for function in raising(ConnectionRefusedError()):
        assert called(tmp_path, function).effect == "dropped"


def test_a_callable_that_wants_more_than_a_task_has_fails_for_good(tmp_path: Path) -> None:
    failure = called(tmp_path, lambda task, what: None).failure
    assert failure
    assert (failure.class_, failure.passing) == ("bad_request", False)
    assert "'what'" in failure.cause


def test_a_generator_is_not_taken_for_work_done(tmp_path: Path) -> None:
    def never_runs() -> Iterator[None]:
        yield

    async def never_runs_either() -> AsyncIterator[None]:
        yield

    for function in (never_runs, never_runs_either):
        failure = called(tmp_path, function).failure
        assert failure
        assert "generator" in failure.cause


def test_a_callable_that_never_ends_is_abandoned_at_its_timeout(tmp_path: Path) -> None:
    released = threading.Event()
    failure = called(tmp_path, released.wait, timeout_s=0.1).failure
    assert failure
    assert failure.class_ == "timeout"
    released.set()


def test_a_cancelled_callable_is_cancelled(tmp_path: Path) -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(600)
        finally:
            ended.append("tidied up")

    async def play() -> None:
        supervisor = supervisor_in(tmp_path)
        call = asyncio.create_task(CallKind(supervisor).perform(attempt(tmp_path, waits), lambda: None))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()

    asyncio.run(play())
    assert ended == ["tidied up"]


def test_the_process_of_a_call_loads_little(tmp_path: Path) -> None:
    """Every task pays for it: asyncio alone takes longer than Python's own start."""
    source = "import sys, beastmode.runner.kinds.call_child; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert not {"asyncio", "aiohttp", "beastmode.failures.classify", "traceback"} & set(loaded.split())


def test_a_callable_given_from_python_goes_the_whole_way(tmp_path: Path) -> None:
    greeted: list[str] = []

    def hello(task: dict[str, Any]) -> None:
        greeted.append(task["title"])

    works: list[Any] = [hello, raising(ValueError("no"))[0]]
    listed = Roadmap([Task("greet", works[0], title="the world"), Task("fail", works[1])])
    summary = run(listed, home=tmp_path / "home", retries=0, rates="none")
    assert (summary.tasks["done"], summary.tasks["failed"], summary.exit_code) == (1, 1, 1)
    assert greeted == ["the world"]
