"""OpenAI's chat completions, and the completions before them, as vLLM, Ollama, Groq, Azure and many others serve them.

Usage: `prompt_tokens` includes the cached ones, `completion_tokens` those of reasoning. A stream tells it in its last
chunk, and only where `stream_options.include_usage` asked for it; Groq's stands in `x_groq`.
Stops: each choice has a `finish_reason`; a model that refuses says `stop`, and why in `refusal`.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.gateway.dialects.decoding import Typed, broken, count, decoded
from beastmode.gateway.dialects.estimate import most_tokens
from beastmode.gateway.dialects.following import EventFollower, Reading
from beastmode.gateway.dialects.openai_errors import OpenAISpeaks
from beastmode.gateway.dialects.paths import model_in
from beastmode.gateway.dialects.protocol import NO_USAGE, Asked, Stop, Usage
from beastmode.gateway.dialects.stopping import UNREADABLE, Told, meaning, sure, together

_CLIENT_TOOLS = frozenset(("function", "custom", None))
_SEARCHES = re.compile(r":online$|-search-(preview|api)|(^|/)sonar|(^|/)compound")
"""Models that look into the web before they answer: OpenRouter's, OpenAI's, Perplexity's, Groq's."""


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
    deferred: bool | None = None


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


class _Said(msgspec.Struct):
    content: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    audio: Any = None


class _Choice(msgspec.Struct):
    index: Any = None
    finish_reason: Any = None
    text: Any = None
    message: _Said | None = None
    delta: _Said | None = None


class _Choices(msgspec.Struct):
    choices: list[_Choice] | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)
_CHOICES = msgspec.json.Decoder(_Choices)


class OpenAIChat(OpenAISpeaks):
    """Chat completions; with the name `openai.completions`, those of before."""

    shape: answers.Dialect = "chat"
    keepalive = b": waiting\n\n"

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
            asked.temperature == 0 and (asked.n or 1) == 1,
            _is_stateful(asked),
            most_tokens(body, limit, copies=asked.n),
        )

    def usage(self, body: bytes) -> Usage:
        return _usage_in(body)

    def stopped(self, body: bytes) -> Stop:
        answer = decoded(_CHOICES, body)
        choices = (answer.choices if answer else None) or ()
        return together(sure(_told(one)) for one in choices).judged()

    def follow(self) -> EventFollower:
        return EventFollower(_READING)


def _is_stateful(asked: _Request) -> bool:
    return (
        asked.store is True
        or asked.deferred is True
        or asked.web_search_options is not None
        or asked.search_parameters is not None
        or asked.plugins is not None
        or (asked.tools is not None and any(tool.type not in _CLIENT_TOOLS for tool in asked.tools))
        or _SEARCHES.search(asked.model or "") is not None
    )


def _usage_in(body: bytes) -> Usage:
    answer = decoded(_ANSWER, body)
    tokens = answer and (answer.usage or (answer.x_groq and answer.x_groq.usage))
    return _usage(tokens) if tokens else NO_USAGE


def _usage(tokens: _Tokens) -> Usage:
    told_in, told_out = tokens.prompt_tokens_details, tokens.completion_tokens_details
    return Usage(
        count(tokens.prompt_tokens),
        count(tokens.completion_tokens),
        count(told_in.cached_tokens) if told_in else None,
        count(told_out.reasoning_tokens) if told_out else None,
    )


def _told(choice: _Choice) -> Told:
    said = choice.message or choice.delta or _NOTHING
    stop = "filter" if said.refusal else meaning(choice.finish_reason)
    return Told(
        stop, bool(choice.text or said.content or said.tool_calls or said.function_call or said.audio)
    )


def _event_told(data: bytes) -> Told:
    """Of several choices it is unknown whether all have ended: a stream does not say how many there are."""
    event = decoded(_CHOICES, data)
    if event is None:
        return UNREADABLE
    return together(Told("unknown", said=True) if one.index else _told(one) for one in event.choices or ())


_NOTHING = _Said()
_STOPS = (b'"finish_reason":"', b'"finish_reason": "', b'"refusal"')
_READING = Reading("chat", b'"usage"', _usage_in, _STOPS, _event_told)
