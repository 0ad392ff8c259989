"""All runs, newest first."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.share_bar import pieces_of
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.words import number_in

PAGE_ROWS = 50


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""
    runs = sources.runs

    async def all_runs(request: Request) -> Response:
        before = number_in(request.query_params.get("before", ""))
        lines = await run_in_threadpool(runs.latest, PAGE_ROWS + 1, before)
        shown = [(line, pieces_of(line.counts)) for line in lines[:PAGE_ROWS]]
        return site.page(request, "runs.html", lines=shown, before=before, more=len(lines) > PAGE_ROWS)

    return [Route("/runs", all_runs, name="runs")]
