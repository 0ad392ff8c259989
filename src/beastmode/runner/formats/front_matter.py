"""Front matter: YAML between two lines of dashes at the head of a Markdown file, and the text below it."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from beastmode.errors import Problem
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.yaml_lines import Entries, Items, Scalar, Value, load

_FENCED = re.compile(r"\A(\s*---[ \t]*\r?\n)(.*?)^---(?!-)[ \t]*(?:\r?\n)?", re.DOTALL | re.MULTILINE)
_BARE = re.compile(
    r"^((?>[ ]*(?:- )?(?:[\w-]+:[ ]+)?))(?![\"'\[{|>#])((?:[@`%].*|.*: .*)\S)[ ]*$", re.MULTILINE
)
"""A text without quotes that YAML takes for something else: `assignee: @ann`, `title: Fix: the rest`."""


class FrontMatter(NamedTuple):
    """keys: what it says.   start, end: where it stands in the text.   body: what stands below it."""

    keys: Entries
    start: int
    end: int
    body: str


def front_matter(text: str) -> FrontMatter | Problem | None:
    """The front matter of a text; None where it has none, the first problem where it is no YAML."""
    match = _FENCED.match(text)
    if match is None:
        return None
    before = match[1].count("\n")
    written = match[2].replace("\r\n", "\n")
    document = load(written)
    if document.problems:
        quoted = load(_BARE.sub(lambda bare: bare[1] + json.dumps(bare[2], ensure_ascii=False), written))
        document = document if quoted.problems else quoted
    if document.problems:
        first = document.problems[0]
        return Problem(first.line + before, first.what, first.tip)
    if not isinstance(document.value, Entries):
        return None
    return FrontMatter(document.value, match.start(2), match.end(2), text[match.end() :])


def plain(value: Value) -> object:
    """A value of YAML as Python has it: texts as they stand, lists, mappings; None where nothing stands."""
    if isinstance(value, Items):
        return [plain(one) for one in value]
    if isinstance(value, Entries):
        return {key: plain(one) for key, one in value.items()}
    return None if value.is_null else value.text


def set_word(text: str, found: FrontMatter, key: str, word: str) -> Edit | None:
    """The edit that gives a key of the front matter this word, in the quotes that stand there; a key that is missing is
    put in front. None where its value is more than one word on its line."""
    at = re.search(rf"^{re.escape(key)}:([ \t]*)([^\r\n]*)", text[found.start : found.end], re.MULTILINE)
    if at is None:
        end = "\r\n" if "\r\n" in text[: found.start] else "\n"
        return Edit(found.start, found.start, f"{key}: {word}{end}")
    start = found.start + at.start(2)
    value = re.match(r"\"[^\"\\]*\"|'[^']*'|(?:[^#\s\"'|>\[{&*!]\S*(?:[ \t]+[^#\s]\S*)*)?", at[2])
    if value is None or (at[2] and not value[0] and not at[2].startswith("#")):
        return None
    inside = 1 if value[0][:1] in ("'", '"') else 0
    if not value[0]:
        return Edit(start, start, f"{'' if at[1] else ' '}{word}{' ' if at[2] else ''}")
    return Edit(start + inside, start + len(value[0]) - inside, word)


def is_text(value: Value | None) -> bool:
    """Whether something stands there that is one text."""
    return isinstance(value, Scalar) and not value.is_null
