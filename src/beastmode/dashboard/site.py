"""What every page stands in: templates, addresses, the places in the head, answers that say what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import PackageLoader
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, NoMatchFound

from beastmode.amounts import counted
from beastmode.dashboard import words
from beastmode.dashboard.acting import SAID, said_to, visitor_of
from beastmode.dashboard.commands import Commands
from beastmode.dashboard.cookies import forget
from beastmode.dashboard.guarding import HEADERS
from beastmode.dashboard.ids import segment
from beastmode.dashboard.quick_templates import QuickEnvironment
from beastmode.dashboard.sources.faults import Fault, fault_of
from beastmode.errors import BeastError

STATIC = Path(__file__).parent / "static"
_STATIC_MARK = blake2b(
    b"".join(one.read_bytes() for one in sorted(STATIC.rglob("*.*"))), digest_size=6
).hexdigest()
"""In the address of each file: a browser that has it asks no more for it."""

_TITLES = {403: "Not allowed", 404: "Not here", 429: "Not now"}
_BROKEN = "This page cannot be shown"


class Site:
    """Renders templates.   places: title and route's name of each page that the head names, in their order.
    home: what names it in a command."""

    def __init__(self, places: Sequence[tuple[str, str]], home: str = "") -> None:
        commands = Commands(home)
        self._places = places
        self._templates = QuickEnvironment(PackageLoader("beastmode.dashboard"))
        self._templates.filters |= {
            "amount": words.amount,
            "at_home": commands.within,
            "brief": words.brief,
            "counted": counted,
            "length": words.length,
            "mark": words.mark_of,
            "moment": words.moment,
            "size": words.size,
            "state": words.name_of,
            "usd": words.usd,
        }
        self._templates.tests["fault"] = lambda value: isinstance(value, Fault)
        self._templates.globals |= {
            "command": commands.line,
            "cost": words.cost,
            "counts_in": words.counts_in,
            "percent": words.percent,
        }

    def compiled(self, names: Sequence[str] = ()) -> Iterator[str]:
        """Compile one after the other: that of a page takes longer than all the rest of it. Names each when it is
        ready.   names: () for all there are."""
        for name in names or self._templates.list_templates(["html"]):
            self._templates.get_template(name)
            yield name

    def page(self, request: Request, template: str, *, status: int = 200, **content: Any) -> Response:
        """A whole page. In templates, `url(name, **parts)` is the address of a route, `visitor` who looks."""

        def url(name: str, /, **parts: Any) -> str:
            path = address(request, name, **parts)
            return f"{path}?v={_STATIC_MARK}" if name == "static" else path

        places = [(title, url(name)) for title, name in self._places]
        said = said_to(request)
        version = getattr(request.state, "version", "")  # it may be that which cannot be read
        around = {"url": url, "places": places, "here": request.url.path, "version": version}
        html = self._templates.get_template(template).render(
            **around, said=said, visitor=visitor_of(request), **content
        )
        answer = HTMLResponse(html, status)
        if said:
            forget(request, answer, SAID)
        return answer

    async def refused(self, request: Request, error: HTTPException) -> Response:
        """What was asked for is not there, or not allowed."""
        title = _TITLES.get(error.status_code, "This cannot be done")
        content = {"title": title, "what": error.detail, "tip": "Go back, or begin at the first page."}
        answer = self.page(request, "problem.html", status=error.status_code, **content)
        answer.headers.update(error.headers or {})
        return answer

    async def later(self, request: Request, error: Exception) -> Response:
        """A page that is not ready yet, and comes by itself when it is."""
        del error
        return self.page(request, "later.html")

    async def unreadable(self, request: Request, error: BeastError) -> Response:
        """A page of which nothing can be read, and somebody knows why."""
        what = f"{fault_of(error)}."
        return self.page(request, "problem.html", status=503, title=_BROKEN, what=what, tip=error.tip)

    async def broken(self, request: Request, error: Exception) -> Response:
        """A page that could not be made."""
        content = {
            "title": _BROKEN,
            "what": str(error) or type(error).__name__,
            "tip": "No record was changed by that. Load it again; if it stays so, see what beast printed.",
        }
        answer = self.page(request, "problem.html", status=500, **content)
        answer.headers.update(HEADERS)  # it passes outside of what guards all others
        return answer


def address(request: Request, name: str, /, **parts: Any) -> str:
    """The path of a route, below wherever the app is mounted."""
    return _address(request.app, request.scope.get("root_path", ""), name, tuple(parts.items()))


@lru_cache(maxsize=4096)
def _address(app: Starlette, root: str, name: str, parts: tuple[tuple[str, Any], ...]) -> str:
    """Looked up among all routes each time, addresses were two thirds of the time that a page took."""
    escaped = {part: segment(value) for part, value in parts} if name != "static" else dict(parts)
    return quote(root) + _route(app, name, tuple(escaped)).url_path_for(name, **escaped)


@lru_cache(maxsize=256)
def _route(app: Starlette, name: str, parts: tuple[str, ...]) -> BaseRoute:
    """That which makes such addresses. Raises NoMatchFound."""
    for route in app.routes:
        with suppress(NoMatchFound):
            route.url_path_for(name, **dict.fromkeys(parts, "-"))
            return route
    raise NoMatchFound(name, dict.fromkeys(parts))
