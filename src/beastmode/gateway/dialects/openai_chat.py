"""OpenAI's chat completions, and the completions before them, as vLLM, Ollama, Groq, Azure and many others serve them.

Usage: `prompt_tokens` includes the cached ones, `completion_tokens` those of reasoning. A stream tells it in its last
chunk, and only where `stream_options.include_usage` asked for it; Groq's stands in `x_groq`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import Typed, broken, count, decoded
from beastmode.gateway.dialects.estimate import most_tokens
from beastmode.gateway.dialects.following import EventFollower
from beastmode.gateway.dialects.openai_errors import error_body, error_data
from beastmode.gateway.dialects.paths import model_in
from beastmode.gateway.dialects.protocol import EVENT_STREAM, NO_HEADERS, NO_USAGE, Asked, Usage

_CLIENT_TOOLS = frozenset(("function", "custom", None))


class _Request(msgspec.Struct):
    model: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    max_tokens: float | None = None
    max_completion_tokens: float | None = None
    n: float | None = None
    store: bool | None = None
    tools: list[Typed] | None = None
    web_search_options: Any = None
    search_parameters: Any = None
    plugins: Any = None


class _In(msgspec.Struct):
    cached_tokens: Any = None


class _Out(msgspec.Struct):
    reasoning_tokens: Any = None


class _Tokens(msgspec.Struct):
    prompt_tokens: Any = None
    completion_tokens: Any = None
    prompt_tokens_details: _In | None = None
    completion_tokens_details: _Out | None = None


class _Groq(msgspec.Struct):
    usage: _Tokens | None = None


class _Answer(msgspec.Struct):
    usage: _Tokens | None = None
    x_groq: _Groq | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)


class OpenAIChat:
    """Chat completions; with the name `openai.completions`, those of before."""

    shape: answers.Dialect = "chat"
    keepalive = b": waiting\n\n"
    stream_head = EVENT_STREAM

    def __init__(self, name: str = "openai.chat") -> None:
        self.name = name

    def read(self, path: str, query: str, body: bytes) -> Asked:
        asked = decoded(_REQUEST, body)
        if asked is None:
            return broken(self.name, body, model=model_in(path))
        limit = asked.max_tokens if asked.max_completion_tokens is None else asked.max_completion_tokens
        return Asked(
            self.name,
            asked.model or model_in(path),
            asked.stream is True,
            asked.temperature == 0,
            _is_stateful(asked),
            most_tokens(body, limit, copies=asked.n),
        )

    def usage(self, body: bytes) -> Usage:
        answer = decoded(_ANSWER, body)
        tokens = answer and (answer.usage or (answer.x_groq and answer.x_groq.usage))
        return _usage(tokens) if tokens else NO_USAGE

    def follow(self) -> EventFollower:
        return EventFollower(self.shape, b'"usage"', self.usage)

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        return error_body(failure, status)

    def error_event(self, failure: Failure) -> bytes:
        return error_data(failure)


def _is_stateful(asked: _Request) -> bool:
    searches = asked.web_search_options, asked.search_parameters, asked.plugins
    return (
        asked.store is True
        or any(option is not None for option in searches)
        or any(tool.type not in _CLIENT_TOOLS for tool in asked.tools or ())
    )


def _usage(tokens: _Tokens) -> Usage:
    told_in, told_out = tokens.prompt_tokens_details, tokens.completion_tokens_details
    return Usage(
        count(tokens.prompt_tokens),
        count(tokens.completion_tokens),
        count(told_in.cached_tokens) if told_in else None,
        count(told_out.reasoning_tokens) if told_out else None,
    )
