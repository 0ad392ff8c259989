"""What programs print, as a page shows it: any bytes, cut anywhere, become text that hides and reorders nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beastmode.dashboard.foreign_text import diff_lines, log_text, shown_text

PIECES = (
    *(
        b"plain ",
        b"\n",
        b"\r\n",
        b"\r",
        b"\t",
        b"\x1b[31m",
        b"\x1b[0m",
        b"\x1b[38;5;12m",
        b"\x1b]0;a title\x07",
    ),
    *(
        "é".encode(),
        "漢".encode(),
        "🦀".encode(),
        "\u202e".encode(),
        b"\xff",
        b"\x80",
        b"\x00",
        b"\x1b",
        b"</pre>",
    ),
)
logs = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))


@given(logs, st.integers(0, 320))
def test_anything_becomes_text_without_what_a_page_cannot_show(data: bytes, cut: int) -> None:
    text = log_text(data, cut)
    assert all(unicodedata.category(one) not in ("Cc", "Cs") or one in "\n\t" for one in text)
    assert "\u202e" not in text
    text.encode("utf-8")


WHOLE = st.lists(
    st.sampled_from(("ab", "é", "漢", "🦀", "\x1b[31m", "\x1b[0;1m", "\n", " ")), max_size=40
).map("".join)


@given(WHOLE, st.data())
@example("\x1b[31mred", None)
def test_a_cut_anywhere_shows_the_end_of_what_is_shown_of_all(said: str, data: st.DataObject | None) -> None:
    whole = said.encode()
    cut = data.draw(st.integers(0, len(whole))) if data else 2
    before = max(0, cut - 64)
    shown = log_text(whole[before:], cut - before)
    assert log_text(whole).endswith(shown)
    assert "\N{REPLACEMENT CHARACTER}" not in shown


@given(WHOLE, st.data())
def test_what_is_half_written_at_the_end_is_not_shown_yet(said: str, data: st.DataObject) -> None:
    whole = said.encode()
    so_far = log_text(whole[: data.draw(st.integers(0, len(whole)))])
    assert log_text(whole).startswith(so_far)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\x1b[1;32mgreen\x1b[0m", "green"),
        (b"10 %\r50 %\r100 %\ndone", "100 %\ndone"),
        (b"a line\r\nanother\r\n", "a line\nanother\n"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b[2K\x1b[1Gx", "x"),
        (b"bell\x07 null\x00", "bell\N{REPLACEMENT CHARACTER} null\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_commands_for_a_terminal_are_left_out(data: bytes, shown: str) -> None:
    assert log_text(data) == shown


@pytest.mark.parametrize("piece", [b"\x1b]", b"\x1b[1;", b"a", b"\r", b"\x1b", b"\x80"])
def test_a_log_that_is_made_to_be_slow_is_not(piece: bytes) -> None:
    assert len(log_text(piece * 200_000, 64)) <= 200_000 * len(
        piece
    )  # a quadratic way would not come to its end


def test_a_line_of_a_diff_is_what_its_place_says_not_what_it_looks_like() -> None:
    text = (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n--- a comment\n+++ more\n same\n\\ No newline"
    )
    kinds = [line.kind for line in diff_lines(text)]
    assert kinds == ["file", "file", "file", "place", "removed", "added", "same", "same"]


@given(st.text())
def test_all_of_a_diff_is_shown(text: str) -> None:
    assert "\n".join(line.text for line in diff_lines(text)) == shown_text(text.removesuffix("\n"))
