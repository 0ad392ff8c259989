"""Tool calls: model answers that want a tool run, in the dialects of OpenAI, Anthropic and Gemini. Pure.

Arguments come in two pieces in a stream, cut in the middle, as real servers send them; Gemini sends them whole. Another
call has another id: Claude Code takes a second one of the same id for the first, and asks for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from beastmode.failures.answers import Dialect
from beastmode.testing.model_answers import data_event, named_event, whole


def whole_call(dialect: Dialect, model: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """An answer in one piece that calls `tool`."""
    value = whole(dialect, model, "")
    if dialect == "chat":
        value["choices"][0] |= {"finish_reason": "tool_calls"}
        value["choices"][0]["message"] = {
            "role": "assistant",
            "content": None,
            "tool_calls": [_chat_call(tool, json.dumps(arguments), _name_of(arguments))],
        }
    elif dialect == "responses":
        value["output"] = [_item(tool, json.dumps(arguments), _name_of(arguments))]
    elif dialect == "messages":
        value |= {"content": [_block(tool, arguments, _name_of(arguments))], "stop_reason": "tool_use"}
    else:
        value["candidates"][0]["content"]["parts"] = [_part(tool, arguments)]
    return value


def call_events(dialect: Dialect, model: str, tool: str, arguments: dict[str, Any]) -> Iterator[bytes]:
    """The same as server-sent events."""
    said = json.dumps(arguments)
    halves = said[: len(said) // 2], said[len(said) // 2 :]
    value = whole_call(dialect, model, tool, arguments)
    if dialect == "chat":
        yield from _chat_events(value, tool, halves)
    elif dialect == "responses":
        yield from _responses_events(value, halves)
    elif dialect == "messages":
        yield from _messages_events(value, halves)
    else:
        yield data_event(value)


def _chat_events(value: dict[str, Any], tool: str, halves: tuple[str, str]) -> Iterator[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": value["model"]}
    called = value["choices"][0]["message"]["tool_calls"][0]
    first = called | {"index": 0, "function": {"name": tool, "arguments": ""}}
    pieces = [first, *({"index": 0, "function": {"arguments": half}} for half in halves)]
    for piece in pieces:
        choice = {"index": 0, "delta": {"role": "assistant", "tool_calls": [piece]}, "finish_reason": None}
        yield data_event(head | {"choices": [choice], "usage": None})
    end = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    yield data_event(head | {"choices": [end], "usage": None})
    yield data_event(head | {"choices": [], "usage": value["usage"]})
    yield b"data: [DONE]\n\n"


def _responses_events(value: dict[str, Any], halves: tuple[str, str]) -> Iterator[bytes]:
    begun = value | {"status": "in_progress", "output": [], "usage": None}
    yield named_event("response.created", {"response": begun})
    item = value["output"][0] | {"arguments": "", "status": "in_progress"}
    yield named_event("response.output_item.added", {"output_index": 0, "item": item})
    for half in halves:
        place = {"item_id": item["id"], "output_index": 0}
        yield named_event("response.function_call_arguments.delta", place | {"delta": half})
    yield named_event("response.output_item.done", {"output_index": 0, "item": value["output"][0]})
    yield named_event("response.completed", {"response": value})


def _messages_events(value: dict[str, Any], halves: tuple[str, str]) -> Iterator[bytes]:
    begun = value | {"content": [], "stop_reason": None, "usage": value["usage"] | {"output_tokens": 1}}
    yield named_event("message_start", {"message": begun})
    yield named_event(
        "content_block_start", {"index": 0, "content_block": value["content"][0] | {"input": {}}}
    )
    for half in halves:
        delta = {"type": "input_json_delta", "partial_json": half}
        yield named_event("content_block_delta", {"index": 0, "delta": delta})
    yield named_event("content_block_stop", {"index": 0})
    end = {"stop_reason": "tool_use", "stop_sequence": None}
    told = {"output_tokens": value["usage"]["output_tokens"]}
    yield named_event("message_delta", {"delta": end, "usage": told})
    yield named_event("message_stop", {})


def _name_of(arguments: dict[str, Any]) -> str:
    return blake2b(json.dumps(arguments).encode(), digest_size=8).hexdigest()


def _chat_call(tool: str, arguments: str, name: str) -> dict[str, Any]:
    return {"id": f"call_{name}", "type": "function", "function": {"name": tool, "arguments": arguments}}


def _item(tool: str, arguments: str, name: str) -> dict[str, Any]:
    head = {"id": f"fc_{name}", "type": "function_call", "status": "completed", "call_id": f"call_{name}"}
    return head | {"name": tool, "arguments": arguments}


def _block(tool: str, arguments: dict[str, Any], name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": tool, "input": arguments}


def _part(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"functionCall": {"name": tool, "args": arguments}}
