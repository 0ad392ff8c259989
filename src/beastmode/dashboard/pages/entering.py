"""Entering: the link that beast prints carries the key, and a cookie keeps it from then on."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from beastmode.dashboard.guarding import KEY
from beastmode.dashboard.site import address
from beastmode.dashboard.visitor import Doorkeeper, Visitor

_KEPT_S = 30 * 86400


def routes(keeper: Doorkeeper) -> list[Route]:
    """The address holds the key only until the browser is sent on."""

    async def enter(request: Request) -> Response:
        key = request.query_params.get("key", "")
        if keeper.visitor(key) in (None, Visitor()):
            raise HTTPException(403, "This is not the key. Open the link that beast printed when it began.")
        answer = RedirectResponse(address(request, "home"), 303)
        answer.set_cookie(KEY, key, max_age=_KEPT_S, httponly=True, samesite="strict", path="/")
        return answer

    return [Route("/enter", enter, name="enter")]
