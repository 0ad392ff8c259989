"""Which texts may be the name of a file: on this disk, and on those of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.generating.paths import refused

FINE = [
    "a.py",
    "src/a b.py",
    "Makefile",
    ".github/workflows/ci.yml",
    ".gitignore",
    "src/[id]/(group)/page.tsx",
    "é.txt",
    "日本/語.md",
    "console.py",
    "com10.txt",
    "nul_check.py",
    "git~a",
]
BAD = {
    "": "empty",
    "/etc/passwd": "absolute",
    "~/x": "absolute",
    "C:/x": "absolute",
    "c:x": "absolute",
    "a/../b": "no name",
    "..": "no name",
    "./a": "no name",
    "a//b": "empty",
    "a/": "empty",
    "a\\b": "backslash",
    "\\\\server\\share": "backslash",
    "a\0b": "U+0000",
    "a\nb": "U+000A",
    "a\tb": "U+0009",
    "a\x1b[0m": "U+001B",
    "a\u202eb": "U+202E",
    "a\u200bb": "U+200B",
    "a\ud800": "U+D800",
    "a\u00a0b": "U+00A0",
    "a`b": "U+0060",
    ".git/config": "git's own",
    "src/.GIT/hooks/x": "git's own",
    ".g\u200cit/config": "U+200C",
    "git~1/config": "git's own",
    "GIT~2": "git's own",
    ".\uff47\uff49\uff54/config": "git's own",
    ".gitmodules": "git's own",
    ".git./x": "ends with a dot",
    ".git /x": "begins or ends with a space",
    ".git": "git's own",
    ".beast/journal.db": "keeps its records",
    "a/.Beast": "keeps its records",
    "con": "device",
    "aux.txt": "device",
    "src/NUL.tar.gz": "device",
    "COM1": "device",
    "lpt\u00b9.txt": "device",
    "ab:c": "can hold everywhere",
    "a?b": "can hold everywhere",
    "x.": "ends with a dot",
    " x": "begins or ends with a space",
    "e\u0301.txt": "composed form",
    "x" * 201: "longer",
    "/".join("x" * 40): "deeper",
    "/".join(["x" * 150] * 6): "longer",
}


@pytest.mark.parametrize("path", FINE)
def test_a_good_path(path: str) -> None:
    assert refused(path) == ""


@pytest.mark.parametrize("path", BAD)
def test_a_bad_path(path: str) -> None:
    assert BAD[path] in refused(path)


@given(st.text(max_size=40))
def test_what_is_not_refused_is_plain_names(path: str) -> None:
    if refused(path):
        return
    assert not path.startswith("/")
    assert all(name and name.strip(". ") and name.lower() != ".git" for name in path.split("/"))
    assert path.isprintable()
