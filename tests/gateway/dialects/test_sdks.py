"""The unmodified SDKs of OpenAI, Anthropic and Google hear what a dialect says: errors, keepalives, whole streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as google_errors
from google.genai import types as google_types

from beastmode.failures.answers import Dialect as Shape
from beastmode.gateway.dialects import Dialect, dialect_for
from beastmode.gateway.dialects.protocol import Head
from beastmode.testing.model_answers import events
from beastmode.testing.threads import in_thread
from beastmode.testing.tool_calls import call_events, whole_call
from tests.gateway.dialects.speaker import Speaker
from tests.gateway.dialects.spoken import ALL, FAILURE, TIP

# google-genai inherits from the session of aiohttp, which aiohttp discourages; that is no warning of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:google")

JSON_TYPE = ((b"content-type", b"application/json"),)
WORDS = ["It", " is", " done", "."]
ARGUMENTS = {"command": "ls -l", "usage": [1, 2]}
Heard = Callable[[str], Any]
"""Asks the server at a URL, and returns what the client heard."""


def openai_client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=20)


def anthropic_client(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=20)


def google_client(url: str) -> genai.Client:
    return genai.Client(api_key="k", http_options=google_types.HttpOptions(base_url=url, timeout=20_000))


HI: Any = [{"role": "user", "content": "hi"}]


def chat(url: str) -> list[Any]:
    with openai_client(url) as client:
        return list(client.chat.completions.create(model="m", messages=HI, stream=True))


def chat_whole(url: str) -> Any:
    with openai_client(url) as client:
        return client.chat.completions.create(model="m", messages=HI)


def responses(url: str) -> list[Any]:
    with openai_client(url) as client:
        return list(client.responses.create(model="m", input="hi", stream=True))


def responses_helper(url: str) -> list[Any]:
    with openai_client(url) as client, client.responses.stream(model="m", input="hi") as stream:
        return list(stream)


def responses_whole(url: str) -> Any:
    with openai_client(url) as client:
        return client.responses.create(model="m", input="hi")


def embeddings(url: str) -> Any:
    with openai_client(url) as client:
        return client.embeddings.create(model="m", input="hi")


def messages(url: str) -> list[Any]:
    with anthropic_client(url) as client:
        return list(client.messages.create(model="m", max_tokens=9, messages=HI, stream=True))


def messages_helper(url: str) -> list[Any]:
    with (
        anthropic_client(url) as client,
        client.messages.stream(model="m", max_tokens=9, messages=HI) as stream,
    ):
        return list(stream)


def messages_whole(url: str) -> Any:
    with anthropic_client(url) as client:
        return client.messages.create(model="m", max_tokens=9, messages=HI)


def count(url: str) -> Any:
    with anthropic_client(url) as client:
        return client.messages.count_tokens(model="m", messages=HI)


def gemini(url: str) -> list[Any]:
    with closing(google_client(url)) as client:
        return list(client.models.generate_content_stream(model="m", contents="hi"))


def gemini_async(url: str) -> list[Any]:
    async def ask() -> list[Any]:
        async with google_client(url).aio as client:
            stream = await client.models.generate_content_stream(model="m", contents="hi")
            return [chunk async for chunk in stream]

    return asyncio.run(ask())


def gemini_whole(url: str) -> Any:
    with closing(google_client(url)) as client:
        return client.models.generate_content(model="m", contents="hi")


def gemini_embed(url: str) -> Any:
    with closing(google_client(url)) as client:
        return client.models.embed_content(model="m", contents="hi")


STREAMS: list[tuple[str, Heard]] = [
    ("openai.chat", chat),
    ("openai.responses", responses),
    ("openai.responses", responses_helper),
    ("anthropic.messages", messages),
    ("anthropic.messages", messages_helper),
    ("gemini.generate", gemini),
    ("gemini.generate", gemini_async),
]
WHOLE: list[tuple[str, Heard]] = [
    ("openai.chat", chat_whole),
    ("openai.responses", responses_whole),
    ("openai.embeddings", embeddings),
    ("anthropic.messages", messages_whole),
    ("anthropic.count_tokens", count),
    ("gemini.generate", gemini_whole),
    ("gemini.embed", gemini_embed),
]
ERRORS: dict[str, tuple[type[Exception], type[Exception], type[Exception]]] = {
    "openai": (openai.RateLimitError, openai.InternalServerError, openai.APIError),
    "anthropic": (anthropic.RateLimitError, anthropic.InternalServerError, anthropic.APIStatusError),
    "gemini": (google_errors.ClientError, google_errors.ServerError, google_errors.APIError),
}
"""For 429, for 503, and within a stream."""


@contextmanager
def speaking(head: Head, *pieces: bytes) -> Iterator[Speaker]:
    with in_thread(Speaker(head, list(pieces))) as speaker:
        yield speaker


def dialect_of(name: str) -> Dialect:
    return dialect_for("POST", ALL[name].path)


def shape_of(name: str) -> Shape:
    shape = dialect_of(name).shape
    assert shape is not None
    return shape


def kept_alive(dialect: Dialect, pieces: list[bytes]) -> list[bytes]:
    """Before, between and behind the events."""
    wait = dialect.keepalive
    return [wait, wait, *(part for piece in pieces for part in (piece, wait))]


@pytest.mark.parametrize(("name", "ask"), [*STREAMS, *WHOLE])
@pytest.mark.parametrize("status", [429, 503])
def test_an_error_raises_what_belongs_to_its_status_with_the_tip(name: str, ask: Heard, status: int) -> None:
    expected = ERRORS[name.partition(".")[0]][status == 503]
    body = dialect_of(name).error(FAILURE, status, {"request-id": "req_1"})
    with speaking((status, JSON_TYPE), body) as speaker, pytest.raises(expected) as raised:
        ask(speaker.url)
    assert TIP in str(raised.value)
    assert speaker.asked == 1


@pytest.mark.parametrize(("name", "ask"), STREAMS)
@pytest.mark.parametrize("begun", [0, 2])
def test_an_error_event_raises_with_the_tip_also_within_a_stream(name: str, ask: Heard, begun: int) -> None:
    dialect = dialect_of(name)
    before = list(events(shape_of(name), "m", WORDS))[:begun]
    pieces = [dialect.keepalive, *before, dialect.keepalive, *dialect.error_events(FAILURE)]
    expected = ERRORS[name.partition(".")[0]][2]
    with speaking(dialect.stream_head, *pieces) as speaker, pytest.raises(expected) as raised:
        ask(speaker.url)
    assert TIP in str(raised.value)
    assert "slow down, please" in str(raised.value).lower()


@pytest.mark.parametrize(("name", "ask"), STREAMS)
def test_keepalives_are_heard_as_nothing(name: str, ask: Heard) -> None:
    dialect = dialect_of(name)
    pieces = list(events(shape_of(name), "m", WORDS))
    with speaking(dialect.stream_head, *pieces) as speaker:
        plain = ask(speaker.url)
    with speaking(dialect.stream_head, *kept_alive(dialect, pieces)) as speaker:
        waited = ask(speaker.url)
    assert [repr_of(event) for event in waited] == [repr_of(event) for event in plain]
    assert all(word.strip() in json.dumps([repr_of(event) for event in waited]) for word in WORDS)


@pytest.mark.parametrize(("name", "ask"), STREAMS)
def test_a_tool_call_is_heard_whole_between_keepalives(name: str, ask: Heard) -> None:
    dialect = dialect_of(name)
    pieces = list(call_events(shape_of(name), "m", "bash", ARGUMENTS))
    with speaking(dialect.stream_head, *kept_alive(dialect, pieces)) as speaker:
        heard = ask(speaker.url)
    assert arguments_in(heard) == ARGUMENTS
    follower = dialect.follow()
    for piece in kept_alive(dialect, pieces):
        follower.feed(piece)
    assert (follower.complete, follower.usage.tokens_in, follower.usage.tokens_out) == (True, 8, 8)


@pytest.mark.parametrize(
    ("ask", "arguments"),
    [
        (chat_whole, lambda heard: json.loads(heard.choices[0].message.tool_calls[0].function.arguments)),
        (responses_whole, lambda heard: json.loads(heard.output[0].arguments)),
        (messages_whole, lambda heard: heard.content[0].input),
        (gemini_whole, lambda heard: heard.function_calls[0].args),
    ],
)
def test_a_tool_call_in_one_piece_is_heard_and_counted(ask: Heard, arguments: Callable[[Any], Any]) -> None:
    dialect = dialect_of(next(name for name, other in WHOLE if other is ask))
    assert dialect.shape is not None
    body = json.dumps(whole_call(dialect.shape, "m", "bash", ARGUMENTS)).encode()
    with speaking((200, JSON_TYPE), body) as speaker:
        assert arguments(ask(speaker.url)) == ARGUMENTS
    assert (dialect.usage(body).tokens_in, dialect.usage(body).tokens_out) == (8, 8)


def repr_of(event: Any) -> Any:
    """An event as data, but for the headers that Google's SDK keeps with it."""
    return event.model_dump(mode="json", exclude={"sdk_http_response"}, warnings=False)


def arguments_in(heard: list[Any]) -> Any:
    """The arguments of the one tool call in a stream, in any SDK's objects."""
    said = ""
    for event in heard:
        if isinstance(event, google_types.GenerateContentResponse):
            return event.function_calls[0].args if event.function_calls else None
        if getattr(event, "choices", None):
            said += "".join(call.function.arguments or "" for call in event.choices[0].delta.tool_calls or ())
        elif getattr(event, "type", "") == "response.function_call_arguments.delta":
            said += event.delta
        elif getattr(event, "type", "") == "content_block_delta":
            said += event.delta.partial_json
    return json.loads(said)
