"""What every page stands in: templates, addresses, the places in the head, answers that say what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from beastmode.dashboard import words
from beastmode.dashboard.acting import SAID, said_to, visitor_of


class Site:
    """Renders templates.   places: title and route's name of each page that the head names, in their order."""

    def __init__(self, places: Sequence[tuple[str, str]]) -> None:
        self._places = places
        self._templates = Environment(
            loader=PackageLoader("beastmode.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "amount": words.amount,
            "length": words.length,
            "mark": words.mark_of,
            "moment": words.moment,
            "state": words.name_of,
            "usd": words.usd,
        }
        self._templates.globals |= {"counts_in": words.counts_in, "percent": words.percent}

    def page(self, request: Request, template: str, *, status: int = 200, **content: Any) -> Response:
        """A whole page. In templates, `url(name, **parts)` is the address of a route, `visitor` who looks."""

        def url(name: str, /, **parts: Any) -> str:
            return address(request, name, **parts)

        places = [(title, url(name)) for title, name in self._places]
        said = said_to(request)
        around = {"url": url, "places": places, "here": request.url.path, "version": request.state.version}
        html = self._templates.get_template(template).render(
            **around, said=said, visitor=visitor_of(request), **content
        )
        answer = HTMLResponse(html, status)
        if said:
            answer.delete_cookie(SAID)
        return answer

    async def refused(self, request: Request, error: HTTPException) -> Response:
        """What was asked for is not there, or not allowed."""
        content = {"title": "Not here", "what": error.detail, "tip": "Go back, or begin at the first page."}
        return self.page(request, "problem.html", status=error.status_code, **content)

    async def later(self, request: Request, error: Exception) -> Response:
        """A page that is not ready yet, and comes by itself when it is."""
        del error
        return self.page(request, "later.html")

    async def broken(self, request: Request, error: Exception) -> Response:
        """A page that could not be made."""
        content = {
            "title": "This page cannot be shown",
            "what": str(error) or type(error).__name__,
            "tip": "What was recorded is intact. Load it again; if it stays so, see what beast printed.",
        }
        return self.page(request, "problem.html", status=500, **content)


def address(request: Request, name: str, /, **parts: Any) -> str:
    """The path of a route, below wherever the app is mounted."""
    path = request.app.url_path_for(name, **parts)
    return quote(request.scope.get("root_path", "") + path)  # an id may hold a question mark
