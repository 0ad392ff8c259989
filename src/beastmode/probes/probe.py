"""probe_for: the probe that a `health` setting names."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from beastmode.errors import SettingError
from beastmode.failures.failure import Failure
from beastmode.probes import command, http, tcp

TIMEOUT_S = 2.0
"""A server that takes longer to say that it is well is not."""

Probe = Callable[[Callable[[], None]], Awaitable[Failure | None]]
_TIP = "Name an URL (http://host/health), tcp://host:port, or in a roadmap a command."


def probe_for(health: str, timeout_s: float = TIMEOUT_S) -> Probe:
    """The probe for `http://…`, `https://…`, `tcp://host:port`, or `command:` and JSON (a list of arguments, or a
    shell line as text). It returns None where the server is well, and calls its argument when the question leaves.
    Raises SettingError for anything else."""
    if health.startswith(("http://", "https://")) and urlsplit(health).hostname:
        return lambda leaves: http.probe(health, timeout_s, leaves)
    if health.startswith("tcp://"):
        host, port = _address(health)
        return lambda leaves: tcp.probe(host, port, timeout_s, leaves)
    if health.startswith("command:"):
        given = json.loads(health.removeprefix("command:"))
        arguments = ["/bin/sh", "-c", given] if isinstance(given, str) else [str(part) for part in given]
        return lambda leaves: command.probe(arguments, timeout_s, leaves)
    raise SettingError(f"{health!r} is no health check", where="health", tip=_TIP)


def _address(health: str) -> tuple[str, int]:
    try:
        parts = urlsplit(health)
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise SettingError(f"{health!r} names no host and port", where="health", tip=_TIP)
