"""A server on a thread, with an event loop of its own, driven from another loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any, ParamSpec, TypeVar

import uvicorn

from beastmode.errors import BeastError, PreconditionError

T = TypeVar("T")
P = ParamSpec("P")

END_S = 10.0
"""How long it may take to end; the thread ends with the process anyway."""


class GoneError(Exception):
    """The server has ended."""


class ServerThread:
    """Runs what `make` makes, which is given a function to call with its port once it listens. `make` is called on the
    thread: parts of a gateway belong to the one that made them. What it raises, `start` raises.

    port, loop, server: 0 and None before it listens.   crashed: why it has ended though nobody told it to; "" where it
    has not.   on_crash: is told that.
    """

    def __init__(
        self,
        make: Callable[[Callable[[int], None]], uvicorn.Server],
        on_crash: Callable[[str], None] = lambda why: None,
    ) -> None:
        self.port = 0
        self.crashed = ""
        self._make, self._on_crash = make, on_crash
        self.loop: asyncio.AbstractEventLoop | None = None
        self.server: uvicorn.Server | None = None
        self._thread: Thread | None = None
        self._ended = asyncio.Event()
        self._stopping = False
        self._trouble: BaseException | None = None

    async def start(self) -> None:
        """Return once it listens. Raises BeastError."""
        home, news = asyncio.get_running_loop(), asyncio.Event()

        def started(port: int) -> None:
            self.port, self.loop = port, asyncio.get_running_loop()
            home.call_soon_threadsafe(news.set)

        def ended() -> None:
            self._has_ended()
            news.set()

        serve = partial(self._serve, started, partial(home.call_soon_threadsafe, ended))
        self._thread = Thread(target=serve, name="gateway", daemon=True)
        self._thread.start()
        await news.wait()
        if isinstance(self._trouble, BeastError):
            raise self._trouble
        if not self.port:
            what = f"the gateway of the run could not be started: {self.crashed}"
            raise PreconditionError(what, tip="Try `beast serve --port 0`: it says more.")

    async def stop(self) -> None:
        """Return once it has ended. Idempotent, also where it has never begun."""
        self._stopping = True
        if self.server is not None:
            self.server.should_exit = True
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, END_S)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it on the server's loop. Raises GoneError where that has ended, or ends meanwhile."""
        if self.loop is None or self._ended.is_set() or self.loop.is_closed():
            work.close()
            raise GoneError
        working = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((working, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            working.cancel()
        if working.cancelled() or not working.done():
            raise GoneError
        return working.result()

    async def call(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call it on the server's loop."""

        async def called() -> T:
            return work(*arguments, **named)

        return await self.run(called())

    def _has_ended(self) -> None:
        self._ended.set()
        if self._stopping:
            return
        told = f"{type(self._trouble).__name__}: {self._trouble}" if self._trouble else ""
        self.crashed = told or "it ended by itself"
        if self.port:
            self._on_crash(self.crashed)

    def _serve(self, started: Callable[[int], None], ended: Callable[[], object]) -> None:
        try:
            self.server = self._make(started)
            self.server.run()
        except BaseException as error:  # a server that cannot begin ends with SystemExit
            self._trouble = error
        finally:
            with suppress(RuntimeError):  # the run's loop has gone; nobody is to be told
                ended()
