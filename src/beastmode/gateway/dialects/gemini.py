"""Gemini's generateContent and its stream, on Vertex too; embeddings and counts beside it. The path names the model.

Usage: `promptTokenCount` includes the cached ones; thoughts stand beside `candidatesTokenCount` and what tools brought
in beside the prompt, and both are added here. Every event of a stream tells it, the last one counts.
A stream without `alt=sse` is one JSON list, and counts as an answer in one piece.
Stops: each candidate has a `finishReason`, the same for words and calls, so that a stream tells them apart only where
its last event has the call; a refused prompt has a `blockReason` instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import broken, count, decoded, dumped
from beastmode.gateway.dialects.estimate import DATA_FIELD, most_tokens
from beastmode.gateway.dialects.following import EventFollower, PlainFollower, Reading
from beastmode.gateway.dialects.naming import named, words
from beastmode.gateway.dialects.paths import model_in, plain
from beastmode.gateway.dialects.protocol import EVENT_STREAM, NO_HEADERS, NO_USAGE, Asked, Stop, Usage
from beastmode.gateway.dialects.stopping import UNREADABLE, Told, meaning, sure, together

_CLIENT_TOOLS = frozenset(("functionDeclarations", "function_declarations", "computerUse", "computer_use"))


class _Settings(msgspec.Struct, rename="camel"):
    temperature: float | None = None
    max_output_tokens: float | None = None
    candidate_count: float | None = None


class _SnakeSettings(msgspec.Struct):
    temperature: float | None = None
    max_output_tokens: float | None = None
    candidate_count: float | None = None


class _Request(msgspec.Struct):
    """Google's JSON takes names in both notations."""

    generationConfig: _Settings | None = None
    generation_config: _SnakeSettings | None = None
    cachedContent: str | None = None
    cached_content: str | None = None
    store: bool | None = None
    continuationToken: Any = None
    tools: list[dict[str, msgspec.Raw]] | None = None


class _Tokens(msgspec.Struct, rename="camel"):
    prompt_token_count: Any = None
    candidates_token_count: Any = None
    cached_content_token_count: Any = None
    thoughts_token_count: Any = None
    tool_use_prompt_token_count: Any = None


class _Answer(msgspec.Struct, rename="camel"):
    usage_metadata: _Tokens | None = None


class _Content(msgspec.Struct):
    parts: list[dict[str, Any]] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    index: Any = None
    finish_reason: Any = None
    content: _Content | None = None


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: Any = None


class _Stopped(msgspec.Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None


class _Once(msgspec.Struct, rename="camel"):
    """Of embeddings and counts."""

    embedding: Any = None
    embeddings: Any = None
    total_tokens: Any = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer | list[_Answer])
_STOPPED = msgspec.json.Decoder(_Stopped | list[_Stopped])
_ONCE = msgspec.json.Decoder(_Once)


class GeminiGenerate:
    """generateContent and streamGenerateContent."""

    name = "gemini.generate"
    shape: answers.Dialect = "gemini"
    keepalive = b"\n"  # a comment is read as JSON by google-genai, and breaks its stream
    stream_head = EVENT_STREAM

    def read(self, path: str, query: str, body: bytes) -> Asked:
        stream = plain(path).endswith(":streamGenerateContent") and "alt=sse" in query.split("&")
        asked = decoded(_REQUEST, body)
        if asked is None:
            return Asked(self.name, model_in(path), stream, stateful=True, broken=True)
        settings = asked.generationConfig or asked.generation_config or _Settings()
        return Asked(
            self.name,
            model_in(path),
            stream,
            settings.temperature == 0 and (settings.candidate_count or 1) == 1,
            _is_stateful(asked),
            most_tokens(
                body, settings.max_output_tokens, copies=settings.candidate_count, file_mark=DATA_FIELD
            ),
        )

    def usage(self, body: bytes) -> Usage:
        return _usage_in(body)

    def stopped(self, body: bytes) -> Stop:
        answer = decoded(_STOPPED, body)
        if isinstance(answer, list):
            return together(map(_part_told, answer)).judged()
        return (_whole_told(answer) if answer else UNREADABLE).judged()

    def follow(self) -> EventFollower | PlainFollower:
        return EventFollower(_READING)

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        return dumped({"error": _error(failure, status)})

    def error_events(self, failure: Failure) -> tuple[bytes, ...]:
        """Bare JSON, as Google sends it: its JavaScript SDK took an error within `data:` for an answer of nothing, and
        hears the other where that is all of a piece. Then within `data:` for Vercel's, which hears no other."""
        said = self.error(failure, named(failure).status) + b"\n\n"
        return said, b"data: " + said


class GeminiOnce(GeminiGenerate):
    """What has one answer and no stream: embeddings (`gemini.embed`), counts (`gemini.count_tokens`)."""

    keepalive = b""

    def __init__(self, name: str, *, free: bool = False) -> None:
        self.name = name
        self._free = free

    def read(self, path: str, query: str, body: bytes) -> Asked:
        if decoded(_REQUEST, body) is None:
            return broken(self.name, body, model=model_in(path))
        tokens = 0 if self._free else most_tokens(body, 0, file_mark=DATA_FIELD)
        return Asked(self.name, model_in(path), deterministic=True, most_tokens=tokens)

    def usage(self, body: bytes) -> Usage:
        return Usage(0, 0) if self._free else super().usage(body)

    def stopped(self, body: bytes) -> Stop:
        answer = decoded(_ONCE, body)
        if answer is None:
            return "unknown"
        told = count(answer.total_tokens) is not None if self._free else answer.embedding or answer.embeddings
        return "complete" if told else "unknown"

    def follow(self) -> PlainFollower:
        return PlainFollower()


def _is_stateful(asked: _Request) -> bool:
    return (
        bool(asked.cachedContent or asked.cached_content or asked.continuationToken)
        or asked.store is True
        or any(not tool.keys() <= _CLIENT_TOOLS for tool in asked.tools or ())
    )


def _error(failure: Failure, status: int) -> dict[str, Any]:
    error = {"code": status, "message": words(failure), "status": named(failure).google}
    if failure.retry_after_s is None:
        return error
    kind = "type.googleapis.com/google.rpc.RetryInfo"
    return error | {"details": [{"@type": kind, "retryDelay": f"{failure.retry_after_s:.3f}s"}]}


def _usage_in(body: bytes) -> Usage:
    answer = decoded(_ANSWER, body)
    parts = answer if isinstance(answer, list) else [answer] if answer else []
    told = [part.usage_metadata for part in parts if part.usage_metadata]
    return _usage(told[-1]) if told else NO_USAGE


def _usage(tokens: _Tokens) -> Usage:
    return Usage(
        _sum(tokens.prompt_token_count, tokens.tool_use_prompt_token_count),
        _sum(tokens.candidates_token_count, tokens.thoughts_token_count),
        count(tokens.cached_content_token_count),
        count(tokens.thoughts_token_count),
    )


def _sum(*values: object) -> int | None:
    """Of the counts that are there; None where none is."""
    counts = [number for number in map(count, values) if number is not None]
    return sum(counts) if counts else None


def _whole_told(answer: _Stopped) -> Told:
    """Of all its candidates, each of which has to tell."""
    if _is_blocked(answer):
        return Told("filter", said=False)
    return together(sure(_told(one)) for one in answer.candidates or ())


def _part_told(part: _Stopped) -> Told:
    """Of several candidates it is unknown whether all have ended: a stream does not say how many there are."""
    if _is_blocked(part):
        return Told("filter", said=False)
    return together(Told("unknown", said=True) if one.index else _told(one) for one in part.candidates or ())


def _event_told(data: bytes) -> Told:
    event = decoded(_STOPPED, data)
    return _part_told(event) if isinstance(event, _Stopped) else UNREADABLE


def _told(candidate: _Candidate) -> Told:
    stop = meaning(candidate.finish_reason)
    parts = (candidate.content and candidate.content.parts) or []
    if stop == "complete" and any("functionCall" in part for part in parts):
        stop = "tool"
    return Told(stop, any(_says(part) for part in parts))


def _says(part: dict[str, Any]) -> bool:
    return not part.get("thought") and any(bool(value) for value in part.values())


def _is_blocked(answer: _Stopped) -> bool:
    return answer.prompt_feedback is not None and bool(answer.prompt_feedback.block_reason)


_READING = Reading("gemini", b'"usageMetadata"', _usage_in, (), _event_told)
