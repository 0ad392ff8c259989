"""The tiers of the cache as rows of a table: one for each gateway's memory, one for the database. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from beastmode.dashboard.sources.cache import CacheView
from beastmode.dashboard.sources.live import GatewayNow, TierNow
from beastmode.dashboard.words import percent

_NOT_AT_WORK = "no gateway is at work"


@dataclass(frozen=True, slots=True)
class TierRow:
    """A tier.   of: whose it is, in words.   limit_bytes: None where it is not known.   p50_s, p99_s: of a look.
    well: it is in use and nothing is wrong.   state: in words."""

    name: str
    of: str
    entries: int | None
    bytes: int | None
    limit_bytes: int | None
    hits: int
    misses: int
    p50_s: float | None
    p99_s: float | None
    well: bool
    state: str

    @property
    def rate(self) -> str:
        """Of what was looked for there, what was found."""
        asked = self.hits + self.misses
        return percent(self.hits, asked) if asked else ""


def rows_of(view: CacheView, gateways: Sequence[GatewayNow]) -> list[TierRow]:
    """The memory of each gateway at work that keeps answers, then the database."""
    return [*_memories(view, gateways), *_databases(view, gateways)]


def is_off(gateways: Sequence[GatewayNow]) -> bool:
    """Whether the cache is off at all that are at work: then nobody looks whether anything is asked again."""
    return bool(gateways) and not any(gateway.tiers for gateway in gateways)


def rows_without_file(gateways: Sequence[GatewayNow]) -> list[TierRow]:
    """What gateways at work say of their tiers, where the file of the database cannot be read."""
    names = {"l1": "Memory", "l3": "Database"}
    return [
        _row(names.get(tier.name, tier.name), f"{tier.name}, of {whose(gateway)}", tier)
        for gateway in gateways
        for tier in gateway.tiers
    ]


def whose(gateway: GatewayNow) -> str:
    """Which gateway, in words."""
    of = "beast serve" if gateway.of == "serve" else f"run {gateway.of}"
    return f"{of} at {gateway.url}" if gateway.url else of


def _memories(view: CacheView, gateways: Sequence[GatewayNow]) -> Iterator[TierRow]:
    at_work = [(gateway, tier) for gateway in gateways for tier in gateway.tiers if tier.name == "l1"]
    for gateway, tier in at_work:
        yield _row("Memory", f"l1, of {whose(gateway)}", tier)
    if not at_work:
        yield _of_file("Memory", "l1", view, None)


def _databases(view: CacheView, gateways: Sequence[GatewayNow]) -> Iterator[TierRow]:
    """Its file knows what it holds and how it was used by all; gateways know how it answers."""
    told = [tier for gateway in gateways for tier in gateway.tiers if tier.name == "l3"]
    worst = max(told, key=lambda tier: (tier.state not in ("on", "off"), tier.state == "on"), default=None)
    yield _of_file("Database", "l3", view, worst)


def _row(name: str, of: str, tier: TierNow) -> TierRow:
    return TierRow(
        name,
        of,
        tier.entries,
        tier.bytes,
        tier.limit_bytes,
        tier.hits,
        tier.misses,
        tier.p50_s,
        tier.p99_s,
        tier.state == "on",
        "in use" if tier.state == "on" else tier.state,
    )


def _of_file(name: str, tier: str, view: CacheView, now: TierNow | None) -> TierRow:
    known = next((one for one in view.tiers if one["name"] == tier), {})
    of = "l3, cache.db of this home" if tier == "l3" else tier
    return TierRow(
        name,
        of,
        known.get("entries"),
        known.get("bytes"),
        now.limit_bytes if now else None,
        known.get("hits", 0),
        known.get("misses", 0),
        now.p50_s if now else None,
        now.p99_s if now else None,
        now is not None and now.state == "on",
        _NOT_AT_WORK if now is None else "in use" if now.state == "on" else now.state,
    )
