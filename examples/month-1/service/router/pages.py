"""What is at which path."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from router.answering import Router
from router.errors import RouterError, error_reply
from router.replies import Reply, json_reply

Page = Callable[[Router, bytes], Reply]
"""Answers what is asked of one path, with the body that came."""

SHOWN = 100
"""How many requests `/requests` lists."""


def chat(router: Router, body: bytes) -> Reply:
    """A chat completion."""
    return router.answer(body)


def models(router: Router, _body: bytes) -> Reply:
    """The models, as OpenAI lists them."""
    listed = [{"id": model, "object": "model"} for model in router.routing.models]
    return json_reply(200, {"object": "list", "data": listed})


def requests(router: Router, _body: bytes) -> Reply:
    """The last requests, newest first."""
    return json_reply(200, [record.as_dict() for record in router.records.latest(SHOWN)])


def stats(router: Router, _body: bytes) -> Reply:
    """What happened, in numbers."""
    return json_reply(200, router.records.stats())


def health(_router: Router, _body: bytes) -> Reply:
    """That the process answers."""
    return json_reply(200, {"status": "ok"})


PAGES: Mapping[tuple[str, str], Page] = {
    # for clients
    ("POST", "/v1/chat/completions"): chat,
    ("GET", "/v1/models"): models,
    # for operators
    ("GET", "/requests"): requests,
    ("GET", "/stats"): stats,
    # for supervisors
    ("GET", "/health"): health,
}


def respond(router: Router, method: str, path: str, body: bytes = b"") -> Reply:
    """The answer to any request. Never raises: a fault of our own is an answer too."""
    page = PAGES.get((method, path))
    if page is None:
        return error_reply(RouterError("not_found", f"there is nothing at {method} {path}"))
    try:
        return page(router, body)
    except Exception as error:
        return error_reply(RouterError("internal", f"{type(error).__name__}: {error}"))
