"""Requests: what went through the gateways, newest first, by any filter."""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.filters import chips_of, query_of, wanted_of
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.requests import Choices, RequestPage, Wanted

PAGE_ROWS = 50


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""

    def read(wanted: Wanted) -> tuple[RequestPage, Choices]:
        return sources.requests.page(wanted, PAGE_ROWS), sources.requests.choices()

    async def all_requests(request: Request) -> Response:
        wanted = wanted_of(request.query_params)
        page, choices = await run_in_threadpool(read, wanted)
        return site.page(
            request,
            "requests.html",
            page=page,
            choices=choices,
            wanted=wanted,
            chips=chips_of(wanted),
            newest=query_of(replace(wanted, before="")),
            older=query_of(replace(wanted, before=page.next_before)) if page.next_before else "",
        )

    return [Route("/requests", all_requests, name="requests")]
