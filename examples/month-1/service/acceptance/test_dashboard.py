"""One page shows an operator how the router fares."""

from __future__ import annotations

import re

from router.records import Record
from router.testing import World, a_world


def page(world: World) -> str:
    reply = world.get("/dashboard")
    assert (reply.status, reply.content_type) == (200, "text/html; charset=utf-8")
    return reply.body.decode()


def figure(html: str, name: str) -> str:
    """What `<dt>name</dt><dd>figure</dd>` says."""
    found = re.search(rf"<dt>{name}</dt>\s*<dd>([^<]*)</dd>", html)
    assert found, f"no figure {name!r}"
    return found[1]


def a_record(took_ms: float = 5.0, status: int = 200, model: str = "m-small", cache: str = "miss") -> Record:
    return Record(1_700_000_000.0, model, "near", status, cache, "key", took_ms)


def test_figures_are_of_the_requests_that_are_kept() -> None:
    world = a_world()
    for took_ms in (10, 20, 30, 40, 900):
        world.router.records.add(a_record(took_ms))
    world.router.records.add(a_record(30, status=502))
    world.router.records.add(a_record(1, cache="memory"))
    html = page(world)
    assert [figure(html, name) for name in ("Requests", "Failed", "From the cache")] == ["7", "1", "1"]
    assert (figure(html, "Median"), figure(html, "Slowest")) == ("30 ms", "900 ms")


def test_a_router_that_nobody_asked_has_a_page_too() -> None:
    html = page(a_world())
    assert (figure(html, "Requests"), figure(html, "Median")) == ("0", "-")


def test_each_request_is_a_row_newest_first_and_failures_stand_out() -> None:
    world = a_world()
    world.router.records.add(a_record(model="older"))
    world.router.records.add(a_record(model="newer", status=502))
    rows = re.findall(r"<tr( class=\"failed\")?>(.*?)</tr>", page(world), re.DOTALL)
    told = [
        (bool(failed), [model for model in ("older", "newer") if model in row]) for failed, row in rows[1:]
    ]
    assert told == [(True, ["newer"]), (False, ["older"])]


def test_what_came_from_outside_is_shown_and_never_run() -> None:
    world = a_world()
    world.router.records.add(a_record(model="<script>alert('x')</script>"))
    html = page(world)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_page_looks_again_by_itself() -> None:
    assert re.search(r'<meta http-equiv="refresh" content="\d+">', page(a_world()))
