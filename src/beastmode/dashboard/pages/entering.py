"""Entering: a key is shown once, by the link that beast prints or on a page that asks for it; from then on a browser
keeps a ticket."""

from __future__ import annotations

import math
import time

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from beastmode.dashboard.acting import form_of, visitor_of
from beastmode.dashboard.cookies import forget, keep
from beastmode.dashboard.guarding import TICKET
from beastmode.dashboard.site import Site, address
from beastmode.dashboard.visitor import Doorkeeper
from beastmode.dashboard.wrong_keys import WrongKeys

KEPT_S = 30 * 86400
"""A ticket is good for no longer than a browser keeps it."""
_WRONG = "This key opens nothing here."
_WRONG_LINK = "This is not the key. Open the link that beast printed when it began."


def routes(site: Site, keeper: Doorkeeper) -> list[Route]:
    """The link, the page that asks, and the way out."""
    tickets = _Tickets(keeper)

    def asks(request: Request, status: int, problem: str, to: str) -> Response:
        return site.page(request, "login.html", status=status, problem=problem, to=to)

    async def enter(request: Request) -> Response:
        """The address holds the key only until the browser is sent on."""
        ticket = tickets.take(request, request.query_params.get("key", ""))
        if not ticket:
            raise HTTPException(403, _WRONG_LINK)
        return _entered(request, ticket, address(request, "home"))

    async def login(request: Request) -> Response:
        to = getattr(request.state, "wanted", "") or address(request, "home")
        return asks(request, 200 if visitor_of(request).may_look else 401, "", to)

    async def log_in(request: Request) -> Response:
        form = await form_of(request)
        ticket = tickets.take(request, form.get("key", "").strip())
        to = form.get("to", "")
        here = to if _is_here(to) else address(request, "home")
        return _entered(request, ticket, here) if ticket else asks(request, 403, _WRONG, here)

    async def leave(request: Request) -> Response:
        answer = RedirectResponse(address(request, "home"), 303)
        forget(request, answer, TICKET)
        return answer

    return [
        Route("/enter", enter, name="enter"),
        Route("/login", login, methods=["GET"], name="login"),
        Route("/login", log_in, methods=["POST"], name="log_in"),
        Route("/leave", leave, methods=["POST"], name="leave"),
    ]


class _Tickets:
    """Gives tickets for keys, and no more guesses to who has shown too many wrong ones."""

    def __init__(self, keeper: Doorkeeper) -> None:
        self._keeper, self._wrong = keeper, WrongKeys()

    def take(self, request: Request, key: str) -> str:
        """The ticket; "" where the key opens nothing. Raises HTTPException for who has to wait."""
        where, now = request.client.host if request.client else "", time.monotonic()
        if wait_s := math.ceil(self._wrong.wait_s(where, now)):
            words = f"Too many wrong keys came from here. Try again in {wait_s} s."
            raise HTTPException(429, words, {"retry-after": str(wait_s)})
        ticket = self._keeper.enter(key)
        if not ticket:
            self._wrong.note(where, now)
        return ticket


def _entered(request: Request, ticket: str, to: str) -> Response:
    answer = RedirectResponse(to, 303)
    keep(request, answer, TICKET, ticket, KEPT_S)
    return answer


def _is_here(to: str) -> bool:
    """Whether it is a path of these pages. A browser reads // and /\\ as the beginning of another host."""
    return to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
