"""Acting: a form of a page asks for something; the answer is the page again, with what has come of it.

What stands before it is in `guarding.py`: forms of other sites never come this far.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from beastmode.dashboard.cookies import keep, kept
from beastmode.dashboard.visitor import Visitor
from beastmode.errors import BeastError

Form = Mapping[str, str]
Handler = Callable[[Request, Form], Awaitable[tuple[str, str]]]
"""Does it. Gives what has come of it, in words, and the path to show next; "" for where the form stood. BeastErrors are
told there, too."""

SAID = "said"
"""The kind of cookie that carries the words to the next page, which takes it away."""
_FORM_BYTES, _FIELDS, _SAID_CHARS, _SAID_S = 64 * 1024, 50, 1000, 30
_SAID_BYTES = 1200
"""Each may take three in a cookie, and no browser keeps one of more than 4096."""
_NO_KEY = "Changing something needs the key. Open the link that beast printed when it began."


def act(name: str, path: str, stood: Callable[[Request], str], handler: Handler) -> Route:
    """The route of a form, for whoever may change something.   stood: the path of the page that it stands on."""

    async def acting(request: Request) -> Response:
        if not visitor_of(request).may_change:
            raise HTTPException(403, _NO_KEY)
        form = await form_of(request)
        try:
            words, place = await handler(request, form)
        except BeastError as error:
            words, place = _in_sentences(error), ""
        return _shown(request, place or stood(request), words)

    return Route(path, acting, methods=["POST"], name=name)


def _in_sentences(error: BeastError) -> str:
    """What happened, where, and what to do, on one line."""
    where = f"{error.where}: " if error.where else ""
    return " ".join(f"{where}{error.what}. {error.tip}".split())


def visitor_of(request: Request) -> Visitor:
    """Who asks."""
    visitor: Visitor = request.state.visitor
    return visitor


def said_to(request: Request) -> str:
    """What the act before has come to; "" for nothing."""
    return unquote(kept(request, SAID))[:_SAID_CHARS]


def _shown(request: Request, place: str, words: str) -> Response:
    answer = RedirectResponse(place, 303)
    said = words.encode("utf-8", "replace")[:_SAID_BYTES].decode("utf-8", "ignore")
    keep(request, answer, SAID, quote(said), _SAID_S)
    return answer


async def form_of(request: Request) -> Form:
    """What a form holds. Raises HTTPException for what is none of ours."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _FORM_BYTES:
                raise HTTPException(413, f"This form is larger than {_FORM_BYTES} bytes.")
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS))
    except ClientDisconnect:
        raise HTTPException(400, "The form did not come to its end.") from None
    except ValueError:
        raise HTTPException(400, "This is no form of ours.") from None
