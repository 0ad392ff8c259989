"""What a list would write for a state once it is done: `Done` for `Pending`, `✅` for `⬜`, `[1.0]` for `[0.5]`."""

from __future__ import annotations

import re

_OPEN = re.compile(
    r"(?:not (?:yet )?(?:started|done|complete|begun)|(?:in|under) (?:progress|review|development|work)|to[ -]?do|"
    r"pending|planned|planning|open|wip|started|ready|backlog|draft|blocked|upcoming|future|queued|scheduled|new|next|"
    r"doing|review|proposed|partial(?:ly)?|incomplete|unfinished|active|ongoing|no|none|remaining|waiting|later|todo)",
    re.IGNORECASE,
)
_SCRIPTS = (
    ("\u3040", "\u30ff", "完了"),
    ("\uac00", "\ud7af", "완료"),
    ("\u4e00", "\u9fff", "已完成"),
    ("\u0400", "\u04ff", "готово"),
)
"""First and last letter of a script, and its word; Japanese first, since it has Chinese letters too."""
_SHORT = re.compile(r"\W{0,4}[^\W\d]+(?:[ -][^\W\d]+){0,2}\W{0,4}")
_LONGEST = 24
"""What says more than a state (`Completed on 3 May by Ann`) is not said of another task."""
_EDGES = re.compile(r"^[^\w(\[]+|[^\w)\]%]+$")


def done_words(words: str, usual: str) -> list[str]:
    """What may stand in place of some words that say a state, the best first; nothing where they say more than a state,
    which is not ours to take away.   usual: what the list writes elsewhere; "" where nothing is done yet."""
    own = _done_like(words)
    short = bool(own) or _SHORT.fullmatch(words) is not None
    return list(filter(None, (usual if short and len(usual) <= _LONGEST else "", own)))


def _done_like(words: str) -> str:
    """A word in the manner of another; a mark for a mark, or for nothing."""
    bare = _EDGES.sub("", words)
    if not bare:
        return "✅"
    if re.fullmatch(r"\d{1,2}(?:\.\d+)?\s*%", bare):
        return "100%"
    if re.fullmatch(r"\[\d?\.\d+\]", bare):
        return "[1.0]"
    word = _word_like(bare)
    return f"✅ {word}" if word and bare != words.strip("*_` ") else word


def _word_like(bare: str) -> str:
    if _OPEN.fullmatch(bare):
        return cased("done", bare)
    if len(bare) <= 6:
        return next((word for first, last, word in _SCRIPTS if any(first <= c <= last for c in bare)), "")
    return ""


def cased(word: str, like: str) -> str:
    """A word in the letters of another: `DONE` like `TODO`, `Done` like `Pending`."""
    return (
        word.upper()
        if like.isupper() and len(like) > 1
        else word.capitalize()
        if like[:1].isupper()
        else word
    )
