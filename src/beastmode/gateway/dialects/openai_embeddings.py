"""OpenAI's embeddings. Deterministic by nature; no streams. Usage: `prompt_tokens`; nothing is generated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import broken, count, decoded
from beastmode.gateway.dialects.estimate import most_tokens
from beastmode.gateway.dialects.following import PlainFollower
from beastmode.gateway.dialects.openai_errors import error_body, error_data
from beastmode.gateway.dialects.paths import model_in
from beastmode.gateway.dialects.protocol import EVENT_STREAM, NO_HEADERS, NO_USAGE, Asked, Usage


class _Request(msgspec.Struct):
    model: str | None = None


class _Tokens(msgspec.Struct):
    prompt_tokens: Any = None


class _Answer(msgspec.Struct):
    usage: _Tokens | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)


class OpenAIEmbeddings:
    """Embeddings."""

    name = "openai.embeddings"
    shape: answers.Dialect = "chat"
    keepalive = b""
    stream_head = EVENT_STREAM

    def read(self, path: str, query: str, body: bytes) -> Asked:
        asked = decoded(_REQUEST, body)
        if asked is None:
            return broken(self.name, body, model=model_in(path))
        tokens = most_tokens(body, 0)
        return Asked(self.name, asked.model or model_in(path), deterministic=True, most_tokens=tokens)

    def usage(self, body: bytes) -> Usage:
        answer = decoded(_ANSWER, body)
        return Usage(count(answer.usage.prompt_tokens), 0) if answer and answer.usage else NO_USAGE

    def follow(self) -> PlainFollower:
        return PlainFollower()

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        return error_body(failure, status)

    def error_event(self, failure: Failure) -> bytes:
        return error_data(failure)
