"""The dashboard as an ASGI application: pages, their events, and what stands before all of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from beastmode.dashboard.changes import Changes
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
from beastmode.dashboard.rendered import Rendered
from beastmode.dashboard.series import SPANS
from beastmode.dashboard.site import STATIC, Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.faults import BeingReadError
from beastmode.dashboard.visitor import Doorkeeper
from beastmode.errors import BeastError

_PLACES = (
    ("Overview", "home"),
    ("Runs", "runs"),
    ("Requests", "requests"),
    ("Failures", "failures"),
    ("Cache", "cache"),
    ("Settings", "settings"),
)
"""Title and route of each page that the head names."""

_FIRST_S, _BETWEEN_S = 0.3, 0.02
"""Whoever comes at once goes before all that is got ready for others, and whoever comes then waits for little of it."""


def dashboard(sources: Sources, keeper: Doorkeeper, *, loopback_only: bool = True) -> Starlette:
    """The pages over these sources.   keeper: knows who may look, and change something.   loopback_only: refuse whoever
    asks for another host than this machine."""
    life = secrets.token_hex(4)  # versions of another process may be the same, and mean something else

    def version() -> str:
        return f"life={life} {sources.version()}"

    changes = Changes(version)
    site = Site(_PLACES, sources.home.flag())

    async def events(request: Request) -> Response:
        def may_look() -> bool:
            return keeper.visitor(request.state.ticket) is not None

        return StreamingResponse(_as_events(changes, may_look), media_type="text/event-stream")

    return Starlette(
        lifespan=_warmed(site, sources),
        routes=[
            Route("/events", events, name="events"),
            *overview.routes(site, sources),
            *entering.routes(site, keeper),
            *run_pages.routes(site, sources),
            *run_page.routes(site, sources),
            *task_page.routes(site, sources),
            *acts.routes(sources),
            *request_pages.routes(site, sources),
            *request_page.routes(site, sources),
            *failure_pages.routes(site, sources),
            *cache_page.routes(site, sources),
            *settings_page.routes(site, sources),
            Mount("/static", _Static(directory=STATIC), name="static"),
        ],
        middleware=[
            Middleware(Guarded, keeper=keeper, loopback_only=loopback_only),
            Middleware(Rendered, told=lambda: changes.told, version=version),
        ],
        exception_handlers={
            HTTPException: site.refused,  # type: ignore[dict-item]
            BeingReadError: site.later,
            BeastError: site.unreadable,  # type: ignore[dict-item]
            Exception: site.broken,
        },
    )


def _warmed(site: Site, sources: Sources) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Gets ready what the first pages want, while nobody waits for it: the first one, then all others."""

    async def compile_all(templates: Iterable[str]) -> None:
        for _ in templates:
            await asyncio.sleep(_BETWEEN_S)

    async def warm() -> None:
        await asyncio.sleep(_FIRST_S)
        await compile_all(site.compiled(overview.TEMPLATES))
        with suppress(Exception):  # what cannot be read is told to whoever looks
            await run_in_threadpool(overview.look, sources, SPANS["1h"], sources.unix())
        await compile_all(site.compiled())

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(warm())
        yield
        warming.cancel()

    return lifespan


async def _as_events(changes: Changes, may_look: Callable[[], bool]) -> AsyncIterator[str]:
    async for version in changes.follow():
        if not may_look():
            return
        yield f"data: {version}\n\n" if version else ": still there\n\n"


class _Static(StaticFiles):
    """Files that a browser keeps for as long as their address stays."""

    def file_response(self, *given: Any, **named: Any) -> Response:
        answer = super().file_response(*given, **named)
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer
