"""Text of others on a line of its own, without anything a terminal would obey."""

from __future__ import annotations

from unicodedata import bidirectional, category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.printable import encodable, printable, some


@given(st.text())
def test_nothing_that_controls_or_turns_text_is_left_and_all_else_is(text: str) -> None:
    shown = printable(text)
    assert "\n" not in shown
    assert not [c for c in shown if category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [
        c
        for c in shown
        if bidirectional(c) in ("RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI")
    ]
    kept = [c for c in text if printable(c) == c]
    assert [c for c in shown if c != "\ufffd"] == [c for c in kept if c != "\ufffd"]


@given(st.text(alphabet=st.characters(codec=None)))
def test_what_utf8_holds_stays_and_what_it_cannot_is_marked(text: str) -> None:
    (shown,) = encodable({"a": [text]})["a"]
    shown.encode("utf-8")
    assert shown == "".join("\ufffd" if category(c) == "Cs" else c for c in text)


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "a\nb", "a\rb", "\x9b31m", "\u202egnp", "half \ud800", "\x7f", "\u2028"]
)
def test_each_of_these_is_replaced(text: str) -> None:
    assert "\ufffd" in printable(text)
    assert printable(text).encode()


def test_values_of_all_shapes_are_gone_through_keys_too() -> None:
    value = {"a\n": ["\x1b", {"b": "\x00"}, 1, None, True, 1.5], "c": ("\x07",)}
    assert printable(value) == {"a\ufffd": ["\ufffd", {"b": "\ufffd"}, 1, None, True, 1.5], "c": ["\ufffd"]}


def test_of_many_names_the_first_are_told() -> None:
    assert some(["a", "b\n"]) == "a, b\ufffd"
    assert some(list("abc"), 2) == "a, b and 1 more"
