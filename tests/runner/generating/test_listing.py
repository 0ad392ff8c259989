"""The map of a repository: bounded, whole where it fits, the same for the same tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.generating.listing import Listed, listing
from beastmode.runner.generating.outlines import outline

FILES = [
    Listed("a.py", 10),
    Listed("src/b.py", 20),
    Listed("src/deep/c.py", 30),
    Listed("src/deep/d.txt", 40),
]


def test_every_file_with_its_size_and_names() -> None:
    assert listing(FILES, 1000, lambda path: "f, g" if path == "a.py" else "") == (
        "a.py (10 bytes): f, g\nsrc/b.py (20 bytes)\nsrc/deep/c.py (30 bytes)\nsrc/deep/d.txt (40 bytes)"
    )


def test_names_come_as_far_as_there_is_room_those_of_tests_last() -> None:
    files = [Listed("a_test.py", 1), Listed("deep/b.py", 1), Listed("z.py", 1)]
    assert listing(files, 70, lambda _path: "name") == (
        "a_test.py (1 bytes)\ndeep/b.py (1 bytes): name\nz.py (1 bytes): name"
    )


def test_what_does_not_fit_is_folded_from_below() -> None:
    assert listing(FILES, 80, lambda _path: "") == "a.py (10 bytes)\nsrc/b.py (20 bytes)\nsrc/deep/ (2 files)"
    assert listing(FILES, 40, lambda _path: "") == "a.py (10 bytes)\nsrc/ (3 files)"


def test_of_too_many_at_the_top_the_first_are_named() -> None:
    many = [Listed(f"{number:04}.txt", 1) for number in range(1000)]
    said = listing(many, 500, lambda _path: "")
    assert said.startswith("0000.txt (1 bytes)\n0001.txt")
    assert said.endswith(" more")


@given(st.lists(st.text("ab/", min_size=1, max_size=12), unique=True), st.integers(0, 300))
def test_it_is_never_longer_than_it_may_be(paths: list[str], most: int) -> None:
    files = [Listed(path, 1) for path in sorted(paths)]
    assert len(listing(files, most, lambda _path: "name").encode()) <= max(most, 60)


OUTLINES = {
    "a.py": (
        "import os\n\nclass A:\n    def no(self): ...\n\n@x\nasync def b():\n    pass\n\nC = 1\n",
        "A, b",
    ),
    "a.ts": (
        "export default class A {}\nexport const b = 1\nfunction c() {}\n  function no() {}\n",
        "A, b, c",
    ),
    "a.go": ("package x\nfunc (s *S) A() {}\nfunc B() {}\ntype S struct {}\n", "A, B, S"),
    "a.rs": ("pub async fn a() {}\npub(crate) struct B;\nimpl B {\n    fn no() {}\n}\n", "a, B"),
    "A.java": ("public final class A {\n  void no() {}\n}\nenum B {}\n", "A, B"),
    "a.c": ("static int a(int b) {\n  return c(1);\n}\nint no(void);\nstruct D {\n};\n", "a, D"),
    "a.sh": ("a() {\n}\nfunction b () {\n}\n", "a, b"),
    "a.rb": ("class A\n  def no\nend\nmodule B\n", "A, B"),
    "a.txt": ("def a():\n", ""),
}


@pytest.mark.parametrize("path", OUTLINES)
def test_the_names_that_a_file_defines(path: str) -> None:
    text, names = OUTLINES[path]
    assert outline(path, text) == names


def test_many_names_are_cut() -> None:
    said = outline("a.py", "".join(f"def f{number}(): ...\n" for number in range(100)))
    assert said.count("f") == 25
    assert said.endswith(", …")
