"""Requests: what went through the gateways, newest first, by any filter."""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from beastmode.dashboard.filters import chips_of, query_of, sought_of
from beastmode.dashboard.site import Site, address
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.faults import Fault, or_fault
from beastmode.dashboard.sources.requests import Choices, RequestPage
from beastmode.store.ledger.sought import Sought

PAGE_ROWS = 50


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""

    def read(sought: Sought) -> tuple[RequestPage, Choices | Fault]:
        return sources.requests.page(sought, PAGE_ROWS), or_fault(sources.requests.choices)

    async def all_requests(request: Request) -> Response:
        sought = sought_of(request.query_params)
        if _has_blanks(request):
            return RedirectResponse(address(request, "requests") + query_of(sought))
        page, choices = await run_in_threadpool(read, sought)
        return site.page(
            request,
            "requests.html",
            page=page,
            choices=choices,
            sought=sought,
            chips=chips_of(sought),
            newest=query_of(replace(sought, before="")),
            older=query_of(replace(sought, before=page.next_before)) if page.next_before else "",
        )

    return [Route("/requests", all_requests, name="requests")]


def _has_blanks(request: Request) -> bool:
    """A form sends all of its fields; an address that is kept or sent to somebody says only what is asked for."""
    return any(not value for name, value in request.query_params.items() if name != "failed")
