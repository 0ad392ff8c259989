"""One run: how it stands, what needs somebody, what waits, its time, its graph, its tasks."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.graph import Layout, layout
from beastmode.dashboard.pages.acts import offered_to
from beastmode.dashboard.share_bar import pieces_of
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.runs import GraphPart, RunView, TaskPage
from beastmode.dashboard.timeline import picture_of
from beastmode.dashboard.words import number_in

PAGE_ROWS = 100


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""
    runs = sources.runs

    def read(name: str, state: str, phase: str, from_: int) -> tuple[RunView | None, TaskPage | None]:
        return runs.run(name), runs.tasks(name, state, phase, from_, PAGE_ROWS)

    async def one_run(request: Request) -> Response:
        name, asked = request.path_params["run"], request.query_params
        state, phase, after = (
            asked.get("state", ""),
            asked.get("phase", ""),
            number_in(asked.get("after", "")),
        )
        from_ = after if "after" in asked else -1
        view, page = await run_in_threadpool(read, name, state, phase, from_)
        if view is None or page is None:
            raise HTTPException(404, f"There is no run {name!r}.")
        offered = await offered_to(request, sources.run_control, name)
        return site.page(
            request,
            "run.html",
            offered=offered,
            view=view,
            page=page,
            wanted={"state": state, "phase": phase, "after": from_},
            bar=pieces_of(view.line.counts),
            phases=[(line, pieces_of(line.counts)) for line in view.phases],
            picture=picture_of(view.timeline),
            drawn=_drawn(view.graph),
            lines={line.id: line for line in view.graph.tasks},
        )

    return [Route("/runs/{run}", one_run, name="run")]


def _drawn(graph: GraphPart) -> Layout | None:
    """None where there is nothing to draw, or it cannot be: a list that was changed on the way may have had a cycle."""
    try:
        return layout([line.id for line in graph.tasks], graph.edges) if graph.tasks else None
    except ValueError:
        return None
