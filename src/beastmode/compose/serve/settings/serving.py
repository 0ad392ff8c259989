"""Settings of the gateway: what a person asked for, from flags, variables and beast.toml, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from beastmode.gateway.doors.keys import Needed
from beastmode.gateway.limits import ProxyLimits
from beastmode.runner.home import HOME
from beastmode.settings import Rate, TokenRate
from beastmode.store.ledger.writing.upkeep import Retention


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """One model server.

    url: its base URL.   name: as `models` names it.   key_env, key_file: the variable or file that holds its key, which
    then replaces the clients' own; at most one of them.   concurrency, rates, tokens: what it bears in flight, in
    requests and in tokens per time; limits_per: as a whole, or of each credential.   health: as `probes.probe_for`
    reads it; "" for none.
    """

    url: str
    name: str = "main"
    key_env: str = ""
    key_file: Path | None = None
    concurrency: int | None = 3
    rates: tuple[Rate, ...] = (Rate(8, 1.0),)
    tokens: tuple[TokenRate, ...] = ()
    limits_per: Literal["upstream", "credential"] = "upstream"
    health: str = ""


@dataclass(frozen=True, slots=True)
class Serving:
    """What a person asked for. Each setting is told in `table.py`; here only what its words there do not say.

    upstreams: at least one.   models: patterns of models, each with the names of its upstreams in their order; the
    first pattern that fits counts, and where none does, all upstreams serve.   by_provider: each upstream bears the
    name of one, and a request goes to whose client sends it (inside a run; no setting).
    """

    upstreams: tuple[UpstreamSettings, ...]
    models: tuple[tuple[str, tuple[str, ...]], ...] = ()
    by_provider: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    tls_cert: Path | None = None
    tls_key: Path | None = None
    keys: Needed = "auto"
    home: Path = Path(HOME)
    cache: Literal["off", "deterministic", "all"] = "deterministic"
    cache_memory_bytes: int = 64_000_000
    cache_disk_bytes: int = 1_000_000_000
    cache_ttl_s: float = 24 * 3600.0
    limits: ProxyLimits = field(default_factory=ProxyLimits)
    idle_s: float = 600.0
    connect_s: float = 10.0
    linger_s: float = 2.0
    drain_s: float = 30.0
    strict: bool = False
    record: Literal["failures", "all", "none"] = "failures"
    retention: Retention = field(default_factory=Retention)
    ui: bool = True
    ui_port: int | None = None
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otel: bool = False
