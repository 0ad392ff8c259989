"""Agent turns: what a scripted model wants of a coding agent: commands in its shell, then words. Pure.

Agents name their shell differently and offer it with every request; one that offers none (a title, a summary) gets
words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beastmode.failures.answers import Dialect
from beastmode.testing.model_answers import events, whole
from beastmode.testing.tool_calls import call_events, whole_call

_SHELLS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "Bash": lambda command: {"command": command, "description": "As asked"},  # Claude Code
    "exec_command": lambda command: {"cmd": command},  # Codex
    "bash": lambda command: {"command": command, "description": "As asked"},  # opencode, mini-swe-agent
    "run_shell_command": lambda command: {"command": command, "description": "As asked"},  # gemini-cli
}
_RESULTS: Mapping[Dialect, tuple[str, str]] = {
    "chat": ("role", "tool"),
    "responses": ("type", "function_call_output"),
    "messages": ("type", "tool_result"),
}


_SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the model wants run."""

    tool: str
    arguments: dict[str, Any]


Turn = Callable[[Dialect, Mapping[str, Any]], Call | Sequence[str] | None]
"""Gives what the model does next, from the dialect and the body of a request: a call, words in the pieces of a stream,
or None: it says its usual words."""


CallTurn = Callable[[Dialect, Mapping[str, Any]], Call | None]
"""A turn that has no words of its own."""


def says_only(_dialect: Dialect, _asked: Mapping[str, Any]) -> Call | None:
    """Words, whatever is asked."""
    return None


def runs(*commands: str) -> CallTurn:
    """A model that has an agent run these in its shell, one after the other, and then says its words; mini-swe-agent
    takes no words for an end, but the command that it asks for."""

    def turn(dialect: Dialect, asked: Mapping[str, Any]) -> Call | None:
        shell = next((name for name in offered(asked) if name in _SHELLS), None)
        done = results_in(dialect, asked)
        wanted = (*commands, _SUBMIT) if _wants_submission(asked) else commands
        return Call(shell, _SHELLS[shell](wanted[done])) if shell and done < len(wanted) else None

    return turn


def pieces_of(dialect: Dialect, model: str, said: Call | Sequence[str], *, streamed: bool) -> list[bytes]:
    """A call or words as they go over the wire: events, or JSON in one piece."""
    if isinstance(said, Call):
        told = dialect, model, said.tool, said.arguments
        return list(call_events(*told)) if streamed else [json.dumps(whole_call(*told)).encode()]
    if streamed:
        return list(events(dialect, model, said))
    return [json.dumps(whole(dialect, model, "".join(said))).encode()]


def offered(asked: Mapping[str, Any]) -> Iterator[str]:
    """The names of the tools that a request offers, in order."""
    for tool in asked.get("tools") or ():
        functions = tool.get("functionDeclarations") or [tool.get("function") or tool]
        yield from (str(function.get("name", "")) for function in functions)


def results_in(dialect: Dialect, asked: Mapping[str, Any]) -> int:
    """How many results of tools a request brings back."""
    if dialect == "gemini":
        parts = (part for item in asked.get("contents", ()) for part in item["parts"])
        return sum("functionResponse" in part for part in parts)
    field, value = _RESULTS[dialect]
    return sum(entry.get(field) == value for entry in _entries(asked))


def _wants_submission(asked: Mapping[str, Any]) -> bool:
    """Whether it is said in words how a task is to be ended, as mini-swe-agent does."""
    return any(
        _SUBMIT in entry["content"] for entry in _entries(asked) if isinstance(entry.get("content"), str)
    )


def _entries(asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Messages, items, and the blocks within them."""
    told = asked.get("messages") or asked.get("input")
    for entry in told if isinstance(told, list) else ():
        yield entry
        content = entry.get("content")
        yield from (block for block in content or () if isinstance(block, dict))
