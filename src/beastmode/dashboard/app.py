"""The dashboard as an ASGI application: which path shows what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beastmode.dashboard import words
from beastmode.dashboard.changes import Changes
from beastmode.dashboard.guarding import HEADERS, is_for_loopback
from beastmode.dashboard.reading import RequestReader, RunReader, Wanted
from beastmode.dashboard.timeline import picture_of

PAGE_ROWS = 50
_HERE = Path(__file__).parent
_PLACES = (("Runs", "runs"), ("Requests", "requests"))


def dashboard(runs: RunReader, requests: RequestReader, *, loopback_only: bool = True) -> Starlette:
    """The pages over these readers.   loopback_only: refuse whoever asks for another host than this machine."""
    pages = Pages(runs, requests)
    return Starlette(
        routes=[
            Route("/", pages.home),
            Route("/runs", pages.all_runs, name="runs"),
            Route("/runs/{run}", pages.one_run, name="run"),
            Route("/runs/{run}/tasks/{task:path}", pages.one_task, name="task"),
            Route("/requests", pages.all_requests, name="requests"),
            Route("/requests/{request}", pages.one_request, name="request"),
            Route("/events", pages.events, name="events"),
            Mount("/static", StaticFiles(directory=_HERE / "static"), name="static"),
        ],
        middleware=[Middleware(Guarded, loopback_only=loopback_only)],
        exception_handlers={HTTPException: pages.refused, Exception: pages.broken},  # type: ignore[dict-item]
    )


class Pages:
    """What each path shows. Reading waits for a disk, so it happens in threads."""

    def __init__(self, runs: RunReader, requests: RequestReader) -> None:
        self._runs, self._requests = runs, requests
        self._changes = Changes(lambda: f"{runs.version()} {requests.version()}")
        self._templates = Environment(
            loader=PackageLoader("beastmode.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"length": words.length, "moment": words.moment, "state": words.name_of}
        self._templates.globals |= {"counts_in": words.counts_in, "percent": words.percent}

    async def home(self, request: Request) -> Response:
        return RedirectResponse(request.scope.get("root_path", "") + request.app.url_path_for("runs"))

    async def all_runs(self, request: Request) -> Response:
        before = _number(request.query_params.get("before", ""))
        lines = await run_in_threadpool(self._runs.latest, PAGE_ROWS + 1, before)
        return await self._page(request, "runs.html", lines=lines[:PAGE_ROWS], more=len(lines) > PAGE_ROWS)

    async def one_run(self, request: Request) -> Response:
        name = request.path_params["run"]
        view = await run_in_threadpool(self._runs.run, name)
        if view is None:
            raise HTTPException(404, f"There is no run {name!r}.")
        return await self._page(request, "run.html", view=view, picture=picture_of(view.timeline))

    async def one_task(self, request: Request) -> Response:
        run, task = request.path_params["run"], request.path_params["task"]
        view = await run_in_threadpool(self._runs.task, run, task)
        if view is None:
            raise HTTPException(404, f"There is no task {task!r} in {run!r}.")
        return await self._page(request, "task.html", view=view)

    async def all_requests(self, request: Request) -> Response:
        asked = request.query_params
        wanted = Wanted(
            "failed" in asked, asked.get("class", ""), asked.get("model", ""), asked.get("before", "")
        )
        rows = await run_in_threadpool(self._requests.latest, PAGE_ROWS + 1, wanted)
        more = len(rows) > PAGE_ROWS
        return await self._page(request, "requests.html", rows=rows[:PAGE_ROWS], wanted=wanted, more=more)

    async def one_request(self, request: Request) -> Response:
        name = request.path_params["request"]
        row = await run_in_threadpool(self._requests.request, name)
        if row is None:
            raise HTTPException(404, f"There is no request {name!r}. Old ones go by age and size.")
        return await self._page(request, "request.html", row=row)

    async def events(self, request: Request) -> Response:
        del request
        return StreamingResponse(_as_events(self._changes), media_type="text/event-stream")

    async def refused(self, request: Request, error: HTTPException) -> Response:
        content = {"title": "Not here", "what": error.detail, "tip": "Go back, or begin at the runs."}
        return await self._page(request, "problem.html", status=error.status_code, **content)

    async def broken(self, request: Request, error: Exception) -> Response:
        content = {
            "title": "This page cannot be shown",
            "what": str(error),
            "tip": "What was recorded is intact.",
        }
        return await self._page(request, "problem.html", status=500, **content)

    async def _page(self, request: Request, template: str, *, status: int = 200, **content: Any) -> Response:
        def url(name: str, **parts: Any) -> str:
            path = request.app.url_path_for(name, **parts)
            return quote(request.scope.get("root_path", "") + path)  # an id may hold a question mark

        html = self._templates.get_template(template).render(
            url=url, places=[(title, url(name)) for title, name in _PLACES], here=request.url.path, **content
        )
        return HTMLResponse(html, status)


async def _as_events(changes: Changes) -> AsyncIterator[str]:
    async for version in changes.follow():
        yield f"data: {version}\n\n" if version else ": still there\n\n"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 15 else 0


class Guarded:
    """Puts our headers on every answer, and refuses whoever came here by another name."""

    def __init__(self, app: ASGIApp, loopback_only: bool) -> None:
        self._app, self._loopback_only = app, loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if self._loopback_only and not is_for_loopback(host):
            refusal = Response("This dashboard answers on this machine's own names only.", 421, HEADERS)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Callable[[Message], Any]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message["headers"], *ours]
        await send(message)

    return sending
