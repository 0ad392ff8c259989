"""Python tasks: `module:function` in a process of its own, or a callable in this one."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.kinds.calling import UncallableError, call, taken
from beastmode.runner.kinds.command import not_started, outcome_of
from beastmode.runner.kinds.environment import environment_of
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.processes.supervisor import AttemptLog, Exit, Supervisor
from beastmode.runner.work import Call

_CHILD = "beastmode.runner.kinds.call_child"
_OPTIONS = ("-u", "-P")
"""What it prints is in the log at once; modules of the folder that `beast` was started in shadow nothing."""
_MOST_SAID_BYTES = 1 << 16


class CallKind:
    """Calls functions for one run."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._taken: dict[int, list[str]] = {}

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Success is a function that returns, whatever it returns. A callable that is not async runs in a thread,
        which a timeout abandons but cannot end."""
        work = attempt.task.work
        if not isinstance(work, Call):
            raise TypeError(f"no Python call: {work!r}")
        if isinstance(work.function, str):
            return await self._in_process(work.function, attempt, leaves)
        failure = await self._here(work.function, attempt, leaves)
        return Outcome(failure, failure.effect if failure else "ignored")

    async def _here(
        self, function: Callable[..., Any], attempt: Attempt, leaves: Callable[[], None]
    ) -> Failure | None:
        """In this process: a coroutine on this loop, anything else in a thread that nobody waits for at the end."""
        limit = asyncio.timeout(attempt.timeout_s)
        try:
            given = self._given(function, attempt)
            leaves()
            async with limit:
                await _finished(function, given)
        except UncallableError as error:
            return classify.bad_request(str(error), error.tip)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return classify.from_exception(error)  # the function's own: nobody cancelled the attempt
        except SystemExit as error:
            return _exited(error)
        except TimeoutError as error:
            return (
                classify.timed_out(attempt.timeout_s) if limit.expired() else classify.from_exception(error)
            )
        except BaseException as error:  # a task that raises KeyboardInterrupt must not end the run
            return classify.from_exception(error)
        return None

    def _given(self, function: Callable[..., Any], attempt: Attempt) -> dict[str, Any]:
        names = self._taken.get(id(function))  # not every callable can be hashed; the task keeps it alive
        if names is None:
            names = self._taken[id(function)] = taken(function)
        return {name: _facts(attempt)[name] for name in names} if names else {}

    async def _in_process(self, function: str, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            exit_ = await self._run(function, attempt, leaves, writing)
            said = _failure_in(_said(reading))
        finally:
            os.close(writing)
            os.close(reading)
        outcome = outcome_of(exit_, attempt)
        if said and outcome.failure and not exit_.timed_out:
            outcome.failure, outcome.effect = said, said.effect
        return outcome

    async def _run(self, function: str, attempt: Attempt, leaves: Callable[[], None], answer: int) -> Exit:
        arguments = [sys.executable, *_OPTIONS, "-m", _CHILD, function, str(attempt.import_root), str(answer)]
        log = AttemptLog(attempt.log_path, attempt.log_limit_bytes)
        try:
            return await self._supervisor.run(
                arguments,
                env={**environment_of(attempt), "BEAST_CALL": json.dumps(_facts(attempt))},
                cwd=attempt.root,
                log=log,
                timeout_s=attempt.timeout_s,
                on_started=leaves,
                pass_fds=(answer,),
            )
        except (OSError, ValueError) as error:
            return not_started(error, arguments[0], attempt.root, log)


def _said(descriptor: int) -> bytes:
    """What the child said before it ended. Never waits: something it left behind may still hold the other end."""
    with suppress(BlockingIOError):
        return os.read(descriptor, _MOST_SAID_BYTES)
    return b""


def _failure_in(said: bytes) -> Failure | None:
    with suppress(ValueError, TypeError):  # killed in the middle of it, or the function wrote there
        return Failure(**json.loads(said))
    return None


def _facts(attempt: Attempt) -> dict[str, Any]:
    task = attempt.task
    about = {
        "id": task.id,
        "title": task.title,
        "category": task.options.category,
        "phase": list(attempt.phases),
    }
    return {"task": about, "attempt": attempt.number, "feedback": attempt.feedback}


async def _finished(function: Callable[..., Any], given: dict[str, Any]) -> None:
    if inspect.iscoroutinefunction(function):
        await function(**given)
        return
    result = await _in_thread(function, given)
    if inspect.isawaitable(result):  # a lambda or an object around something async
        await result


def _in_thread(function: Callable[..., Any], given: dict[str, Any]) -> asyncio.Future[Any]:
    """Call it in a daemon thread: one that never ends must not keep the run from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        elif isinstance(error, StopIteration):
            future.set_exception(RuntimeError(f"the function raised {error!r}"))
        else:
            future.set_exception(error)

    def work() -> None:
        result, raised = None, None
        try:
            result = call(function, given)
        except BaseException as error:  # SystemExit in a thread would be lost in silence
            raised = error
        with suppress(RuntimeError):  # the run has ended without it
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=work, daemon=True).start()
    return future


def _exited(exit_: SystemExit) -> Failure | None:
    """`sys.exit` as a program means it: nothing and 0 are success, a text is a complaint."""
    if exit_.code is None or exit_.code == 0:
        return None
    code, complaint = (exit_.code, "") if isinstance(exit_.code, int) else (1, str(exit_.code))
    return classify.from_exit(code % 256 or 1, tail=complaint)
