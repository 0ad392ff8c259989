"""What a client hears while it waits, by who it is. `tests/agents` shows that the agents pass over it."""

from __future__ import annotations

import json

import pytest

from beastmode.gateway.dialects import Dialect, dialect_for
from beastmode.gateway.dialects.choose import DIALECTS
from beastmode.gateway.dialects.waiting import keepalive_for

MESSAGES, RESPONSES = dialect_for("POST", "/v1/messages"), dialect_for("POST", "/v1/responses")
CHAT = dialect_for("POST", "/v1/chat/completions")
CLAUDE_CODE, CODEX = "claude-cli/2.1.197 (external, sdk-cli)", "codex_exec/0.169.0 (Debian 12; x86_64) dumb"


@pytest.mark.parametrize(
    ("dialect", "agent"), [(MESSAGES, CLAUDE_CODE), (RESPONSES, CODEX), (RESPONSES, "Codex Desktop/1.0")]
)
def test_agents_hear_an_event_that_is_none_of_their_dialect(dialect: Dialect, agent: str) -> None:
    name, data = keepalive_for(dialect, agent).removesuffix(b"\n\n").split(b"\n")
    assert name.startswith(b"event: ")
    assert json.loads(data.removeprefix(b"data: "))["type"] == "keepalive"


@pytest.mark.parametrize("agent", ["", "OpenAI/Python 3.57.0", "Anthropic/JS 0.94.0", "curl/7.88.1"])
def test_all_others_hear_what_their_dialect_says(agent: str) -> None:
    assert [keepalive_for(dialect, agent) for dialect in DIALECTS] == [
        dialect.keepalive for dialect in DIALECTS
    ]
    assert keepalive_for(CHAT, CLAUDE_CODE) == CHAT.keepalive
    assert keepalive_for(RESPONSES, CLAUDE_CODE) == RESPONSES.keepalive
    assert keepalive_for(MESSAGES, CODEX) == MESSAGES.keepalive
