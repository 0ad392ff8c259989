"""Bodies: JSON is indented and otherwise untouched; all else stays as it was recorded."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.dashboard.pretty import MOST_CHARS, readable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_what_is_shown_is_the_same_json(value: Any, ascii_only: bool, indent: int | str | None) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    shown, left_out = readable(body)
    assert left_out == 0
    assert json.dumps(json.loads(shown)) == json.dumps(value)
    assert _outside_strings(shown) == _outside_strings(body)


def _outside_strings(text: str) -> str:
    """Without the blanks between its words."""
    return "".join(re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]', text))


def test_a_value_has_a_line_and_numbers_stay_as_they_were_sent() -> None:
    shown, _ = readable('{"a":[1.0,2e5,{}],"a":[],"b":"x:{y"}')
    assert shown.splitlines() == [
        "{",
        '  "a": [',
        "    1.0,",
        "    2e5,",
        "    {}",
        "  ],",
        '  "a": [],',
        '  "b": "x:{y"',
        "}",
    ]


@pytest.mark.parametrize("body", ["", "data: {}\n\n", '{"a": ', "[" * 5000, "{'a': 1}", "plain"])
def test_anything_else_stays_as_it_is(body: str) -> None:
    assert readable(body) == (body, 0)


def test_a_page_shows_a_bounded_part_and_says_how_much_is_left_out() -> None:
    shown, left_out = readable("x" * (MOST_CHARS + 7))
    assert (len(shown), left_out) == (MOST_CHARS, 7)
    deep = "[" * 900 + "]" * 900
    assert len(readable(json.dumps([deep] * 100))[0]) <= MOST_CHARS
