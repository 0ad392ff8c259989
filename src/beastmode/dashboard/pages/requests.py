"""Requests: what went through the gateway, and one of them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.requests import Wanted

PAGE_ROWS = 50


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""
    requests = sources.requests

    async def all_requests(request: Request) -> Response:
        wanted = _wanted(request)
        page = await run_in_threadpool(requests.page, wanted, PAGE_ROWS)
        return site.page(request, "requests.html", page=page, wanted=wanted)

    async def one_request(request: Request) -> Response:
        name = request.path_params["request"]
        row = await run_in_threadpool(requests.request, name)
        if row is None:
            raise HTTPException(404, f"There is no request {name!r}. Old ones go by age and size.")
        return site.page(request, "request.html", row=row)

    return [
        Route("/requests", all_requests, name="requests"),
        Route("/requests/{request}", one_request, name="request"),
    ]


def _wanted(request: Request) -> Wanted:
    asked = request.query_params
    return Wanted(
        gone_wrong="failed" in asked,
        class_=asked.get("class", ""),
        model=asked.get("model", ""),
        before=asked.get("before", ""),
    )
