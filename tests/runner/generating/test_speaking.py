"""What a model said, in every dialect, streamed or in one piece, and however it ended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.generating.speaking import (
    Dialect,
    Manner,
    Message,
    Said,
    dialects_among,
    other_manner,
    request_of,
    said,
)
from beastmode.testing.model_answers import events, whole

DIALECTS: list[Dialect] = ["chat", "responses", "messages"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_streamed_or_whole_the_words_are_the_same(dialect: Dialect) -> None:
    words = ["It ", "is\n", "dóne\u2028."]
    streamed = b"".join(events(dialect, "m", words))
    one = json.dumps(whole(dialect, "m", "".join(words))).encode()
    wanted = Said("".join(words), "complete", 8, 8)
    assert (
        said(dialect, streamed)
        == said(dialect, streamed.replace(b"\n", b"\r\n"))
        == said(dialect, one)
        == wanted
    )


def sse(*values: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


ENDS: list[tuple[Dialect, bytes, str]] = [
    ("chat", sse({"choices": [{"delta": {"content": "a"}, "finish_reason": "length"}]}), "length"),
    ("chat", sse({"choices": [{"delta": {"content": "a"}, "finish_reason": "content_filter"}]}), "filter"),
    ("chat", sse({"choices": [{"delta": {"refusal": "I cannot"}, "finish_reason": "stop"}]}), "filter"),
    ("chat", sse({"choices": [{"delta": {"content": "a"}}]}), "other"),
    ("messages", sse({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}), "length"),
    ("messages", sse({"type": "message_delta", "delta": {"stop_reason": "refusal"}}), "filter"),
    (
        "responses",
        sse(
            {
                "type": "response.incomplete",
                "response": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            }
        ),
        "length",
    ),
    ("responses", sse({"type": "response.refusal.delta", "delta": "I cannot"}), "filter"),
]


@pytest.mark.parametrize(("dialect", "body", "stop"), ENDS)
def test_how_it_ended(dialect: Dialect, body: bytes, stop: str) -> None:
    assert said(dialect, body).stop == stop


@given(st.sampled_from(DIALECTS), st.binary(max_size=200))
def test_no_bytes_break_it(dialect: Dialect, body: bytes) -> None:
    said(dialect, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "usage", "type", "message", "response", "output", "status"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(DIALECTS),
    st.dictionaries(st.sampled_from(["choices", "type", "delta", "response", "usage"]), JSON),
)
def test_no_shape_breaks_it(dialect: Dialect, value: dict[str, Any]) -> None:
    said(dialect, sse(value))


def test_half_a_character_is_never_sent() -> None:
    heard = said("chat", sse({"choices": [{"delta": {"content": "a\ud800b"}}]}))
    assert heard.text == "a?b"
    sent = request_of("chat", "m", "", [Message("user", "a\ud800b")], Manner(1))
    assert sent["messages"][1]["content"] == "a?b"


def test_a_request_is_the_same_for_the_same_words() -> None:
    told = [Message("user", "Do it"), Message("assistant", "Done"), Message("user", "No")]
    for dialect in DIALECTS:
        one, other = (request_of(dialect, "m", "system", told, Manner(100)) for _ in range(2))
        assert one == other
        assert (one["temperature"], one["stream"]) == (0, True)


def test_what_a_model_will_not_have_is_left_out_step_by_step() -> None:
    manner = Manner(16384)
    for complaint, name in (
        ("Use 'max_completion_tokens' instead", "max_completion_tokens"),
        ("'temperature' does not support 0", "temperature"),
        ("stream_options: extra inputs are not permitted", "stream_options"),
    ):
        found = other_manner(manner, complaint)
        assert found is not None
        manner = found
        assert (name in request_of("chat", "m", "", [], manner)) == (name == "max_completion_tokens")
        assert other_manner(manner, complaint) is None
    assert other_manner(manner, "no such model") is None


@pytest.mark.parametrize(
    "complaint",
    [
        "max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens",
        "max_tokens is too large: 16384. This model supports at most 8192 completion tokens",
    ],
)
def test_a_model_that_answers_with_less_is_asked_for_less(complaint: str) -> None:
    found = other_manner(Manner(16384), complaint)
    assert found == Manner(8192)
    assert other_manner(found, complaint) is None


@pytest.mark.parametrize(
    ("known", "model", "dialects"),
    [
        (("chat", "messages"), "m", ["chat", "messages"]),
        (("messages", "gemini"), "m", ["messages"]),
        (("gemini",), "m", []),
        ((), "claude-x", ["messages", "chat", "responses"]),
        ((), "vendor/claude-x", ["messages", "chat", "responses"]),
        ((), "gpt-x", ["chat", "responses", "messages"]),
    ],
)
def test_the_dialects_that_are_tried(known: tuple[str, ...], model: str, dialects: list[str]) -> None:
    assert dialects_among(known, model) == dialects
