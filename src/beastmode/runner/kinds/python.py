"""Python tasks: `module:function` in a process of its own, or a callable in this one."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.kinds.call_child import taken
from beastmode.runner.kinds.command import outcome_of
from beastmode.runner.kinds.environment import environment_of
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.supervisor import AttemptLog, Supervisor
from beastmode.runner.work import Call

_CHILD = "beastmode.runner.kinds.call_child"


class CallKind:
    """Calls functions for one run."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._shapes: dict[Any, tuple[list[str], bool]] = {}

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        work = attempt.task.work
        if not isinstance(work, Call):
            raise TypeError(f"no Python call: {work!r}")
        if isinstance(work.function, str):
            return await self._in_process(work.function, attempt, leaves)
        return await self._here(work.function, attempt, leaves)

    async def _here(
        self, function: Callable[..., Any], attempt: Attempt, leaves: Callable[[], None]
    ) -> Outcome:
        """In this process: a coroutine on this loop, anything else in a thread that nobody waits for at the end."""
        shape = self._shapes.get(function)
        if shape is None:
            shape = self._shapes[function] = taken(function), inspect.iscoroutinefunction(function)
        names, is_async = shape
        given = {name: _facts(attempt)[name] for name in names} if names else {}
        leaves()
        try:
            async with asyncio.timeout(attempt.timeout_s) as limit:
                await (function(**given) if is_async else _in_thread(function, given))
        except TimeoutError as error:
            if limit.expired():
                return Outcome(classify.timed_out(attempt.timeout_s))
            return Outcome(classify.from_exception(error))
        except Exception as error:
            return Outcome(classify.from_exception(error))
        return Outcome()

    async def _in_process(self, function: str, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        reading, writing = os.pipe()
        arguments = [sys.executable, "-m", _CHILD, function, str(attempt.import_root), str(writing)]
        env = {**environment_of(attempt), "BEAST_CALL": json.dumps(_facts(attempt)), "PYTHONUNBUFFERED": "1"}
        log = AttemptLog(attempt.log_path, attempt.log_limit_bytes)
        try:
            exit_ = await self._supervisor.run(
                arguments,
                env=env,
                cwd=attempt.root,
                log=log,
                timeout_s=attempt.timeout_s,
                on_started=leaves,
                pass_fds=(writing,),
            )
        except OSError as error:
            os.close(writing)
            os.close(reading)
            return Outcome(classify.from_exception(error, where=function))
        os.close(writing)
        outcome = outcome_of(exit_, attempt)
        said = _read(reading)
        if said and outcome.failure and not exit_.timed_out:
            outcome.failure = Failure(**json.loads(said))
            outcome.effect = outcome.failure.effect
        return outcome


def _read(descriptor: int) -> bytes:
    """What the child said before it ended; all writers are gone."""
    with open(descriptor, "rb") as pipe:
        return pipe.read(1 << 16)


def _facts(attempt: Attempt) -> dict[str, Any]:
    task = attempt.task
    about = {
        "id": task.id,
        "title": task.title,
        "category": task.options.category,
        "phase": list(attempt.phases),
    }
    return {"task": about, "attempt": attempt.number, "feedback": attempt.feedback}


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

    def call() -> None:
        result, raised = None, None
        try:
            result = function(**given)
        except BaseException as error:  # SystemExit in a thread would be lost in silence
            raised = error if isinstance(error, Exception) else RuntimeError(f"the function raised {error!r}")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=call, daemon=True).start()
    return future
