"""OpenAI's errors: one shape for chat, responses, embeddings, and for whatever has no shape of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import dumped
from beastmode.gateway.dialects.naming import named, words
from beastmode.gateway.dialects.protocol import EVENT_STREAM, NO_HEADERS


class OpenAISpeaks:
    """What the gateway says itself, in OpenAI's dialects."""

    stream_head = EVENT_STREAM

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        return dumped({"error": error_object(failure, status)})

    def error_events(self, failure: Failure) -> tuple[bytes, ...]:
        """An event of a stream that has no named events."""
        return (b"data: " + self.error(failure, named(failure).status) + b"\n\n",)


def error_object(failure: Failure, status: int) -> dict[str, Any]:
    """What stands below `error`."""
    code = named(failure).code
    return {"message": words(failure), "type": _type(code, status), "param": None, "code": code}


def _type(code: str, status: int) -> str:
    if code == "insufficient_quota":
        return code
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
