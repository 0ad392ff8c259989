"""Where a SEARCH text stands: once, or it is told how often, and where something like it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.generating.locating import Place, locate

CODE = ["def one():", "    return 1", "", "def two():", "    if True:", "        return 2", ""]


def made(lines: list[str], search: list[str], replace: list[str]) -> list[str] | str:
    place = locate(lines, search, replace)
    if not isinstance(place, Place):
        return place
    return [*lines[: place.begin], *place.new, *lines[place.end :]]


def test_only_what_differs_between_search_and_replace_is_touched() -> None:
    place = locate(
        CODE,
        ["def two():", "    if True:", "        return 2"],
        ["def two():", "    if yes:", "        return 2"],
    )
    assert place == Place(4, 5, ("    if yes:",))


def test_the_exact_text_wins_over_what_is_alike() -> None:
    lines = ["a ", "a"]
    assert made(lines, ["a"], ["b"]) == ["a ", "b"]


def test_spaces_at_the_ends_of_lines_may_differ() -> None:
    assert made(["a  ", "b", "c"], ["a", "b"], ["a", "x"]) == ["a  ", "x", "c"]


def test_a_block_may_be_indented_otherwise_as_a_whole() -> None:
    assert made(CODE, ["if True:", "    return 2"], ["if yes:", "    return 2", "", "    pass"]) == [
        *CODE[:4],
        "    if yes:",
        "        return 2",
        "",
        "        pass",
        "",
    ]
    deeper = ["      def one():", "          return 1"]
    assert made(CODE, deeper, ["      def one():", "          return 11"])[:2] == [
        "def one():",
        "    return 11",
    ]


def test_lines_that_are_indented_each_otherwise_do_not_fit() -> None:
    assert "does not occur" in str(locate(CODE, ["if True:", "return 2"], ["x"]))


def test_what_fits_twice_is_not_taken() -> None:
    lines = ["a", "  b", "a", "  b"]
    assert "occurs 2 times, beginning on lines 1, 3" in str(locate(lines, ["a"], ["x"]))
    assert "occurs 2 times" in str(locate(lines, ["b"], ["x"]))


def test_the_nearest_is_shown() -> None:
    said = str(locate(CODE, ["def two():", "    if False:", "        return 2"], ["x"]))
    assert "The nearest is on lines 4 to 6, which read:\ndef two():\n    if True:\n        return 2" in said
    assert "Nothing in it is like it" in str(locate(CODE, ["zzzzzzzzz"], ["x"]))
    assert "which read:\ndef one():" in str(locate(CODE, ["def ona():"], ["x"]))


LINES = st.lists(st.sampled_from(["a", "b", " a", "  a", "a ", ""]), max_size=12)


@given(LINES, st.data())
def test_a_text_that_is_there_is_replaced_where_it_is_or_said_to_be_there_more_than_once(
    lines: list[str], data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(begin, len(lines)))
    search, replace = lines[begin:end], data.draw(LINES)
    if not search:
        return
    often = sum(lines[at : at + len(search)] == search for at in range(len(lines) - len(search) + 1))
    got = made(lines, search, replace)
    if often == 1:
        assert got == [*lines[:begin], *replace, *lines[end:]]
    else:
        assert f"occurs {often} times" in got


@given(LINES, LINES.filter(bool), LINES)
def test_locating_never_breaks(lines: list[str], search: list[str], replace: list[str]) -> None:
    locate(lines, search, replace)
