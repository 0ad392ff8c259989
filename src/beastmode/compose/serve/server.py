"""The server of a gateway: made from settings, and run until told to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import resource
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import FrameType

import uvicorn

from beastmode.compose.serve.alarms import Tell
from beastmode.compose.serve.application import Inside, app_for
from beastmode.compose.serve.port import see_port
from beastmode.compose.serve.seen import Seen
from beastmode.compose.serve.settings.choice import Chosen
from beastmode.compose.serve.settings.serving import Serving
from beastmode.compose.serve.signs import ALIVE_S, SERVE, shown
from beastmode.compose.serve.tls import checked_tls
from beastmode.gateway.app import App
from beastmode.gateway.client.connection import Connection
from beastmode.gateway.client.reaper import Reaper
from beastmode.store import prices

_IDLE_CLIENT_S = 120.0
"""Longer than clients keep a connection they do not use, so that none sends a request into one that is being closed."""
_OBJECTS_A_LOOK = 10_000


def serve(
    serving: Serving,
    on_started: Callable[[int], None] = lambda port: None,
    tell: Tell = lambda alarm: None,
    chosen: Sequence[Chosen] = (),
    command: str = "",
) -> None:
    """Serve until TERM or Ctrl-C, then drain. Raises BeastError where it cannot start.   on_started: gets the port.
    tell: is told of alarms, and of their end.   chosen: where each setting came from, for dashboards.   command: that
    begins it again, likewise."""
    _allow_connections()
    see_port(serving.host, serving.port)  # uvicorn would end without a word that anybody reads

    def started(port: int) -> None:
        asyncio.get_running_loop().run_in_executor(None, _settle)
        on_started(port)

    server_for(serving, started, tell, seen=Seen(SERVE, chosen, command)).run()


def _settle() -> None:
    """Once all is loaded, leave it out of the garbage collection; and a request makes no garbage in circles that would
    be worth a look at every 700 objects. Together a fifth of the CPU of a request."""
    prices.load()
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_LOOK)


def server_for(
    serving: Serving,
    on_started: Callable[[int], None],
    tell: Tell = lambda alarm: None,
    inside: Inside | None = None,
    seen: Seen | None = None,
) -> uvicorn.Server:
    """The server, not yet running. Raises BeastError.   inside: of a run; None elsewhere.   seen: by dashboards; None
    for none."""
    tls = checked_tls(serving.tls_cert, serving.tls_key)
    app = app_for(serving, tell, inside, seen)
    config = uvicorn.Config(
        app,
        host=serving.host,
        port=serving.port,
        http=Connection,
        ws="none",  # offered, it is declined: `Connection._decline`
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=math.ceil(serving.drain_s),
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    # What it logs are our own cut connections; every request has its record.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    def signed(port: int) -> AbstractContextManager[Callable[[], None]]:
        if seen is None:
            return nullcontext(lambda: None)
        return shown(serving.home, seen.sign(serving, port), tell)

    return _Server(config, app, serving.limits.slow_client_s, on_started, signed)


async def _say(lives: Callable[[], None]) -> None:
    """Again and again, off the loop: a disk may be slow."""
    while True:
        await asyncio.sleep(ALIVE_S)
        await asyncio.get_running_loop().run_in_executor(None, lives)


def _allow_connections() -> None:
    """As many open files as this user may have: a few hundred idle clients must not keep the next one out."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(uvicorn.Server):
    """Says on which port it listens, once it does. TERM and Ctrl-C drain it: those in line are told, what has left
    may end, and the exit code is 0. Told again, it cuts what is left and ends by that signal."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: App,
        slow_client_s: float,
        on_started: Callable[[int], None],
        signed: Callable[[int], AbstractContextManager[Callable[[], None]]],
    ) -> None:
        super().__init__(config)
        self._app, self._on_started, self._signed = app, on_started, signed
        self._reaper = Reaper(self.server_state.connections, slow_client_s, _IDLE_CLIENT_S)

    async def main_loop(self) -> None:
        port = self.servers[0].sockets[0].getsockname()[1]
        self._on_started(port)
        loop = asyncio.get_running_loop()
        reaping = loop.create_task(self._reaper.run())
        try:
            with self._signed(port) as lives:
                living = loop.create_task(_say(lives))
                try:
                    await super().main_loop()
                finally:
                    living.cancel()
        finally:
            reaping.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """HUP too, where it would end the process: a terminal that is closed ends no request in the middle. Under nohup
        it is ignored, and stays so."""
        with super().capture_signals():
            in_main = threading.current_thread() is threading.main_thread()  # others may not set any
            if not in_main or signal.getsignal(signal.SIGHUP) != signal.SIG_DFL:
                yield
                return
            signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, signal.SIG_DFL)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        again = self.should_exit
        super().handle_exit(sig, frame)
        self.force_exit = again

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._app.drain()
        await super().shutdown(sockets)  # type: ignore[arg-type]
        if self.force_exit:
            for task in list(self.server_state.tasks):
                task.cancel()
            await self.lifespan.shutdown()
        else:
            self._captured_signals.clear()  # else uvicorn ends the process by the signal it has just obeyed
