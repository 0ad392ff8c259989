"""One request: where its time went, why it was a hit or a miss, what came of it, and how it is sent again."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.acting import Form, act, visitor_of
from beastmode.dashboard.cache_words import words_of
from beastmode.dashboard.class_words import meaning_of
from beastmode.dashboard.filters import query_of
from beastmode.dashboard.pretty import readable
from beastmode.dashboard.site import Site, address
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.faults import Fault, or_fault
from beastmode.dashboard.sources.plain import Plain
from beastmode.dashboard.sources.requests import Repeatable
from beastmode.dashboard.waterfall import waterfall_of
from beastmode.store.ledger.sought import Sought

_HIDDEN = ("request_body", "answer_body", "sent")
"""Shown only to whoever may read them."""


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""
    requests, control = sources.requests, sources.request_control

    def read(name: str) -> tuple[Plain | None, Repeatable]:
        row = requests.request(name)
        return row, Repeatable() if row is None else _or_why_not(or_fault(control.repeatable, name))

    async def one_request(request: Request) -> Response:
        name = request.path_params["request"]
        row, again = await run_in_threadpool(read, name)
        if row is None:
            raise HTTPException(404, f"There is no request {name!r}. Old ones go by age and size.")
        return site.page(
            request, "request.html", **_content(row, again, may_read=visitor_of(request).may_read)
        )

    async def replay(request: Request, form: Form) -> tuple[str, str]:
        name, key_env, anyway = (
            request.path_params["request"],
            form.get("key_env", "").strip(),
            "anyway" in form,
        )
        words, new = await run_in_threadpool(control.replay, name, key_env=key_env, anyway=anyway)
        return words, address(request, "request", request=new) if new else ""

    def stood(request: Request) -> str:
        return address(request, "request", request=request.path_params["request"])

    return [
        Route("/requests/{request}", one_request, name="request"),
        act("replay", "/requests/{request}/replay", stood, replay),
    ]


def _or_why_not(again: Repeatable | Fault) -> Repeatable:
    return Repeatable(why_not=f"{again}. {again.tip}") if isinstance(again, Fault) else again


def _content(row: Plain, again: Repeatable, *, may_read: bool) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in _HIDDEN}
    return {
        "row": shown,
        "waterfall": waterfall_of(row),
        "cache_words": words_of(row.get("cache", ""), row.get("cache_why", ""), row.get("outcome") or ""),
        "meaning": meaning_of(row.get("class_", "")),
        "of_class": query_of(Sought(class_=row.get("class_", ""))),
        "again": again,
        "was_kept": bool(row.get("request_body") or row.get("answer_body")),
        "sent": (row.get("sent") or {}) if may_read else {},
        "bodies": _bodies(row) if may_read else [],
        "curl": again.curl if may_read else "",
    }


def _bodies(row: Plain) -> list[tuple[str, str, int]]:
    """Title, text, and how many characters of it are not shown."""
    both = (("What was asked", row.get("request_body")), ("What was answered", row.get("answer_body")))
    return [(title, *readable(body)) for title, body in both if body]
