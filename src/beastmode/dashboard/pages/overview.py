"""Overview: how everything stands, at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.matters import LATELY_S, USUAL_S, Lately, Matter, matters_of
from beastmode.dashboard.series import SPANS, Chart, Span, Steps, charts_of, steps_of
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.faults import Fault, or_fault
from beastmode.dashboard.sources.live import GatewayNow
from beastmode.dashboard.sources.runs import RunLine
from beastmode.dashboard.sources.stats import Figures, StatsReader
from beastmode.dashboard.tiers import is_off
from beastmode.dashboard.upstream_cards import cards_of
from beastmode.store.ledger.entry import GONE_WRONG
from beastmode.store.ledger.sought import Sought

NOW_S = 60
"""What `now` means for a rate: the last so many seconds."""
TEMPLATES = ("base.html", "_fault.html", "overview.html")
"""What this page is made with."""
_RUNS = 20
"""Runs that are looked at, the newest."""
_AT_WORK = ("running", "paused")


@dataclass(frozen=True, slots=True)
class Measured:
    """Of requests.   now: the last minute; over: the span."""

    lately: Lately
    now: Figures
    over: Figures
    steps: Steps
    charts: Sequence[Chart]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.now.received / NOW_S

    @property
    def gone_wrong(self) -> int:
        """Requests that failed, were rejected or cut off."""
        return self.over.ended(*GONE_WRONG)

    @property
    def classes(self) -> Sequence[tuple[str, int]]:
        """Of failures, the most frequent first."""
        return sorted(self.over.classes.items(), key=lambda one: (-one[1], one[0]))

    def cells(self, step: int) -> tuple[tuple[str, float | None], ...]:
        """Of a step, what each line of the charts has there, with its unit."""
        return tuple((chart.unit, line.values[step]) for chart in self.charts for line in chart.lines)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows.   left_out: of the matters."""

    matters: Sequence[Matter]
    left_out: int
    gateways: Sequence[GatewayNow]
    at_work: Sequence[RunLine] | Fault
    measured: Measured | Fault
    empty: bool

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


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for disks and gateways, so it happens in threads."""

    async def overview(request: Request) -> Response:
        span = SPANS.get(request.query_params.get("span", ""), SPANS["1h"])
        view = await run_in_threadpool(look, sources, span, sources.unix())
        return site.page(request, TEMPLATES[-1], view=view, cards_of=cards_of, span=span, spans=SPANS)

    return [Route("/", overview, name="home")]


def look(sources: Sources, span: Span, now_unix: float) -> Overview:
    """All of it, as far as it can be read. No row is looked at but those of the last minute."""
    gateways = sources.live.gateways()
    latest = or_fault(sources.runs.latest, _RUNS)
    measured = or_fault(measure, sources.stats, span, now_unix)
    runs = [] if isinstance(latest, Fault) else latest
    lately = None if isinstance(measured, Fault) else measured.lately
    faults = _by_file([latest, measured, sources.cache.fault(), *(run.fault for run in runs)])
    killed = sources.live.killed()
    matters, left_out = matters_of(gateways, runs, lately, now_unix, faults, killed)
    return Overview(
        matters=matters,
        left_out=left_out,
        gateways=gateways,
        at_work=latest if isinstance(latest, Fault) else [run for run in runs if run.state in _AT_WORK],
        measured=measured,
        empty=not (gateways or killed or runs or faults or _is_any_request(sources, measured)),
    )


def measure(stats: StatsReader, span: Span, now_unix: float) -> Measured:
    """What the ledger says. Raises BeastError."""
    since = now_unix - LATELY_S
    steps = steps_of(stats, span, now_unix)
    return Measured(
        lately=Lately(stats.over(since, now_unix), stats.over(since - USUAL_S, since)),
        now=stats.lately(now_unix, NOW_S),
        over=stats.over(now_unix - span.length_s, now_unix),
        steps=steps,
        charts=charts_of(steps, span.step_s, now_unix),
    )


def _by_file(read: Iterable[object]) -> list[Fault]:
    """Those of what was read that are faults, the first of each file."""
    by_file: dict[str, Fault] = {}
    for one in read:
        if isinstance(one, Fault):
            by_file.setdefault(one.where, one)
    return list(by_file.values())


def _is_any_request(sources: Sources, measured: Measured | Fault) -> bool:
    if isinstance(measured, Fault) or measured.over.received:
        return True
    page = or_fault(sources.requests.page, Sought(), 1)
    return isinstance(page, Fault) or bool(page.rows)
