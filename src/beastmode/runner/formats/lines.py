"""The lines of a Markdown file, each told apart once: heading, list item, table, fence, comment, prose.

Nothing here knows what a task is. Follows CommonMark where that is about lines (fences close only with a
fence of their own kind that is at least as long; an unclosed one runs to the end), and forgives what
generated files do: a fence or a byte order mark around the whole file, boxes without a bullet, `\\[ \\]`,
tabs, old line ends.
"""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["blank", "prose", "heading", "item", "table", "rule", "fence", "comment", "front", "wrapper"]

_FENCE = re.compile(r"[ ]*(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?:[ ]+(.*))?$")
_ITEM = re.compile(r"([ ]*)([-*+•]|\d{1,4}[.)])[ ]+(.*)$")
_BOX = re.compile(r"\[([^\[\]]{0,14})\](?![(\[:])[ ]*(.*)$")
_RULE = re.compile(r"[ ]*(?:-[ ]*){3,}$|[ ]*(?:\*[ ]*){3,}$|[ ]*(?:_[ ]*){3,}$")
_SETEXT = re.compile(r"(={3,}|-{3,})$")
_FRONT_MOST = 200
"""Front matter is short; a `---` further down than this is a rule, and what lies between is text."""

GLYPHS_OPEN = "☐⬜🔲◻□❏❑"
GLYPHS_DONE = "☑✅✔✓☒"
GLYPHS_NOT_DONE = "☐⬜🔲◻□❏❑❌✗✘⏳⌛⏸⏭⏰⏱🔄🚧🔜📅🗓⭕"
BALLOT = "☑"
"""A ticked box, which says as much as an empty one that a list has states; ✅ begins many a line of a list of none."""
_BARE_GLYPHS = GLYPHS_OPEN + "☑☒"
"""Lists without bullets begin their lines with these; ✅ begins many a line that is no list."""
_DONE_CHARACTERS = frozenset("xXхХ✓✔✅√☑")
_WORDS = {
    **dict.fromkeys(("done", "complete", "completed", "finished", "ok"), "x"),
    **dict.fromkeys(("todo", "to do", "pending", "open"), " "),
    **dict.fromkeys(
        ("wip", "in progress", "in-progress", "in_progress", "doing", "started", "blocked", "partial"), "~"
    ),
    **dict.fromkeys(
        ("skip", "skipped", "cancelled", "canceled", "dropped", "removed", "n/a", "deferred"), "-skip"
    ),
}
SKIPPED = "-skip"
"""The box of a line that says in words that it will not be done (`[skipped]`, `[n/a]`)."""


@dataclass(slots=True)
class Line:
    """One line.

    number: from 1.   text: as it stands, without its line end.   indent: columns before it.   level: of a
    heading, 1-6.   marker: of a list item, `-` or `3.`; "" for a box without a bullet.   box: what stands
    in its box, one character (" ": open) or `SKIPPED`; None without a box.   body: what is left after all
    these.   open_fence: it lies in a fence that never closes.
    """

    number: int
    text: str
    kind: Kind
    indent: int = 0
    level: int = 0
    marker: str = ""
    box: str | None = None
    body: str = ""
    open_fence: bool = False

    @property
    def numbered(self) -> bool:
        return self.marker[:1].isdigit()

    @property
    def done(self) -> bool:
        """Its box is ticked."""
        return self.box is not None and self.box in _DONE_CHARACTERS

    @property
    def unknown_box(self) -> bool:
        """Its box holds something that is neither open nor ticked, like `[~]`."""
        return self.box is not None and self.box not in (" ", SKIPPED) and not self.done


def scan(text: str) -> list[Line]:
    """Every line of the text, in order. Never raises; the work grows with the length of the text."""
    raw = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    shown = [line.expandtabs(4).rstrip() for line in raw]
    lines = list(_scan(shown, _around(shown)))
    _underlined_headings(lines)
    for line, original in zip(lines, raw, strict=True):
        line.text = original
    return lines


def _scan(raw: list[str], skip: dict[int, Kind]) -> Iterator[Line]:
    fence, comment, opened = "", False, []
    for index, text in enumerate(raw):
        number = index + 1
        if index in skip:
            yield Line(number, text, skip[index])
        elif fence:
            line = Line(number, text, "fence", indent=_indent(text))
            opened.append(line)
            if _closes(text, fence):
                fence = ""
                opened.clear()
            yield line
        elif comment:
            comment = "-->" not in text
            yield Line(number, text, "comment")
        elif opener := _opens(text):
            fence = opener
            opened = [Line(number, text, "fence", indent=_indent(text))]
            yield opened[0]
        else:
            comment = text.rfind("<!--") > text.rfind("-->")
            yield _plain(number, text)
    for line in opened if fence else []:
        line.open_fence = True


def _plain(number: int, text: str) -> Line:
    stripped = " ".join(text.split())
    if not stripped:
        return Line(number, text, "blank")
    if stripped.startswith("<!--"):
        return Line(number, text, "comment")
    if heading := _HEADING.match(text):
        return Line(
            number,
            text,
            "heading",
            level=len(heading[1]),
            body=_unclosed(" ".join((heading[2] or "").split())),
        )
    if _RULE.match(text):
        return Line(number, text, "rule")
    if stripped.startswith("|"):
        return Line(number, text, "table", indent=_indent(text), body=stripped)
    return _words(number, text, stripped)


def _words(number: int, text: str, stripped: str) -> Line:
    """A list item, a box without a bullet, or prose."""
    indent = _indent(text)
    if item := _ITEM.match(text):
        box, body = box_of(" ".join(item[3].split()))
        return Line(number, text, "item", indent=indent, marker=item[2], box=box, body=body)
    box, body = box_of(stripped)
    if (box is not None and body) or stripped[0] in _BARE_GLYPHS:
        return Line(number, text, "item", indent=indent, box=box, body=body)
    return Line(number, text, "prose", indent=indent, body=stripped)


def box_of(text: str) -> tuple[str | None, str]:
    """The state in the box that a text begins with, and the text after it; None and all of it without a box.

    Letters and digits other than x are no state: `[P]` is a mark, `[1]` a footnote, `[text](url)` a link.
    """
    if text.startswith("\\["):
        text = text.replace("\\[", "[", 1).replace("\\]", "]", 1)
    match = _BOX.match(text)
    if match is None:
        return None, text
    inside = match[1].strip()
    if inside.lower() in _WORDS:
        return _WORDS[inside.lower()], match[2]
    inside = inside.replace("\ufe0f", "")
    if not inside or inside in _DONE_CHARACTERS or (len(inside) == 1 and not inside.isalnum()):
        return inside or " ", match[2]
    return None, text


def _around(raw: list[str]) -> dict[int, Kind]:
    """Lines that only surround the rest: front matter, and a Markdown fence around the whole file."""
    filled = [index for index, text in enumerate(raw) if text]
    if not filled:
        return {}
    first, last = filled[0], filled[-1]
    opener = _FENCE.fullmatch(raw[first])
    if opener and opener[2].strip().lower() in ("markdown", "md", "mdx"):
        closed = last != first and _closes(raw[last], opener[1])
        inner = any(_closes(raw[index], opener[1]) for index in filled[1:-1])
        if closed or not inner:
            return {first: "wrapper", last: "wrapper"} if closed else {first: "wrapper"}
    if raw[first] == "---":
        for index in range(first + 1, min(len(raw), first + _FRONT_MOST)):
            if raw[index] == "---":
                return dict.fromkeys(range(first, index + 1), "front")
            if raw[index] and not re.match(r"[ ]|[\w.-]+[ ]*:|-[ ](?!\[)|[\]}]", raw[index]):
                break
    return {}


def _opens(text: str) -> str:
    match = _FENCE.match(text)
    return match[1] if match and not (match[1][0] == "`" and "`" in match[2]) else ""


def _closes(text: str, fence: str) -> bool:
    stripped = text.strip()
    return len(stripped) >= len(fence) and stripped == fence[0] * len(stripped)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _unclosed(title: str) -> str:
    """A heading's text without the `##` it may be closed with."""
    bare = title.rstrip("#")
    return (bare if bare.endswith(" ") else title).strip()


def _underlined_headings(lines: list[Line]) -> None:
    """Turn a single line of prose that is underlined with `===` or `---` into the heading it is."""
    for before, title, rule in zip([None, *lines], lines, lines[1:], strict=False):
        if title.kind != "prose" or title.indent or not (match := _SETEXT.match(rule.text)):
            continue
        if before is None or before.kind in ("blank", "rule", "front"):
            title.kind, title.level = "heading", 1 if match[1][0] == "=" else 2
            rule.kind = "rule"
