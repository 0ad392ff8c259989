from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.formats.json_places import (
    Lines,
    Placed,
    UnreadableJsonError,
    items,
    member,
    members,
    sequence,
    whole,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)
SPACES = st.sampled_from(["", " ", "\n", "\r\n", "\t "])


def walked(text: str, one: Placed) -> Any:
    """A value put together again from the places of its parts."""
    assert json.loads(text[one.start : one.end]) == one.value
    if isinstance(one.value, list):
        return [walked(text, part) for part in items(text, one.start)]
    if isinstance(one.value, dict):
        return {part.key: walked(text, part) for part in members(text, one.start)}
    return one.value


@given(VALUES, SPACES, st.sampled_from([None, 0, 2]), st.booleans())
def test_places_agree_with_what_json_reads(value: Any, space: str, indent: int | None, plain: bool) -> None:
    text = space + json.dumps(value, indent=indent, ensure_ascii=plain) + space
    assert walked(text, whole(text)) == json.loads(text) == value


@given(st.lists(VALUES, max_size=4), st.sampled_from(["\n", "\r\n", "\n\n "]))
def test_values_one_after_the_other(values: list[Any], between: str) -> None:
    text = between.join(json.dumps(value) for value in values)
    found = list(sequence(text))
    assert [one.value for one in found] == values
    assert [json.loads(text[one.start : one.end]) for one in found] == values


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    text = '{"a": 1, "\\u0061": [2], "b": 3}'
    last = member(text, 0, "a")
    assert last is not None
    assert (last.value, text[last.start : last.end]) == ([2], "[2]")
    assert member(text, 0, "c") is None
    assert [one.key for one in members(text, 0)] == ["a", "a", "b"]


@pytest.mark.parametrize(
    ("text", "words", "line", "tip"),
    [
        ('{"a": 1,\n "b": 2,\n}', "line 3, column 1", 3, "comma"),
        ("[1,\n 2\n", "line 3, column 1", 3, "too early"),
        ('{"a": 1,\n "b": [1, {"c":\n NaN}]}', "NaN is no JSON (line 3, column 2)", 3, "as a text"),
        ("[1, Infinity]", "Infinity is no JSON", 1, "as a text"),
        ("[" + "9" * 5000 + "]", "4300 digits", 1, "as a text"),
        ('{"a": 1} {"b": 2}', "behind the end (line 1, column 10)", 1, "one list"),
        ("[" * 100_000, "too many lists", 1, "fewer levels"),
        ('{"a": 1\n // b\n}', "line 2", 2, "comment"),
        ("{'a': 1}", "line 1, column 2", 1, "double quotes"),
        ('{"a":\n<<<<<<< HEAD\n 1}', "line 2", 2, "merge"),
        ('["a\nb"]', "control character", 1, ""),
        ("", "a value is missing", 1, "too early"),
    ],
    ids=range(12),
)
def test_what_is_no_json_is_told_with_its_place(text: str, words: str, line: int, tip: str) -> None:
    with pytest.raises(UnreadableJsonError) as raised:
        whole(text)
    assert words in raised.value.problem.what.replace("invalid control", "control")
    assert raised.value.problem.line == line
    assert tip in raised.value.problem.tip


@given(st.text(alphabet='{}[]",:1a\\ \n', max_size=30))
def test_any_text_is_json_for_both_or_for_neither(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(UnreadableJsonError):
            whole(text)
    else:
        assert walked(text, whole(text)) == expected


def test_walking_half_a_text_raises_and_never_hangs() -> None:
    for walk in (items, members):
        for text in ("[1 2]", "[1,]", "[", "[1", '{"a" 1}', '{"a": 1,}', "{", '{"a"', '{"a":', "{1: 2}"):
            if (text[0] == "[") == (walk is items):
                with pytest.raises(UnreadableJsonError):
                    list(walk(text, 0))


def test_lines_are_counted_once_and_backwards_too() -> None:
    line_of = Lines("a\nb\n\nc")
    assert [line_of(at) for at in (0, 2, 5, 2)] == [1, 2, 4, 2]
