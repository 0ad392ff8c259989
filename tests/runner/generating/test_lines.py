"""Line ends, byte order marks and missing last line breaks stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from beastmode.runner.generating.lines import lines_of

TEXT = st.text(st.sampled_from("ab \n\r\ufeff"), max_size=30)


@given(TEXT)
def test_a_file_that_is_not_touched_comes_back_byte_for_byte(text: str) -> None:
    assert lines_of(text.encode()).encoded() == text.encode()


@given(TEXT, st.data())
def test_only_the_lines_that_change_change(text: str, data: st.DataObject) -> None:
    assume(not text.endswith("\r"))  # with a line feed behind it, it would end a line
    before = lines_of(text.encode())
    begin = data.draw(st.integers(0, len(before.lines)))
    end = data.draw(st.integers(begin, len(before.lines)))
    after = lines_of(before.with_lines(begin, end, ["new"]).encoded())
    assert after.plain[:begin] == before.plain[:begin]
    assert after.plain[begin] == "new"
    assert after.lines[begin + 1 :] == before.lines[end:]
    assert after.lines[: max(0, begin - 1)] == before.lines[: max(0, begin - 1)]
    assert (after.ended, after.mark) == (before.ended, before.mark)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\n", b"a\r\nx\r\ny\r\n"),
        (b"a\nb\n", b"a\nx\ny\n"),
        (b"a\nb", b"a\nx\ny"),
        (b"a\r\nb", b"a\r\nx\r\ny"),
        (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfa\nx\ny\n"),
    ],
)
def test_new_lines_end_as_the_others_do(before: bytes, after: bytes) -> None:
    assert lines_of(before).with_lines(1, 2, ["x", "y"]).encoded() == after


def test_the_last_lines_go_and_the_break_before_them() -> None:
    assert lines_of(b"a\r\nb").with_lines(1, 2, []).encoded() == b"a"
    assert lines_of(b"a\r\nb").with_lines(2, 2, ["c"]).encoded() == b"a\r\nb\r\nc"


def test_a_whole_file_anew_keeps_its_form() -> None:
    assert lines_of(b"\xef\xbb\xbfa\r\nb").with_text("x\ny\n").encoded() == b"\xef\xbb\xbfx\r\ny"
    assert lines_of(b"").with_text("x\n").encoded() == b"x\n"
    assert lines_of(b"a\n").with_text("").encoded() == b""
