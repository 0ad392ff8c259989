"""The guard of a run: where its limits are kept, its health check, and what the runner before may have left."""

from __future__ import annotations

from typing import Any

from beastmode.clock import Clock, boot_id
from beastmode.compose.opening.run import Opened
from beastmode.runner.processes.supervisor import MARK
from beastmode.safeguards.following import Level
from beastmode.safeguards.guard import Guard
from beastmode.safeguards.host.store import HostStore
from beastmode.safeguards.limit_store import LimitStore, MemoryStore
from beastmode.safeguards.probing import Probe
from beastmode.settings import RunSettings


def store_for(settings: RunSettings) -> LimitStore:
    """Limits shared with all runs that name the same server, or those of this process. Raises BeastError."""
    if settings.server:
        return HostStore(settings.server, settings.concurrency, settings.rates, settings.linger_s)
    return MemoryStore(settings.concurrency, settings.rates)


def guard_for(
    opened: Opened, store: LimitStore, clock: Clock, session: str, level: Level | None = None
) -> Guard:
    """The guard of one session.   session: its token, which what a health command starts is found by.   level: what
    finds out how many tasks at once, where nobody has said."""
    settings = opened.settings

    def notice(kind: str, data: dict[str, Any]) -> None:
        opened.journal.append(kind, opened.run, data=data)

    guard = Guard(
        store,
        clock,
        concurrency=settings.concurrency,
        rates=settings.rates,
        level=level,
        probe=_probe(settings.health, session) if settings.health else None,
        max_wait_s=settings.max_wait_s,
        linger_s=settings.linger_s,
        notice=notice,
    )
    if not _known_to_store(opened):
        ended_s_ago = opened.progress.ended_s_ago(clock.monotonic(), clock.unix(), boot_id())
        guard.resume(killed=opened.progress.unclean, ended_s_ago=ended_s_ago)
    return guard


def _known_to_store(opened: Opened) -> bool:
    """Limits that are kept outside of any runner know what the one before has started."""
    server = opened.settings.server
    return bool(server) and opened.progress.settings.get("server") == server


def _probe(health: str, session: str) -> Probe:
    # aiohttp: 0.2 s and 11 MB, which a run without a health check does not need
    from beastmode.probes.probe import probe_for

    return probe_for(health, mark={MARK: session})
