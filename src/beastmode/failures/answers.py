"""Answers: is what came with a good status a good answer? Detection only; `classify` says what it means.

A page with status 200, an error inside a body, a stream that stops without its terminal event: clients hand all of
these to their callers as success (the openai client returns the page as text, or a stream of nothing).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import msgspec

from beastmode.failures.evidence import Evidence

Dialect = Literal["chat", "responses", "messages", "gemini"]
"""OpenAI's chat completions and responses, Anthropic's messages, Gemini's generateContent."""

CUT_OFF = "the stream ended without its terminal event"
"""What is wrong with a stream that HTTP found whole; as the evidence of it says."""

_LONGEST_LINE = 1024 * 1024
_LONGEST_LOOSE = 8 * 1024
_ENDS = {
    "chat": (),
    "responses": ("response.completed", "response.incomplete", "response.cancelled"),
    "messages": ("message_stop",),
    "gemini": (),
}
_FAILS = ("error", "response.failed")
_MARKS = {dialect: tuple(name.encode() for name in (*ends, *_FAILS)) for dialect, ends in _ENDS.items()}
_MARKS["gemini"] = (b'"finishReason"', b'"blockReason"', b'"error"')
"""One of these stands in every event that may end a stream or fail it."""


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
    look: is shown the data of each event, as it is read; of one that is too long, its first 1 MB. An error that comes
    as bare JSON is shown as far as it has come.
    """

    def __init__(self, dialect: Dialect, look: Callable[[bytes], None] | None = None) -> None:
        self.complete = self.failed = False
        self.events = 0
        self._dialect = dialect
        self._marks = _MARKS[dialect]
        self._look = look
        self._name = ""
        self._rest = bytearray()
        self._loose = bytearray()

    @property
    def rest(self) -> bytes:
        """The beginning of a line that has not ended yet."""
        return bytes(self._rest)

    @property
    def bare(self) -> bytes:
        """An error of Gemini's that came as bare JSON, at most 8 KB of it; b"" where none did."""
        return bytes(self._loose) if b'"error"' in self._loose else b""

    def feed(self, piece: bytes) -> None:
        """Read on. A line of more than 1 MB counts as an event, and its inside is not read."""
        *ended, rest = piece.split(b"\n")
        for line in ended:
            self._keep(line)
            self._line(bytes(self._rest), whole=True)
            self._rest.clear()
        self._keep(rest)

    def close(self) -> None:
        """The stream has come to its end; its last line may have no line break, and may be half a line."""
        self._line(bytes(self._rest), whole=False)
        self._rest.clear()

    def _keep(self, part: bytes) -> None:
        self._rest += part[: _LONGEST_LINE - len(self._rest)]

    def _line(self, line: bytes, *, whole: bool) -> None:
        if line.startswith(b"event:"):
            self._name = line[6:100].strip().decode("ascii", "replace")
            self.failed |= self._name in _FAILS
        elif line.startswith(b"data:"):
            self.events += 1
            data = line[5:].strip()
            self.complete |= whole and self._name in _ENDS[self._dialect]
            self._data(data)
            if self._look is not None:
                self._look(data)
        elif not line.strip():
            self._name = ""
        elif self._dialect == "gemini":
            self._bare(line)

    def _bare(self, line: bytes) -> None:
        """Gemini's errors come as bare JSON between the events, on one line or on many."""
        if line.startswith(b"{"):
            self._loose.clear()
        elif not 0 < len(self._loose) < _LONGEST_LOOSE:
            return
        self._loose += line[: _LONGEST_LOOSE - len(self._loose)]
        self.failed |= line.lstrip(b" {\t").startswith(b'"error"')
        if self._look is not None and self.bare:
            self._look(self.bare)

    def _typed(self, name: str) -> None:
        self.complete |= name in _ENDS[self._dialect]
        self.failed |= name in _FAILS

    def _data(self, data: bytes) -> None:
        if data == b"[DONE]":
            self.complete |= self._dialect == "chat"
            return
        for mark in self._marks:  # most events are words, and nothing else
            if mark in data:
                break
        else:
            return
        value = _parsed(data)
        if isinstance(value, dict):
            self._typed(str(value.get("type", "")))
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
    if not (streamed and is_stream):
        return None if _is_good(body) else Evidence(status, dict(headers), body, url=url)
    ending = Ending(dialect)
    ending.feed(body)
    ending.close()
    evidence = Evidence(status, dict(headers), body, mid_stream=True, url=url)
    if ending.failed:
        return replace(evidence, body=ending.bare or body)
    return None if ending.complete else replace(evidence, exception=CUT_OFF)


def _gemini_ended(value: dict[str, Any]) -> bool:
    candidates = value.get("candidates")
    feedback = value.get("promptFeedback")
    finished = isinstance(candidates, list) and any(
        isinstance(one, dict) and one.get("finishReason") for one in candidates
    )
    return finished or (isinstance(feedback, dict) and bool(feedback.get("blockReason")))


class _Seen(msgspec.Struct):
    """What tells a good answer from an error."""

    error: Any = None
    type: Any = None
    object: Any = None
    status: Any = None


_SEEN = msgspec.json.Decoder(_Seen)


def _is_good(body: bytes) -> bool:
    """As `_is_answer` of all that is in it, without making that: an answer of 1 KB takes a tenth of the time. What is
    not strictly JSON (NaN, a byte order mark) is left to the lenient reader."""
    try:
        seen = _SEEN.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _is_answer(_parsed(body))
    return not seen.error and seen.type != "error" and seen.object != "error" and seen.status != "failed"


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
