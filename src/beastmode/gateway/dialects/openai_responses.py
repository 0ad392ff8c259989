"""OpenAI's responses, as Codex asks for them.

Usage: `input_tokens` includes the cached ones, `output_tokens` those of reasoning; a stream tells it in the event that
ends it. Requests are stored by the server, and so stateful, unless they say `store: false`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import Typed, broken, count, decoded, dumped
from beastmode.gateway.dialects.estimate import most_tokens
from beastmode.gateway.dialects.following import EventFollower
from beastmode.gateway.dialects.naming import named
from beastmode.gateway.dialects.openai_errors import error_body, error_object
from beastmode.gateway.dialects.paths import model_in
from beastmode.gateway.dialects.protocol import EVENT_STREAM, NO_HEADERS, NO_USAGE, Asked, Usage

_CLIENT_TOOLS = frozenset(
    (
        "function",
        "custom",
        "namespace",
        "local_shell",
        "apply_patch",
        "computer",
        "computer_use_preview",
        None,
    )
)
"""Tools that the client runs; all others are the server's (web_search, file_search, code_interpreter, mcp, …)."""


class _Request(msgspec.Struct):
    model: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    max_output_tokens: float | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    prompt: Any = None
    tools: list[Typed] | None = None
    input: str | list[Typed] | None = None


class _In(msgspec.Struct):
    cached_tokens: Any = None
    cache_write_tokens: Any = None


class _Out(msgspec.Struct):
    reasoning_tokens: Any = None


class _Tokens(msgspec.Struct):
    input_tokens: Any = None
    output_tokens: Any = None
    input_tokens_details: _In | None = None
    output_tokens_details: _Out | None = None


class _Answer(msgspec.Struct):
    usage: _Tokens | None = None


class _Event(msgspec.Struct):
    response: _Answer | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)
_EVENT = msgspec.json.Decoder(_Event)


class OpenAIResponses:
    """Responses."""

    name = "openai.responses"
    shape: answers.Dialect = "responses"
    keepalive = b": waiting\n\n"
    stream_head = EVENT_STREAM

    def read(self, path: str, query: str, body: bytes) -> Asked:
        asked = decoded(_REQUEST, body)
        if asked is None:
            return broken(self.name, body, model=model_in(path))
        return Asked(
            self.name,
            asked.model or model_in(path),
            asked.stream is True,
            asked.temperature == 0,
            _is_stateful(asked),
            most_tokens(body, asked.max_output_tokens),
        )

    def usage(self, body: bytes) -> Usage:
        answer = decoded(_ANSWER, body)
        return _usage(answer.usage) if answer and answer.usage else NO_USAGE

    def follow(self) -> EventFollower:
        return EventFollower(self.shape, b'"usage"', _told)

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        return error_body(failure, status)

    def error_event(self, failure: Failure) -> bytes:
        """One event for two kinds of clients: Codex looks into `response`, the SDKs raise what stands in `error`."""
        error = error_object(failure, named(failure).status)
        response = {
            "id": "resp_failed",
            "object": "response",
            "created_at": 0,
            "status": "failed",
            "model": "",
            "output": [],
            "error": {"code": error["code"], "message": error["message"]},
        }
        event = {"type": "response.failed", "sequence_number": 0, "response": response, "error": error}
        return b"event: response.failed\ndata: " + dumped(event) + b"\n\n"


def _is_stateful(asked: _Request) -> bool:
    items = asked.input if isinstance(asked.input, list) else ()
    return (
        asked.store is not False
        or asked.background is True
        or any(state is not None for state in (asked.previous_response_id, asked.conversation, asked.prompt))
        or any(tool.type not in _CLIENT_TOOLS for tool in asked.tools or ())
        or any(item.type == "item_reference" for item in items)
    )


def _told(data: bytes) -> Usage:
    event = decoded(_EVENT, data)
    tokens = event and event.response and event.response.usage
    return _usage(tokens) if tokens else NO_USAGE


def _usage(tokens: _Tokens) -> Usage:
    told_in, told_out = tokens.input_tokens_details, tokens.output_tokens_details
    return Usage(
        count(tokens.input_tokens),
        count(tokens.output_tokens),
        count(told_in.cached_tokens) if told_in else None,
        count(told_out.reasoning_tokens) if told_out else None,
        count(told_in.cache_write_tokens) if told_in else None,
    )
