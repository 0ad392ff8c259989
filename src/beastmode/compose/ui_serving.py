"""Serving the dashboard on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from beastmode.compose.port import see_port
from beastmode.compose.ui_requests import LedgerRequests
from beastmode.compose.ui_runs import JournalRuns
from beastmode.dashboard.app import dashboard

_HOST = "127.0.0.1"
_DRAIN_S = 1
"""Pages stay open for days: their streams of events are no work that would have to be finished."""


def serve_ui(home: Path, port: int, started: Callable[[str], None]) -> None:
    """Show what the home has until Ctrl-C.   port: 0 for any that is free.   started: told the address.

    Raises PreconditionError where nobody can listen there.
    """
    see_port(_HOST, port)
    app = dashboard(JournalRuns(home), LedgerRequests(home))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=_DRAIN_S)
    with socket.create_server((_HOST, port)) as listener:
        started(f"http://{_HOST}:{listener.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listener])
