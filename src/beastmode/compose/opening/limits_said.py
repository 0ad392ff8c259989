"""Which limits a session begins with: what flags, list and defaults say, and what a person has set since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from beastmode.compose.opening.code import Code
from beastmode.compose.opening.request import Request
from beastmode.runner.code.coding import ModelServer
from beastmode.runner.limits import still_held
from beastmode.runner.people import SERVER
from beastmode.runner.plain_limits import (
    at_once_in,
    flat,
    plain_at_once,
    plain_rates,
    plain_server,
    rates_in,
    tokens_in,
)
from beastmode.runner.progress import Progress
from beastmode.settings import RunSettings


@dataclass(frozen=True, slots=True)
class LimitsSaid:
    """As the journal has them.   asked: what flags, list and defaults say.   persons: what a person has set and still
    holds.   given: by their flat names, those that a flag says otherwise now than in the session before: a later word.
    """

    asked: dict[str, Any] = field(default_factory=dict)
    persons: dict[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()

    def hold_for(self, settings: RunSettings, code: Code | None) -> tuple[RunSettings, Code | None]:
        """Settings with what a person has set."""
        own: dict[str, Any] = {}
        if "concurrency" in self.persons:
            own["concurrency"] = at_once_in(self.persons["concurrency"])
        server = code.settings.server if code is not None else None
        if "rates" in self.persons and server is None:
            own["rates"] = rates_in(self.persons["rates"])
        if code is not None and server is not None and SERVER in self.persons:
            code = code.with_server(server_with(server, self.persons[SERVER]))
        return replace(settings, **own), code


NOTHING_SAID = LimitsSaid()


def limits_said(request: Request, settings: RunSettings, code: Code | None, progress: Progress) -> LimitsSaid:
    """What was said of a session that is about to begin."""
    server = code.settings.server if code is not None else None
    asked: dict[str, Any] = {
        "concurrency": plain_at_once(settings.concurrency),
        "rates": plain_rates(settings.rates),
    }
    if server is not None and not server.gateway:
        asked[SERVER] = plain_server(server)
    flags = _flags(request, of_server=server is not None)
    before = progress.sessions[-1].started.data.get("asked", {}) if progress.sessions else {}
    persons = still_held(progress.people.limits, before, asked, flags)
    old, new = flat(before), flat(asked)
    given = {name for name in flags if old and old.get(name) != new.get(name)}
    return LimitsSaid(asked, persons, frozenset(given))


def _flags(request: Request, *, of_server: bool) -> set[str]:
    """The limits that flags name, by their flat names."""
    said = request.coding or {}
    flags = {"concurrency"} & set(request.flags)
    if "rates" in request.flags:
        flags.add(f"{SERVER}.rates" if of_server else "rates")
    flags |= {f"{SERVER}.tokens"} if "tokens" in said else set()
    return flags | ({f"{SERVER}.concurrency"} if "upstream_concurrency" in said else set())


def server_with(server: ModelServer, limits: Mapping[str, Any]) -> ModelServer:
    """With other limits; what is not named stays."""
    changed: dict[str, Any] = {}
    if "concurrency" in limits:
        changed["concurrency"] = at_once_in(limits["concurrency"])
    if "rates" in limits:
        changed["rates"] = rates_in(limits["rates"])
    if "tokens" in limits:
        changed["tokens"] = tokens_in(limits["tokens"])
    return replace(server, **changed)
