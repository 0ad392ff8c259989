"""Settings of the gateway inside a run, from those of the run. Pure."""

from __future__ import annotations

from pathlib import Path

from beastmode.compose.serve.settings.forms import base_url
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.gateway.limits import ProxyLimits
from beastmode.gateway.routes import Provider
from beastmode.runner.code.coding import ModelServer

PROVIDERS: dict[Provider, str] = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com",
    "gemini": "https://generativelanguage.googleapis.com",
}
"""Whom agents ask by themselves, by the dialect that they speak."""

RETRIES = 8
"""A server that is down for a minute must not cost an attempt: an agent does not come again as patiently."""
CACHE_TTL_S = 30 * 24 * 3600.0
"""A list is given again on another day, too."""
DRAIN_S = 2.0
"""When a run ends, its agents have."""
_WAIT_IN_LINE_S = ProxyLimits().queue_timeout_s
"""At least: waiting for one's turn is no wait for a server that is ill, which a run may want to keep short."""


def serving_of(server: ModelServer, home: Path, max_wait_s: float) -> Serving:
    """A gateway on any port of loopback that bears what its model server bears, keeps all answers, and lets requests
    wait for as long as the run does. Raises SettingError."""
    return Serving(
        _upstreams(server),
        by_provider=not server.upstream,
        port=0,
        keys="optional",
        home=home,
        cache="all",
        cache_ttl_s=CACHE_TTL_S,
        limits=ProxyLimits(queue_timeout_s=max(max_wait_s, _WAIT_IN_LINE_S), retries=RETRIES),
        drain_s=DRAIN_S,
        log_level="error",
    )


def _upstreams(server: ModelServer) -> tuple[UpstreamSettings, ...]:
    named = [("main", base_url(server.upstream))] if server.upstream else [*PROVIDERS.items()]
    return tuple(
        UpstreamSettings(
            url,
            name,
            key_env=server.key_env,
            concurrency=server.concurrency,
            rates=server.rates,
            tokens=server.tokens,
        )
        for name, url in named
    )
