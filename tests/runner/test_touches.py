"""Touches: two patterns that may name one file overlap; those that overlap take turns, and nobody starves."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.roadmap import Task, TaskOptions
from beastmode.runner.touches import TurnLine, overlap, touches_of

APART = [
    ("src/a.py", "src/b.py"),
    ("src", "source"),
    ("src/", "docs/"),
    ("*.py", "*.md"),
    ("src/*.py", "src/*.pyi"),
    ("src/**/test_*.py", "docs/**"),
    ("a?c", "ac"),
    ("src/*/a.py", "src/x/b.py"),
]
TOGETHER = [
    ("src/a.py", "src/a.py"),
    ("src", "src/deep/a.py"),
    ("./src/", "src/*.py"),
    ("src/**", "src/a.py"),
    ("**/*.py", "src/deep/a.py"),
    ("a*c", "*b*"),
    ("[ab].py", "b.py"),
    ("src/{a,b}.py", "src/b.py"),
    ("README.md", "readme.md"),
    ("", "anything"),
    (".", "src/a.py"),
    ("../x", "src/a.py"),
    ("!src", "docs"),
    ("src/a/../b", "src/b"),
    ("x" * 5000, "y" * 5000),
    ("a/" * 5000 + "x", "a/" * 5000 + "y"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_patterns_that_can_share_no_file_are_apart(one: str, other: str) -> None:
    assert not overlap((one,), (other,))
    assert not overlap((other,), (one,))


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_patterns_that_may_share_a_file_overlap_also_where_it_cannot_be_told(one: str, other: str) -> None:
    assert overlap((one,), (other,))
    assert overlap((other,), (one,))


names = st.text("ab", min_size=1, max_size=3)
globs = st.text("ab*?", min_size=1, max_size=4).filter(lambda name: "**" not in name)
patterns = st.lists(st.one_of(names, globs, st.just("**")), min_size=1, max_size=4).map("/".join)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


def matches(pattern: str, path: str) -> bool:
    """Whether a file belongs to a pattern, told by a regular expression; a pattern also means all below it."""
    words = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\*\*/|\*\*|\*|\?|.", pattern)
    expression = "".join(words.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(f"{expression}(?:/.*)?", path) is not None


@given(patterns, patterns, paths)
def test_whatever_belongs_to_both_makes_them_overlap(one: str, other: str, path: str) -> None:
    if matches(one, path) and matches(other, path):
        assert overlap((one,), (other,))


@given(patterns, paths)
def test_a_plain_path_overlaps_a_pattern_only_where_one_holds_the_other(pattern: str, path: str) -> None:
    below = matches(pattern, path) or re.match(f"{re.escape(path)}(/|$)", pattern)
    if not below and "*" not in pattern and "?" not in pattern:
        assert not overlap((pattern,), (path,))


def test_a_list_without_touches_says_nothing_and_one_with_them_says_them_by_place() -> None:
    quiet, loud = Task("a"), Task("b", options=TaskOptions(touches=("src",)))
    assert touches_of([quiet, quiet]) is None
    told = touches_of([quiet, loud])
    assert told is not None
    assert [told(0), told(1)] == [(), ("src",)]


sets = st.lists(st.sampled_from(["", "a", "b", "a b"]), min_size=1, max_size=12)


@given(sets, st.data())
def test_none_that_overlap_are_at_work_at_once_all_have_their_turn_and_the_rest_is_free(
    declared: list[str], data: st.DataObject
) -> None:
    line = TurnLine(lambda number: tuple(declared[number].split()))
    line.join(range(len(declared)))
    at_work, had = list[int](), list[int]()
    while len(line) or at_work:
        if line and (not at_work or data.draw(st.booleans())):
            number = line.pop()
            busy = {path for other in at_work for path in declared[other].split()}
            assert not busy & set(declared[number].split())
            at_work.append(number)
        else:
            assert at_work, "those that stand in line wait for somebody at work"
            over = at_work.pop(data.draw(st.integers(0, len(at_work) - 1)))
            had.append(over)
            line.over(over)
    assert sorted(had) == list(range(len(declared)))


def test_one_that_waits_is_not_overtaken_for_ever_by_those_that_come_later() -> None:
    line = TurnLine(lambda number: ("a", "b") if number == 2 else ("a",) if number % 2 else ("b",))
    line.join([1])
    assert line.pop() == 1
    line.join([2, 4])
    assert not line, "4 could start beside 1, but 2 waits for longer and needs both"
    line.over(1)
    line.join([0, 3])
    assert line.pop() == 2


def test_what_overlaps_nothing_passes_those_that_wait() -> None:
    line = TurnLine(lambda number: () if number == 5 else ("a",))
    line.join([1, 2, 5])
    assert [line.pop(), line.pop()] == [1, 5]
    assert (bool(line), len(line)) == (False, 1)
    with pytest.raises(IndexError):
        line.pop()


def test_a_hundred_thousand_that_overlap_take_their_turns() -> None:
    line, had = TurnLine(lambda number: ("src",)), list[int]()
    line.join(range(100_000))
    while line:
        had.append(line.pop())
        line.over(had[-1])
    assert had == list(range(100_000))
