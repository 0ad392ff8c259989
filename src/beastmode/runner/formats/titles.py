"""What a heading or an item says once its decoration is off; whether it says done; slugs for ids."""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
import unicodedata

_SPECIAL = re.compile(r"[*_\[<`~]")
_COMMENT = re.compile(r"<!--[^>]{0,2000}-->")
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()\s]{0,500}\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*|__([^_]+)__")
_ITALIC = re.compile(
    r"(?<![\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\w*])|(?<![\w_])_([^_\s](?:[^_]*[^_\s])?)_(?![\w_])"
)
_CODE = re.compile(r"(`[^`]*`)")
_SPACES = re.compile(r"\s+")
_MARKS = "⏰⏱📅🗓⭕◻□❏❑✅☑✔✓☒❌✗✘⚠⏳⌛⏸⏭🔄🚧🚀📋🔜🟢🟡🔴🔵⚪⬜☐🔲🎯"
_DONE_MARK = re.compile(r"[✅☑✔✓]")
_NOT_DONE = re.compile(
    r"\bin[ -]progress\b|\bpartial(?:ly)?\b|\bincomplete\b|\bnot (?:yet|done|complete|started|"
    r"implemented)|\bto[ -]?do\b|"
    r"\b(?:pending|remaining|wip|ongoing)\b|部分|进行中|未完",
    re.IGNORECASE,
)
_TICKED = re.compile(r"\[[xX]\][*_ ]*$|^\W{0,4}\[[xX]\]")
_DONE_SHOUT = re.compile(r"\b(?:COMPLETED?|DONE|SHIPPED|FINISHED|RELEASED|IMPLEMENTED)\W*$")
_DONE = r"(?:completed?|done|shipped|finished|released|implemented|已完成|完了|完成)"
_DONE_ASIDE = re.compile(
    rf"[(\[]\s*{_DONE}\b[^)\]]{{0,40}}[)\]]\W*$|"
    rf"(?:^|[—–:|-]\s*){_DONE}(?:\s*[(,:-]?\s*(?:on |in )?\d[\w ./,-]{{0,30}})?\W*$",
    re.IGNORECASE,
)
_DONE_WHOLE = re.compile(
    r"\W*(?:completed?|done|shipped|finished|已完成|完了)(?: (?:tasks?|items?|work|features?))?\W*", re.I
)
_DONE_LEADING = re.compile(
    r"\W*(?:completed|shipped|finished|implemented|released|done)\b(?! (?:by|when|criteria|definition))",
    re.IGNORECASE,
)
_EMOJI = re.compile("[\u2600-\u27bf\u2b50-\u2bff\U0001f000-\U0001faff\ufe0f\u200d]")
_WORD = re.compile(r"\w+")
_LONGEST, _LONGEST_BYTES = 48, 150
"""A slug is a file name too: file systems take 255 bytes, and a phase in front wants its part."""


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
    return undecorated(_SPACES.sub(" ", _EMOJI.sub("", plain(_TICKED.sub("", text)))))


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
    return first if first and first in _MARKS else ""


def says_done(title: str) -> bool:
    """Whether a heading or a status says that what it names is finished.

    A mark, `[x]`, a closing COMPLETE or (done) and a leading `Shipped in v2` do; `Complete the API` and `in
    progress` do not.
    """
    if _TICKED.search(title):
        return True
    if _NOT_DONE.search(title):
        return False
    return bool(_DONE_MARK.search(title) or _DONE_LEADING.match(title)) or says_done_in_words(title)


def says_done_in_words(text: str) -> bool:
    """The same, where a mark alone is not enough: `Status: ✅ Approved` finishes nothing."""
    if _NOT_DONE.search(text):
        return False
    bare = plain(text)
    return bool(_DONE_SHOUT.search(bare) or _DONE_ASIDE.search(bare) or _DONE_WHOLE.fullmatch(bare))


def slug(title: str) -> str:
    """A title as an id: lowercase words joined by `-`, letters of other scripts kept. Never empty."""
    words = _WORD.findall(_unaccented(title[:400].lower()).replace("_", " "))
    kept = ""
    for word in words:
        longer = f"{kept}-{word}" if kept else word[:_LONGEST]
        if len(longer) > _LONGEST or len(longer.encode()) > _LONGEST_BYTES:
            break
        kept = longer
    return kept or "task"


def _unaccented(text: str) -> str:
    """Letters without their accents; scripts that need their marks, like Thai or Devanagari, keep them."""
    if text.isascii():
        return text
    spread = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in spread if not "\u0300" <= c <= "\u036f"))


def safe_id(own: str) -> str:
    """A list's own id (`T001`, `Quest 0.1`) as one safe argument and file name."""
    words = re.findall(r"[\w.]+", own.strip())
    name = "-".join(words).strip("-._") if words else ""
    return (
        name[:_LONGEST]
        if re.fullmatch(r"[A-Z]+[-_]?[\d.]+[a-zA-Z]?|[\d.]+[a-z]?", name)
        else slug_with_dots(name)
    )


def slug_with_dots(name: str) -> str:
    """A slug that keeps the dots of numbers: `Quest 0.1` becomes `quest-0.1`."""
    return re.sub(r"[^\w.]+", "-", name.lower()).strip("-._")[:_LONGEST].rstrip("-._") or "task"


class Names:
    """Ids that are each given once.

    The first task that asks for a name has it; the next gets its phase in front, then a number behind, so
    that lines added further down never rename a task.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def give(self, wanted: str, phase: str) -> str:
        name = wanted
        if name in self._taken and phase:
            name = wanted = f"{slug(phase)[:30].rstrip('-')}-{wanted}"
        count = self._counts.get(wanted, 1)
        while name in self._taken:
            count += 1
            name = f"{wanted}-{count}"
        self._counts[wanted] = count
        self._taken.add(name)
        return name
