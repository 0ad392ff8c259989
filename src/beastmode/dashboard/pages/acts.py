"""Acts on runs and tasks: what a person may ask of them, as `beast pause` and its like do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from beastmode.dashboard.acting import Form, act, visitor_of
from beastmode.dashboard.site import address
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.runs import RunControl


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be asked for now: `RunControl.offers` and `RunControl.limits`."""

    actions: Sequence[str] = ()
    limits: Mapping[str, str] = field(default_factory=dict)


async def offered_to(request: Request, control: RunControl, run: str, task: str = "") -> Offered:
    """Nothing to whoever may not change anything."""
    if not visitor_of(request).may_change:
        return Offered()

    def read() -> Offered:
        actions = control.offers(run, task)
        return Offered(actions, control.limits(run) if "limits" in actions else {})

    return await run_in_threadpool(read)


def routes(sources: Sources) -> list[Route]:
    """Asking waits for the runner's answer, so it happens in threads."""

    async def ask(request: Request, form: Form) -> tuple[str, str]:
        run, task = request.path_params["run"], request.path_params.get("task", "")
        said = {name: text for name, text in form.items() if name != "action"}
        action = form.get("action", "")
        return await run_in_threadpool(sources.run_control.ask, run, task, action, said), ""

    return [
        act("ask_run", "/ask/{run}", _the_run, ask),
        act("ask_task", "/ask/{run}/{task:id}", _the_task, ask),
    ]


def _the_run(request: Request) -> str:
    return address(request, "run", run=request.path_params["run"])


def _the_task(request: Request) -> str:
    return address(request, "task", run=request.path_params["run"], task=request.path_params["task"])
