"""Good answers and bad ones behind a good status, in four dialects, wherever the pieces are cut."""

from __future__ import annotations

import json
import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.answers import Dialect, Ending, dialect_of, flaw_in
from beastmode.failures.classify import classify
from beastmode.testing.model_answers import error, events, whole

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
SSE, JSON = {"Content-Type": "text/event-stream"}, {"content-type": "application/json"}


def stream(dialect: Dialect, *, drop: int = 0) -> bytes:
    sent = list(events(dialect, "m", ["a", " b", " c"]))
    return b"".join(sent[: len(sent) - drop])


def class_of(headers: dict[str, str], body: bytes, dialect: Dialect, *, streamed: bool) -> str:
    """The class of what is wrong with an answer; "" where it is good."""
    evidence = flaw_in(200, headers, body, dialect=dialect, streamed=streamed, url="http://h/v1")
    return classify(evidence, now_unix=time.time()).class_ if evidence else ""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_whole_is_good_and_what_lacks_its_end_is_not(dialect: Dialect) -> None:
    assert class_of(SSE, stream(dialect), dialect, streamed=True) == ""
    assert class_of(JSON, json.dumps(whole(dialect, "m", "a")).encode(), dialect, streamed=False) == ""
    for drop in range(1, 3):
        assert class_of(SSE, stream(dialect, drop=drop), dialect, streamed=True) == "truncated_stream"
    assert class_of(SSE, b"", dialect, streamed=True) == "truncated_stream"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_pages_halves_and_errors_are_no_answers(dialect: Dialect) -> None:
    half = json.dumps(whole(dialect, "m", "a")).encode()[:40]
    page = b"<!DOCTYPE html><title>Sign in</title>"
    assert class_of({"Content-Type": "text/html"}, page, dialect, streamed=True) == "invalid_response"
    for body in (half, page, b"", b"[]", b"null", b"\xff\x00", b"[" * 100_000):
        assert class_of(JSON, body, dialect, streamed=False) == "invalid_response", body[:20]
    overloaded = error(dialect, 529, "overloaded_error", "Overloaded")
    assert flaw_in(200, JSON, overloaded, dialect=dialect, streamed=False) is not None


@pytest.mark.parametrize(
    ("dialect", "event"),
    [
        (
            "messages",
            b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
        ),
        ("chat", b'data: {"error": {"message": "Overloaded", "type": "overloaded_error", "code": 529}}'),
        ("chat", b'data: {"error": {"message": "Overloaded", "code": 529}}\n\ndata: [DONE]'),
        ("chat", b'data: {\ndata: "error":\ndata: {"message": "Overloaded", "code": 529}}'),
        ("chat", b'data: {"choices": [{"error": {"message": "Overloaded", "code": 529}}]}\n\ndata: [DONE]'),
        ("chat", b'data: {"object": "error", "message": "Overloaded", "code": 529}'),
        ("gemini", b'data: {"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}'),
        ("gemini", b'{"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}'),
        ("gemini", b'{\n  "error": {\n    "code": 503,\n    "message": "The model is overloaded."\n  }\n}'),
    ],
)
def test_an_error_in_the_middle_of_a_stream_keeps_its_own_class(dialect: Dialect, event: bytes) -> None:
    body = stream(dialect, drop=2) + event + b"\n\n"
    assert class_of(SSE, body, dialect, streamed=True) == "overloaded"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"])
def test_lines_may_end_as_they_like_behind_a_byte_order_mark(dialect: Dialect, line_end: bytes) -> None:
    ending = Ending(dialect)
    for at, byte in enumerate(b"\xef\xbb\xbf" + stream(dialect).replace(b"\n", line_end)):
        assert not ending.complete or at > 100
        ending.feed(bytes([byte]))
    assert ending.complete
    assert ending.rest == b""


def test_the_data_of_an_event_may_come_in_many_lines() -> None:
    said = json.dumps({"candidates": [{"finishReason": "STOP"}]}, indent=1)
    body = "".join(f"data: {line}\n" for line in said.splitlines())
    assert class_of(SSE, body.encode() + b"\n", "gemini", streamed=True) == ""
    assert class_of(SSE, body.encode(), "gemini", streamed=True) == ""


def test_what_comes_behind_the_end_takes_nothing_from_the_answer() -> None:
    late = b'data: {"error": {"message": "too late"}}\n\n'
    assert class_of(SSE, stream("chat") + late, "chat", streamed=True) == ""


def test_an_error_of_one_choice_is_one_of_the_answer() -> None:
    choice = {"finish_reason": "error", "error": {"code": 502, "message": "Upstream error"}}
    for choices in ([choice], [{}, choice], [7, choice]):
        assert (
            class_of(JSON, json.dumps({"choices": choices}).encode(), "chat", streamed=False)
            == "server_error"
        )


def test_words_that_name_an_end_are_no_end() -> None:
    for dialect in DIALECTS:
        said = b"".join(
            list(events(dialect, "m", ['"type": "message_stop" [DONE] response.completed finishReason']))[:2]
        )
        if dialect != "gemini":
            assert class_of(SSE, said, dialect, streamed=True) == "truncated_stream"


def test_a_server_that_does_not_stream_is_not_at_fault() -> None:
    assert class_of(JSON, json.dumps(whole("chat", "m", "a")).encode(), "chat", streamed=True) == ""


@given(st.sampled_from(DIALECTS), st.lists(st.integers(0, 400), max_size=8), st.integers(0, 2))
def test_it_does_not_matter_where_the_pieces_are_cut(dialect: Dialect, cuts: list[int], drop: int) -> None:
    body, ending = stream(dialect, drop=drop), Ending(dialect)
    at = 0
    for cut in sorted(cuts):
        ending.feed(body[at:cut])
        at = max(at, cut)
    ending.feed(body[at:])
    ending.close()
    assert (ending.complete, ending.failed) == (drop == 0, False)


@given(st.binary(max_size=300))
def test_any_bytes_are_borne(body: bytes) -> None:
    for dialect in DIALECTS:
        flaw_in(200, SSE, body, dialect=dialect, streamed=True)
        flaw_in(200, {}, body, dialect=dialect, streamed=False)


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/chat/completions", "chat"),
        ("https://h/openai/v1/responses?x=1", "responses"),
        ("/t/TOKEN/v1/messages?beta=true", "messages"),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", "gemini"),
        ("/v1/messages/count_tokens", None),
        ("/v1/models", None),
    ],
)
def test_the_dialect_is_told_by_the_path(path: str, dialect: Dialect | None) -> None:
    assert dialect_of(path) == dialect


def test_a_line_without_an_end_is_borne_in_bounded_memory() -> None:
    ending = Ending("chat")
    for _ in range(100):
        ending.feed(b"data: " + b"x" * 100_000)
    ending.feed(b"\ndata: [DONE]\n")
    assert (ending.complete, ending.events) == (True, 2)


def test_the_data_of_each_event_is_shown_wherever_it_is_cut() -> None:
    shown: list[bytes] = []
    ending = Ending("chat", lambda _, data: shown.append(data))
    for piece in (b"data: {1", b"}\n: a comment\n\ndata:", b" [DONE]\r\nda"):
        ending.feed(piece)
    assert (shown, ending.rest) == ([b"{1}", b"[DONE]"], b"da")


@pytest.mark.parametrize("dialect", ["responses", "messages"])
def test_the_name_of_an_end_is_no_end_without_what_it_names(dialect: Dialect) -> None:
    body = stream(dialect).rstrip()
    start = body.rindex(b"event:")
    for cut in range(start, len(body)):
        assert class_of(SSE, body[:cut], dialect, streamed=True) == "truncated_stream", body[start:cut]
    assert class_of(SSE, body, dialect, streamed=True) == ""


def test_an_end_longer_than_a_line_may_be_is_an_end() -> None:
    ending = Ending("responses")
    ending.feed(b"event: response.completed\ndata: " + b"x" * 3_000_000)
    assert not ending.complete
    ending.feed(b"\n\n")
    assert ending.complete
