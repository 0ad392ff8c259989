"""OpenAI's responses, as Codex asks for them.

Usage: `input_tokens` includes the cached ones, `output_tokens` those of reasoning; a stream tells it in the event that
ends it. Requests are stored by the server, and so stateful, unless they say `store: false`.
Stops: `status` and `incomplete_details`; a refusal is a part of a message, a call is an item of its own.
"""

from __future__ import annotations

from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import Typed, broken, count, decoded, dumped
from beastmode.gateway.dialects.estimate import most_tokens
from beastmode.gateway.dialects.following import EventFollower, Reading
from beastmode.gateway.dialects.naming import named
from beastmode.gateway.dialects.openai_errors import OpenAISpeaks, error_object
from beastmode.gateway.dialects.paths import model_in
from beastmode.gateway.dialects.protocol import NO_USAGE, Asked, Stop, Usage
from beastmode.gateway.dialects.stopping import UNREADABLE, UNTOLD, Told, meaning, together

_CLIENT_TOOLS = frozenset(
    (
        "function",
        "custom",
        "namespace",
        "local_shell",
        "apply_patch",
        "computer",
        "computer_use_preview",
        "tool_search",
        None,
    )
)
"""Tools that the client runs; all others are the server's (web_search, file_search, code_interpreter, mcp, …).
Whoever runs `tool_search`, it looks only at the tools of the request."""

_CLIENT_CALLS = frozenset(
    (
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "apply_patch_call",
        "computer_call",
        "tool_search_call",
    )
)


class _Given(msgspec.Struct):
    """An item of the input; `additional_tools` are a list of tools that came later."""

    type: str | None = None
    tools: Any = None


class _Request(msgspec.Struct):
    model: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    max_output_tokens: float | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    prompt: Any = None
    tools: list[Typed] | None = None
    input: str | list[_Given] | None = None


class _In(msgspec.Struct):
    cached_tokens: Any = None
    cache_write_tokens: Any = None


class _Out(msgspec.Struct):
    reasoning_tokens: Any = None


class _Tokens(msgspec.Struct):
    input_tokens: Any = None
    output_tokens: Any = None
    input_tokens_details: _In | None = None
    output_tokens_details: _Out | None = None


class _Answer(msgspec.Struct):
    usage: _Tokens | None = None


class _Event(msgspec.Struct):
    response: _Answer | None = None


class _Item(msgspec.Struct):
    type: Any = None
    content: Any = None


class _Details(msgspec.Struct):
    reason: Any = None


class _Ended(msgspec.Struct):
    """A whole answer."""

    status: Any = None
    incomplete_details: _Details | None = None
    output: list[_Item] | None = None


class _Happened(msgspec.Struct):
    """An event."""

    type: str
    delta: Any = None
    response: _Ended | None = None
    item: _Item | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)
_EVENT = msgspec.json.Decoder(_Event)
_ENDED = msgspec.json.Decoder(_Ended)
_HAPPENED = msgspec.json.Decoder(_Happened)


class OpenAIResponses(OpenAISpeaks):
    """Responses."""

    name = "openai.responses"
    shape: answers.Dialect = "responses"
    keepalive = b": waiting\n\n"

    def read(self, path: str, query: str, body: bytes) -> Asked:
        asked = decoded(_REQUEST, body)
        if asked is None:
            return broken(self.name, body, model=model_in(path))
        return Asked(
            self.name,
            asked.model or model_in(path),
            asked.stream is True,
            asked.temperature == 0,
            _is_stateful(asked) or _offers(asked),
            most_tokens(body, asked.max_output_tokens),
            offering=_offers(asked) and not _is_stateful(asked),
        )

    def usage(self, body: bytes) -> Usage:
        answer = decoded(_ANSWER, body)
        return _usage(answer.usage) if answer and answer.usage else NO_USAGE

    def stopped(self, body: bytes) -> Stop:
        answer = decoded(_ENDED, body)
        return (_told(answer) if answer else UNREADABLE).judged()

    def follow(self) -> EventFollower:
        return EventFollower(_READING)

    def error_events(self, failure: Failure) -> tuple[bytes, ...]:
        """One event for two kinds of clients: Codex looks into `response`, the SDKs raise what stands in `error`."""
        error = error_object(failure, named(failure).status)
        response = {
            "id": "resp_failed",
            "object": "response",
            "created_at": 0,
            "status": "failed",
            "model": "",
            "output": [],
            "error": {"code": error["code"], "message": error["message"]},
        }
        event = {"type": "response.failed", "sequence_number": 0, "response": response, "error": error}
        return (b"event: response.failed\ndata: " + dumped(event) + b"\n\n",)


def _is_stateful(asked: _Request) -> bool:
    items = asked.input if isinstance(asked.input, list) else ()
    return (
        asked.store is not False
        or asked.background is True
        or any(state is not None for state in (asked.previous_response_id, asked.conversation, asked.prompt))
        or any(item.type == "item_reference" for item in items)
    )


def _offers(asked: _Request) -> bool:
    """Tools that the server runs, if the model asks for them."""
    items = asked.input if isinstance(asked.input, list) else ()
    later = (item.tools for item in items if item.type == "additional_tools")
    return any(tool.type not in _CLIENT_TOOLS for tool in asked.tools or ()) or any(map(_has_servers, later))


def _has_servers(tools: object) -> bool:
    """Whether any of these, as an item holds them, is the server's; what is no tool at all counts as one."""
    try:
        kinds = [tool.type for tool in msgspec.convert(tools, list[Typed])]
    except msgspec.ValidationError:
        return True
    return not _CLIENT_TOOLS.issuperset(kinds)


def _usage_in(data: bytes) -> Usage:
    event = decoded(_EVENT, data)
    tokens = event and event.response and event.response.usage
    return _usage(tokens) if tokens else NO_USAGE


def _usage(tokens: _Tokens) -> Usage:
    told_in, told_out = tokens.input_tokens_details, tokens.output_tokens_details
    return Usage(
        count(tokens.input_tokens),
        count(tokens.output_tokens),
        count(told_in.cached_tokens) if told_in else None,
        count(told_out.reasoning_tokens) if told_out else None,
        count(told_in.cache_write_tokens) if told_in else None,
    )


def _told(answer: _Ended) -> Told:
    stop = meaning(answer.status)
    if stop == "length" and answer.incomplete_details:
        stop = meaning(answer.incomplete_details.reason) or stop
    items = together(map(_item_told, answer.output or ()))
    return together((Told(stop, said=False), items)) if stop else UNTOLD


def _item_told(item: _Item) -> Told:
    """What an item of the output says: words, a refusal, a call."""
    parts = item.content if isinstance(item.content, list) else []
    if any(_of(part, "refusal") for part in parts):
        return Told("filter", said=True)
    if item.type == "message":
        return Told(None, any(_of(part, "output_text") and bool(part.get("text")) for part in parts))
    if item.type == "reasoning":
        return UNTOLD
    is_clients = isinstance(item.type, str) and item.type in _CLIENT_CALLS
    return Told("tool" if is_clients else "server_tool", said=True)


def _of(part: Any, kind: str) -> bool:
    return isinstance(part, dict) and part.get("type") == kind


def _event_told(data: bytes) -> Told:
    event = decoded(_HAPPENED, data)
    if event is None:
        return UNREADABLE
    if event.type.startswith("response.refusal."):
        return Told("filter", said=True)
    if event.item is not None:
        return _item_told(event.item)
    if event.response is not None and event.type in _TERMINAL:
        if not event.response.status:  # some servers leave it out
            event.response.status = event.type.removeprefix("response.")
        return _told(event.response)
    return Told(None, event.type == "response.output_text.delta" and bool(event.delta))


_TERMINAL = frozenset(("response.completed", "response.incomplete", "response.cancelled", "response.failed"))
_STOPS = (b'_call"', b"refusal")
_READING = Reading("responses", b'"usage"', _usage_in, _STOPS, _event_told)
