"""Which numbered boxes are parts of which."""

from __future__ import annotations

import pytest

from beastmode.runner.formats.lines import scan
from beastmode.runner.formats.numbered_boxes import MOST_DEEP, boxes_of, number_of
from beastmode.runner.formats.outline import outline


def parents(text: str) -> dict[str, str]:
    return {box.title: box.parent.title if box.parent else "" for box in boxes_of(outline(scan(text)))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- [ ] 1. a\n  - [ ] 1.1 b\n", {"a": "", "b": "a"}),
        ("- [ ] 1. a\n- [ ] 1.1 b\n- [ ] 2. c\n", {"a": "", "b": "a", "c": ""}),
        ("- [ ] 1. a\n  - [ ] 1.1 b\n    - [ ] 1.2 c\n", {"a": "", "b": "a", "c": "a"}),
        ("- [ ] 1. a\n - [ ] 2. b\n", {"a": "", "b": ""}),
        ("- [ ] 2. a\n  - [ ] 3.1 b\n", {"a": "", "b": "a"}),
        ("- [ ] 1. a\n- [ ] 2. b\n- [ ] 1.1 c\n", {"a": "", "b": "", "c": "a"}),
        ("  - [ ] 1.1 a\n    - [ ] 1.2 b\n", {"a": "", "b": ""}),
        ("- [ ] 1. a\n- [ ] 10. b\n- [ ] 10.1 c\n", {"a": "", "b": "", "c": "b"}),
        ("- [ ] 1. a\n- [ ] 1.2.1 b\n", {"a": "", "b": "a"}),
        ("- [ ] 13. a\n- [ ] 13A. b\n- [ ] 13A.1 c\n", {"a": "", "b": "", "c": "b"}),
        ("## A\n- [ ] 1. a\n## B\n- [ ] 1.1 b\n", {"a": "", "b": ""}),
        ("- [ ] 1. a\n  - [ ] no number\n", {"a": ""}),
    ],
)
def test_parents(text: str, expected: dict[str, str]) -> None:
    assert parents(text) == expected


def test_what_lies_too_deep_stays_on_the_deepest_level() -> None:
    boxes = boxes_of(outline(scan("".join(f"{'  ' * level}- [ ] 1. x\n" for level in range(40)))))
    assert max(box.depth for box in boxes) == MOST_DEEP


@pytest.mark.parametrize(
    ("text", "number"),
    [("1. a", "1"), ("1.2 a", "1.2"), ("2.5x faster", ""), ("50% less", ""), ("7 days", ""), ("1-2 a", "")],
)
def test_numbers(text: str, number: str) -> None:
    assert number_of(text)[0] == number
