"""Limits: what a server says about them in the headers of any answer. Pure; shown, not judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_HEADER = re.compile(r"(?:x-|anthropic-)?rate-?limit-(.+)")
_WORDS = ("limit", "remaining", "reset")


def limits_in(headers: Mapping[str, str]) -> Iterator[str]:
    """One line a limited thing: `requests: limit 60, remaining 59, reset 1s`. As the server writes it."""
    found: dict[str, dict[str, str]] = {}
    for name, value in headers.items():
        match = _HEADER.fullmatch(name.lower())
        parts = match[1].split("-") if match else []
        word = next((word for word in _WORDS if word in parts), None)
        if word is not None:
            parts.remove(word)
            found.setdefault(" ".join(parts) or "calls", {})[word] = value[:60]
    for thing in sorted(found):
        known = found[thing]
        yield f"{thing}: " + ", ".join(f"{word} {known[word]}" for word in _WORDS if word in known)
