"""One spelling for all spellings of the same JSON, and never one for two things."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.cache.canonical import MOST_BYTES, MOST_VALUES, decoded
from tests.cache.spelling import meant, spelled, values


@given(values, values, st.data())
def test_two_spellings_are_one_where_they_mean_the_same_and_only_there(
    one: Any, other: Any, data: st.DataObject
) -> None:
    texts = [data.draw(spelled(value)).encode() for value in (one, one, other)]
    told = [decoded(text) for text in texts]
    assert None not in told, texts
    first, again, another = (found[1] for found in told if found is not None)
    assert first == again
    assert (first == another) == (meant(one) == meant(other))
    assert meant(json.loads(first)) == meant(one), "nothing got lost"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"x":[{"a":1,"b":2,"a":{}}]}',
        b'{"a":{"k":1},"a":"\\u003a"}',
        b'{"a":1,"a":2e1,"f":12345678e2}',
        b'{"a:":1,"a\\u003A":2}',
        b'{"a":1,"a":1,"f":[1e-05,1e-05,1e-05]}',  # as long as its canonical spelling
    ],
)
def test_a_key_that_comes_twice_is_more_than_its_spelling(body: bytes) -> None:
    """Servers differ in which of the two they take."""
    assert decoded(body) is None


def test_colons_may_stand_anywhere_and_in_any_spelling() -> None:
    body = b'{"a:\\u003a": ":\\u003A\\\\u003a", "b": {"a": 1}, "c": {"a": 1}}'
    assert decoded(body) == (json.loads(body), b'{"a::":"::\\\\u003a","b":{"a":1},"c":{"a":1}}')


@pytest.mark.parametrize(
    "number",
    [
        "0.1000000000000000055511151231257827",
        "9007199254740993.0",
        "1e400",
        "1e99999999999999999999",
        "1e-999",
    ],
)
def test_a_number_that_no_float_holds_is_more_than_its_spelling(number: str) -> None:
    assert decoded(f'{{"a":{number}}}'.encode()) is None


@pytest.mark.parametrize(
    ("number", "spelling"),
    [("1e2", b"100.0"), ("1.50", b"1.5"), ("1E-5", b"0.00001"), ("0.10", b"0.1"), ("-0.0", b"-0.0")],
)
def test_odd_spellings_of_a_number_are_that_number(number: str, spelling: bytes) -> None:
    found = decoded(number.encode())
    assert found is not None
    assert found[1] == spelling


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,]",
        b"1 2",
        b"NaN",
        b"-Infinity",
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xed\xa0\x80"',
        b"\xff",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"9" * 5000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_not_read(body: bytes) -> None:
    assert decoded(body) is None


def test_what_is_too_long_is_not_read() -> None:
    assert decoded(b'"' + b"x" * (MOST_BYTES - 2) + b'"') is not None
    assert decoded(b'"' + b"x" * (MOST_BYTES - 1) + b'"') is None


def test_what_has_too_many_values_is_not_read() -> None:
    words = b'"' + b"w" * 300 + b'",'
    assert decoded(b"[" + words * 1000 + b"0]") is not None
    assert decoded(b"[" + words * 1000 + b"0," * MOST_VALUES + b"0]") is None
    assert decoded(b"[" + words * 1000 + b"[]," * MOST_VALUES + b"0]") is None
