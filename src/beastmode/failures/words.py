"""The server's or program's own words: made one line, cut, and free of control characters and secrets."""

from __future__ import annotations

import json
import re
from typing import Any

MOST_CHARACTERS = 500
_ENOUGH = 20_000
"""Characters looked at: an error page of megabytes says nothing more at its end."""

_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,500}>")
_SECRETS = (
    (re.compile(r"([a-z][a-z0-9+.-]*://)[^/\s@\"']+@", re.IGNORECASE), r"\1***@"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 ***"),
    (
        re.compile(
            r"\b(sk|pk|rk|gsk|xai|hf|ghp|gho|ghs|github_pat|glpat|xox[abp]|AIza|AKIA|ya29)[-_.]?[\w*-]{10,}"
        ),
        r"\1***",
    ),
    (
        re.compile(
            r"((?:x-)?(?:goog-)?(?:api[-_ ]?key|access[-_]?token|auth[-_]?token|secret|password|token)"
            r"[\"']?\s*[:=]\s*[\"']?)(?!\*\*\*)[^\s\"'&,;}]{4,}",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (re.compile(r"([?&]key=)[^\s\"'&]+", re.IGNORECASE), r"\1***"),
    (
        re.compile(r"(authorization[\"']?\s*[:=]\s*[\"']?)(?!bearer|basic)[^\s\"',;]+", re.IGNORECASE),
        r"\1***",
    ),
)


def masked(text: str) -> str:
    """The text without credentials in URLs, bearer tokens and keys in the forms that providers use."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def one_line(text: str, most: int = MOST_CHARACTERS) -> str:
    """One line of at most `most` characters, without control characters, terminal escapes and secrets."""
    line = _CONTROL.sub(" ", _ESCAPE.sub("", text[:_ENOUGH])).strip()
    line = masked(line)
    return line if len(line) <= most else line[: most - 1] + "…"


def last_lines(text: str) -> str:
    """The end of a program's output as one line: what it said last is what it ended on."""
    return one_line(" | ".join(line.strip() for line in text[-2000:].splitlines()[-3:] if line.strip()))


def words_of(body: str) -> str:
    """What an answer says about its error: the message in its JSON, the title of a page, or all of it."""
    text = body[:_ENOUGH].strip()
    try:
        found = _message(json.loads(text))
    except (ValueError, RecursionError):
        found = ""
    if not found and text.startswith("<"):
        title = _TITLE.search(text)
        found = title[1] if title else _TAG.sub(" ", text)
    return one_line(found or text)


def _message(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _message(value[0]) if value else ""
    if isinstance(value, dict):
        for name in ("error", "message", "detail", "error_description", "msg"):
            if value.get(name):
                return _message(value[name])
    return ""
