"""What a scripted model wants of an agent, in each dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beastmode.failures.answers import Dialect
from beastmode.testing.agent_turns import Call, pieces_of, runs, says_only

TOOL = {"description": "runs a command", "parameters": {}}
REQUESTS: dict[Dialect, dict[str, Any]] = {
    "chat": {"tools": [{"type": "function", "function": {"name": "bash", **TOOL}}]},
    "responses": {"tools": [{"type": "web_search"}, {"type": "function", "name": "exec_command", **TOOL}]},
    "messages": {"tools": [{"name": "Read"}, {"name": "Bash", "input_schema": {}}]},
    "gemini": {"tools": [{"functionDeclarations": [{"name": "run_shell_command", **TOOL}]}]},
}
ASKED: dict[Dialect, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "go"}]},
    "responses": {"input": [{"type": "message", "content": [{"type": "input_text", "text": "go"}]}]},
    "messages": {"messages": [{"role": "user", "content": "go"}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "go"}]}]},
}
BACK: dict[Dialect, dict[str, Any]] = {
    "chat": {"messages": [{"role": "tool", "content": ""}]},
    "responses": {"input": [{"type": "function_call_output", "output": ""}]},
    "messages": {"messages": [{"role": "user", "content": [{"type": "tool_result", "content": ""}]}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"functionResponse": {}}]}]},
}


@pytest.mark.parametrize("dialect", REQUESTS)
def test_an_agent_runs_what_it_is_told_in_its_own_shell_and_then_hears_words(dialect: Dialect) -> None:
    turn, offers = runs("echo hello"), REQUESTS[dialect]
    call = turn(dialect, offers | ASKED[dialect])
    assert isinstance(call, Call)
    assert "echo hello" in call.arguments.values()
    assert call.tool in json.dumps(offers)
    assert turn(dialect, offers | BACK[dialect]) is None
    assert turn(dialect, ASKED[dialect]) is None, "it offers no shell"


def test_commands_follow_one_after_the_other() -> None:
    turn = runs("one", "two")
    asked = REQUESTS["chat"] | BACK["chat"]
    assert turn("chat", asked) == Call("bash", {"command": "two", "description": "As asked"})
    assert turn("chat", asked | {"messages": BACK["chat"]["messages"] * 2}) is None


@pytest.mark.parametrize("streamed", [True, False])
def test_what_is_said_goes_out_as_events_or_in_one_piece(streamed: bool) -> None:
    pieces = pieces_of("messages", "m", Call("Bash", {"command": "ls"}), streamed=streamed)
    assert (len(pieces) > 1) is streamed
    assert b"tool_use" in b"".join(pieces)
    assert says_only("messages", {}) is None
