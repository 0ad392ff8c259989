"""Naming: which file a line of an answer means, in all the ways that models write it. Pure.

What looks like a path is taken for one, good or bad: a bad one is then refused aloud instead of being overlooked.
"""

from __future__ import annotations

import re

_LONGEST = 2000
"""Characters of a line that may be a name. What is longer is code, and takes some of these patterns too long."""
_DECORATION = re.compile(
    r"^(?:#{1,6}\s+|[-*+]\s+|\d+[.)]\s+)?"
    r"(?:(?:\*\*|__)?(?:new |updated |modified )?(?:file ?name|file ?path|file|path)\s*:(?:\*\*|__)?\s*)?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?<!\s)\s*\((?:new|new file|created?|updated?|modified|changed|unchanged)\)\s*:?$", re.IGNORECASE
)
_QUOTES = (("**", "**"), ("__", "__"), ('"', '"'), ("'", "'"), ("<", ">"))
_NAMES = frozenset(
    ["Makefile", "Dockerfile", "Containerfile", "Procfile", "Justfile", "LICENSE", "README", "CHANGELOG"]
)
_WORD = re.compile(r"[\w.@+-]*\w")
_MENTION = re.compile(r"`([^`\n]+)`")
_KEYED = re.compile(r"(?:title|file_?name|file_?path|file|path)\s*=\s*[\"']?([^\"'\s}]+)", re.IGNORECASE)
_COMMENT = re.compile(
    r"(?:#(?!!)|//|--|;|%|/\*|<!--|\{#)\s*(?:(?:file|path)\s*:\s*)?(\S+)(?:\s+(?:\*/|-->|#\}))?",
    re.IGNORECASE,
)

_ORDER = re.compile(
    r"^\s*(?:[-*]\s+)?(?:\*\*\*\s+)?[*`]*(DELETE|REMOVE|RENAME|MOVE|READ|Delete|Remove|Rename|Move|Read)"
    r"(?: FILE| File| file)?[*`]*:[*`]*\s*(\S.*)$"
)
_ARROW = re.compile(r"(?<!\s)\s+(?:->|→|=>)\s+")
_VERBS = {"REMOVE": "DELETE", "MOVE": "RENAME"}


def path_alone(line: str) -> str:
    """The path that a line consists of, decorated or not; "" where it says anything else."""
    if len(line) > _LONGEST:
        return ""
    text = _AFTER.sub("", _DECORATION.sub("", line.strip(), count=1).strip()).removesuffix(":").strip()
    for _ in range(3):
        if len(text) > 2 and text[0] == text[-1] == "`":
            return "" if "`" in text[1:-1] else _plain(text[1:-1].removesuffix(":").strip())
        for begin, end in _QUOTES:
            if len(text) > len(begin) + len(end) and text.startswith(begin) and text.endswith(end):
                text = text[len(begin) : -len(end)].removesuffix(":").strip()
    return _plain(text) if looks_like_path(text) and not re.search(r"[\s`]", text) else ""


def word_alone(line: str) -> str:
    """The only word of a line that has nothing else, no colon either: `gradlew` may be a file, `Then:` is none."""
    text = line.strip()
    return text if len(text) <= _LONGEST and _WORD.fullmatch(text) else ""


def path_mentioned(line: str) -> str:
    """The one path that a sentence names in backticks; "" where it names none or several."""
    found = [name for name in _MENTION.findall(line[:_LONGEST]) if looks_like_path(name.strip())]
    return _plain(found[0].strip()) if len(found) == 1 else ""


def path_of_info(info: str) -> str:
    """The path behind the opening of a fence: ```` ```python src/a.py ````, `python:src/a.py`, `title="src/a.py"`."""
    if len(info) > _LONGEST:
        return ""
    if keyed := _KEYED.search(info):
        return _plain(keyed[1])
    words = info.strip("{} \t").split()
    for word in reversed(words):
        language, colon, rest = word.partition(":")
        if colon and language.isalnum() and len(language) > 1 and looks_like_path(rest):
            return _plain(rest)
        if looks_like_path(word) and "=" not in word and not word.startswith((".", "{")):
            return _plain(word)
    return ""


def path_in_comment(line: str) -> str:
    """The path that a comment consists of; it needs a folder or an ending."""
    match = _COMMENT.fullmatch(line.strip()) if len(line) <= _LONGEST else None
    return _plain(match[1]) if match and looks_like_path(match[1]) and match[1] not in _NAMES else ""


def paths_of_order(line: str) -> tuple[str, list[str]] | None:
    """What `DELETE: path`, `RENAME: path -> path` or `READ: path` names, "" for what is no path; None for all else."""
    match = _ORDER.match(line) if len(line) <= _LONGEST else None
    if match is None:
        return None
    verb = match[1].upper()
    verb = _VERBS.get(verb, verb)
    names = _ARROW.split(match[2]) if verb == "RENAME" else [match[2].rstrip()]
    paths = [path_alone(name if "`" in name else f"`{name}`") for name in names]
    if not match[1].isupper() and not all(map(looks_like_path, paths)):
        return None  # a sentence that begins so
    return verb, paths


def looks_like_path(text: str) -> bool:
    """A known name, or something with a slash, or with a dot that ends no sentence."""
    if text in _NAMES:
        return True
    if not re.search(r"\w", text) or text.endswith((".", ",", ";", "!", "?")) or "://" in text:
        return False
    return "/" in text or "\\" in text or bool(re.search(r"(?:^|\w)\.\w", text))


def _plain(path: str) -> str:
    """Without the `./` that means nothing."""
    return path[2:] if path.startswith("./") and len(path) > 2 else path
