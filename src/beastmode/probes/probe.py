"""probe_for: the probe that a `health` setting names."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from beastmode.errors import SettingError
from beastmode.failures.failure import Failure
from beastmode.probes import command, http, tcp

TIMEOUT_S = 2.0
"""A server that takes longer to say that it is well is not."""

Probe = Callable[[Callable[[], None]], Awaitable[Failure | None]]
_TIP = "Write http://host/health or tcp://host:port; in a roadmap, a command too."
_UNMARKED: Mapping[str, str] = MappingProxyType({})


def probe_for(health: str, timeout_s: float = TIMEOUT_S, mark: Mapping[str, str] = _UNMARKED) -> Probe:
    """The probe for `http://…`, `https://…`, `tcp://host:port`, or `command:` and JSON (a list of arguments, or a
    shell line as text). It returns None where the server is well, and calls its argument when the question leaves.

    mark: variables for a command, by which it is found should the runner die.   Raises SettingError for anything
    else.
    """
    if _has_address(health, ("http", "https")):
        return lambda leaves: http.probe(health, timeout_s, leaves)
    if _has_address(health, ("tcp",)) and urlsplit(health).port:
        host, port = urlsplit(health).hostname or "", urlsplit(health).port or 0
        return lambda leaves: tcp.probe(host, port, timeout_s, leaves)
    if arguments := _arguments(health):
        return lambda leaves: command.probe(arguments, timeout_s, leaves, mark)
    raise SettingError(f"{health!r} is no health check", where="health", tip=_TIP)


def _has_address(health: str, schemes: tuple[str, ...]) -> bool:
    """A host, and no port or a possible one."""
    try:
        parts = urlsplit(health)
        plain = health.isprintable() and " " not in health
        return plain and parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _arguments(health: str) -> list[str]:
    """What to run; none where it names no command."""
    try:
        given = json.loads(health.removeprefix("command:")) if health.startswith("command:") else []
    except ValueError:
        return []
    if isinstance(given, str):
        return ["/bin/sh", "-c", given]
    return [str(part) for part in given] if isinstance(given, list) else []
