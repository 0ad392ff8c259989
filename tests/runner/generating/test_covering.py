"""Which paths a declared pattern covers."""

from __future__ import annotations

import pytest

from beastmode.runner.generating.covering import covers

CASES = [
    ("src/", "src/a.py", True),
    ("src", "src/deep/a.py", True),
    ("src", "srcs/a.py", False),
    ("src/a.py", "src/a.py", True),
    ("src/a.py", "src/b.py", False),
    ("./src/a.py", "src/a.py", True),
    ("SRC/A.py", "src/a.PY", True),
    ("*.py", "a.py", True),
    ("*.py", "src/a.py", False),
    ("**/*.py", "src/deep/a.py", True),
    ("**/*.py", "a.py", True),
    ("src/**", "src/a/b", True),
    ("src/**/test_*.py", "src/x/y/test_a.py", True),
    ("src/**/test_*.py", "src/x/y/a.py", False),
    ("src/{a,b}.py", "src/c.py", True),  # not understood: the folder above
    ("src/{a,b}.py", "docs/c.py", False),
    ("../x", "a.py", True),
    (".", "a.py", True),
    ("src/[id].py", "src/i.py", True),
]


@pytest.mark.parametrize(("pattern", "path", "covered"), CASES)
def test_a_pattern_covers(pattern: str, path: str, covered: bool) -> None:
    assert covers([pattern], path) is covered


@pytest.mark.parametrize("path", ["{src}/a.py", "!src/a.py", "[s]rc/a.py", "s?c/a.py", "docs/**/src/a.py"])
def test_a_path_is_no_pattern_itself(path: str) -> None:
    """A model chooses its paths: what they look like opens nothing."""
    assert not covers(["src/"], path)


def test_no_pattern_covers_nothing() -> None:
    assert not covers([], "a.py")
