"""Recorded bodies made readable: JSON with a line for each value, and not one character of it changed."""

from __future__ import annotations

import json
import re

MOST_CHARS = 256 * 1024
"""Of a body on a page; a browser takes seconds for a megabyte."""
_DEEPEST = 60
_OPEN, _CLOSE = ("[", "{"), ("]", "}")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def readable(body: str) -> tuple[str, int]:
    """A body as a page shows it, and how many characters of it are left out at the end.

    JSON is indented; its numbers, escapes and repeated names stay as they were sent. Anything else stays as it is.
    """
    shown = _indented(body) if len(body) <= MOST_CHARS and body.lstrip()[:1] in ("{", "[") else body
    return (shown, 0) if len(shown) <= MOST_CHARS else (body[:MOST_CHARS], max(0, len(body) - MOST_CHARS))


def _indented(body: str) -> str:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return body
    parts: list[str] = []
    depth, before = 0, ""
    for match in _TOKEN.finditer(body):
        word = match[0]
        if word in _CLOSE:
            depth -= 1
        is_empty = before in _OPEN and word in _CLOSE
        if (before in _OPEN or before == "," or word in _CLOSE) and not is_empty:
            parts.append("\n" + "  " * min(depth, _DEEPEST))
        parts.append(": " if word == ":" else word)
        if word in _OPEN:
            depth += 1
        before = word
    return "".join(parts)
