"""Speaking: one request for words and its answer, in the dialects of OpenAI and Anthropic. Pure.

Answers are asked for as streams, for a gateway that lets a request wait keeps only those alive; a server that answers
in one piece is understood too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Dialect = Literal["chat", "responses", "messages"]
Stop = Literal["complete", "length", "filter", "other"]

PATHS: Mapping[Dialect, str] = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}
_STOPS: Mapping[str, Stop] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "stop_sequence", "completed", "end_turn"), "complete"),
    **dict.fromkeys(
        ("length", "model_length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"),
        "length",
    ),
    **dict.fromkeys(("content_filter", "refusal"), "filter"),
}
_TOKENS = re.compile(r"max_(?:output_|completion_)?tokens")
_AT_MOST = re.compile(
    r"(?:>|at most|less than or equal to|maximum (?:allowed )?(?:value )?(?:is|of))\s*`?(\d{3,6})\b"
)
_LEAST_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """role: `user` or `assistant`."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is asked; some refuse a part of it.   most_tokens: of its answer.   temperature: 0 is sent.
    tokens_name: of the limit in the chat dialect.   counts: the stream is to tell its usage, likewise."""

    most_tokens: int
    temperature: bool = True
    tokens_name: str = "max_tokens"
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """What a model answered.   stop: why it ended.   tokens_in, tokens_out: 0 where not told."""

    text: str
    stop: Stop
    tokens_in: int = 0
    tokens_out: int = 0


def dialects_among(known: Sequence[str], model: str) -> list[Dialect]:
    """Those to try with a server that speaks `known`; where nothing is known all that we speak, first the one of the
    model's maker. Empty: it speaks none of them."""
    if known:
        return [one for one in get_args(Dialect) if one in known]
    maker = "messages" if model.rpartition("/")[2].lower().startswith("claude") else "chat"
    return sorted(get_args(Dialect), key=lambda one: one != maker)


def request_of(
    dialect: Dialect, model: str, system: str, messages: Sequence[Message], manner: Manner
) -> dict[str, Any]:
    """The body of a request; equal for equal arguments."""
    turns = [{"role": message.role, "content": _whole(message.text)} for message in messages]
    body: dict[str, Any] = {"model": model, "stream": True}
    if manner.temperature:
        body["temperature"] = 0
    if dialect == "chat":
        body |= {
            "messages": [{"role": "system", "content": system}, *turns],
            manner.tokens_name: manner.most_tokens,
        }
        if manner.counts:
            body["stream_options"] = {"include_usage": True}
    elif dialect == "responses":
        body |= {
            "instructions": system,
            "input": turns,
            "max_output_tokens": manner.most_tokens,
            "store": False,
        }
    else:
        body |= {"system": system, "messages": turns, "max_tokens": manner.most_tokens}
    return body


def headers_of(dialect: Dialect, key: str) -> dict[str, str]:
    """Beside the usual ones."""
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
    headers["User-Agent"] = "beast-generate"
    if dialect == "messages":
        headers["anthropic-version"] = "2023-06-01"
    if key:
        headers |= {"x-api-key": key} if dialect == "messages" else {"Authorization": f"Bearer {key}"}
    return headers


def other_manner(manner: Manner, complaint: str) -> Manner | None:
    """How to ask a model that will not have one of the parameters; None where the complaint is of something else."""
    if "max_completion_tokens" in complaint and manner.tokens_name == "max_tokens":
        return replace(manner, tokens_name="max_completion_tokens")
    if _TOKENS.search(complaint) and (most := _AT_MOST.search(complaint)):
        fewer = int(most[1])
        return replace(manner, most_tokens=fewer) if _LEAST_TOKENS <= fewer < manner.most_tokens else None
    if "temperature" in complaint and manner.temperature:
        return replace(manner, temperature=False)
    if "stream_options" in complaint and manner.counts:
        return replace(manner, counts=False)
    return None


def said(dialect: Dialect, body: bytes) -> Said:
    """What a good answer says, a stream or one piece. Never raises: what is not understood says nothing."""
    hearing = _HEARING[dialect]()
    for event in _events(body):
        try:
            hearing.hear(event)
        except (AttributeError, TypeError, KeyError, IndexError, ValueError):
            continue  # of a shape that is not the dialect's
    return hearing.said()


def _whole(text: str) -> str:
    """The text with a question mark for each half of a character, which no request can hold."""
    return text.encode("utf-8", "replace").decode()


def _events(body: bytes) -> Iterator[dict[str, Any]]:
    text = body.decode("utf-8", "replace")
    pieces = [text] if text.lstrip().startswith("{") else _data(text)
    for piece in pieces:
        try:
            value = json.loads(piece)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _data(text: str) -> Iterator[str]:
    """The data of server-sent events. Only line feeds end lines: others may stand in JSON."""
    held: list[str] = []
    for raw in (*text.split("\n"), ""):
        line = raw.removesuffix("\r")
        if line.startswith("data:"):
            held.append(line[5:].removeprefix(" "))
        elif not line and held:
            yield "\n".join(held)
            held = []


class _Hearing:
    """Puts together what the events of one answer say."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.why = ""
        self.tokens_in = self.tokens_out = 0
        self.refused = False

    def hear(self, event: dict[str, Any]) -> None:
        raise NotImplementedError

    def said(self) -> Said:
        stop: Stop = "filter" if self.refused else _STOPS.get(self.why, "other")
        return Said(_whole("".join(self.parts)), stop, self.tokens_in, self.tokens_out)

    def add(self, text: object) -> None:
        if isinstance(text, str):
            self.parts.append(text)

    def count(self, usage: dict[str, Any] | None, name_in: str, name_out: str) -> None:
        self.tokens_in = int((usage or {}).get(name_in) or self.tokens_in)
        self.tokens_out = int((usage or {}).get(name_out) or self.tokens_out)


class _Chat(_Hearing):
    def hear(self, event: dict[str, Any]) -> None:
        self.count(event.get("usage"), "prompt_tokens", "completion_tokens")
        for choice in event.get("choices") or ():
            message = choice.get("delta") or choice.get("message") or {}
            content = message.get("content")
            for part in content if isinstance(content, list) else [{"text": content}]:
                self.add(part.get("text"))
            self.refused |= bool(message.get("refusal"))
            self.why = choice.get("finish_reason") or self.why


class _Responses(_Hearing):
    def hear(self, event: dict[str, Any]) -> None:
        kind = str(event.get("type", ""))
        if kind == "response.output_text.delta":
            self.add(event["delta"])
        self.refused |= kind.startswith("response.refusal")
        whole = event if event.get("object") == "response" else event.get("response")
        if whole is None or whole.get("status") not in ("completed", "incomplete"):
            return
        self.count(whole.get("usage"), "input_tokens", "output_tokens")
        self.why = (whole.get("incomplete_details") or {}).get("reason") or whole["status"]
        blocks = [block for item in whole.get("output") or () for block in item.get("content") or ()]
        self.refused |= any(block.get("type") == "refusal" for block in blocks)
        if not self.parts:
            self.parts = [block["text"] for block in blocks if block.get("type") == "output_text"]


class _Messages(_Hearing):
    def hear(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind == "content_block_delta":
            self.add(event["delta"].get("text"))
        elif kind == "message_start":
            self.count(event["message"].get("usage"), "input_tokens", "output_tokens")
        elif kind == "message_delta":
            self.why = event["delta"].get("stop_reason") or self.why
            self.count(event.get("usage"), "input_tokens", "output_tokens")
        elif kind == "message":
            for block in event.get("content") or ():
                self.add(block.get("text"))
            self.why = event.get("stop_reason") or ""
            self.count(event.get("usage"), "input_tokens", "output_tokens")


_HEARING: Mapping[Dialect, Callable[[], _Hearing]] = {
    "chat": _Chat,
    "responses": _Responses,
    "messages": _Messages,
}
