"""Waiting: what a client hears while it waits for a stream. Pure.

Comments and pings keep connections open, and that is enough for the SDKs. Two agents watch their streams themselves,
and count neither: 300 s after the head they give up and ask again, unless an event has come. For them it is one that
their readers know as an event, and pass over.
"""

from __future__ import annotations

from beastmode.gateway.dialects.protocol import Dialect

_EVENTS: tuple[tuple[str, str, bytes], ...] = (
    # Claude Code takes no ping for an event (2.1.197; since 2.1.193). The SDK in it passes on what has this name.
    ("anthropic.messages", "claude-cli/", b'event: message_delta\ndata: {"type": "keepalive"}\n\n'),
    # Codex (0.169.0): what OpenAI's server sends on long streams. Clients that know only the documented events, as
    # the SDKs of OpenAI before 7/2026, end such a stream, so nobody else gets it.
    ("openai.responses", "codex", b'event: keepalive\ndata: {"type": "keepalive", "sequence_number": 0}\n\n'),
)
"""Dialect, how the `user-agent` of the client begins (in lower case), and the event."""


def keepalive_for(dialect: Dialect, user_agent: str) -> bytes:
    """What may go between two events of a stream, and keeps this client waiting; b"" where there are no streams."""
    for name, beginning, event in _EVENTS:
        if name == dialect.name and user_agent.lower().startswith(beginning):
            return event
    return dialect.keepalive
