"""Overview: how everything stands, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.matters import LATELY_S, USUAL_S, Lately, Matter, matters_of
from beastmode.dashboard.series import SPANS, Chart, Span, Steps, charts_of, steps_of
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.live import GatewayNow
from beastmode.dashboard.sources.requests import Wanted
from beastmode.dashboard.sources.runs import RunLine
from beastmode.dashboard.sources.stats import Figures
from beastmode.dashboard.tiers import is_off
from beastmode.dashboard.upstream_cards import cards_of
from beastmode.store.entry import GONE_WRONG

NOW_S = 60
"""What `now` means for a rate: the last so many seconds."""
_RUNS = 20
"""Runs that are looked at, the newest."""
_AT_WORK = ("running", "paused")


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows.   now: the last minute; over: the span.   left_out: of the matters."""

    matters: Sequence[Matter]
    left_out: int
    gateways: Sequence[GatewayNow]
    at_work: Sequence[RunLine]
    now: Figures
    over: Figures
    steps: Steps
    charts: Sequence[Chart]
    empty: bool

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.now.received / NOW_S

    @property
    def in_flight(self) -> int | None:
        """Over all gateways; None where none is at work."""
        return sum(one.in_flight for one in self.gateways) if self.gateways else None

    @property
    def waiting(self) -> int | None:
        """Likewise."""
        return sum(one.waiting for one in self.gateways) if self.gateways else None

    @property
    def cache_is_off(self) -> bool:
        """At all gateways."""
        return is_off(self.gateways)

    @property
    def gone_wrong(self) -> int:
        """Requests that failed, were rejected or cut off."""
        return self.over.ended(*GONE_WRONG)

    @property
    def classes(self) -> Sequence[tuple[str, int]]:
        """Of failures, the most frequent first."""
        return sorted(self.over.classes.items(), key=lambda one: (-one[1], one[0]))


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for disks and gateways, so it happens in threads."""

    async def overview(request: Request) -> Response:
        span = SPANS.get(request.query_params.get("span", ""), SPANS["1h"])
        view = await run_in_threadpool(look, sources, span, sources.unix())
        return site.page(request, "overview.html", view=view, cards_of=cards_of, span=span, spans=SPANS)

    return [Route("/", overview, name="home")]


def look(sources: Sources, span: Span, now_unix: float) -> Overview:
    """All of it. No row is looked at but those of the last minute."""
    gateways, runs, stats = sources.live.gateways(), sources.runs.latest(_RUNS), sources.stats
    since = now_unix - LATELY_S
    lately = Lately(stats.over(since, now_unix), stats.over(since - USUAL_S, since))
    matters, left_out = matters_of(gateways, runs, lately, now_unix)
    steps = steps_of(stats, span, now_unix)
    over = stats.over(now_unix - span.length_s, now_unix)
    return Overview(
        matters=matters,
        left_out=left_out,
        gateways=gateways,
        at_work=[run for run in runs if run.state in _AT_WORK],
        now=stats.lately(now_unix, NOW_S),
        over=over,
        steps=steps,
        charts=charts_of(steps, span.step_s, now_unix),
        empty=not (gateways or runs or over.received or sources.requests.page(Wanted(), 1).rows),
    )
