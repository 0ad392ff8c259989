"""Which dialect a path speaks, wherever it lies, and which model it names."""

from __future__ import annotations

import json

import pytest

from beastmode.failures.failure import Failure
from beastmode.gateway.dialects import dialect_for

VERTEX = "/v1/projects/p/locations/us-east5/publishers"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/chat/completions", "openai.chat"),
        ("/chat/completions/", "openai.chat"),
        ("/v1beta/openai/chat/completions", "openai.chat"),
        ("/openai/deployments/X/chat/completions", "openai.chat"),
        ("/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "openai.chat"),
        ("/v1/completions", "openai.completions"),
        ("/openai/v1/responses?api-version=preview", "openai.responses"),
        ("/t/TOKEN/v1/responses", "openai.responses"),
        ("/openai/deployments/X/embeddings", "openai.embeddings"),
        ("/v1/messages?beta=true", "anthropic.messages"),
        ("/anthropic/v1/messages/", "anthropic.messages"),
        ("/v1/messages/count_tokens", "anthropic.count_tokens"),
        (f"{VERTEX}/anthropic/models/claude-x@1:rawPredict", "anthropic.messages"),
        (f"{VERTEX}/anthropic/models/claude-x@1:streamRawPredict", "anthropic.messages"),
        (f"{VERTEX}/anthropic/models/count-tokens:rawPredict", "anthropic.count_tokens"),
        (f"{VERTEX}/google/models/gemini-x:streamGenerateContent", "gemini.generate"),
        ("/v1beta/models/gemini-x%3AgenerateContent", "gemini.generate"),
        ("/v1beta/models/gemini-x:batchEmbedContents", "gemini.embed"),
        ("/v1beta/models/gemini-x:countTokens", "gemini.count_tokens"),
        (f"{VERTEX}/mistralai/models/m:rawPredict", "other"),
        ("/v1/messages/batches", "other"),
        ("/v1/threads/thread_1/messages", "other"),
        ("/v1/responses/resp_1/cancel", "other"),
        ("/v1/models", "other"),
        ("/api/chat", "other"),
        ("/", "other"),
        ("", "other"),
    ],
)
def test_the_end_of_a_path_tells(path: str, name: str) -> None:
    assert dialect_for("POST", path).name == name
    assert dialect_for("GET", path).name == dialect_for("HEAD", path).name == "other"


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/api/chat", str),
        ("POST", "/t/TOKEN/api/generate", str),
        ("GET", "/api/tags", str),
        ("POST", "/v1/rerank", dict),
        ("GET", "/v1/models", dict),
        ("POST", "/v1/chat/completions", dict),
    ],
)
def test_ollama_s_own_clients_want_words_where_others_want_an_object(
    method: str, path: str, said: type
) -> None:
    body = json.loads(dialect_for(method, path).error(Failure("timeout", "no answer", True, "Wait."), 504))
    assert isinstance(body["error"], said)
    assert "No answer. Wait." in str(body)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/openai/deployments/my%20gpt/chat/completions", "my gpt"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("/v1beta/tunedModels/mine:generateContent", "mine"),
        (f"{VERTEX}/anthropic/models/claude-x@1:streamRawPredict", "claude-x@1"),
        ("/v1/messages", ""),
    ],
)
def test_a_model_in_the_path_is_found_and_also_where_the_body_is_broken(path: str, model: str) -> None:
    for body in (b"{}", b"{"):
        assert dialect_for("POST", path).read(path, "", body).model == model
