"""Anthropic's messages, as Claude Code asks for them, on Vertex too; and the counting of their tokens.

Usage: `input_tokens` leaves out what was read from the cache (`cache_read_input_tokens`) and written to it
(`cache_creation_input_tokens`). A stream tells it twice: `message_start` the prompt, `message_delta` the answer so far.
Stops: `stop_reason`, in a stream that of `message_delta`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import Typed, broken, count, decoded, dumped
from beastmode.gateway.dialects.estimate import DATA_FIELD, most_tokens
from beastmode.gateway.dialects.following import EventFollower, Reading
from beastmode.gateway.dialects.naming import named, words
from beastmode.gateway.dialects.paths import model_in, plain
from beastmode.gateway.dialects.protocol import EVENT_STREAM, NO_HEADERS, NO_USAGE, Asked, Stop, Usage
from beastmode.gateway.dialects.stopping import UNREADABLE, Told, meaning

_CLIENT_TOOLS = ("custom", "bash_", "text_editor_", "computer_", "browser_", "memory_", "tool_search_")
"""Beginnings of the types that the client runs; all others are the server's (web_search_, code_execution_, …).
Whoever runs tool_search_, it looks only at the tools of the request."""


class _Request(msgspec.Struct):
    model: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    max_tokens: float | None = None
    tools: list[Typed] | None = None
    mcp_servers: list[Any] | None = None
    container: Any = None
    thread: Any = None


class _Out(msgspec.Struct):
    thinking_tokens: Any = None


class _Tokens(msgspec.Struct):
    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation_input_tokens: Any = None
    output_tokens_details: _Out | None = None


class _Answer(msgspec.Struct):
    """A whole answer, or an event of a stream."""

    usage: _Tokens | None = None
    message: _Answer | None = None


class _Delta(msgspec.Struct):
    stop_reason: Any = None
    text: Any = None


class _Block(msgspec.Struct):
    type: Any = None
    text: Any = None


class _Stopped(msgspec.Struct):
    """A whole answer, or an event of a stream."""

    stop_reason: Any = None
    content: list[_Block] | None = None
    delta: _Delta | None = None
    content_block: _Block | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)
_STOPPED = msgspec.json.Decoder(_Stopped)
_COUNTED = msgspec.json.Decoder(_Tokens)


class AnthropicMessages:
    """Messages."""

    name = "anthropic.messages"
    shape: answers.Dialect = "messages"
    keepalive = b'event: ping\ndata: {"type": "ping"}\n\n'
    stream_head = EVENT_STREAM

    def read(self, path: str, query: str, body: bytes) -> Asked:
        asked = decoded(_REQUEST, body)
        if asked is None:
            return broken(self.name, body, model=model_in(path))
        return Asked(
            self.name,
            asked.model or model_in(path),
            asked.stream is True or plain(path).endswith(":streamRawPredict"),
            asked.temperature == 0,
            _is_stateful(asked),
            most_tokens(body, asked.max_tokens, file_mark=DATA_FIELD),
        )

    def usage(self, body: bytes) -> Usage:
        return _usage_in(body)

    def stopped(self, body: bytes) -> Stop:
        return _told(body).judged()

    def follow(self) -> EventFollower:
        return EventFollower(_READING)

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        value = _error(failure)
        if "request-id" in headers:
            value["request_id"] = headers["request-id"]
        return dumped(value)

    def error_events(self, failure: Failure) -> tuple[bytes, ...]:
        return (b"event: error\ndata: " + dumped(_error(failure)) + b"\n\n",)


class AnthropicCount(AnthropicMessages):
    """The counting of tokens: of a prompt, without an answer. It costs none."""

    name = "anthropic.count_tokens"
    keepalive = b""

    def read(self, path: str, query: str, body: bytes) -> Asked:
        asked = decoded(_REQUEST, body)
        if asked is None:
            return broken(self.name, body)
        return Asked(self.name, asked.model or "", deterministic=True, stateful=_is_stateful(asked))

    def usage(self, body: bytes) -> Usage:
        return Usage(0, 0)

    def stopped(self, body: bytes) -> Stop:
        counted = decoded(_COUNTED, body)
        return "complete" if counted and count(counted.input_tokens) is not None else "unknown"


def _is_stateful(asked: _Request) -> bool:
    return (
        bool(asked.mcp_servers)
        or asked.container is not None
        or asked.thread is not None
        or any(tool.type and not tool.type.startswith(_CLIENT_TOOLS) for tool in asked.tools or ())
    )


def _error(failure: Failure) -> dict[str, Any]:
    return {"type": "error", "error": {"type": named(failure).anthropic, "message": words(failure)}}


def _usage_in(body: bytes) -> Usage:
    answer = decoded(_ANSWER, body)
    tokens = answer and (answer.usage or (answer.message and answer.message.usage))
    return _usage(tokens) if tokens else NO_USAGE


def _usage(tokens: _Tokens) -> Usage:
    thought = tokens.output_tokens_details
    return Usage(
        count(tokens.input_tokens),
        count(tokens.output_tokens),
        count(tokens.cache_read_input_tokens),
        count(thought.thinking_tokens) if thought else None,
        count(tokens.cache_creation_input_tokens),
    )


def _told(body: bytes) -> Told:
    answer = decoded(_STOPPED, body)
    if answer is None:
        return UNREADABLE
    delta, blocks = answer.delta or _NOTHING, answer.content or [answer.content_block or _NO_BLOCK]
    said = bool(delta.text) or any(block.text or block.type == "tool_use" for block in blocks)
    return Told(meaning(delta.stop_reason or answer.stop_reason), said)


_NOTHING, _NO_BLOCK = _Delta(), _Block()
_READING = Reading("messages", b'"usage"', _usage_in, (b'"stop_reason"',), _told)
