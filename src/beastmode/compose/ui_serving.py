"""Serving the dashboard on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from beastmode.compose.port import see_port
from beastmode.compose.ui_asking import JournalControl
from beastmode.compose.ui_door import HomeDoor, home_key
from beastmode.compose.ui_requests import LedgerRequests
from beastmode.compose.ui_runs import JournalRuns
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
    runs = JournalRuns(home)
    return Sources(runs, JournalControl(home, runs), LedgerRequests(home))
