"""Stream: what a recorded stream of events says about its end. Server-sent events and lines of JSON.

A stream may carry an error behind status 200, stop without its terminal event, or end properly and say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beastmode.failures.fields import Fields, decoded, scan, walk

_MOST_FRAMES = 2000
_MOST_LOOSE = 60
"""Lines outside of any event that are read for an error."""
_ENDS = frozenset(
    (
        "message_stop",
        "response.completed",
        "response.incomplete",
        "response.failed",
        "response.cancelled",
        "message-end",
        "stream-end",
    )
)
_SAYING = frozenset(
    (
        "content",
        "text",
        "partial_json",
        "arguments",
        "reasoning_content",
        "reasoning",
        "thinking",
        "delta",
        "tool_calls",
        "parts",
        "response",
    )
)
"""Fields of a frame in which an answer says something."""


@dataclass(slots=True)
class Stream:
    """What the frames said.   fields: of those that carry an error.   ended: the terminal event came.
    spoke: something was said, or a tool called.   failed: a frame carries an error.
    frames: how many could be read; 0: it is no stream."""

    fields: Fields = field(default_factory=Fields)
    ended: bool = False
    spoke: bool = False
    failed: bool = False
    frames: int = 0


def is_stream(text: str) -> bool:
    """Whether a body is a stream of server-sent events."""
    head = text[:200].lstrip()
    return head.startswith(("data:", "event:", ": ", "id:", "retry:")) or "\ndata:" in text[:2000]


def read(text: str) -> Stream:
    """Read the frames of a body; frames that are no JSON are read for named fields. At most 2,000 of each end."""
    stream, event, loose, data = Stream(), "", [], []  # type: Stream, str, list[str], list[str]
    lines = text.splitlines()
    if len(lines) > 2 * _MOST_FRAMES:
        lines = lines[:_MOST_FRAMES] + lines[-_MOST_FRAMES:]
    for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].strip())
            continue
        _frames(data, event, stream)
        data.clear()
        if line.startswith("event:"):
            event = line[6:].strip()
            stream.ended |= event in _ENDS
            _fails(stream, event, None)
        elif line and not line.startswith((":", "id:", "retry:")):
            loose.append(line)
    _frames(data, event, stream)
    _read_loose("\n".join(loose[-_MOST_LOOSE:]), stream)
    return stream


def _read_loose(text: str, stream: Stream) -> None:
    """An error that a server writes into its stream as it would have answered it: lines of JSON without `data:`."""
    if '"error"' not in text:
        return
    value = decoded(text[text.find("{") :].strip())
    if isinstance(value, dict) and _fails(stream, "", value):
        stream.frames += 1
        walk(value, stream.fields)


def _frames(data: list[str], event: str, stream: Stream) -> None:
    """Lines of data without another between: one value in several lines, or a value in each where what parted them was
    lost on the way here."""
    whole = "\n".join(data) if len(data) > 1 else ""
    if whole and isinstance(decoded(whole), dict):
        data = [whole]
    for one in data:
        _frame(one, event, stream)


def _frame(data: str, event: str, stream: Stream) -> None:
    if data == "[DONE]":
        stream.ended = True
        stream.frames += 1
        return
    value = decoded(data)
    if isinstance(value, dict):
        stream.frames += 1
        kind = str(value.get("type") or "")
        stream.ended |= kind in _ENDS or _finished(value, stream.fields.codes)
        if _fails(stream, event or kind, value) or _fails(stream, kind, value):
            walk(value, stream.fields)
        elif not stream.spoke:
            stream.spoke = _says(value)
    elif event in ("error", "exception") or '"error"' in data[:200]:
        stream.failed = True
        stream.frames += 1
        stream.fields.messages.append(scan(data[:4000], stream.fields))


def _fails(stream: Stream, event: str, value: dict[str, Any] | None) -> bool:
    failed = event in ("error", "exception", "response.failed") or event.endswith("Exception")
    if value is not None:
        failed = failed or bool(value.get("error")) or value.get("object") == "error"
        failed = failed or any(
            isinstance(one, dict) and bool(one.get("error")) for one in _list(value.get("choices"))
        )
    stream.failed |= failed
    return failed


def _finished(value: dict[str, Any], reasons: list[str]) -> bool:
    """Whether a frame ends the answer; why goes into `reasons`."""
    if value.get("done") is True or value.get("is_finished") is True:
        return True
    for key in ("choices", "candidates"):
        for choice in _list(value.get(key)):
            reason = (
                (choice.get("finish_reason") or choice.get("finishReason"))
                if isinstance(choice, dict)
                else None
            )
            if reason:
                reasons.append(str(reason)[:40].lower())
                return True
    return False


def _says(value: Any, depth: int = 0) -> bool:
    """Whether a frame of an answer holds a word of it."""
    if depth > 6:
        return False
    if isinstance(value, dict):
        return any(
            (name in _SAYING and bool(inner) and not isinstance(inner, (dict, list)))
            or _says(inner, depth + 1)
            for name, inner in value.items()
        )
    return isinstance(value, list) and any(_says(one, depth + 1) for one in value[:20])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
