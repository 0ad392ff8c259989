"""The dashboard as an ASGI application: pages, their events, and what stands before all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from beastmode.dashboard.changes import Changes, Dated
from beastmode.dashboard.guarding import Guarded
from beastmode.dashboard.pages import acts, entering, overview
from beastmode.dashboard.pages import cache as cache_page
from beastmode.dashboard.pages import failures as failure_pages
from beastmode.dashboard.pages import request as request_page
from beastmode.dashboard.pages import requests as request_pages
from beastmode.dashboard.pages import run as run_page
from beastmode.dashboard.pages import runs as run_pages
from beastmode.dashboard.pages import settings as settings_page
from beastmode.dashboard.pages import task as task_page
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.runs import BeingReadError
from beastmode.dashboard.visitor import Doorkeeper

_STATIC = Path(__file__).parent / "static"
_PLACES = (
    ("Overview", "home"),
    ("Runs", "runs"),
    ("Requests", "requests"),
    ("Failures", "failures"),
    ("Cache", "cache"),
    ("Settings", "settings"),
)
"""Title and route of each page that the head names."""


def dashboard(sources: Sources, keeper: Doorkeeper, *, loopback_only: bool = True) -> Starlette:
    """The pages over these sources.   keeper: knows who may look, and change something.   loopback_only: refuse whoever
    asks for another host than this machine."""
    site, changes = Site(_PLACES), Changes(sources.version)

    async def events(request: Request) -> Response:
        del request
        return StreamingResponse(_as_events(changes), media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/events", events, name="events"),
            *entering.routes(keeper),
            *overview.routes(site, sources),
            *run_pages.routes(site, sources),
            *run_page.routes(site, sources),
            *task_page.routes(site, sources),
            *acts.routes(sources),
            *request_pages.routes(site, sources),
            *request_page.routes(site, sources),
            *failure_pages.routes(site, sources),
            *cache_page.routes(site, sources),
            *settings_page.routes(site, sources),
            Mount("/static", StaticFiles(directory=_STATIC), name="static"),
        ],
        middleware=[
            Middleware(Guarded, keeper=keeper, loopback_only=loopback_only),
            Middleware(Dated, version=sources.version),
        ],
        exception_handlers={
            HTTPException: site.refused,  # type: ignore[dict-item]
            BeingReadError: site.later,
            Exception: site.broken,
        },
    )


async def _as_events(changes: Changes) -> AsyncIterator[str]:
    async for version in changes.follow():
        yield f"data: {version}\n\n" if version else ": still there\n\n"
