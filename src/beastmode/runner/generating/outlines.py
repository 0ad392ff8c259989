"""Outlines: the names that a source file defines at its top, by a simple reading of its lines. Pure."""

from __future__ import annotations

import re

_SCRIPT = (
    r"^(?:export\s+)?(?:default\s+)?(?:abstract\s+)?(?:async\s+)?"
    r"(?:function\*?|class|interface|type|enum|const|let|var)\s+([A-Za-z_$][\w$]*)"
)
_JAVA = (
    r"^(?:(?:public|protected|private|internal|static|final|abstract|sealed|open|data)\s+)*"
    r"(?:class|interface|enum|record|object|fun|struct)\s+(\w+)"
)
_C = (
    r"^(?:struct|class|enum|typedef|namespace)\s+(\w+)|"
    r"^(?!return|else|static_assert)[A-Za-z_][\w \t*:<>,&]{0,200}?\b(\w+)[ \t]*\([^;\n]{0,500}$"
)
_BY_ENDING = {
    "py pyi": r"^(?:async\s+def|def|class)\s+(\w+)",
    "js jsx ts tsx mjs cjs mts cts": _SCRIPT,
    "go": r"^func\s+(?:\([^)]*\)\s*)?(\w+)|^type\s+(\w+)",
    "rs": r"^(?:pub(?:\([^)]*\))?\s+)?(?:async\s+|unsafe\s+|const\s+)*(?:fn|struct|enum|trait|mod|type)\s+(\w+)",
    "java kt kts cs scala swift": _JAVA,
    "rb": r"^(?:class|module|def)\s+([\w.:?!]+)",
    "php": r"^(?:abstract\s+|final\s+)*(?:class|interface|trait|function)\s+(\w+)",
    "c h cc cpp cxx hpp": _C,
    "sh bash": r"^(?:function\s+)?([\w-]+)\s*\(\)",
}
_PATTERNS = {
    ending: re.compile(pattern, re.MULTILINE)
    for endings, pattern in _BY_ENDING.items()
    for ending in endings.split()
}
_MOST = 25


def is_code(path: str) -> bool:
    """Whether there is a reading of such files."""
    return path.rpartition(".")[2].lower() in _PATTERNS


def outline(path: str, text: str) -> str:
    """The names, in their order, each once, at most 25; "" where there are none."""
    pattern = _PATTERNS.get(path.rpartition(".")[2].lower())
    if pattern is None:
        return ""
    names = dict.fromkeys(
        next(filter(None, match.groups()), "") for match in pattern.finditer(text) if any(match.groups())
    )
    shown = list(names)[:_MOST]
    return ", ".join(shown) + (", …" if len(names) > _MOST else "")
