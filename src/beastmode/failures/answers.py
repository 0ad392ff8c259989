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

_MARK = b"\xef\xbb\xbf"
"""A byte order mark; at the beginning of a stream it is no part of it."""
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
    a `finishReason` or `blockReason` of Gemini.   failed: an event before that carried an error.   events: lines of
    data so far. Lines may end with LF, CR LF or CR, and an event may have its data in several.
    look: is shown this and the data of each event, as it is read; of one that is too long, its first 1 MB. An error
    that comes as bare JSON is shown as far as it has come.
    """

    def __init__(self, dialect: Dialect, look: Callable[[Ending, bytes], None] | None = None) -> None:
        self.complete = self.failed = False
        self.events = 0
        self._dialect = dialect
        self._marks = _MARKS[dialect]
        self._look = look
        self._name = ""
        self._data_lines: list[bytes] = []
        self._data_bytes = 0
        self._rest = bytearray()
        self._loose = bytearray()
        self._after_cr = self._after_mark = False

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
        if self._after_cr or b"\r" in piece:
            piece = self._with_lf(piece)
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
        self._joined()

    def _with_lf(self, piece: bytes) -> bytes:
        """With one LF behind each line, however lines end; a CR and its LF may come in two pieces."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _keep(self, part: bytes) -> None:
        self._rest += part[: _LONGEST_LINE - len(self._rest)]

    def _line(self, line: bytes, *, whole: bool) -> None:
        if not self._after_mark:
            self._after_mark, line = True, line.removeprefix(_MARK)
        if line.startswith(b"event:"):
            self._name = line[6:100].strip().decode("ascii", "replace")
            self._fails(self._name in _FAILS)
        elif line.startswith(b"data:"):
            self.events += 1
            data = line[5:].strip()
            self.complete |= whole and self._name in _ENDS[self._dialect]
            self._event(data)
            self._data_bytes += len(data)
            if self._data_bytes <= _LONGEST_LINE:
                self._data_lines.append(data)
        elif not line.strip():
            self._name = ""
            self._joined()
        elif self._dialect == "gemini":
            self._bare(line)

    def _joined(self) -> None:
        """The event is over: read its data as a whole, where it came in several lines."""
        if len(self._data_lines) > 1 and self._data_bytes <= _LONGEST_LINE:
            self._event(b"\n".join(self._data_lines))
        self._data_lines.clear()
        self._data_bytes = 0

    def _event(self, data: bytes) -> None:
        self._data(data)
        if self._look is not None:
            self._look(self, data)

    def _fails(self, failed: bool) -> None:
        """What comes behind the end of an answer takes nothing from it."""
        self.failed |= failed and not self.complete

    def _bare(self, line: bytes) -> None:
        """Gemini's errors come as bare JSON between the events, on one line or on many."""
        if line.startswith(b"{"):
            self._loose.clear()
        elif not 0 < len(self._loose) < _LONGEST_LOOSE:
            return
        self._loose += line[: _LONGEST_LOOSE - len(self._loose)]
        self._fails(line.lstrip(b" {\t").startswith(b'"error"'))
        if self._look is not None and self.bare:
            self._look(self, self.bare)

    def _typed(self, name: str) -> None:
        self.complete |= name in _ENDS[self._dialect]
        self._fails(name in _FAILS)

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
            self._fails(_carries_error(value))
            self.complete |= self._dialect == "gemini" and _gemini_ended(value)


def begins_events(body: bytes) -> bool:
    """Whether the beginning of a body is that of server-sent events, whatever its content type says."""
    return body.removeprefix(_MARK).lstrip().startswith((b"data:", b"event:", b":", b"id:", b"retry:"))


def flaw_in(
    status: int, headers: Mapping[str, str], body: bytes, *, dialect: Dialect, streamed: bool, url: str = ""
) -> Evidence | None:
    """What is wrong with an answer of status 2xx, as evidence to classify; None where it is a good answer.

    headers: names in any case.   body: whole.   streamed: a stream was asked for. Servers that answer such a request
    in one piece are not at fault.   url: what was called, for the tip.
    """
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    is_stream = "event-stream" in kind or begins_events(body)
    if not (streamed and is_stream):
        return None if _is_good(body) else Evidence(status, dict(headers), body, url=url)
    ending = Ending(dialect)
    ending.feed(body)
    ending.close()
    evidence = Evidence(status, dict(headers), body, mid_stream=True, url=url)
    if ending.failed:
        return replace(evidence, body=ending.bare or body)
    return None if ending.complete else replace(evidence, exception=CUT_OFF)


def _carries_error(value: dict[str, Any]) -> bool:
    """An error beside the answer, in the place of it, or in one of its choices (OpenRouter)."""
    if value.get("error") or value.get("object") == "error":
        return True
    choices = value.get("choices")
    return isinstance(choices, list) and any(isinstance(one, dict) and one.get("error") for one in choices)


def _gemini_ended(value: dict[str, Any]) -> bool:
    candidates = value.get("candidates")
    feedback = value.get("promptFeedback")
    finished = isinstance(candidates, list) and any(
        isinstance(one, dict) and one.get("finishReason") for one in candidates
    )
    return finished or (isinstance(feedback, dict) and bool(feedback.get("blockReason")))


class _Choice(msgspec.Struct):
    error: Any = None


class _Seen(msgspec.Struct):
    """What tells a good answer from an error."""

    error: Any = None
    type: Any = None
    object: Any = None
    status: Any = None
    choices: list[_Choice] | None = None


_SEEN = msgspec.json.Decoder(_Seen)


def _is_good(body: bytes) -> bool:
    """As `_is_answer` of all that is in it, without making that: an answer of 1 KB takes a tenth of the time. What is
    not strictly JSON (NaN, a byte order mark), or of other types, is left to the lenient reader."""
    try:
        seen = _SEEN.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _is_answer(_parsed(body))
    if seen.choices is not None and any(choice.error for choice in seen.choices):
        return False
    return not seen.error and seen.type != "error" and seen.object != "error" and seen.status != "failed"


def _is_answer(value: Any) -> bool:
    """An object without an error in it; Gemini's streams without `alt=sse` are a list of such."""
    if isinstance(value, list):
        return bool(value) and all(_is_answer(one) for one in value)
    if not isinstance(value, dict) or _carries_error(value):
        return False
    return value.get("type") != "error" and value.get("status") != "failed"


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
