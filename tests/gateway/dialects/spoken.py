"""What is spoken in each dialect: a path, a request, an answer, as the providers document and send them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from beastmode.failures.failure import Failure
from beastmode.gateway.dialects import Stop, Usage

FAILURE = Failure(
    "rate_limit", "slow down, please", True, "Lower the rate of h:1.", retry_after_s=7.0, throttle=True
)
TIP = FAILURE.tip


@dataclass(frozen=True, slots=True)
class Spoken:
    """One dialect.   streamed: a stream of it, b"" where there is none.   usage, stop: what answer and stream tell."""

    path: str
    request: dict[str, Any]
    answer: dict[str, Any]
    usage: Usage
    streamed: bytes = b""
    stop: Stop = "tool"


def sse(*events: dict[str, Any], named: bool = False, end: bytes = b"") -> bytes:
    """Events in a row, as servers send them."""
    frames = [
        (f"event: {event['type']}\n".encode() if named else b"") + b"data: " + json.dumps(event).encode()
        for event in events
    ]
    return b"".join(frame + b"\n\n" for frame in frames) + end


_CHAT_USAGE = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "total_tokens": 2306,
    "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 128, "audio_tokens": 0},
}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"usage": 1}'}}
_CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}

CHAT = Spoken(
    "/v1/chat/completions",
    {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0, "max_tokens": 100},
    _CHAT
    | {
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {"role": "assistant", "tool_calls": [_CALL]},
            }
        ],
        "usage": _CHAT_USAGE,
    },
    Usage(2006, 300, 1920, 128),
    sse(
        _CHAT | {"choices": [{"index": 0, "delta": {"tool_calls": [_CALL]}}], "usage": None},
        _CHAT | {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": None},
        _CHAT | {"choices": [], "usage": _CHAT_USAGE},
        end=b"data: [DONE]\n\n",
    ),
)

_RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "error": None}
_RESPONSES_USAGE = {
    "input_tokens": 5000,
    "input_tokens_details": {"cached_tokens": 4096, "cache_write_tokens": 512},
    "output_tokens": 700,
    "output_tokens_details": {"reasoning_tokens": 640},
    "total_tokens": 5700,
}
_FUNCTION_CALL = {"type": "function_call", "name": "look", "call_id": "call_1", "arguments": "{}"}
RESPONSES = Spoken(
    "/v1/responses",
    {"model": "m", "input": "hi", "store": False, "temperature": 0, "max_output_tokens": 100},
    _RESPONSE
    | {
        "output": [_FUNCTION_CALL],
        "tools": [{"type": "function", "name": "look", "parameters": {"properties": {"usage": {}}}}],
        "usage": _RESPONSES_USAGE,
    },
    Usage(5000, 700, 4096, 640, 512),
    sse(
        {"type": "response.created", "response": _RESPONSE | {"status": "in_progress", "usage": None}},
        {"type": "response.function_call_arguments.delta", "delta": '{"usage": 1}'},
        {"type": "response.output_item.done", "output_index": 0, "item": _FUNCTION_CALL},
        {"type": "response.completed", "response": _RESPONSE | {"usage": _RESPONSES_USAGE}},
        named=True,
    ),
)

_EMBEDDINGS_USAGE = {"prompt_tokens": 8, "total_tokens": 8}
EMBEDDINGS = Spoken(
    "/v1/embeddings",
    {"model": "m", "input": ["hi"]},
    {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "model": "m",
        "usage": _EMBEDDINGS_USAGE,
    },
    Usage(8, 0),
    stop="complete",
)

COMPLETIONS = Spoken(
    "/v1/completions",
    {"model": "m", "prompt": "hi", "temperature": 0, "max_tokens": 100},
    {
        "id": "c",
        "object": "text_completion",
        "choices": [{"index": 0, "text": "x", "finish_reason": "stop"}],
        "usage": _CHAT_USAGE,
    },
    Usage(2006, 300, 1920, 128),
    sse(
        {"choices": [{"text": "x", "finish_reason": None}]},
        {"choices": [{"text": "", "finish_reason": "stop"}]},
        {"choices": [], "usage": _CHAT_USAGE},
        end=b"data: [DONE]\n\n",
    ),
    "complete",
)

_TOOL_USE = {"type": "tool_use", "id": "toolu_1", "name": "message_start", "input": {"usage": 1}}
_PROMPT = {"input_tokens": 12, "cache_creation_input_tokens": 400, "cache_read_input_tokens": 9000}
_THOUGHT = {"output_tokens": 350, "output_tokens_details": {"thinking_tokens": 200}}
_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use"}
MESSAGES = Spoken(
    "/v1/messages",
    {
        "model": "m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0,
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
    },
    _MESSAGE | {"content": [_TOOL_USE], "usage": _PROMPT | _THOUGHT},
    Usage(12, 350, 9000, 200, 400),
    sse(
        {"type": "message_start", "message": _MESSAGE | {"usage": _PROMPT | {"output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": _TOOL_USE | {"input": {}}},
        {"type": "ping"},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": '{"usage": 1}'},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": _THOUGHT},
        {"type": "message_stop"},
        named=True,
    ),
)
COUNT = Spoken(
    "/v1/messages/count_tokens",
    {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    {"input_tokens": 14},
    Usage(0, 0),
    stop="complete",
)

_GEMINI_USAGE = {
    "promptTokenCount": 1000,
    "toolUsePromptTokenCount": 50,
    "cachedContentTokenCount": 800,
    "candidatesTokenCount": 60,
    "thoughtsTokenCount": 40,
    "totalTokenCount": 1150,
}
_PART = {"functionCall": {"name": "look", "args": {"usage": 1}}}
_CANDIDATE = {"index": 0, "content": {"role": "model", "parts": [_PART]}}
GENERATE = Spoken(
    "/v1beta/models/m:generateContent",
    {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "generationConfig": {"temperature": 0, "maxOutputTokens": 100},
        "tools": [{"functionDeclarations": [{"name": "look"}]}],
    },
    {"candidates": [_CANDIDATE | {"finishReason": "STOP"}], "usageMetadata": _GEMINI_USAGE},
    Usage(1050, 100, 800, 40),
    sse(
        {"candidates": [_CANDIDATE], "usageMetadata": {"promptTokenCount": 1000, "totalTokenCount": 1000}},
        {"candidates": [_CANDIDATE | {"finishReason": "STOP"}], "usageMetadata": _GEMINI_USAGE},
    ),
)
GEMINI_EMBED = Spoken(
    "/v1beta/models/m:embedContent",
    {"content": {"parts": [{"text": "hi"}]}},
    {"embedding": {"values": [0.5]}, "usageMetadata": {"promptTokenCount": 3}},
    Usage(3, None),
    stop="complete",
)
GEMINI_COUNT = Spoken(
    "/v1beta/models/m:countTokens", {"contents": []}, {"totalTokens": 31}, Usage(0, 0), stop="complete"
)
OTHER = Spoken("/v1/models", {}, {"object": "list", "data": []}, Usage(), stop="unknown")

ALL = {
    "openai.chat": CHAT,
    "openai.completions": COMPLETIONS,
    "openai.responses": RESPONSES,
    "openai.embeddings": EMBEDDINGS,
    "anthropic.messages": MESSAGES,
    "anthropic.count_tokens": COUNT,
    "gemini.generate": GENERATE,
    "gemini.embed": GEMINI_EMBED,
    "gemini.count_tokens": GEMINI_COUNT,
    "other": OTHER,
}
STREAMING = [name for name, spoken in ALL.items() if spoken.streamed]
