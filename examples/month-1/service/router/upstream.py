"""One call of a backend, over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from router.errors import RouterError
from router.requests import Answer, Request
from router.routing import Backend

Ask = Callable[[Backend, Request], Answer]
"""Gives a backend's answer to a request, or raises RouterError."""


def over_http(timeout_s: float) -> Ask:
    """Asks backends as OpenAI's clients do."""

    def ask(backend: Backend, request: Request) -> Answer:
        call = HttpRequest(
            f"{backend.url}/chat/completions", json.dumps(request).encode(), headers_for(backend)
        )
        try:
            with urlopen(call, timeout=timeout_s) as answer:
                return answer_in(backend, answer.read())
        except HTTPError as error:
            raise refused(backend, error.code) from error
        except (OSError, HTTPException) as error:
            raise unanswered(backend, error) from error

    return ask


def headers_for(backend: Backend) -> dict[str, str]:
    """The type of the body, and the backend's own key where it has one."""
    key = os.environ.get(backend.key_env, "") if backend.key_env else ""
    return {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})


def answer_in(backend: Backend, body: bytes) -> Answer:
    """The completion in a body. Raises RouterError where there is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not value.get("choices"):
        raise RouterError("upstream_failed", f"{backend.name} answered with something else than a completion")
    return value


def refused(backend: Backend, status: int) -> RouterError:
    """What an HTTP status that is no success means."""
    return RouterError("upstream_failed", f"{backend.name} answered {status}")


def unanswered(backend: Backend, error: Exception) -> RouterError:
    """What a connection that broke, or never came, means."""
    return RouterError("upstream_failed", f"{backend.name} did not answer: {error}")
