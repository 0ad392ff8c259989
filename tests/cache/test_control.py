"""Cache-Control: what a request asks for, how long an answer may be kept, and what a client is told."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beastmode.cache.control import (
    ANYTHING,
    DEFAULT_TTL_S,
    MOST_S,
    Wish,
    directives,
    hit,
    hit_headers,
    miss,
    ttl_s,
    wish_of,
)
from tests.cache.answers import HEADERS, NOON, answer

SSE = (b"content-type", b"text/event-stream; charset=utf-8")
JSON = (b"content-type", b"application/json")


def says(*values: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"Cache-Control", value) for value in values]


@pytest.mark.parametrize(
    ("values", "wish"),
    [
        ((), ANYTHING),
        ((b"",), ANYTHING),
        ((b"no-cache",), Wish(read=False)),
        ((b"No-Store",), Wish(read=False, store=False)),
        ((b"no-cache, no-store",), Wish(read=False, store=False)),
        ((b"max-age=60",), Wish(max_age_s=60)),
        ((b"max-age=0",), Wish(max_age_s=0)),
        ((b'max-age="60"',), Wish(max_age_s=60)),
        ((b"max-age=60", b"only-if-cached"), Wish(max_age_s=60, only_if_cached=True)),
        ((b"max-age=60", b"max-age=5, max-age=30"), Wish(max_age_s=5)),
        ((b"max-age=99999999999999999999999",), Wish(max_age_s=MOST_S)),
        ((b"MIN-FRESH=10 ,, max-stale",), Wish(min_fresh_s=10, ignored=("max-stale",))),
        ((b"max-stale=100",), Wish(ignored=("max-stale",))),
        ((b'x="no-store, no-cache", only-if-cached',), Wish(only_if_cached=True)),
    ],
)
def test_what_a_request_asks_for(values: tuple[bytes, ...], wish: Wish) -> None:
    assert wish_of([JSON, *says(*values)]) == wish


@pytest.mark.parametrize(
    "malformed",
    [b"max-age", b"max-age=", b"max-age=-1", b"max-age=1.5", b"max-age=ten", b"max-age = 5", b"no cache", b"=5",
     b"no-store;", b'"no-store"', b'x="no-store', b"\xff\x00", "max-age=\u0665".encode(), b"max-age=\xb2"],
)  # fmt: skip
def test_what_cannot_be_understood_counts_as_not_said(malformed: bytes) -> None:
    assert wish_of(says(malformed)) == ANYTHING
    assert wish_of(says(b"only-if-cached," + malformed)) == Wish(only_if_cached=True)


@given(st.binary(max_size=200))
@example(b'"' + b"\\" * 5000)
@example(b'"a' * 5000)
def test_any_bytes_are_taken(value: bytes) -> None:
    wish_of(says(value))
    assert 0.0 <= ttl_s(says(value)) <= DEFAULT_TTL_S


@pytest.mark.parametrize(
    ("wish", "age_s", "why"),
    [
        (ANYTHING, 3599, ""),
        (Wish(read=False), 0, "no-cache"),
        (Wish(read=False, store=False), 0, "no-store"),
        (Wish(max_age_s=60), 60, ""),
        (Wish(max_age_s=60), 61, "older than max-age"),
        (Wish(max_age_s=0), 0.5, "older than max-age"),
        (Wish(min_fresh_s=600), 3000, ""),
        (Wish(min_fresh_s=600), 3001, "min-fresh"),
    ],
)
def test_which_answers_a_request_may_have(wish: Wish, age_s: float, why: str) -> None:
    assert wish.why_not(answer(ttl_s=3600), NOON + age_s) == why


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], DEFAULT_TTL_S),
        (says(b"no-store"), 0),
        ([SSE, *says(b"no-store")], 0),
        ([JSON, *says(b"no-cache")], 0),
        ([SSE, *says(b"no-cache")], DEFAULT_TTL_S),
        ([SSE, *says(b"no-cache, no-transform", b"must-revalidate")], DEFAULT_TTL_S),
        (says(b"private, must-revalidate"), DEFAULT_TTL_S),
        (says(b"max-age=60"), 60),
        (says(b"max-age=999999999"), DEFAULT_TTL_S),
        (says(b"max-age=60, s-maxage=30"), 30),
        (says(b"max-age=60, s-maxage=300"), 300),
        ([*says(b"max-age=60"), (b"Age", b"45")], 15),
        ([*says(b"max-age=60"), (b"age", b"99")], 0),
        ([*says(b"max-age=60"), (b"age", b"soon")], 60),
        (says(b"max-age=0"), 0),
        (says(b"max-age=soon"), 0),
    ],
)
def test_how_long_an_answer_may_be_kept(headers: list[tuple[bytes, bytes]], seconds: float) -> None:
    assert ttl_s(headers) == seconds


def test_the_default_is_given_and_bounds_what_an_answer_says() -> None:
    assert ttl_s([], 5.0) == 5.0
    assert ttl_s(says(b"max-age=60"), 5.0) == 5.0


def test_what_a_client_is_told() -> None:
    assert hit("l1", 12.9) == b"hit; tier=l1; age=12"
    assert miss("new") == b"miss; why=new"
    assert miss("older than max-age", ("max-stale",)) == b'miss; why="older than max-age"; ignored=max-stale'
    assert hit_headers(answer(), "l3", 3.2) == (
        *HEADERS, (b"age", b"3"), (b"x-beast-cache", b"hit; tier=l3; age=3")
    )  # fmt: skip


@given(st.text(max_size=100))
def test_no_text_ends_the_header_or_forges_a_part_of_it(why: str) -> None:
    told = miss(why)
    assert all(32 <= byte < 127 for byte in told)
    element = told.removeprefix(b"miss; ")
    assert list(directives(says(element))) == ["why"]
