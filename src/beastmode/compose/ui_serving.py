"""Serving the dashboard on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from beastmode.compose.port import see_port
from beastmode.compose.ui_asking import JournalControl
from beastmode.compose.ui_cache import HomeCache
from beastmode.compose.ui_door import HomeDoor, home_key
from beastmode.compose.ui_failures import HomeFailures
from beastmode.compose.ui_home import Home
from beastmode.compose.ui_keys import HomeKeys
from beastmode.compose.ui_live import Gateways
from beastmode.compose.ui_replaying import LedgerReplays
from beastmode.compose.ui_requests import LedgerRequests
from beastmode.compose.ui_runs import JournalRuns
from beastmode.compose.ui_stats import LedgerStats
from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources import Sources

_HOST = "127.0.0.1"
_DRAIN_S = 1
"""Pages stay open for days: their streams of events are no work that would have to be finished."""


def serve_ui(home: Path, port: int, started: Callable[[str], None]) -> None:
    """Show what the home has until Ctrl-C.   port: 0 for any that is free.   started: told the address.

    Raises PreconditionError where nobody can listen there.
    """
    see_port(_HOST, port)
    key = home_key(home)
    app = dashboard(sources_of(home), HomeDoor(key))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=_DRAIN_S)
    with socket.create_server((_HOST, port)) as listener:
        started(f"http://{_HOST}:{listener.getsockname()[1]}/enter?key={key}")
        uvicorn.Server(config).run(sockets=[listener])


def sources_of(home: Path) -> Sources:
    """What a home has to show."""
    runs, cache = JournalRuns(home), HomeCache(home)
    return Sources(
        runs=runs,
        run_control=JournalControl(home, runs),
        requests=LedgerRequests(home),
        request_control=LedgerReplays(home),
        failures=HomeFailures(home),
        live=Gateways(home),
        stats=LedgerStats(home),
        cache=cache,
        cache_control=cache,
        keys=HomeKeys(home),
        home=Home(home, runs),
    )
