"""Runs: all of them, one, and one of its tasks."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.pages.acts import offered_to
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.timeline import picture_of
from beastmode.dashboard.words import number_in

PAGE_ROWS = 50


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""
    runs = sources.runs

    async def all_runs(request: Request) -> Response:
        before = number_in(request.query_params.get("before", ""))
        lines = await run_in_threadpool(runs.latest, PAGE_ROWS + 1, before)
        return site.page(request, "runs.html", lines=lines[:PAGE_ROWS], more=len(lines) > PAGE_ROWS)

    async def one_run(request: Request) -> Response:
        name = request.path_params["run"]
        view = await run_in_threadpool(runs.run, name)
        if view is None:
            raise HTTPException(404, f"There is no run {name!r}.")
        offered = await offered_to(request, sources.run_control, name)
        return site.page(request, "run.html", view=view, picture=picture_of(view.timeline), offered=offered)

    async def one_task(request: Request) -> Response:
        run, task = request.path_params["run"], request.path_params["task"]
        view = await run_in_threadpool(runs.task, run, task)
        if view is None:
            raise HTTPException(404, f"There is no task {task!r} in {run!r}.")
        offered = await offered_to(request, sources.run_control, run, task)
        return site.page(request, "task.html", view=view, offered=offered)

    return [
        Route("/runs", all_runs, name="runs"),
        Route("/runs/{run}", one_run, name="run"),
        Route("/runs/{run}/tasks/{task:path}", one_task, name="task"),
    ]
