"""Settings: what holds, and where each value came from; keys; where all is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.amounts import amount
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.faults import Fault, or_fault
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.settings import RunSettings
from beastmode.dashboard.tiers import whose

_MOST_NAMED = 3
_ORIGINS = {
    "flag": "flag",
    "environment": "environment",
    "file": "file",
    "run": "the run",
    "person": "a person",
    "default": "default",
}


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings of one gateway or run.   changed: other than by default; they come first."""

    title: str
    note: str
    changed: Sequence[Plain]
    defaults: Sequence[Plain]


def effective(title: str, note: str, settings: Sequence[Plain]) -> Effective:
    """Those that somebody has set, and the others, each in the order in which they are documented."""
    said = together([{"upstream": "", "where": "", "help": "", **one} for one in settings])
    return Effective(
        title,
        note,
        [one for one in said if one["origin"] != "default"],
        [one for one in said if one["origin"] == "default"],
    )


def together(settings: Sequence[Plain]) -> list[Plain]:
    """What is the same for several upstreams is said once, where the first of them stands."""
    upstreams: dict[tuple[Any, ...], list[str]] = {}
    for one in settings:
        upstreams.setdefault(_apart(one), []).append(one["upstream"])
    firsts = {_apart(one): one for one in reversed(settings)}
    return [{**firsts[key], "upstream": _named(names)} for key, names in upstreams.items()]


def _apart(setting: Plain) -> tuple[Any, ...]:
    """All but the upstream."""
    return tuple(setting[name] for name in ("name", "value", "origin", "where", "help"))


def _named(upstreams: Sequence[str]) -> str:
    more = len(upstreams) - _MOST_NAMED
    named = ", ".join(upstreams[:_MOST_NAMED])
    return f"{named} and {amount(more)} more" if more > 0 else named


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk and for gateways, so it happens in threads."""

    def read() -> dict[str, Any]:
        gateways = sources.live.gateways()
        runs = or_fault(sources.home.runs)
        return {
            "gateways": [effective(whose(one), "", one.settings) for one in gateways],
            "runs": runs if isinstance(runs, Fault) else list(map(_of_run, runs)),
            "keys": or_fault(sources.keys.keys),
            "home": sources.home.home(),
        }

    async def settings(request: Request) -> Response:
        content = await run_in_threadpool(read)
        return site.page(request, "settings.html", origins=_ORIGINS, **content)

    return [Route("/settings", settings, name="settings")]


def _of_run(run: RunSettings) -> Effective:
    return effective(f"Run {run.run}", run.title, run.settings)
