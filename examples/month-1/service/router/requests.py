"""A chat completion as it is asked for."""

from __future__ import annotations

import json
from typing import Any

from router.errors import RouterError

Request = dict[str, Any]
Answer = dict[str, Any]


def read_request(body: bytes) -> Request:
    """The request in a body. Raises RouterError where it is none, or wants a stream."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RouterError("bad_request", f"the body is no JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("model"), str):
        raise RouterError("bad_request", "the body is no object with a `model`")
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise RouterError("bad_request", "`messages` is no list of messages")
    if value.get("stream"):
        raise RouterError("bad_request", "`stream` is not supported")
    return value
