"""Unmodified clients through a real gateway: only their base URL changes, and each request is one record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types as google_types
from pydantic import BaseModel

from beastmode.failures.answers import Dialect as Shape
from beastmode.testing.agent_turns import Call
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.threads import in_thread
from tests.gateway.served import gateway, records

# google-genai inherits from the session of aiohttp, which aiohttp discourages; that is no warning of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:google")

HI: Any = [{"role": "user", "content": "hi"}]
WORDS = "It is done."


def test_openai_chats_responds_and_embeds(tmp_path: Path) -> None:
    with through(ModelServer(), tmp_path) as (url, _), openai_at(url) as api:
        chat = api.chat.completions.create(model="m-small", messages=HI)
        assert chat.choices[0].message.content == WORDS
        pieces = api.chat.completions.create(model="m-small", messages=HI, stream=True)
        assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == WORDS
        assert api.responses.create(model="m-small", input="hi").output_text == WORDS
        with api.responses.stream(model="m-small", input="hi") as stream:
            assert stream.get_final_response().output_text == WORDS
    assert kept(tmp_path) == [("openai.chat", "upstream_ok")] * 2 + [("openai.responses", "upstream_ok")] * 2


def test_anthropic_writes_and_streams(tmp_path: Path) -> None:
    with through(ModelServer(), tmp_path) as (url, _), anthropic_at(url) as api:
        whole = api.messages.create(model="m-small", max_tokens=9, messages=HI)
        assert "".join(block.text for block in whole.content if block.type == "text") == WORDS
        with api.messages.stream(model="m-small", max_tokens=9, messages=HI) as stream:
            assert stream.get_final_text() == WORDS
    assert kept(tmp_path) == [("anthropic.messages", "upstream_ok")] * 2


def test_google_generates_and_streams(tmp_path: Path) -> None:
    with through(ModelServer(), tmp_path) as (url, _), closing(google(url)) as api:
        whole = api.models.generate_content(model="m-small", contents="hi")
        assert whole.text == WORDS
        pieces = api.models.generate_content_stream(model="m-small", contents="hi")
        assert "".join(piece.text or "" for piece in pieces) == WORDS
    assert kept(tmp_path) == [("gemini.generate", "upstream_ok")] * 2


def test_embeddings_pass_packed_and_plain(tmp_path: Path) -> None:
    with through(ModelServer(), tmp_path) as (url, server), openai_at(url) as api:
        packed = api.embeddings.create(
            model="m-small", input=["hi", "you"]
        )  # the SDK asks for base64 by itself
        plain = api.embeddings.create(model="m-small", input=["hi", "you"], encoding_format="float")
        assert [each.embedding for each in packed.data] == [each.embedding for each in plain.data]
        assert plain.data[1].embedding == [3.0, 1.0]
        assert b"base64" in server.asked[0].body
    assert kept(tmp_path) == [("openai.embeddings", "upstream_ok")] * 2


def test_lists_of_models_and_counts_of_tokens_pass(tmp_path: Path) -> None:
    with through(ModelServer(), tmp_path) as (url, _), openai_at(url) as api, anthropic_at(url) as claude:
        assert [model.id for model in api.models.list()] == ["m-small", "m-large"]
        assert api.models.retrieve("m-small").id == "m-small"
        assert [model.id for model in claude.models.list()] == ["m-small", "m-large"]
        assert claude.messages.count_tokens(model="m-small", messages=HI).input_tokens == 8
    assert kept(tmp_path)[3:] == [("anthropic.count_tokens", "upstream_ok")]


class City(BaseModel):
    """What a model is asked to fill in."""

    city: str


def test_structured_outputs_are_parsed(tmp_path: Path) -> None:
    filled = Script(words=('{"city":', ' "Bern"}'))
    with (
        through(ModelServer(filled), tmp_path) as (url, _),
        openai_at(url) as api,
        anthropic_at(url) as claude,
    ):
        chat = api.chat.completions.parse(model="m-small", messages=HI, response_format=City)
        assert chat.choices[0].message.parsed == City(city="Bern")
        with api.chat.completions.stream(model="m-small", messages=HI, response_format=City) as stream:
            assert stream.get_final_completion().choices[0].message.parsed == City(city="Bern")
        assert api.responses.parse(model="m-small", input="hi", text_format=City).output_parsed == City(
            city="Bern"
        )
        message = claude.messages.parse(model="m-small", max_tokens=9, messages=HI, output_format=City)
        assert message.parsed_output == City(city="Bern")
    assert [outcome for _, outcome in kept(tmp_path)] == ["upstream_ok"] * 4


def test_headers_of_the_server_reach_who_asks_for_the_raw_answer(tmp_path: Path) -> None:
    limits = {"x-ratelimit-remaining-requests": "59", "anthropic-ratelimit-requests-remaining": "59"}
    limited = Script(headers={**limits, "x-request-id": "req_1", "request-id": "req_2"})
    with (
        through(ModelServer(limited), tmp_path) as (url, _),
        openai_at(url) as api,
        anthropic_at(url) as claude,
    ):
        raw = api.chat.completions.with_raw_response.create(model="m-small", messages=HI)
        assert (raw.headers["x-ratelimit-remaining-requests"], raw.request_id) == ("59", "req_1")
        assert raw.parse().choices[0].message.content == WORDS
        message = claude.messages.with_raw_response.create(model="m-small", max_tokens=9, messages=HI)
        assert message.headers["anthropic-ratelimit-requests-remaining"] == "59"
        assert message.parse()._request_id == "req_2"


def test_async_clients_ask_at_once(tmp_path: Path) -> None:
    async def story(url: str) -> list[Any]:
        async with (
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=20) as api,
            anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0, timeout=20) as claude,
            google(url).aio as gemini,
        ):
            chats = [api.chat.completions.create(model="m-small", messages=HI) for _ in range(5)]
            messages = [claude.messages.create(model="m-small", max_tokens=9, messages=HI) for _ in range(5)]
            contents = [gemini.models.generate_content(model="m-small", contents="hi") for _ in range(5)]
            stream = await api.responses.create(model="m-small", input="hi", stream=True)
            heard = [event.delta async for event in stream if event.type == "response.output_text.delta"]
            assert "".join(heard) == WORDS
            return await asyncio.gather(*chats, *messages, *contents)

    with through(ModelServer(), tmp_path) as (url, _):
        assert len(asyncio.run(story(url))) == 15
    assert [outcome for _, outcome in kept(tmp_path)] == ["upstream_ok"] * 16


ARGUMENTS = {"command": "ls -l"}


@pytest.mark.parametrize("shape", ["chat", "responses", "messages", "gemini"])
def test_calls_of_tools_arrive_whole_streamed_or_not(tmp_path: Path, shape: Shape) -> None:
    calling = Script(turn=lambda dialect, asked: Call("bash", ARGUMENTS))
    with through(ModelServer(calling), tmp_path) as (url, _):
        assert called(url, shape, streamed=False) == ARGUMENTS
        assert called(url, shape, streamed=True) == ARGUMENTS
    assert [outcome for _, outcome in kept(tmp_path)] == ["upstream_ok"] * 2


def called(url: str, shape: Shape, *, streamed: bool) -> Any:
    """The arguments of the one call that a client hears of."""
    if shape == "messages":
        with anthropic_at(url) as claude:
            if not streamed:
                (block,) = claude.messages.create(model="m-small", max_tokens=9, messages=HI).content
            else:
                with claude.messages.stream(model="m-small", max_tokens=9, messages=HI) as stream:
                    (block,) = stream.get_final_message().content
            return block.input if block.type == "tool_use" else None
    if shape == "gemini":
        with closing(google(url)) as gemini:
            if not streamed:
                return called_by(gemini.models.generate_content(model="m-small", contents="hi"))
            return called_by(*gemini.models.generate_content_stream(model="m-small", contents="hi"))
    with openai_at(url) as api:
        return responded(api, streamed) if shape == "responses" else chatted(api, streamed)


def called_by(*pieces: google_types.GenerateContentResponse) -> Any:
    (call,) = [call for piece in pieces for call in piece.function_calls or ()]
    return call.args


def responded(api: openai.OpenAI, streamed: bool) -> Any:
    item: Any
    if streamed:
        with api.responses.stream(model="m-small", input="hi") as stream:
            (item,) = stream.get_final_response().output
    else:
        (item,) = api.responses.create(model="m-small", input="hi").output
    return json.loads(item.arguments)


def chatted(api: openai.OpenAI, streamed: bool) -> Any:
    if not streamed:
        whole: Any = api.chat.completions.create(model="m-small", messages=HI)
        return json.loads(whole.choices[0].message.tool_calls[0].function.arguments)
    pieces: Any = api.chat.completions.create(model="m-small", messages=HI, stream=True)
    calls = [call for p in pieces if p.choices for call in p.choices[0].delta.tool_calls or ()]
    return json.loads("".join(call.function.arguments or "" for call in calls))


@contextmanager
def through(server: ModelServer, home: Path) -> Iterator[tuple[str, ModelServer]]:
    """A gateway in front of a server; gives its URL, and the server."""
    with in_thread(server), in_thread(gateway(server.url, home)) as url:
        yield url, server


def openai_at(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=20)


def anthropic_at(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=20)


def google(url: str) -> genai.Client:
    return genai.Client(api_key="k", http_options=google_types.HttpOptions(base_url=url, timeout=20_000))


def kept(home: Path) -> list[tuple[str, str | None]]:
    return [(entry.dialect, entry.outcome) for entry in records(home)]
