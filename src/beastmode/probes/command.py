"""Health by a command: well is what ends with 0."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from beastmode.failures import classify
from beastmode.failures.failure import Failure


async def probe(
    arguments: Sequence[str], timeout_s: float, leaves: Callable[[], None], mark: Mapping[str, str]
) -> Failure | None:
    """Run it once within `timeout_s` seconds; its whole process group is ended with it.

    mark: variables by which whoever cleans up after a dead runner finds it.
    """
    leaves()
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **mark},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return classify.from_exception(error, where=arguments[0])
    try:
        async with asyncio.timeout(timeout_s):
            code = await process.wait()
    except TimeoutError:
        return classify.timed_out(timeout_s, where=arguments[0])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return None if code == 0 else classify.from_exit(code)
