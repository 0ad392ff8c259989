from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.formats.record_text import cleaned, details_of, title_of, word, words


def test_headings_first_then_all_others_under_their_own_names() -> None:
    record = {
        "id": 1,
        "extra": ["a", {"b": 1, "c": ["d"]}],
        "notes": "two\n\n  lines",
        "empty": "",
        "none": None,
    }
    assert details_of({**record, "description": "What"}, {"description": "", "notes": "Notes"}, {"id"}) == (
        "What\n\nNotes:\ntwo\n\n  lines\n\nextra:\n- a\n- b: 1\n  c:\n    - d"
    )


def test_a_title_is_one_line_and_not_too_long() -> None:
    assert title_of({"title": " ", "name": "a\n b"}, "title", "name") == "a b"
    assert title_of({"title": "x" * 500}, "title") == "x" * 159 + "…"
    assert title_of({"title": ["x"]}, "title") == ""


def test_words_of_lists_texts_and_numbers() -> None:
    assert words([1, "2", None, 5.2, {"a": 1}, " "]) == ["1", "2", "5.2"]
    assert words("a, b\nc") == ["a", "b", "c"]
    assert (words(None), words(7), word(True)) == ([], ["7"], "true")


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_any_record_becomes_a_text_that_can_be_written(record: dict[str, Any]) -> None:
    details = details_of(record, {"a": "A"}, {"b"})
    details.encode()
    assert "\0" not in details


def test_what_no_file_can_hold_becomes_a_mark_and_what_lies_too_deep_is_cut() -> None:
    assert cleaned("a\0b\ud800c") == "a\ufffdb\ufffdc"
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    assert details_of({"a": deep}, {}, ()).endswith("…")
