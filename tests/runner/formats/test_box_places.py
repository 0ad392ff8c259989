"""Where the state of a box stands in a text, with any line ends."""

from __future__ import annotations

import pytest

from beastmode.runner.formats.box_places import box_edits


def edited(text: str, *lines: int) -> str:
    for edit in reversed(box_edits(text, lines)):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_lines_are_those_of_the_reader(end: str) -> None:
    text = end.join(["# A [ ]", "- [ ] one [ ]", "- [~] two", "words", "  - [] three"])
    wanted = end.join(["# A [ ]", "- [x] one [ ]", "- [x] two", "words", "  - [x] three"])
    assert edited(text, 2, 3, 4, 5) == wanted


def test_an_escaped_box_and_the_last_line() -> None:
    assert edited("- \\[ \\] a\n- [ ] b", 1, 2) == "- \\[x\\] a\n- [x] b"


def test_only_a_box_that_a_line_begins_with_is_one() -> None:
    text = "### Task [P]: a\n- see [1] and [ ]\n-[ ] b\n\t* [ ] c\n1. [ ] d\n[ ] e"
    wanted = "### Task [P]: a\n- see [1] and [ ]\n-[x] b\n\t* [x] c\n1. [x] d\n[x] e"
    assert edited(text, 1, 2, 3, 4, 5, 6) == wanted


def test_words_in_a_box_give_way() -> None:
    assert edited("- [in progress] a", 1) == "- [x] a"


def test_a_form_feed_ends_no_line() -> None:
    assert edited("words\x0cwords\x85words\n- [ ] a\n", 2) == "words\x0cwords\x85words\n- [x] a\n"
