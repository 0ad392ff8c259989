"""Answers: is what came with a good status a good answer? Detection only; `classify` says what it means.

A page with status 200, an error inside a body, a stream that stops without its terminal event: clients hand all of
these to their callers as success (the openai client returns the page as text, or a stream of nothing).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from beastmode.failures.evidence import Evidence

Dialect = Literal["chat", "responses", "messages", "gemini"]
"""OpenAI's chat completions and responses, Anthropic's messages, Gemini's generateContent."""

CUT_OFF = "the stream ended without its terminal event"
"""What is wrong with a stream that HTTP found whole; as the evidence of it says."""

_LONGEST_LINE = 1024 * 1024
_ENDS = {
    "chat": (),
    "responses": ("response.completed", "response.incomplete", "response.cancelled"),
    "messages": ("message_stop",),
    "gemini": (),
}
_FAILS = ("error", "response.failed")


def dialect_of(path: str) -> Dialect | None:
    """The dialect that the path of a URL belongs to; None for any other path."""
    path = path.split("?", 1)[0].rstrip("/")
    if path.endswith("/chat/completions"):
        return "chat"
    if path.endswith("/responses"):
        return "responses"
    if path.endswith("/messages"):
        return "messages"
    return "gemini" if path.endswith(("generateContent", "GenerateContent")) else None


class Ending:
    """Follows a stream of server-sent events as it passes, piece by piece, wherever the pieces are cut.

    complete: its terminal event has come: `[DONE]`, `response.completed` (or incomplete, cancelled), `message_stop`,
    a `finishReason` or `blockReason` of Gemini.   failed: an event carried an error.   events: how many came.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.complete = self.failed = False
        self.events = 0
        self._dialect = dialect
        self._rest = bytearray()

    def feed(self, piece: bytes) -> None:
        """Read on. A line of more than 1 MB counts as an event, and its inside is not read."""
        *ended, rest = piece.split(b"\n")
        for line in ended:
            self._keep(line)
            self.close()
        self._keep(rest)

    def close(self) -> None:
        """The line has come to its end; after the last piece, also one that has no line break."""
        self._line(bytes(self._rest))
        self._rest.clear()

    def _keep(self, part: bytes) -> None:
        self._rest += part[: _LONGEST_LINE - len(self._rest)]

    def _line(self, line: bytes) -> None:
        if line.startswith(b"event:"):
            self._named(line[6:].strip().decode("ascii", "replace"))
        elif line.startswith(b"data:"):
            self.events += 1
            self._data(line[5:].strip())

    def _named(self, name: str) -> None:
        self.complete |= name in _ENDS[self._dialect]
        self.failed |= name in _FAILS

    def _data(self, data: bytes) -> None:
        if data == b"[DONE]":
            self.complete |= self._dialect == "chat"
            return
        if not _may_end(self._dialect, data) and b'"error"' not in data:
            return
        value = _parsed(data)
        if isinstance(value, dict):
            self._named(str(value.get("type", "")))
            self.failed |= bool(value.get("error"))
            self.complete |= self._dialect == "gemini" and _gemini_ended(value)


def flaw_in(
    status: int, headers: Mapping[str, str], body: bytes, *, dialect: Dialect, streamed: bool, url: str = ""
) -> Evidence | None:
    """What is wrong with an answer of status 2xx, as evidence to classify; None where it is a good answer.

    headers: names in any case.   body: whole.   streamed: a stream was asked for. Servers that answer such a request
    in one piece are not at fault.   url: what was called, for the tip.
    """
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    is_stream = "event-stream" in kind or body.lstrip().startswith((b"data:", b"event:"))
    evidence = Evidence(status, dict(headers), body, mid_stream=streamed and is_stream, url=url)
    if not (streamed and is_stream):
        return None if _is_answer(_parsed(body)) else evidence
    ending = Ending(dialect)
    ending.feed(body)
    ending.close()
    if ending.failed:
        return evidence
    return None if ending.complete else replace(evidence, exception=CUT_OFF)


def _may_end(dialect: Dialect, data: bytes) -> bool:
    """Whether it is worth to read this one: most events of a stream are words, and nothing else."""
    if dialect == "gemini":
        return b'"finishReason"' in data or b'"blockReason"' in data
    return any(name.encode() in data for name in (*_ENDS[dialect], *_FAILS))


def _gemini_ended(value: dict[str, Any]) -> bool:
    candidates = value.get("candidates")
    feedback = value.get("promptFeedback")
    finished = isinstance(candidates, list) and any(
        isinstance(one, dict) and one.get("finishReason") for one in candidates
    )
    return finished or (isinstance(feedback, dict) and bool(feedback.get("blockReason")))


def _is_answer(value: Any) -> bool:
    """An object without an error in it; Gemini's streams without `alt=sse` are a list of such."""
    if isinstance(value, list):
        return bool(value) and all(_is_answer(one) for one in value)
    if not isinstance(value, dict) or value.get("error"):
        return False
    return value.get("type") != "error" and value.get("object") != "error" and value.get("status") != "failed"


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
