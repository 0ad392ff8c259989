"""Serving the dashboard: what a home has to show, and who answers for it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import uvicorn

from beastmode.addresses import is_loopback
from beastmode.compose.serve.ui_port import PORT, listen, told_of
from beastmode.compose.ui.asking import JournalControl
from beastmode.compose.ui.cache import HomeCache
from beastmode.compose.ui.door import HomeDoor
from beastmode.compose.ui.failures import HomeFailures
from beastmode.compose.ui.home import Home
from beastmode.compose.ui.home_key import home_key
from beastmode.compose.ui.key_ring import UiKeyRing
from beastmode.compose.ui.keys import HomeKeys
from beastmode.compose.ui.live import Gateways
from beastmode.compose.ui.replaying import LedgerReplays
from beastmode.compose.ui.requests import LedgerRequests
from beastmode.compose.ui.runs.reader import JournalRuns
from beastmode.compose.ui.stats import LedgerStats
from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources import Sources
from beastmode.errors import PreconditionError

_HOST = "127.0.0.1"
_DRAIN_S = 1
"""Pages stay open for days: their streams of events are no work that would have to be finished."""
_OBJECTS_A_LOOK = 10_000
"""A page makes thousands, and next to none in circles."""
Tls = tuple[Path, Path]
"""A certificate with its chain, and its private key."""


def serve_ui(home: Path, port: int | None, started: Callable[[str], None]) -> None:
    """Show what the home has until Ctrl-C.   port: 0 for any that is free, None for the usual one.   started: told the
    link, and what is odd about it.

    Raises PreconditionError where nobody can listen there, and where not even the folder around the home exists.
    """
    if not home.absolute().parent.is_dir():
        tip = (
            "Name the folder in which beast run or beast serve keeps its files: often .beast, in the project."
        )
        raise PreconditionError("there is no such home", where=str(home), tip=tip)
    server = server_of(home, _HOST)
    with listen(_HOST, port, "--port") as listener:
        elsewhere = port is None and listener.getsockname()[1] != PORT
        note = f" (port {PORT} is taken)" if elsewhere else ""
        started(f"{told_of(listener, _HOST, tls=False)}/enter?key={home_key(home)}{note}")
        server.run(sockets=[listener])


def server_of(home: Path, host: str, tls: Tls | None = None) -> uvicorn.Server:
    """The server, to be run on a socket.   host: where that listens. Raises BeastError."""
    loopback = is_loopback(host)
    app = dashboard(
        sources_of(home), HomeDoor(home_key(home), UiKeyRing(home), open_=loopback), loopback_only=loopback
    )
    gc.freeze()  # what is loaded stays: it need not be looked through for garbage every few pages
    gc.set_threshold(_OBJECTS_A_LOOK)
    config = uvicorn.Config(
        app,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_S,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )
    return uvicorn.Server(config)


def sources_of(home: Path) -> Sources:
    """What a home has to show."""
    runs, cache, live = JournalRuns(home), HomeCache(home), Gateways(home)
    return Sources(
        runs=runs,
        run_control=JournalControl(home, runs),
        requests=LedgerRequests(home),
        request_control=LedgerReplays(home, live),
        failures=HomeFailures(home),
        live=live,
        stats=LedgerStats(home),
        cache=cache,
        cache_control=cache,
        keys=HomeKeys(home),
        home=Home(home, runs),
    )
