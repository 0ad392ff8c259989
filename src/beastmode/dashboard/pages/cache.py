"""Cache: what is kept, of what use it was, why it was not, and forgetting some or all of it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.acting import Form, act
from beastmode.dashboard.misses import Reason, why_not_answered, why_not_kept
from beastmode.dashboard.site import Site, address
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.cache import CacheView
from beastmode.dashboard.sources.faults import Fault, or_fault
from beastmode.dashboard.sources.live import GatewayNow
from beastmode.dashboard.tiers import TierRow, is_off, rows_of, rows_without_file, whose
from beastmode.errors import SettingError

DAY_S = 86_400.0
_TIERS = (("l1", "From memory"), ("l3", "From the database"), ("shared", "Shared with one in flight"))


def row_id(tag: str) -> str:
    """Names the row of a tag: what is open there must not become another's when the order changes."""
    return blake2b(tag.encode("utf-8", "replace"), digest_size=8).hexdigest()


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk and for gateways, so it happens in threads."""

    async def cache(request: Request) -> Response:
        gateways = await run_in_threadpool(sources.live.gateways)
        view = await run_in_threadpool(or_fault, sources.cache.cache)
        now_unix = sources.unix()
        day = await run_in_threadpool(or_fault, sources.stats.over, now_unix - DAY_S, now_unix)
        return site.page(
            request,
            "cache.html",
            view=view,
            day=day,
            by_tier=_TIERS,
            rows=_rows(view, gateways),
            without=[whose(gateway) for gateway in gateways if not gateway.tiers],
            is_off=is_off(gateways),
            why=_why(view),
            row_id=row_id,
        )

    async def clear(request: Request, form: Form) -> tuple[str, str]:
        del request
        tag, all_ = form.get("tag", ""), "all" in form
        if bool(tag) == all_:  # never all of it by accident
            raise SettingError("this form names no tag", tip="Load the page again.")
        return await run_in_threadpool(sources.cache_control.clear, tag), ""

    return [
        Route("/cache", cache, name="cache"),
        act("clear_cache", "/cache/clear", lambda request: address(request, "cache"), clear),
    ]


def _rows(view: CacheView | Fault | None, gateways: Sequence[GatewayNow]) -> Sequence[TierRow]:
    if view is None:
        return []
    return rows_without_file(gateways) if isinstance(view, Fault) else rows_of(view, gateways)


def _why(view: CacheView | Fault | None) -> tuple[Sequence[Reason], Sequence[Reason]] | Fault:
    """Why requests were not answered from it, and why the new answers were not kept."""
    if view is None or isinstance(view, Fault):
        return [], []
    misses = view.misses
    return misses if isinstance(misses, Fault) else (why_not_answered(misses), why_not_kept(misses))
