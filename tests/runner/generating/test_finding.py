"""Which files a task speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.generating.finding import named_in

FILES = sorted(
    [
        ".github/ci.yml",
        "Makefile",
        "README.md",
        "docs/a.md",
        "docs/b.md",
        "src/shop/__init__.py",
        "src/shop/cart.py",
        "src/shop/web/routes.py",
        "tests/__init__.py",
        "tests/test_cart.py",
        "web/routes.ts",
    ]
)
CASES = {
    "Change src/shop/cart.py.": ["src/shop/cart.py"],
    "Change `src/shop/cart.py`, then (README.md)!": ["src/shop/cart.py", "README.md"],
    "It is .github/ci.yml.": [".github/ci.yml"],
    "see ./README.md": ["README.md"],
    "cart.py is slow": ["src/shop/cart.py"],
    "shop/cart.py is slow": ["src/shop/cart.py"],
    "__init__.py": [],  # there are two
    "the Makefile": ["Makefile"],
    "all of docs/": ["docs/a.md", "docs/b.md"],
    "`pytest tests/test_cart.py::test_sum`": ["tests/test_cart.py"],
    'File "tests/test_cart.py", line 3': ["tests/test_cart.py"],
    "shop.cart.Cart and shop.web.routes": ["src/shop/cart.py", "src/shop/web/routes.py"],
    "README.md and README.md": ["README.md"],
    "cart and routes, e.g. nothing": [],
    "/etc/passwd ../README.md": ["README.md"],
}


@pytest.mark.parametrize("text", CASES)
def test_the_files_of_a_text(text: str) -> None:
    assert named_in(text, FILES) == CASES[text]


@given(st.text(max_size=200))
def test_only_files_of_the_tree_are_found(text: str) -> None:
    assert set(named_in(text, FILES)) <= set(FILES)
