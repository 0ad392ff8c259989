"""The upstreams of a gateway, each with its limits, from settings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args
from urllib.parse import urlsplit

from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.serve.alarms import Tell
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.compose.serve.upstream_keys import key_of
from beastmode.gateway.backend import Backend
from beastmode.gateway.routes import Provider, Routes
from beastmode.gateway.upstream import Upstream
from beastmode.probes.probe import probe_for
from beastmode.safeguards.breaker import OPEN_S
from beastmode.safeguards.guard import Guard, Notice
from beastmode.safeguards.host.store import HostStore


def _nobody(words: str) -> None:
    """Nobody is told."""


Limited = Callable[[str, dict[str, Any]], None]
"""Told which upstream bears how many requests at once now, where that is found out."""


def not_asked(name: str, data: dict[str, Any]) -> None:
    """Nobody is told."""


def routes_for(
    serving: Serving,
    max_wait_s: float = math.inf,
    raised: Tell = _nobody,
    over: Tell = _nobody,
    limited: Limited = not_asked,
) -> Routes[Backend]:
    """Which of them may answer a model. Raises BeastError where the limits of one cannot be kept.   max_wait_s: for one
    that is paused or not well.   raised, over: told when one mostly fails, and when it answers again."""
    backends = {
        one.name: _backend(one, serving, max_wait_s, _notice(one, raised, over, limited))
        for one in serving.upstreams
    }
    models = [(pattern, [backends[name] for name in names]) for pattern, names in serving.models]
    providers = {one: backends[one] for one in get_args(Provider)} if serving.by_provider else None
    return Routes(list(backends.values()), models, providers)


def _notice(one: UpstreamSettings, raised: Tell, over: Tell, limited: Limited) -> Notice:
    """What people hear of a breaker: while it is open requests wait, and nothing else would say why."""
    host = urlsplit(one.url).hostname or one.name

    def notice(kind: str, data: dict[str, Any]) -> None:
        if kind == "breaker" and data["state"] == "open":
            raised(f"{host} mostly fails: requests wait, and one is let through every {OPEN_S:.0f} s or more")
        elif kind == "breaker" and data["state"] == "closed":
            over(f"{host} answers again")
        elif kind == "limits":
            limited(one.name, data)

    return notice


def _backend(one: UpstreamSettings, serving: Serving, max_wait_s: float, notice: Notice) -> Backend:
    probe = probe_for(one.health) if one.health else None

    def guard_for(scope: str) -> Guard:
        linger_s = serving.linger_s
        store = HostStore(one.url, one.concurrency, one.rates, linger_s, tokens=one.tokens, scope=scope)
        return Guard(
            store,
            SYSTEM_CLOCK,
            concurrency=one.concurrency,
            rates=one.rates,
            tokens=one.tokens,
            probe=probe,
            max_wait_s=max_wait_s,
            linger_s=linger_s,
            notice=notice,
        )

    upstream = Upstream(one.url, key=key_of(one), idle_s=serving.idle_s, connect_s=serving.connect_s)
    return Backend(
        upstream,
        guard_for,
        SYSTEM_CLOCK,
        most_waiting=serving.limits.most_waiting,
        name=one.name,
        by_tenant=one.limits_per == "credential",
    )
