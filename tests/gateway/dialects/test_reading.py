"""What is read of requests: streams, what may be remembered, how much it may cost."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from beastmode.gateway.dialects import Asked, Usage, dialect_for
from beastmode.gateway.dialects.estimate import BYTES_PER_TOKEN, MOST, UNSAID_ANSWER
from tests.gateway.dialects.spoken import ALL

CHAT, RESPONSES, MESSAGES, GENERATE = (
    "openai.chat",
    "openai.responses",
    "anthropic.messages",
    "gemini.generate",
)

NO_TOOLS: list[Any] = [None, "x", ["x"], [{"type": ["x"]}], {}]


def asked(name: str, path: str = "", query: str = "", **fields: Any) -> Asked:
    """A good request with these fields changed; None takes one away."""
    spoken = ALL[name]
    request = {field: value for field, value in (spoken.request | fields).items() if value is not None}
    return dialect_for("POST", spoken.path).read(path or spoken.path, query, json.dumps(request).encode())


@pytest.mark.parametrize("name", [CHAT, RESPONSES, MESSAGES])
def test_a_stream_is_asked_for_in_the_body(name: str) -> None:
    assert asked(name, stream=True).stream
    assert not asked(name, stream=False).stream


def test_a_stream_is_asked_for_in_the_path() -> None:
    path = "/v1beta/models/m:streamGenerateContent"
    assert asked(GENERATE, path, "alt=sse&key=k").stream
    assert not asked(GENERATE, path, "key=k").stream, "one JSON list, no events"
    assert asked(MESSAGES, "/publishers/anthropic/models/m:streamRawPredict").stream


@pytest.mark.parametrize("name", [CHAT, RESPONSES, MESSAGES])
def test_only_a_temperature_of_nought_is_deterministic(name: str) -> None:
    assert asked(name, temperature=0.0).deterministic
    for other in (None, 0.1, 1):
        assert not asked(name, temperature=other).deterministic


def test_who_asks_for_several_answers_wants_them_to_differ() -> None:
    assert asked(CHAT, n=1).deterministic
    assert not asked(CHAT, n=2).deterministic
    assert not asked(GENERATE, generationConfig={"temperature": 0, "candidateCount": 2}).deterministic


@pytest.mark.parametrize("fields", [{"seed": 7}, {"top_p": 0}, {"top_k": 1}])
def test_a_seed_is_a_best_effort_and_other_limits_mean_different_things(fields: dict[str, Any]) -> None:
    assert not asked(CHAT, temperature=None, **fields).deterministic


def test_google_takes_names_in_both_notations() -> None:
    for key in ("generationConfig", "generation_config"):
        fields: dict[str, Any] = {"generationConfig": None, key: {"temperature": 0}}
        assert asked(GENERATE, **fields).deterministic
    assert not asked(GENERATE, generationConfig={}).deterministic
    assert asked(GENERATE, cached_content="cachedContents/1").stateful


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (CHAT, {"store": True}),
        (CHAT, {"tools": [{"type": "web_search"}]}),
        (CHAT, {"web_search_options": {}}),
        (CHAT, {"deferred": True}),
        (CHAT, {"model": "gpt-4o-search-preview"}),
        (CHAT, {"model": "openai/gpt-4o:online"}),
        (CHAT, {"model": "perplexity/sonar-pro"}),
        (CHAT, {"model": "groq/compound"}),
        (RESPONSES, {"store": None}),
        (RESPONSES, {"store": True}),
        (RESPONSES, {"previous_response_id": "resp_0"}),
        (RESPONSES, {"conversation": {"id": "conv_1"}}),
        (RESPONSES, {"background": True}),
        (RESPONSES, {"prompt": {"id": "pmpt_1"}}),
        (RESPONSES, {"tools": [{"type": "function", "name": "f"}, {"type": "web_search"}]}),
        (RESPONSES, {"input": [{"type": "item_reference", "id": "msg_1"}]}),
        (RESPONSES, {"input": [{"type": "additional_tools", "tools": [{"type": "mcp"}]}]}),
        *((RESPONSES, {"input": [{"type": "additional_tools", "tools": tools}]}) for tools in NO_TOOLS),
        (MESSAGES, {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        (MESSAGES, {"mcp_servers": [{"type": "url", "url": "https://h"}]}),
        (MESSAGES, {"container": "container_1"}),
        (MESSAGES, {"thread": {"type": "create"}}),
        (GENERATE, {"cachedContent": "cachedContents/1"}),
        (GENERATE, {"tools": [{"functionDeclarations": [], "googleSearch": {}}]}),
        (GENERATE, {"tools": [{"codeExecution": {}}]}),
        (GENERATE, {"store": True}),
        (GENERATE, {"continuationToken": "x"}),
    ],
)
def test_what_hangs_on_more_than_the_request_is_stateful(name: str, fields: dict[str, Any]) -> None:
    assert asked(name, **fields).stateful


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (CHAT, {"store": False, "tools": [{"type": "function"}, {"type": "custom"}]}),
        (RESPONSES, {"tools": [{"type": "function"}, {"type": "custom"}, {"type": "local_shell"}]}),
        (RESPONSES, {"input": [{"role": "user", "content": "hi"}], "conversation": None}),
        (RESPONSES, {"tools": [{"type": "tool_search", "execution": "client"}]}),
        (RESPONSES, {"input": [{"type": "additional_tools", "tools": [{"type": "namespace"}]}]}),
        (MESSAGES, {"tools": [{"name": "Bash"}, {"type": "bash_20250124"}, {"type": "custom"}]}),
        (MESSAGES, {"mcp_servers": [], "temperature": 0.5}),
        (MESSAGES, {"tools": [{"type": "tool_search_tool_regex_20251119", "name": "tool_search"}]}),
        (CHAT, {"model": "my-research-model"}),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}),
        (GENERATE, {"tools": [{"functionDeclarations": []}, {"function_declarations": []}]}),
    ],
)
def test_tools_that_the_client_runs_are_no_state(name: str, fields: dict[str, Any]) -> None:
    read = asked(name, **fields)
    assert (read.stateful, read.broken) == (False, False)


def test_an_offer_of_tools_is_told_from_other_state() -> None:
    """Codex offers a search in every request."""
    search = [{"type": "web_search", "external_web_access": True}]
    later = [{"type": "additional_tools", "tools": search}]
    assert asked(RESPONSES, tools=search).offering
    assert asked(RESPONSES, input=later).offering
    for fields in ({}, {"store": True, "tools": search}, {"previous_response_id": "r", "input": later}):
        assert not asked(RESPONSES, **fields).offering
    assert not asked(CHAT, tools=search).offering


@pytest.mark.parametrize(
    "fields", [{"temperature": "0"}, {"stream": "yes"}, {"tools": {}}, {"tools": ["x"]}, {"max_tokens": []}]
)
def test_wrong_types_are_told_and_still_the_model_is_known(fields: dict[str, Any]) -> None:
    read = asked(CHAT, **fields)
    assert (read.model, read.broken, read.stateful, read.most_tokens) == ("m", True, True, 0)
    assert asked(CHAT, stream=True, tools={}).stream


def test_the_guess_covers_prompt_and_answer() -> None:
    words = "word " * 3000
    guess = asked(CHAT, messages=[{"role": "user", "content": words}], max_tokens=500).most_tokens
    assert guess > len(words) // BYTES_PER_TOKEN + 500
    small = asked(CHAT, max_tokens=None).most_tokens
    assert UNSAID_ANSWER < small < UNSAID_ANSWER + 100
    assert asked(CHAT, max_tokens=100, n=4).most_tokens >= 400
    assert asked(CHAT, max_tokens=1e300).most_tokens == MOST
    assert 0 < asked(CHAT, max_tokens=-5).most_tokens < 100


@pytest.mark.parametrize("spaced", [True, False])
@pytest.mark.parametrize("name", [CHAT, MESSAGES, GENERATE])
def test_a_picture_does_not_count_as_text(name: str, spaced: bool) -> None:
    data = base64.b64encode(bytes(300_000)).decode()
    prompt: Any = {
        CHAT: {"messages": [{"image_url": {"url": f"data:image/png;base64,{data}"}}]},
        MESSAGES: {"messages": [{"content": [{"source": {"type": "base64", "data": data}}]}]},
        GENERATE: {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": data}}]}]},
    }[name]
    separators = (", ", ": ") if spaced else (",", ":")
    body = json.dumps(ALL[name].request | prompt, separators=separators).encode()
    path = ALL[name].path
    assert 2_000 < dialect_for("POST", path).read(path, "", body).most_tokens < 10_000


def test_counts_that_are_none_are_unknown() -> None:
    chat = dialect_for("POST", "/v1/chat/completions")
    for value in (-1, 2**60, 1.5, "7", True, None, [7]):
        usage = {"prompt_tokens": value, "completion_tokens": 2}
        assert chat.usage(json.dumps({"usage": usage}).encode()) == Usage(None, 2)


def test_what_other_servers_tell_of_usage_is_read_too() -> None:
    chat, gemini = dialect_for("POST", "/v1/chat/completions"), dialect_for("POST", "/m:generateContent")
    groq = {"choices": [], "x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}}
    assert chat.usage(json.dumps(groq).encode()) == Usage(1, 2)
    parts = [{"usageMetadata": {"promptTokenCount": 1}}, {"usageMetadata": {"promptTokenCount": 3}}]
    assert gemini.usage(json.dumps(parts).encode()) == Usage(3)
    follower = chat.follow()
    for count in (1, 2, 3):
        follower.feed(b'data: {"usage": {"prompt_tokens": 9, "completion_tokens": %d}}\n\n' % count)
    assert follower.usage == Usage(9, 3), "vLLM with continuous_usage_stats"
