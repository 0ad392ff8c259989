"""OpenAI's embeddings. Deterministic by nature; no streams. Usage: `prompt_tokens`; nothing is generated."""

from __future__ import annotations

from typing import Any

import msgspec

from beastmode.failures import answers
from beastmode.gateway.dialects.decoding import broken, count, decoded
from beastmode.gateway.dialects.estimate import most_tokens
from beastmode.gateway.dialects.following import PlainFollower
from beastmode.gateway.dialects.openai_errors import OpenAISpeaks
from beastmode.gateway.dialects.paths import model_in
from beastmode.gateway.dialects.protocol import NO_USAGE, Asked, Stop, Usage


class _Request(msgspec.Struct):
    model: str | None = None


class _Tokens(msgspec.Struct):
    prompt_tokens: Any = None


class _Answer(msgspec.Struct):
    usage: _Tokens | None = None
    data: Any = None


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)


class OpenAIEmbeddings(OpenAISpeaks):
    """Embeddings."""

    name = "openai.embeddings"
    shape: answers.Dialect = "chat"
    keepalive = b""

    def read(self, path: str, query: str, body: bytes) -> Asked:
        asked = decoded(_REQUEST, body)
        if asked is None:
            return broken(self.name, body, model=model_in(path))
        tokens = most_tokens(body, 0)
        return Asked(self.name, asked.model or model_in(path), deterministic=True, most_tokens=tokens)

    def usage(self, body: bytes) -> Usage:
        answer = decoded(_ANSWER, body)
        return Usage(count(answer.usage.prompt_tokens), 0) if answer and answer.usage else NO_USAGE

    def stopped(self, body: bytes) -> Stop:
        answer = decoded(_ANSWER, body)
        return "complete" if answer and isinstance(answer.data, list) and answer.data else "unknown"

    def follow(self) -> PlainFollower:
        return PlainFollower()
