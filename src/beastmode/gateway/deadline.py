"""Deadline: how long a client waits without hearing anything, by what its request tells. Pure.

The SDKs say it in a header. What runs on Node waits 300 s for the head of an answer, whatever else it was told: its
`fetch` gives up then (and so does that of Bun, on which Claude Code runs).
"""

from __future__ import annotations

import math

from beastmode.gateway.client.head import Headers

_TOLD = (
    b"x-stainless-read-timeout",  # the Python SDKs of OpenAI and Anthropic: between two bytes
    b"x-stainless-timeout",  # Anthropic's, also in JavaScript: until the head
    b"x-server-timeout",  # Google's
)
"""In seconds; the first that is a number counts."""
_NODE_S = 300.0
_LEAST_MARGIN_S, _MARGIN = 1.0, 0.05
"""For an answer of ours to arrive before the client has gone."""


def bears_s(headers: Headers) -> float:
    """The longest silence that a client bears, s; infinite where it does not say.   headers: names in lower case."""
    by_name = dict(headers)
    longest = math.inf
    for name in _TOLD:
        if name in by_name and (told := _seconds(by_name[name])) is not None:
            longest = told
            break
    return min(longest, _NODE_S) if _on_node(by_name) else longest


def answer_within_s(headers: Headers) -> float:
    """How long after its arrival a request must be answered, so that its client still hears it; at least half of what
    it bears. Infinite where it does not say."""
    longest = bears_s(headers)
    if longest == math.inf:
        return longest
    return max(longest / 2, longest - max(_LEAST_MARGIN_S, _MARGIN * longest))


def _on_node(headers: dict[bytes, bytes]) -> bool:
    """By what the SDKs of OpenAI, Anthropic and Groq say, by what Vercel's says, and by what Node's `fetch` sends with
    every request of any other (Google's, Mistral's, Cohere's, Ollama's); a browser names languages."""
    if headers.get(b"x-stainless-runtime") == b"node":
        return True
    if headers.get(b"accept-language") == b"*" and b"sec-fetch-mode" in headers:
        return True
    agent = headers.get(b"user-agent", b"")
    return b"runtime/node.js" in agent or b"runtime/bun" in agent


def _seconds(value: bytes) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 < seconds < math.inf else None
