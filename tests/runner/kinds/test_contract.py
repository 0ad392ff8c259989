"""What every kind of task promises (`kinds/protocol.py`), over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest

from beastmode.runner.kinds.command import CommandKind
from beastmode.runner.kinds.http import HttpKind
from beastmode.runner.kinds.protocol import Attempt, Kind, Outcome
from beastmode.runner.kinds.python import CallKind
from beastmode.runner.processes.supervisor import Supervisor
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Call, Command, Http, Work
from beastmode.testing import attempt_of
from tests.processes import belonging_to, supervisor_in
from tests.servers import answers, closed_port, serving

T = TypeVar("T")
JOBS = """
import time
def fine(): pass
def breaks(): raise ValueError("what a pity")
def endless(): time.sleep(600)
def loud(): print("x" * 100_000)
"""


WORKS = ("fine", "breaks", "endless", "loud", "stillborn", "other")
"""Goes well, fails, never ends, says much, cannot even leave, is work of another kind."""


@dataclass(frozen=True, slots=True)
class Case:
    """A kind, and work for it by the names in WORKS."""

    kind: Callable[[Supervisor], Kind]
    works: Sequence[Work]

    def __getitem__(self, name: str) -> Work:
        return self.works[WORKS.index(name)]


async def _awaits() -> None:
    await asyncio.sleep(600)


def _raises() -> None:
    raise ValueError("what a pity")


def _takes_more(what: str) -> None:
    """Cannot be called by a task."""


def _cases(stack: ExitStack) -> dict[str, Case]:
    urls = [
        stack.enter_context(serving(handle)).url
        for handle in (
            answers(),
            answers("no", status="500 No"),
            lambda connection: None,
            answers("x" * 100_000),
        )
    ]
    http = [*map(Http, urls), Http(f"http://127.0.0.1:{closed_port()}/")]
    command = [
        Command(shell=line) for line in ("true", "echo why; exit 3", "sleep 600", "yes | head -c 100000")
    ]
    call = [Call(f"jobs:{name}") for name in ("fine", "breaks", "endless", "loud")]
    here = [Call(function) for function in (int, _raises, _awaits, print, _takes_more)]
    return {
        "http": Case(lambda _: HttpKind(), [*http, command[0]]),
        "command": Case(CommandKind, [*command, Command(("no-such-program",)), http[0]]),
        "call": Case(CallKind, [*call, Call("x" * 3_000_000 + ":f"), http[0]]),
        "callable": Case(CallKind, [*here, http[0]]),
    }


@pytest.fixture(params=["http", "command", "call", "callable"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    (tmp_path / "jobs.py").write_text(JOBS, encoding="ascii")
    with ExitStack() as stack:
        yield _cases(stack)[request.param]


def attempt(folder: Path, work: Work, timeout_s: float = 30.0, task: str = "t") -> Attempt:
    given = attempt_of(Task(task, work), folder=folder)
    return replace(given, timeout_s=timeout_s, log_limit_bytes=1000, env={"FOLDER": str(folder)})


def play(folder: Path, case: Case, story: Callable[[Kind], Awaitable[T]]) -> T:
    """A story with a kind of its own; nothing of it may be left."""

    async def told() -> T:
        supervisor = supervisor_in(folder)
        kind = case.kind(supervisor)
        try:
            return await story(kind)
        finally:
            if isinstance(kind, HttpKind):
                await kind.close()
            await supervisor.close()

    result = asyncio.run(told())
    assert not belonging_to(folder)
    return result


def one(folder: Path, case: Case, work: Work, timeout_s: float = 30.0) -> tuple[Outcome, int]:
    """The outcome of one attempt, and how often it said that it leaves."""
    left: list[None] = []
    outcome = play(
        folder, case, lambda kind: kind.perform(attempt(folder, work, timeout_s), lambda: left.append(None))
    )
    return outcome, len(left)


def test_what_goes_well_leaves_and_succeeds(tmp_path: Path, case: Case) -> None:
    outcome, left = one(tmp_path, case, case["fine"])
    assert outcome.ok, outcome.failure
    assert left >= 1


def test_what_fails_returns_its_failure_with_a_cause_and_a_tip(tmp_path: Path, case: Case) -> None:
    outcome, left = one(tmp_path, case, case["breaks"])
    assert outcome.failure
    assert outcome.failure.cause
    assert outcome.failure.tip
    assert outcome.effect == outcome.failure.effect
    assert left >= 1


def test_what_cannot_leave_fails_without_having_left(tmp_path: Path, case: Case) -> None:
    outcome, left = one(tmp_path, case, case["stillborn"])
    assert outcome.failure
    assert outcome.failure.tip
    assert left == 0


def test_what_never_ends_is_ended_by_its_timeout(tmp_path: Path, case: Case) -> None:
    outcome, _ = one(tmp_path, case, case["endless"], timeout_s=0.3)
    assert outcome.failure
    assert outcome.failure.class_ == "timeout"


def test_a_log_stays_within_its_limit(tmp_path: Path, case: Case) -> None:
    assert one(tmp_path, case, case["loud"])[0].ok
    written = sum(path.stat().st_size for path in tmp_path.glob("*.log"))
    assert written <= 1000 + len("\n[beast: 100000 bytes left out here]\n")


def test_a_cancellation_passes_through_once_the_work_has_ended(tmp_path: Path, case: Case) -> None:
    async def story(kind: Kind) -> None:
        left = asyncio.Event()
        work = asyncio.create_task(kind.perform(attempt(tmp_path, case["endless"]), left.set))
        await left.wait()
        work.cancel()
        await asyncio.wait([work])
        assert work.cancelled()

    play(tmp_path, case, story)


def test_attempts_at_once_do_not_wait_for_each_other(tmp_path: Path, case: Case) -> None:
    async def story(kind: Kind) -> list[Outcome]:
        endless = asyncio.create_task(kind.perform(attempt(tmp_path, case["endless"]), lambda: None))
        fine = (kind.perform(attempt(tmp_path, case["fine"], task=f"t{n}"), lambda: None) for n in range(5))
        outcomes = await asyncio.gather(*fine)
        assert not endless.done()
        endless.cancel()
        await asyncio.wait([endless])
        return outcomes

    assert all(outcome.ok for outcome in play(tmp_path, case, story))


def test_work_of_another_kind_is_a_mistake_of_ours_and_raises(tmp_path: Path, case: Case) -> None:
    with pytest.raises(TypeError):
        one(tmp_path, case, case["other"])
