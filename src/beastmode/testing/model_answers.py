"""Model answers: what a model server sends, in the dialects of OpenAI, Anthropic and Gemini. Pure.

The words are given; everything else has the shape of the real thing, as small as clients accept it.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beastmode.failures.answers import Dialect, dialect_of

_USAGE_IN, _USAGE_OUT = 8, 8


def whole(dialect: Dialect, model: str, words: str) -> dict[str, Any]:
    """An answer in one piece."""
    if dialect == "chat":
        message = {"role": "assistant", "content": words}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": _chat_usage(),
        }
    if dialect == "responses":
        return _response(model, words, "completed")
    if dialect == "messages":
        return _message(model) | {
            "content": [{"type": "text", "text": words}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": _USAGE_IN, "output_tokens": _USAGE_OUT},
        }
    return _gemini(model, words, finish="STOP")


def events(dialect: Dialect, model: str, words: Sequence[str]) -> Iterator[bytes]:
    """The same answer as server-sent events, one piece of `words` after the other, with its terminal event."""
    if dialect == "chat":
        yield from _chat_events(model, words)
    elif dialect == "responses":
        yield from _responses_events(model, words)
    elif dialect == "messages":
        yield from _messages_events(model, words)
    else:
        for index, word in enumerate(words):
            yield data_event(_gemini(model, word, finish="STOP" if index == len(words) - 1 else ""))


def embeddings(model: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """An answer to a request for embeddings: a vector for each text, of its length and 1; packed where asked for."""
    inputs = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    vectors = [[float(len(text)), 1.0] for text in inputs]
    packed = asked.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": _USAGE_IN, "total_tokens": _USAGE_IN}
    return {"object": "list", "model": model, "data": data, "usage": usage}


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def error(dialect: Dialect | None, status: int, type_: str, words: str, code: str | None = None) -> bytes:
    """An error body in the dialect's own shape; OpenAI's where the dialect is not known."""
    if dialect == "messages":
        return json.dumps({"type": "error", "error": {"type": type_, "message": words}}).encode()
    if dialect == "gemini":
        return json.dumps({"error": {"code": status, "message": words, "status": type_.upper()}}).encode()
    return json.dumps({"error": {"message": words, "type": type_, "param": None, "code": code}}).encode()


def _chat_events(model: str, words: Sequence[str]) -> Iterator[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    for word in words:
        yield data_event(head | {"choices": [_choice({"role": "assistant", "content": word}, None)]})
    yield data_event(head | {"choices": [_choice({}, "stop")]})
    yield data_event(head | {"choices": [], "usage": _chat_usage()})
    yield b"data: [DONE]\n\n"


def _choice(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _chat_usage() -> dict[str, int]:
    total = _USAGE_IN + _USAGE_OUT
    return {"prompt_tokens": _USAGE_IN, "completion_tokens": _USAGE_OUT, "total_tokens": total}


def _responses_events(model: str, words: Sequence[str]) -> Iterator[bytes]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    done = _response(model, "".join(words), "completed")
    item = done["output"][0]
    begun = item | {"status": "in_progress", "content": []}
    empty = {"type": "output_text", "text": "", "annotations": []}
    yield named_event(
        "response.created", {"response": done | {"status": "in_progress", "output": [], "usage": None}}
    )
    yield named_event("response.output_item.added", {"output_index": 0, "item": begun})
    yield named_event("response.content_part.added", place | {"part": empty})
    for word in words:
        yield named_event("response.output_text.delta", place | {"delta": word})
    yield named_event("response.output_text.done", place | {"text": "".join(words)})
    yield named_event("response.content_part.done", place | {"part": item["content"][0]})
    yield named_event("response.output_item.done", {"output_index": 0, "item": item})
    yield named_event("response.completed", {"response": done})


def _response(model: str, words: str, status: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": words, "annotations": []}]
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}
    usage = {
        "input_tokens": _USAGE_IN,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": _USAGE_OUT,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": _USAGE_IN + _USAGE_OUT,
    }
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": model, "status": status}
    rest = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return head | {"output": [item], "usage": usage} | rest


def _messages_events(model: str, words: Sequence[str]) -> Iterator[bytes]:
    yield named_event("message_start", {"message": _message(model)})
    yield named_event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
    for word in words:
        yield named_event("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": word}})
    yield named_event("content_block_stop", {"index": 0})
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    yield named_event("message_delta", {"delta": end, "usage": {"output_tokens": _USAGE_OUT}})
    yield named_event("message_stop", {})


def _message(model: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": _USAGE_IN, "output_tokens": 1},
    }


def _gemini(model: str, words: str, finish: str) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": words}]}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    total = _USAGE_IN + _USAGE_OUT
    usage = {"promptTokenCount": _USAGE_IN, "candidatesTokenCount": _USAGE_OUT, "totalTokenCount": total}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model}


def data_event(value: dict[str, Any]) -> bytes:
    """An event without a name."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def named_event(name: str, value: dict[str, Any]) -> bytes:
    """An event whose name is its type."""
    return f"event: {name}\n".encode() + data_event({"type": name} | value)


def wants_stream(target: str, body: bytes) -> bool:
    """Does a request ask for a stream?   target: its path with its query."""
    if "streamGenerateContent" in target:
        return True
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return False
    return isinstance(asked, dict) and asked.get("stream") is True


def answer_to(target: str, body: bytes, words: Sequence[str], model: str = "m") -> tuple[str, list[bytes]]:
    """The content type and the pieces of a good answer to any request; in chat's shape where its path tells none."""
    dialect = dialect_of(target) or "chat"
    if wants_stream(target, body):
        return "text/event-stream", list(events(dialect, model, words))
    return "application/json", [json.dumps(whole(dialect, model, "".join(words))).encode()]
