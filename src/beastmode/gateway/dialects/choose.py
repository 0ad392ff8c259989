"""Choose: which dialect a request speaks. Its method and the end of its path tell."""

from __future__ import annotations

import re
from functools import lru_cache

from beastmode.gateway.dialects.anthropic import AnthropicCount, AnthropicMessages
from beastmode.gateway.dialects.gemini import GeminiGenerate, GeminiOnce
from beastmode.gateway.dialects.openai_chat import OpenAIChat
from beastmode.gateway.dialects.openai_embeddings import OpenAIEmbeddings
from beastmode.gateway.dialects.openai_responses import OpenAIResponses
from beastmode.gateway.dialects.other import Ollama, Other
from beastmode.gateway.dialects.paths import plain
from beastmode.gateway.dialects.protocol import Dialect

OTHER: Dialect = Other()
_OLLAMA = Ollama()
_MESSAGES = AnthropicMessages()
_COUNT = AnthropicCount()
_GENERATE = GeminiGenerate()
_GEMINI_EMBED = GeminiOnce("gemini.embed")
_OLLAMAS = re.compile(r"/api/(?:chat|generate|embed|show|pull|push|create|copy|delete|tags|ps|version)$")

# The first that a path ends with counts.
_BY_END: dict[str, Dialect] = {
    "/chat/completions": OpenAIChat(),
    "/completions": OpenAIChat("openai.completions"),
    "/responses": OpenAIResponses(),
    "/embeddings": OpenAIEmbeddings(),
    "/messages": _MESSAGES,
    "/messages/count_tokens": _COUNT,
    ":generateContent": _GENERATE,
    ":streamGenerateContent": _GENERATE,
    ":embedContent": _GEMINI_EMBED,
    ":batchEmbedContents": _GEMINI_EMBED,
    ":countTokens": GeminiOnce("gemini.count_tokens", free=True),
}

_SHORT = 200
"""Of a path: a longer one is not remembered."""
_OF_A_THREAD = re.compile(r"/threads/[^/]+/messages$")
"""OpenAI's assistants: it keeps a message, and asks no model."""

DIALECTS: tuple[Dialect, ...] = (*dict.fromkeys(_BY_END.values()), OTHER)
"""Each once."""


def dialect_for(method: str, path: str) -> Dialect:
    """The dialect of a request; `other` for what none is known of.

    path: encoded or not, whatever stands before (`/v1`, `/v1beta`, Azure's deployments, Vertex' projects), with or
    without a slash at its end. Only POST asks a model.
    """
    return (_remembered if len(path) <= _SHORT else _chosen)(method, path)


def _chosen(method: str, path: str) -> Dialect:
    if method != "POST":
        return _OLLAMA if _OLLAMAS.search(path) else OTHER
    path = plain(path)
    if _OF_A_THREAD.search(path):
        return OTHER
    for end, dialect in _BY_END.items():
        if path.endswith(end):
            return dialect
    if "/publishers/anthropic/" in path:
        return _on_vertex(path)
    return _OLLAMA if _OLLAMAS.search(path) else OTHER


_remembered = lru_cache(maxsize=256)(_chosen)
"""Clients ask for few paths, and each is asked for again and again."""


def _on_vertex(path: str) -> Dialect:
    if path.endswith("/count-tokens:rawPredict"):
        return _COUNT
    return _MESSAGES if path.endswith((":rawPredict", ":streamRawPredict")) else OTHER
