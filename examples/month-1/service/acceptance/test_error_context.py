"""An error says what happened, where, and what to do about it."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from router.build import build
from router.errors import STATUS
from router.pages import respond
from router.replies import Reply
from router.routing import Backend
from router.settings import Settings
from router.testing import a_world, http_backend
from router.tips import TIPS

ASKED = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()


def asked(*urls: str, key_env: str = "", timeout_s: float = 10.0) -> Reply:
    """The answer of a router in front of real backends at these addresses."""
    backends = tuple(Backend(f"b{number}", url, ("m",), key_env) for number, url in enumerate(urls))
    router = build(Settings(backends, timeout_s=timeout_s))
    return respond(router, "POST", "/v1/chat/completions", ASKED)


def error_in(reply: Reply) -> dict[str, Any]:
    error: dict[str, Any] = reply.value["error"]
    assert error["message"]
    assert error["tip"]
    return error


def classes(tried: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["backend"], entry["class"]) for entry in tried]


def test_a_throttle_is_429_and_says_when_to_come_back() -> None:
    with http_backend(429, b"slow down", {"retry-after": "7"}) as url:
        reply = asked(url)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert error_in(reply)["class"] == "throttled"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_names_its_variable(status: int) -> None:
    with http_backend(status, b"no") as url:
        reply = asked(url, key_env="THE_KEY")
    error = error_in(reply)
    assert (reply.status, error["class"]) == (502, "unauthorized")
    assert "THE_KEY" in error["tip"]


def test_a_backend_that_takes_too_long_is_504() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reply = asked(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", timeout_s=0.1)
    assert (reply.status, error_in(reply)["class"]) == (504, "timeout")


def test_a_backend_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    reply = asked(url)
    assert (reply.status, error_in(reply)["class"]) == (502, "unreachable")


def test_every_backend_that_was_tried_is_told_in_order() -> None:
    with http_backend(429, b"") as first, http_backend(500, b"") as second:
        reply = asked(first, second)
    error = error_in(reply)
    assert classes(error["tried"]) == [("b0", "throttled"), ("b1", "upstream_failed")]
    assert error["class"] == "upstream_failed"
    assert all(entry["message"] for entry in error["tried"])


def test_an_unknown_model_is_told_which_there_are() -> None:
    error = error_in(a_world().chat(model="m-huge"))
    assert (error["class"], "m-small" in error["tip"], "m-large" in error["tip"]) == (
        "unknown_model",
        True,
        True,
    )
    assert "tried" not in error


def test_every_class_has_a_tip_of_its_own() -> None:
    assert set(STATUS) <= set(TIPS)
    assert len({TIPS[kind] for kind in STATUS}) == len(STATUS)
