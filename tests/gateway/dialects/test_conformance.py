"""What every dialect promises, tried with every dialect: whatever comes, it is read, followed and answered."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.failures.failure import Failure
from beastmode.failures.tips import TIPS
from beastmode.gateway.dialects import Dialect, Follower, Stop, Usage, dialect_for
from beastmode.gateway.dialects.choose import DIALECTS
from tests.gateway.dialects.spoken import ALL, FAILURE, STREAMING, TIP, sse

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
EVERY = pytest.mark.parametrize("name", ALL)
WITH_STREAMS = pytest.mark.parametrize("name", STREAMING)
MB = 1024 * 1024


def followed(dialect: Dialect, *pieces: bytes) -> tuple[bool, bool, bytes, Usage]:
    follower: Follower = dialect.follow()
    for piece in pieces:
        follower.feed(piece)
    return follower.complete, follower.failed, follower.last, follower.usage


def stopped(dialect: Dialect, *pieces: bytes) -> Stop:
    follower = dialect.follow()
    for piece in pieces:
        follower.feed(piece)
    return follower.stopped


def test_no_dialect_is_left_out() -> None:
    assert [dialect.name for dialect in DIALECTS] == [name for name in (*ALL,) if name in BY_NAME], (
        "an unknown dialect, or one without samples"
    )
    assert set(ALL) == set(BY_NAME)


@EVERY
def test_a_good_request_is_read(name: str) -> None:
    spoken, dialect = ALL[name], BY_NAME[name]
    asked = dialect.read(spoken.path, "", json.dumps(spoken.request).encode())
    assert asked.dialect == name
    if name != "other":
        assert (asked.model, asked.broken, asked.stream) == ("m", False, False)
        assert (asked.deterministic, asked.stateful) == (True, False)
        assert (asked.most_tokens > 0) == ("count" not in name)


@EVERY
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000])
def test_a_broken_request_is_told_and_never_remembered(name: str, body: bytes) -> None:
    asked = BY_NAME[name].read("/v1/x", "", body)
    assert (asked.model, asked.stream, asked.stateful, asked.deterministic) == ("", False, True, False)
    assert asked.broken == (name != "other")


@EVERY
@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=20))
def test_any_bytes_are_borne(name: str, body: bytes, path: str, query: str) -> None:
    dialect = BY_NAME[name]
    for some in (body, b'{"model":' + body, b"data: " + body + b'"usage"\n'):
        dialect.read(path, query, some)
        assert all(count is None or count >= 0 for count in figures(dialect.usage(some)))
        assert dialect.stopped(some) in get_args(Stop)
        followed(dialect, some)
    dialect_for("POST", path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@EVERY
@given(st.data())
def test_any_json_in_the_place_of_any_field_is_borne(name: str, data: st.DataObject) -> None:
    spoken, dialect = ALL[name], BY_NAME[name]
    request = {field: data.draw(st.just(value) | JSON) for field, value in spoken.request.items()}
    asked = dialect.read(spoken.path, "", json.dumps(request).encode())
    assert isinstance(asked.model, str)
    assert 0 <= asked.most_tokens <= 10**9
    answer = {field: data.draw(st.just(value) | JSON) for field, value in spoken.answer.items()}
    assert dialect.stopped(json.dumps(answer).encode()) in get_args(Stop)
    assert stopped(dialect, sse(answer), ALL[name].streamed) in get_args(Stop)
    usage = dialect.usage(json.dumps(answer).encode())
    assert all(count is None or 0 <= count <= 2**53 for count in figures(usage))


ODD: list[Any] = [
    None,
    True,
    0,
    -1.5,
    "",
    "x",
    [],
    ["x"],
    [[]],
    {},
    {"type": ["x"]},
    [{"type": {}}],
    {"": None},
]


def spoiled(value: Any, odd: Any) -> Iterator[Any]:
    """The same with something odd in the place of one part, for each part, however deep."""
    yield odd
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        for other in spoiled(inner, odd):
            if isinstance(value, dict):
                yield value | {step: other}
            else:
                yield [*value[:step], other, *value[step + 1 :]]


@EVERY
def test_anything_odd_at_any_depth_is_borne(name: str) -> None:
    spoken, dialect = ALL[name], BY_NAME[name]
    events = [json.loads(line[5:]) for line in spoken.streamed.split(b"\n") if line.startswith(b"data: {")]
    for odd in ODD:
        for request in spoiled(
            spoken.request | {"input": [{"type": "additional_tools", "tools": [{}]}]}, odd
        ):
            assert dialect.read(spoken.path, "", json.dumps(request).encode()).dialect == name
        for answer in spoiled(spoken.answer, odd):
            assert dialect.stopped(json.dumps(answer).encode()) in get_args(Stop)
        for event in events:
            for other in spoiled(event, odd):
                assert stopped(dialect, b"data: %b\n\n" % json.dumps(other).encode()) in get_args(Stop)


def figures(usage: Usage) -> list[int | None]:
    return [
        usage.tokens_in,
        usage.tokens_out,
        usage.tokens_cached,
        usage.tokens_reasoning,
        usage.tokens_stored,
    ]


@EVERY
def test_the_usage_of_an_answer_is_read(name: str) -> None:
    spoken = ALL[name]
    assert BY_NAME[name].usage(json.dumps(spoken.answer).encode()) == spoken.usage
    assert BY_NAME[name].usage(json.dumps(spoken.answer, indent=2).encode()) == spoken.usage


@EVERY
def test_why_an_answer_stopped_is_read(name: str) -> None:
    spoken = ALL[name]
    assert BY_NAME[name].stopped(json.dumps(spoken.answer).encode()) == spoken.stop
    assert BY_NAME[name].stopped(json.dumps(spoken.answer, indent=2).encode()) == spoken.stop
    for cut in (b"", b"{}", b"[]", b"null", json.dumps(spoken.answer).encode()[:-1]):
        assert BY_NAME[name].stopped(cut) == "unknown"


@WITH_STREAMS
@given(data=st.data())
def test_a_stream_is_followed_wherever_it_is_cut(name: str, data: st.DataObject) -> None:
    body = ALL[name].streamed
    if data.draw(st.booleans()):
        body = body.replace(b"\n", b"\r\n")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    complete, failed, _, usage = followed(BY_NAME[name], *pieces)
    assert (complete, failed, usage) == (True, False, ALL[name].usage)
    assert stopped(BY_NAME[name], *pieces) == ALL[name].stop


@WITH_STREAMS
def test_it_may_be_asked_at_any_time_and_needs_no_last_line_break(name: str) -> None:
    body = ALL[name].streamed.rstrip()
    follower = BY_NAME[name].follow()
    for at in range(len(body)):
        if at < len(body) - 60:
            assert not follower.complete
            assert follower.stopped == "unknown"
        assert not follower.failed
        assert isinstance(follower.usage, Usage)
        follower.feed(body[at : at + 1])
    assert (follower.complete, follower.usage, follower.stopped) == (True, ALL[name].usage, ALL[name].stop)


@WITH_STREAMS
def test_its_own_bytes_within_a_stream_are_understood_again(name: str) -> None:
    """Keepalives mean nothing, and what it says of a failure is a failure, with the words that say which."""
    dialect, body = BY_NAME[name], ALL[name].streamed
    half = body[: body.index(b"\n\n") + 2]
    waited = followed(dialect, dialect.keepalive * 3, half, dialect.keepalive, body[len(half) :])
    assert (waited[:2], waited[3]) == ((True, False), ALL[name].usage)
    _, failed, last, _ = followed(dialect, half, *dialect.error_events(FAILURE), b": bye\n\n")
    assert failed
    assert TIP.encode() in last
    assert stopped(dialect, half, *dialect.error_events(FAILURE)) == "error"


@WITH_STREAMS
def test_lines_without_an_end_are_borne_in_bounded_memory(name: str) -> None:

    follower = BY_NAME[name].follow()
    piece = b'data: {"usage": "usageMetadata' + b"x" * 100_000
    tracemalloc.start()
    try:
        for _ in range(200):
            follower.feed(piece)
        follower.feed(b"\n" + ALL[name].streamed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * MB
    assert (follower.complete, follower.usage) == (True, ALL[name].usage)
    assert len(follower.last) <= 64 * 1024


@EVERY
def test_every_failure_can_be_said(name: str) -> None:
    dialect = BY_NAME[name]
    for class_ in TIPS:
        failure = Failure(class_, 'a "cause"\n of\u2028 all kinds: é', False, TIP)
        error = json.loads(dialect.error(failure, 503))["error"]
        assert error["message"] == f'A "cause"\n of\u2028 all kinds: é. {TIP}'
        assert all(value for value in error.values() if isinstance(value, str)), class_
        for event in dialect.error_events(failure):
            assert event.endswith(b"\n\n")
            data = json.loads(event.rpartition(b"data: ")[2])
            assert data["error"]["message"] == error["message"]


@EVERY
def test_a_failure_without_words_is_told_by_its_class(name: str) -> None:
    body = BY_NAME[name].error(Failure("worker_lost", "", False, "Do this."), 502)
    assert json.loads(body)["error"]["message"] == "Worker lost. Do this."
