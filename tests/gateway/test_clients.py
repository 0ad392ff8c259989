"""Unmodified clients through a real gateway: only their base URL changes, and each request is one record."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types as google_types

from beastmode.failures.answers import Dialect as Shape
from beastmode.testing.model_server import ModelServer
from beastmode.testing.threads import in_thread
from beastmode.testing.tool_calls import call_events, whole_call
from tests.gateway.dialects.speaker import Speaker
from tests.gateway.served import gateway, records

# google-genai inherits from the session of aiohttp, which aiohttp discourages; that is no warning of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:google")

HI: Any = [{"role": "user", "content": "hi"}]
WORDS = "It is done."


def test_openai_chats_responds_and_embeds(tmp_path: Path) -> None:
    with (
        in_thread(ModelServer()) as server,
        in_thread(gateway(server.url, tmp_path)) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=20) as api,
    ):
        chat = api.chat.completions.create(model="m-small", messages=HI)
        assert chat.choices[0].message.content == WORDS
        pieces = api.chat.completions.create(model="m-small", messages=HI, stream=True)
        assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == WORDS
        assert api.responses.create(model="m-small", input="hi").output_text == WORDS
        with api.responses.stream(model="m-small", input="hi") as stream:
            assert stream.get_final_response().output_text == WORDS
    assert kept(tmp_path) == [("openai.chat", "upstream_ok")] * 2 + [("openai.responses", "upstream_ok")] * 2


def test_anthropic_writes_and_streams(tmp_path: Path) -> None:
    with (
        in_thread(ModelServer()) as server,
        in_thread(gateway(server.url, tmp_path)) as url,
        anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=20) as api,
    ):
        whole = api.messages.create(model="m-small", max_tokens=9, messages=HI)
        assert "".join(block.text for block in whole.content if block.type == "text") == WORDS
        with api.messages.stream(model="m-small", max_tokens=9, messages=HI) as stream:
            assert stream.get_final_text() == WORDS
    assert kept(tmp_path) == [("anthropic.messages", "upstream_ok")] * 2


def test_google_generates_and_streams(tmp_path: Path) -> None:
    with (
        in_thread(ModelServer()) as server,
        in_thread(gateway(server.url, tmp_path)) as url,
        closing(google(url)) as api,
    ):
        whole = api.models.generate_content(model="m-small", contents="hi")
        assert whole.text == WORDS
        pieces = api.models.generate_content_stream(model="m-small", contents="hi")
        assert "".join(piece.text or "" for piece in pieces) == WORDS
    assert kept(tmp_path) == [("gemini.generate", "upstream_ok")] * 2


def test_embeddings_and_counts_of_tokens_pass(tmp_path: Path) -> None:
    vector = b'{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[1.0,2.0]}]}'
    with (
        in_thread(Speaker(JSON, [vector])) as server,
        in_thread(gateway(server.url, tmp_path / "a")) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=20) as api,
    ):
        heard = api.embeddings.create(model="m", input="hi", encoding_format="float")
        assert heard.data[0].embedding == [1.0, 2.0]
    with (
        in_thread(Speaker(JSON, [b'{"input_tokens": 7}'])) as server,
        in_thread(gateway(server.url, tmp_path / "b")) as url,
        anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=20) as claude,
    ):
        assert claude.messages.count_tokens(model="m", messages=HI).input_tokens == 7
    assert kept(tmp_path / "a") == [("openai.embeddings", "upstream_ok")]
    assert kept(tmp_path / "b") == [("anthropic.count_tokens", "upstream_ok")]


ARGUMENTS = {"command": "ls -l"}
JSON = (200, ((b"content-type", b"application/json"),))
SSE = (200, ((b"content-type", b"text/event-stream"),))


@pytest.mark.parametrize("shape", ["chat", "messages"])
def test_calls_of_tools_arrive_whole_streamed_or_not(tmp_path: Path, shape: Shape) -> None:

    body = json.dumps(whole_call(shape, "m", "bash", ARGUMENTS)).encode()
    pieces = list(call_events(shape, "m", "bash", ARGUMENTS))
    for name, head, said in (("whole", JSON, [body]), ("stream", SSE, pieces)):
        home = tmp_path / name
        with in_thread(Speaker(head, said)) as server, in_thread(gateway(server.url, home)) as url:
            assert called(url, shape, name == "stream") == ARGUMENTS
        assert [outcome for _, outcome in kept(home)] == ["upstream_ok"]


def called(url: str, shape: Shape, streamed: bool) -> Any:
    """The arguments of the one call that a client hears of."""

    if shape == "messages":
        with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=20) as claude:
            if not streamed:
                (block,) = claude.messages.create(model="m", max_tokens=9, messages=HI).content
            else:
                with claude.messages.stream(model="m", max_tokens=9, messages=HI) as stream:
                    (block,) = stream.get_final_message().content
            return block.input if block.type == "tool_use" else None
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=20) as api:
        if not streamed:
            whole: Any = api.chat.completions.create(model="m", messages=HI)
            return json.loads(whole.choices[0].message.tool_calls[0].function.arguments)
        pieces: Any = api.chat.completions.create(model="m", messages=HI, stream=True)
        calls = [call for p in pieces if p.choices for call in p.choices[0].delta.tool_calls or ()]
        return json.loads("".join(call.function.arguments or "" for call in calls))


def google(url: str) -> genai.Client:
    return genai.Client(api_key="k", http_options=google_types.HttpOptions(base_url=url, timeout=20_000))


def kept(home: Path) -> list[tuple[str, str | None]]:
    return [(entry.dialect, entry.outcome) for entry in records(home)]
