"""What a heading or an item says once its decoration is off."""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
import unicodedata

TICKED = re.compile(r"\[[xX]\](?:[*_ ]*$|[ ]*[:：])|^\W{0,4}\[[xX]\]")
"""A tick at the beginning or the end of a heading, or before a colon in it."""
_SPECIAL = re.compile(r"[*_\[<`~]")
_COMMENT = re.compile(r"<!--[^>]{0,2000}-->")
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()\s]{0,500}\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*|__([^_]+)__")
_ITALIC = re.compile(
    r"(?<![\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\w*])|(?<![\w_])_([^_\s](?:[^_]*[^_\s])?)_(?![\w_])"
)
_CODE = re.compile(r"(`[^`]*`)")
_SPACES = re.compile(r"\s+")
MARKS = "⏰⏱📅🗓⭕◻□❏❑✅☑✔✓☒❌✗✘⚠⏳⌛⏸⏭🔄🚧🚀📋🔜🟢🟡🔴🔵⚪⬜☐🔲🎯"
_EMOJI = re.compile("[\u2600-\u27bf\u2b50-\u2bff\U0001f000-\U0001faff\ufe0f\u200d]")


def plain(text: str) -> str:
    """The text without emphasis, links, comments and decoration at its ends. Code spans stay as they are."""
    if not _SPECIAL.search(text):
        return undecorated(_SPACES.sub(" ", text))
    text = _COMMENT.sub("", text)
    parts = _CODE.split(text)
    parts[::2] = [_unemphasised(part) for part in parts[::2]]
    return undecorated(_SPACES.sub(" ", "".join(parts)).replace("**", "").replace("~~", ""))


def _unemphasised(text: str) -> str:
    text = _BOLD.sub(lambda match: match[1] or match[2], _LINK.sub(r"\1", text))
    return _ITALIC.sub(lambda match: match[1] or match[2], text)


def heading_title(text: str) -> str:
    """The same for a heading, whose emoji are decoration wherever they stand, and so is its `[x]`."""
    return undecorated(_SPACES.sub(" ", _EMOJI.sub("", plain(TICKED.sub("", text)))))


def undecorated(text: str) -> str:
    """The text without emoji, state marks and blanks at its two ends."""
    start, end = 0, len(text)
    while start < end and _is_decoration(text[start]):
        start += 1
    while end > start and _is_decoration(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_decoration(character: str) -> bool:
    return not character.isalnum() and (
        character.isspace()
        or character in "\ufe0f\u200d"
        or (ord(character) > 0x2000 and unicodedata.category(character) in ("So", "Sk", "Cf", "Mn"))
    )


def leading_mark(text: str) -> str:
    """The state mark (✅, 🚧, ❌ …) a text begins with, behind any bold; "" without one."""
    first = text.lstrip("* ")[:1]
    return first if first and first in MARKS else ""
