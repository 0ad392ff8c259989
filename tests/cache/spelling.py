"""Spelling: the same JSON in any of its many spellings, and what makes two of them the same thing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NUMBERS = (0, 1, -1, 0.0, -0.0, 1.0, 1e22, 10**22, 2**63, 2**64, 2**64 + 1, 0.1, 1e-5, 1e300)
TEXTS = ("", "1", "a:b", "é", "e\u0301", 'q"\\/\n\b\x00\x7f', "\u2028😀", "\\u003a")
NAMES = ("a", "b", "é", "e\u0301", "user", ":", "")

values = st.recursive(
    st.sampled_from((None, True, False, *NUMBERS, *TEXTS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
spaces = st.sampled_from(("", "", " ", "\n\t", "\r\n  "))


def meant(value: Any) -> Any:
    """Comparable, so that 1, 1.0 and true differ, -0.0 and 0.0 too, and the order of keys does not matter."""
    if isinstance(value, dict):
        return "object", frozenset((name, meant(one)) for name, one in value.items())
    if isinstance(value, list):
        return "list", tuple(meant(one) for one in value)
    return type(value).__name__, repr(value)


@st.composite
def spelled(draw: st.DrawFn, value: Any) -> str:
    """A spelling: keys in any order, any white space, any escapes."""
    gap = draw(spaces)
    if isinstance(value, dict):
        pairs = draw(st.permutations(list(value.items())))
        texts = (f"{draw(spelled(name))}{gap}:{gap}{draw(spelled(one))}" for name, one in pairs)
        return f"{gap}{{{gap}{(gap + ',').join(texts)}{gap}}}{gap}"
    if isinstance(value, list):
        return f"{gap}[{gap}{f',{gap}'.join(draw(spelled(one)) for one in value)}{gap}]"
    if isinstance(value, str):
        return _escaped(value, draw(st.sampled_from(("needed", "ascii", "all"))))
    return json.dumps(value)


def _escaped(text: str, which: str) -> str:
    if which == "all":
        units = text.encode("utf-16-be").hex()
        return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'
    return json.dumps(text, ensure_ascii=which == "ascii")
