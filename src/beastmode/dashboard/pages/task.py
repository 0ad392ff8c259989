"""One task of a run: its attempts, what it printed, what it changed, what it asked its model."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from beastmode.dashboard.acting import visitor_of
from beastmode.dashboard.foreign_text import diff_lines, log_text, shown_text
from beastmode.dashboard.pages.acts import offered_to
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.faults import or_fault
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.runs import RunReader, TaskView
from beastmode.dashboard.words import number_in
from beastmode.store.ledger.sought import Sought

REQUESTS = 20
PARTS = {
    "setup": "What prepared it",
    "work": "What it printed",
    "check": "Check: is nothing broken?",
    "verify": "Verification: is it done?",
    "merge.check": "Check of what would be merged",
    "merge": "Why it was not merged",
}
_NO_KEY = "Logs are shown to whoever has the key. Open the link that beast printed when it began."


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""
    runs, requests = sources.runs, sources.requests

    async def one_task(request: Request) -> Response:
        run, task = request.path_params["run"], request.path_params["task"]
        view = await run_in_threadpool(runs.task, run, task)
        if view is None:
            raise HTTPException(404, f"There is no task {task!r} in {run!r}.")
        attempt = _attempt_of(request, view)
        if "raw" in request.query_params:
            return await _raw(request, runs, view, attempt)
        asked = await run_in_threadpool(or_fault, requests.page, Sought(run=run, task=task), REQUESTS)
        offered = await offered_to(request, sources.run_control, run, task)
        read = await _read(request, runs, view, attempt) if visitor_of(request).may_read else {}
        content: dict[str, Any] = {"logs": [], "list_says": "", "diff": None, "lines": [], **read}
        content |= {"view": view, "attempt": attempt, "asked": asked, "parts": PARTS, "offered": offered}
        return site.page(request, "task.html", **content)

    return [Route("/runs/{run}/tasks/{task:id}", one_task, name="task")]


def _attempt_of(request: Request, view: TaskView) -> int:
    """The one that is asked for; the last one where none is, 0 where there was none."""
    attempt = number_in(request.query_params.get("attempt", "")) or view.line.attempts
    if attempt > max([view.line.attempts, *(one.number for one in view.attempts)]):
        raise HTTPException(404, f"{view.line.id!r} has had no attempt {attempt} in {view.run.name!r}.")
    return attempt


async def _read(request: Request, runs: RunReader, view: TaskView, attempt: int) -> Plain:
    """What only those see that may read."""
    run, task = view.run.name, view.line.id
    logs = await run_in_threadpool(runs.logs, run, task, attempt) if attempt else []
    has_diff = bool(view.branch or view.commit) and (not view.at_work or "diff" in request.query_params)
    diff = await run_in_threadpool(runs.diff, run, task) if has_diff else None
    return {
        "logs": [(log, log_text(log.data, log.cut)) for log in logs],
        "list_says": shown_text(await run_in_threadpool(runs.said, run, task)),
        "diff": diff,
        "lines": list(diff_lines(diff.text)) if diff and diff.text else [],
    }


async def _raw(request: Request, runs: RunReader, view: TaskView, attempt: int) -> Response:
    """All of one part, as a file: what is in it is never shown as a page of ours."""
    if not visitor_of(request).may_read:
        raise HTTPException(403, _NO_KEY)
    part = request.query_params["raw"]
    found = await run_in_threadpool(runs.raw, view.run.name, view.line.id, attempt, part)
    if found is None:
        raise HTTPException(404, f"Attempt {attempt} has printed nothing there.")
    name = quote(f"{view.run.name}-{view.line.id}.{attempt}.{part}.log", safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return StreamingResponse(found, media_type="application/octet-stream", headers=headers)
